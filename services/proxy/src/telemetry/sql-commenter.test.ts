import { expect, test } from "vitest";
import { traceparentIn } from "./sql-commenter.ts";

const parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

test.each([
  `SELECT 1 /*traceparent='${parent}'*/`,
  `SELECT 1 /*traceparent='${parent}'*/;\n`,
  `SELECT 1 /*action='%2Fparam*d',framework='x',traceparent='${parent}',tracestate='a%3D1'*/`,
  `SELECT '/*' /* one */ /*traceparent='${parent}'*/`,
  `SELECT ${"x".repeat(5000)} /*traceparent='${parent}'*/`,
])("is found: %#", (text) => {
  expect(traceparentIn(text)).toBe(parent);
});

test.each([
  "",
  "SELECT 1",
  `SELECT 1 /*traceparent='${parent}'*/ FROM t`,
  `SELECT '/*traceparent=''${parent}''*/'`,
  `SELECT 1 /*xtraceparent='${parent}'*/`,
  `SELECT 1 /*traceparent='${parent.toUpperCase()}'*/`,
  `SELECT 1 /*traceparent='ff-${parent.slice(3)}'*/`,
  `SELECT 1 -- traceparent='${parent}'`,
  `SELECT 1 /*traceparent='${parent}' */ /* another */`,
])("is none: %s", (text) => {
  expect(traceparentIn(text)).toBeUndefined();
});

test("a comment that never ends is looked at in no time", () => {
  const before = process.cpuUsage();
  expect(traceparentIn(`${"/*".repeat(100_000)}*/ x`)).toBeUndefined();
  expect(traceparentIn("/*".repeat(100_000))).toBeUndefined();
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1000).toBeLessThan(500);
});
