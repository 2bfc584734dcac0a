import { expect, test } from "vitest";
import { Clocks } from "./clocks.ts";

test("clocks that agree are one line, one that is off has its own", () => {
  const clocks = new Clocks();
  expect(clocks.checks()).toEqual([]);
  clocks.saw("the bus", 1050, 1000, 1100);
  clocks.saw("issuer corp", 999, 1000, 1100);
  clocks.saw("nobody", Number.NaN, 0, 0);
  expect(clocks.checks()).toMatchObject([
    { state: "ok", found: "agree: this machine, the bus, issuer corp" },
  ]);
  clocks.saw("target orders", 11_100, 1000, 1100);
  clocks.saw("service w1", -60_000, 1000, 1100);
  expect(clocks.checks()).toMatchObject([
    { state: "warn", found: "that of target orders is 10 s ahead of this machine's" },
    { state: "fail", found: "that of service w1 is 61 s behind this machine's" },
  ]);
});
