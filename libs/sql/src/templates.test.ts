import { expect, test } from "vitest";
import { catalog, classified } from "./analysis.fixture.ts";
import { templateOf } from "./literals.ts";
import { majors } from "./parser-instance.ts";
import { openParser } from "./parser.ts";
import { analyseTemplate } from "./templates.ts";
import { checkTemplate } from "./templates.fixture.ts";

const parser = await openParser(18);
const subject = {
  connection: "shop",
  catalog,
  names: { searchPath: ["pg_catalog", "public"] },
  classified: { ...classified, "public.events.detail#>{customer,email}": ["pii"] },
};

const check = (text: string, watching = true) =>
  checkTemplate(text, { ...subject, parser, variants: 12, watching });

test.each([
  "SELECT id FROM customers WHERE email = 'x'",
  "SELECT email FROM customers WHERE id = 5",
  "SELECT id FROM customers WHERE id IN (1, 2, -3) AND name LIKE 'a%' LIMIT 5 OFFSET 6",
  "SELECT id FROM customers WHERE id = - -5 OR id = -(7) OR id = 1 - -(2)",
  "SELECT name, 'x', 5, 'a'::text, '2024-01-01'::date, 'pg_authid'::regclass FROM customers;",
  "SELECT count(*) FROM customers WHERE name = 'ü' AND id = 7 GROUP BY id + 5",
  "INSERT INTO customers (name, email) VALUES ('a', 'b'), ('c', 'd') RETURNING id",
  "UPDATE customers SET name = 'x' WHERE id = 6",
  "DELETE FROM customers WHERE id = 6",
  "SELECT name::varchar(10) FROM customers FETCH FIRST 5 ROWS ONLY",
  "WITH c AS (SELECT 5 AS n) SELECT name FROM customers, c WHERE id = n AND id < 6",
  "SELECT substr(email, 1) FROM customers",
  "SELECT name FROM customers WHERE id = $1 AND email = 'x' LIMIT 5",
  "INSERT INTO customers (name, email) VALUES ($1, 'b'), ($2, 'd')",
  "WITH RECURSIVE c AS (SELECT 5 AS n UNION SELECT n + 6 FROM c) SELECT n FROM c WHERE n < 7",
  "SELECT id FROM customers WHERE id = 5 UNION SELECT 6",
])("what %s asks does not hang on its literals", async (text) => {
  expect(await check(text)).toEqual({ kind: "shared", wrong: [] });
});

test.each([
  "SELECT name, email FROM customers ORDER BY 1",
  "SELECT name, count(email) FROM customers GROUP BY 1",
  "SELECT name, email FROM customers WHERE id = $1 ORDER BY 1",
])("what %s asks hangs on its literals, and without watching they would share it", async (text) => {
  expect((await check(text)).kind).toBe("apart");
  expect((await check(text, false)).wrong.length).toBeGreaterThan(0);
});

test.each([
  ["a literal of two parts", "SELECT 'a'\n'b'"],
  ["a number that is part of a type", "SELECT name::float(24) FROM customers"],
  ["the bound of an array", "SELECT ARRAY[1]::int[5]"],
  ["a precision", "SELECT current_time(3)"],
  ["two statements", "SELECT 5; SELECT 6"],
  ["another statement", "SET TIME ZONE 'x'"],
  ["a name of SQL's", "EXECUTE p(5)"],
  ["a statement of another", "EXPLAIN SELECT 5"],
  ["what is not there", "SELECT nothing FROM customers WHERE id = 5"],
  ["an error with a place", "SELECT nothing(5)"],
])("%s is no template", async (_, text) => {
  expect((await check(text)).kind).toBe("apart");
});

test.each(majors)("a parser of PostgreSQL %i gives literals as that of 18", async (major) => {
  const older = await openParser(major);
  for (const [text, kind] of [
    ["SELECT 0, '', -5, - -5, x FROM (SELECT 1 AS x) q WHERE x = 'a' LIMIT 2", "shared"],
    ["SELECT 'a'\n'b', 5", "apart"],
    ["SELECT 5::float(24)", "apart"],
  ] as const) {
    const found = await checkTemplate(text, { ...subject, parser: older, variants: 12 });
    expect(found, text).toEqual({ kind, wrong: [] });
  }
});

test("a parser that puts a literal's value elsewhere too makes no template", () => {
  const text = "SELECT id FROM customers WHERE id = 5";
  const template = templateOf(text);
  const parse = (other: string) => {
    const parsed = parser.parse(other);
    if (parsed instanceof Promise || parsed.kind !== "tree") throw new Error("not parsed");
    const said = /\d+$/.exec(other)?.[0];
    const [first] = parsed.tree.stmts;
    return { kind: "tree", tree: { version: 0, stmts: [{ ...first, copied: said }] } } as const;
  };
  const shared = (read: typeof parser.parse) => {
    const parsed = read(text);
    if (template === null || parsed instanceof Promise || parsed.kind !== "tree") return undefined;
    return analyseTemplate(text, template, parsed.tree, { ...subject, parse: read });
  };
  expect(shared((other) => parser.parse(other))).not.toBeNull();
  expect(shared(parse)).toBeNull();
});
