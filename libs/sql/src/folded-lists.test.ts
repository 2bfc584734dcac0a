import { isDeepStrictEqual } from "node:util";
import * as fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { analyse } from "./analyse.ts";
import { catalog, classified, read } from "./analysis.fixture.ts";
import { foldLists, type Folding } from "./folded-lists.ts";
import { majors } from "./parser-instance.ts";
import { openParser } from "./parser.ts";

const parser = await openParser(18);
afterAll(() => parser.close());

const names = { searchPath: ["pg_catalog", "public"] };

/** What a text asks when it is read with its lists folded; null when that may be another thing. */
async function folded(text: string, folding: Folding, by = parser) {
  const parsed = await by.readLong(text, folding);
  if (parsed.kind !== "long") throw new Error(`not read: ${parsed.kind}`);
  const analysis = analyse(parsed.tree, { connection: "shop", catalog, names, classified, text });
  return parsed.tree.told ? null : analysis;
}

const many = (count: number, one: (at: number) => string): string =>
  Array.from({ length: count }, (_, at) => one(at)).join(", ");

const rows = (one: (at: number) => string): string =>
  `INSERT INTO customers (id, name, email) VALUES ${many(50, (at) => `(${one(at)})`)}`;

describe("long lists of constants are read as the whole would be", () => {
  test.each([
    rows((at) => `${at}, 'n${at}', 'e${at}'`),
    rows((at) => `${at * 1e9}, ${at % 3 ? `'n${at}'` : "NULL"}, DEFAULT`),
    rows((at) => `-${at}.5, U&'\\0061${at}', E'a\\n"location":${at}'`),
    rows((at) => `${at}, '{"A_Const":{"ival":{}}} \\ "', 'x'::text`),
    rows((at) => `$${at + 1}, 'x', now()::text`),
    rows((at) => `${at}, upper('x'), 'e'`),
    `SELECT name FROM customers WHERE id IN (${many(100, String)}) ORDER BY 1`,
    `SELECT name FROM customers WHERE email IN (${many(100, (at) => `'${at}'`)})`,
    `SELECT name FROM customers WHERE email IN (${many(100, (at) => (at % 7 ? `'${at}'` : "lower('x')"))})`,
    `SELECT name FROM customers WHERE (id, email) IN (${many(100, (at) => `(${at}, 'x')`)})`,
    `SELECT id FROM customers WHERE email = ANY (ARRAY[${many(100, (at) => `'${at}'`)}])`,
    `SELECT * FROM (VALUES ${many(9, (at) => `(${at}, 'a', ${at}.5, true)`)}) v`,
    `VALUES ${many(9, (at) => `(${at}, ARRAY[${many(20, String)}])`)}`,
    `SELECT ARRAY[${many(9, (at) => (at === 7 ? "email" : `'${at}'`))}] FROM customers`,
    `WITH v (a, b) AS (VALUES ${many(30, (at) => `(${at}, 'b${at}')`)}) UPDATE customers SET name = b FROM v WHERE id = a`,
  ])("%s", async (text) => {
    const whole = await read(text);
    expect(whole.kind).toBe("analysed");
    expect(await folded(text, "all")).toEqual(whole);
    expect(await folded(text, "bare")).toEqual(whole);
    expect(await folded(text, "none")).toEqual(whole);
  });

  test("what is written in errors, too", async () => {
    for (const text of [
      `INSERT INTO customers (id) VALUES ${many(50, (at) => (at === 30 ? "(1, 2)" : `(${at})`))}`,
      `VALUES ${many(50, (at) => (at === 30 ? "(1, 2)" : `(${at})`))}`,
      `SELECT id FROM customers WHERE id IN (${many(50, (at) => (at === 30 ? "nothing" : `${at}`))})`,
    ]) {
      const whole = await read(text);
      expect(whole.kind).toBe("unresolved");
      expect(await folded(text, "all")).toEqual(whole);
    }
  });

  test.each(majors)("by the parser of PostgreSQL %i", async (major) => {
    const older = await openParser(major);
    const text = rows((at) => `${at}, ${at % 3 ? `'n${at}'` : "NULL"}, '${at}'::varchar(9)`);
    const other = rows((at) => `${at + 1}, ${at % 3 ? `'m${at}'` : "NULL"}, '!'::varchar(9)`);
    const found = await folded(text, "all", older);
    expect(found).not.toBeNull();
    expect(await folded(other, "all", older)).toEqual(found);
    expect(await folded(text, "none", older)).toEqual(found);
    await older.close();
  });
});

test("a reading that asks for what a constant says does not stand for the others", async () => {
  const named = rows((at) => `${at}, nextval('s${at % 2}')::text, 'x'`);
  expect(await folded(named, "all")).toBeNull();
  expect(await folded(named, "bare")).toEqual(await read(named));
  const sortedBy = `SELECT ARRAY[${many(9, (at) => `(SELECT name FROM customers ORDER BY ${(at % 2) + 1})`)}]`;
  expect(await folded(sortedBy, "all")).toBeNull();
  expect(await folded(sortedBy, "bare")).toEqual(await read(sortedBy));
});

test("what keeps its tree for later is not folded", async () => {
  const text = `PREPARE p AS ${rows((at) => `${at}, 'x', 'y'`)}; EXPLAIN ${rows((at) => `${at}, 'x', 'y'`)}`;
  const parsed = await parser.readLong(text, "all");
  expect(parsed.kind === "long" && JSON.stringify([...parsed.tree.stmts])).not.toContain("folded");
});

const scalars = [
  "1",
  "-2",
  "0",
  "3.5",
  "99999999999",
  "99999999999999999999",
  "'a'",
  "''",
  "NULL",
  "true",
  "B'1'",
  "X'ff'",
  "'1'::int",
  "'x'::varchar(3)",
  "id",
  "email",
  "upper('x')",
  "upper(email)",
  "1 + 2",
  "ROW(1, 'x')",
  "ARRAY[1, 2]",
  "ARRAY['a', email]",
  "(SELECT 5)",
  "(SELECT email FROM customers LIMIT 1)",
  "(SELECT name FROM customers ORDER BY 1 LIMIT 2)",
  "CASE WHEN id = 1 THEN 'a' ELSE 'b' END",
  "$1",
  "$2",
];

test("whatever is in a list, it is read as the whole or not at all", async () => {
  const few = fc.subarray(scalars, { minLength: 1, maxLength: 5 });
  const lengths = { minLength: 8, maxLength: 30 };
  const list = few.chain((some) => fc.array(fc.constantFrom(...some), lengths));
  const pairs = few.chain((some) =>
    fc.array(fc.tuple(fc.constantFrom(...some), fc.constantFrom(...some)), lengths),
  );
  const rowsOf = (all: readonly (readonly string[])[]) =>
    all.map((row) => `(${row.join()})`).join();
  const text = fc.oneof(
    list.map((items) => `SELECT id FROM customers WHERE id IN (${items.join()})`),
    list.map((items) => `SELECT id FROM customers WHERE email NOT IN (${items.join()})`),
    list.map((items) => `SELECT ARRAY[${items.join()}] FROM customers`),
    pairs.map((all) => `SELECT v.* FROM customers, LATERAL (VALUES ${rowsOf(all)}) v`),
    pairs.map((all) => `INSERT INTO customers (id, name) VALUES ${rowsOf(all)}`),
  );
  const right = async (one: string): Promise<boolean> => {
    const whole = await read(one);
    const found = [await folded(one, "all"), await folded(one, "bare")];
    return found.every((analysis) => analysis === null || isDeepStrictEqual(analysis, whole));
  };
  const { counterexample } = await fc.check(fc.asyncProperty(text, right), { numRuns: 100 });
  expect(counterexample).toBeNull();
});

test("a list in a list that does not fold is not looked through without end", () => {
  const depth = 20_000;
  const nested = '{"A_ArrayExpr":{"elements":['.repeat(depth) + "1" + "]}}".repeat(depth);
  expect(foldLists(nested, "all")).toEqual({ json: nested, folded: false });
});
