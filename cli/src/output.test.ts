import { expect, test } from "vitest";
import { jsonLine } from "./output.ts";

test("a line of JSON brings a terminal nothing to act on, and means the same", () => {
  const value = { key: "\u001B[31m \u007F \u009B31m \u202Ereversed \u2028 \u{E0041} ü €" };
  const line = jsonLine(value);
  expect(line).toMatch(/^[ -~ü€]*$/);
  expect(JSON.parse(line)).toEqual(value);
});
