import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { majors } from "./parser-instance.ts";
import { openParser, threadAbove, type Parser } from "./parser.ts";

describe.each(majors)("the parser of PostgreSQL %i", (major) => {
  let parser: Parser;
  beforeAll(async () => {
    parser = await openParser(major);
  });
  afterAll(() => parser.close());

  test("answers short texts at once", () => {
    expect(parser.parse("SELECT 1; SELECT 2")).toMatchObject({
      kind: "tree",
      tree: { stmts: [{}, {}] },
    });
    expect(parser.parse(" ")).toMatchObject({ kind: "tree", tree: { stmts: [] } });
    expect(parser.parse("-- only a comment")).toMatchObject({ kind: "tree", tree: { stmts: [] } });
  });

  test("counts an error's position in characters from 1", () => {
    expect(parser.parse("SELECT 'é' x y")).toEqual({
      kind: "syntax-error",
      sqlstate: "42601",
      message: 'syntax error at or near "y"',
      position: 14,
    });
  });

  test("long and deep texts never harm a later one", async () => {
    const deep = [
      `SELECT ${"(".repeat(60_000)}1${")".repeat(60_000)}`,
      `SELECT ${"NOT ".repeat(15_000)}true`,
      `SELECT 1${"+1".repeat(4_500)}`,
    ];
    for (const text of deep) {
      await parser.parse(text);
      expect(parser.parse("SELECT 1")).toMatchObject({ kind: "tree" });
    }
    const long = `SELECT '${"x".repeat(threadAbove)}'`;
    expect(await parser.parse(long)).toMatchObject({ kind: "tree" });
  });
});

test("a text that takes long to scan keeps none of the usual waiting", async () => {
  const parser = await openParser(18);
  const slow = parser.readLong(`SELECT ${"/**/".repeat(200_000)} 1`, "all");
  let isRead = false;
  void slow.then(() => (isRead = true));
  const other = await parser.readLong(`SELECT '${"x".repeat(threadAbove)}'`, "all");
  expect(other.kind).toBe("long");
  expect(isRead).toBe(false);
  await parser.close();
  expect((await slow).kind).toBe("failed");
});
