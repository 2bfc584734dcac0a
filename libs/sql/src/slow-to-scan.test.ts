import { expect, test } from "vitest";
import { slowToScan } from "./slow-to-scan.ts";

test.each([
  ["comments side by side", "/**/".repeat(600), true],
  ["comments in comments", "/*".repeat(600), true],
  ["an operator without end", `1 ${"+".repeat(600)} 1`, true],
  ["some comments", "SELECT 1 /* one */;\n".repeat(400), false],
  ["lines of stars", `/${"*".repeat(400)}/`, false],
  ["rows of signs", "(-1, 2 - 3), ".repeat(10_000), false],
  ["comments to the end of their lines", "-- one\n".repeat(10_000), false],
])("%s", (_, text, slow) => {
  expect(slowToScan(text)).toBe(slow);
});
