import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { decodeLongText, encodeLongText, type WholeText } from "./index.ts";

const whole: WholeText = {
  text: 'SELECT 1\n, $1 -- "é"\n',
  parameters: [
    { oid: 25, format: 0, value: "a\nb" },
    { oid: 23, format: 1, value: null },
  ],
};

const named = (bytes: Buffer) => ({
  sha256: createHash("sha256").update(bytes).digest("hex"),
  bytes: bytes.length,
});

test("a long statement is read back as it was, newlines and all", () => {
  const bytes = encodeLongText(whole);
  expect(decodeLongText(bytes, named(bytes))).toEqual(whole);
});

test("other bytes than the named ones are none", () => {
  const bytes = encodeLongText(whole);
  const changed = Buffer.from(bytes);
  changed[0] = 0x20;
  expect(decodeLongText(changed, named(bytes))).toBeNull();
  for (let end = 0; end < bytes.length; end++)
    expect(decodeLongText(bytes.subarray(0, end), named(bytes))).toBeNull();
});

test("named bytes of another form are none", () => {
  for (const text of ["", "\n", "SELECT 1", "SELECT 1\n", "SELECT 1\n{}\n", "SELECT 1\n[1]\n"]) {
    const bytes = Buffer.from(text);
    expect(decodeLongText(bytes, named(bytes))).toBeNull();
  }
});
