import { dataRow, errorResponse, rowDescription, type Field } from "@sallyport/pgwire";
import { expect, test } from "vitest";
import { readValue, showOutput } from "./result-rows.ts";

const field = (name: string, type = 25, format: 0 | 1 = 0): Field => ({
  name,
  table: 0,
  attribute: 0,
  type,
  typeSize: -1,
  typeModifier: -1,
  format,
});
const complete = (tag: string): Buffer => {
  const frame = Buffer.alloc(6 + tag.length);
  frame.write("C");
  frame.writeInt32BE(5 + tag.length, 1);
  frame.write(tag, 5);
  return frame;
};
const row = (...values: (string | null)[]): Buffer =>
  dataRow(values.map((value) => (value === null ? null : Buffer.from(value))));

test("rows of several results, however the parts cut them, up to a limit", () => {
  const bytes = Buffer.concat([
    rowDescription([field("id"), field("email")]),
    row("1", "a***@example.com"),
    row("2", null),
    row("3", "x"),
    complete("SELECT 3"),
    rowDescription([field("n")]),
    complete("SELECT 0"),
  ]);
  for (const cut of [0, 1, 7, 40, bytes.length - 3])
    expect(showOutput([bytes.subarray(0, cut), bytes.subarray(cut)], 2)).toEqual([
      {
        kind: "rows",
        columns: ["id", "email"],
        rows: [
          ["1", "a***@example.com"],
          ["2", null],
        ],
        count: 3,
      },
      { kind: "tag", tag: "SELECT 3" },
      { kind: "rows", columns: ["n"], rows: [], count: 0 },
      { kind: "tag", tag: "SELECT 0" },
    ]);
});

test("rows without a description, an error after rows, and output that breaks off", () => {
  const error = errorResponse({
    severity: "ERROR",
    sqlstate: "22012",
    message: "division by zero",
  });
  expect(showOutput([row("1"), error], 10)).toEqual([
    { kind: "rows", columns: null, rows: [["1"]], count: 1 },
    { kind: "error", sqlstate: "22012", message: "division by zero" },
  ]);
  expect(showOutput([row("1").subarray(0, 8)], 10)).toEqual([
    { kind: "unreadable", why: "the output ends within a message" },
  ]);
  expect(showOutput([Buffer.from("garbage")], 10)).toMatchObject([{ kind: "unreadable" }]);
});

test("binary values of common types; others and broken ones as hexadecimal", () => {
  const value = (hex: string, type: number): string | null =>
    readValue(Buffer.from(hex, "hex"), field("x", type, 1));
  expect(value("0000002a", 23)).toBe("42");
  expect(value("ffffffffffffffff", 20)).toBe("-1");
  expect(value("01", 16)).toBe("t");
  expect(value("0000000000000000", 1184)).toBe("2000-01-01T00:00:00.000Z");
  expect(value("a0eebc999c0b4ef8bb6d6bb9bd380a11", 2950)).toBe(
    "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
  );
  expect(value("00", 23)).toBe("\\x00");
  expect(value("dead", 1700)).toBe("\\xdead");
  expect(readValue(null, undefined)).toBeNull();
});
