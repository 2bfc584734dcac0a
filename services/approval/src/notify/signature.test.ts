import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { readKey, signatureOf } from "./signature.ts";

const secret = (bytes: number): string => `whsec_${randomBytes(bytes).toString("base64")}`;

test("the example of the Standard Webhooks specification", () => {
  const key = readKey("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
  const message = {
    id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
    timestamp: 1614265330,
    body: '{"test": 2432232314}',
  };
  expect(signatureOf([key], message)).toBe("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
});

test("with several keys each signs", () => {
  const message = { id: "a", timestamp: 1, body: "{}" };
  const keys = [readKey(secret(24)), readKey(secret(64))];
  const each = keys.map((key) => signatureOf([key], message));
  expect(signatureOf(keys, message)).toBe(each.join(" "));
});

test("what is no secret says why, without showing it", () => {
  const cases: [string, string][] = [
    ["hunter2", "begins with"],
    ["whsec_", "24 to 64 bytes"],
    [secret(23), "24 to 64 bytes"],
    [secret(65), "24 to 64 bytes"],
    [`${secret(24)}\n`, "base64"],
    [`whsec_!${randomBytes(32).toString("base64")}`, "base64"],
  ];
  for (const [text, why] of cases) {
    expect(() => readKey(text)).toThrow(why);
    expect(() => readKey(text)).not.toThrow(text.replace(/^whsec_/, "") || "hunter2");
  }
});
