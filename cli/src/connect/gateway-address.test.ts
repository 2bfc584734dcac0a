import { expect, test } from "vitest";
import { gatewayAddress } from "./gateway-address.ts";

test.each([
  ["gateway.example.com", { host: "gateway.example.com", port: 6432 }],
  ["127.0.0.1:99", { host: "127.0.0.1", port: 99 }],
  ["[::1]", { host: "::1", port: 6432 }],
  ["[::1]:99", { host: "::1", port: 99 }],
])("%s", (text, address) => {
  expect(gatewayAddress(text)).toEqual(address);
});

test.each(["", "gateway:pg", "gateway:0", "gateway:70000", "gate way", "::1", "[::1", "[gateway]"])(
  "`%s` is no address of a gateway",
  (text) => {
    expect(gatewayAddress(text)).toBeNull();
  },
);
