import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import { readableLine } from "./readable-log.ts";

const read = (fields: object): string =>
  stripVTControlCharacters(readableLine(JSON.stringify(fields)));

const base = { level: "info", time: "2026-11-22T22:19:25.123Z", service: "policy", pid: 7 };

test("a line for a person: when, who, what, and the rest by name", () => {
  expect(read({ ...base, msg: "policy judges", http: "127.0.0.1:6472", open: 3 })).toMatch(
    /^\d\d:\d\d:25 policy {4}policy judges http=127\.0\.0\.1:6472 open=3\n$/,
  );
  expect(read({ ...base, level: "warn", service: "proxy", worker: "w1", msg: "slow" })).toMatch(
    / proxy w1 {2}warn: slow\n$/,
  );
});

test("an error is its message and its causes', not its stack", () => {
  const err = {
    type: "Error",
    message: "no bus",
    stack: "Error: no bus\n    at x.ts:1",
    cause: { type: "Error", message: "ECONNREFUSED", stack: "…" },
  };
  const line = read({ ...base, level: "error", err, msg: "cannot start" });
  expect(line).toContain("error: cannot start err=no bus, because of ECONNREFUSED");
  expect(line).not.toContain("x.ts");
});

test("what a client wrote cannot move the cursor, colour, or turn text around", () => {
  const line = readableLine(
    JSON.stringify({ ...base, msg: "a\u001b[2J\nb", name: "\u202egnp\u0007", "k\u009b": 1 }),
  );
  expect(stripVTControlCharacters(line)).toContain("a\\u001b[2J\\u000ab name=\\u202egnp\\u0007");
  for (const text of ["\n", "\u0007", "\u009b", "\u202e", "\u001b[2J"])
    expect(line.trimEnd()).not.toContain(text);
});

test("what is no JSON stays", () => {
  for (const line of ["(node:1) Warning: x\n", "[1]\n", "null\n"])
    expect(readableLine(line)).toBe(line);
});
