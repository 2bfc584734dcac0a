import { DatabaseError } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  decides,
  differences,
  failure,
  faultOf,
  leaks,
  major,
  parses,
  read,
  readTraced,
  run,
  startTargets,
  stopTargets,
} from "./sql-target.fixture.ts";
import {
  traced,
  tracedForms,
  tracedFrom18,
  tracedFunctions,
  tracedViews,
  untraced,
} from "./sql.fixture.ts";

beforeAll(startTargets);
afterAll(stopTargets);

describe(`what is read is what runs (design §6), on PostgreSQL ${major}`, () => {
  test.each([...traced, ...tracedViews, ...tracedFunctions, ...tracedForms, ...tracedFrom18])(
    "%s",
    async (text) => {
      if (major < 18 && (await tooNew(text))) return;
      const statement = await readTraced(text);
      const one = await run("one", text);
      // Catalogs and plans differ anyway.
      const moves = /ctid|pg_class|EXPLAIN/.test(text);
      const two = decides(statement) || moves ? null : await run("two", text);
      expect(differences(statement, one)).toEqual([]);
      expect(leaks(statement, one, two)).toEqual([]);
    },
  );
});

test.each(untraced)("is opaque or asks execute: %s", async (text) => {
  const analysis = await read(text);
  if (analysis.kind !== "analysed") throw new Error(`${analysis.kind}: ${analysis.message}`);
  const asks = analysis.operations.some(
    ({ action }) => action === "opaque" || action === "execute",
  );
  expect(asks).toBe(true);
});

/** Whether an older target lacks what the statement needs; its parser then refuses the same texts as it does. */
async function tooNew(text: string): Promise<boolean> {
  const code = await run("one", text).then(
    () => null,
    (cause: unknown) => (cause instanceof DatabaseError ? cause.code : cause),
  );
  if (code === null) return false;
  // No such syntax, function, column (or `old`), or not for views.
  expect(["42601", "42883", "42703", "42P01", "42809", "0A000"]).toContain(code);
  expect(await parses(text)).toBe(code !== "42601");
  return true;
}

describe("names that the target lacks get the target's own code and message", () => {
  test.each([
    "SELECT * FROM nowhere",
    "SELECT nothing FROM customers",
    "SELECT c.nothing FROM customers c",
    "SELECT x.id FROM customers c",
    "SELECT name FROM customers, staff",
    "INSERT INTO notes (nothing) VALUES (1)",
    "UPDATE notes SET nothing = 1",
    "DELETE FROM nowhere",
    "SELECT 'é', nothing FROM customers",
    "SELECT dblink('x', 'y')",
  ])("%s", async (text) => {
    const analysis = await read(text);
    const error = await failure(text);
    if (analysis.kind !== "unresolved") throw new Error(analysis.kind);
    expect(error).toMatchObject({ code: analysis.sqlstate, message: analysis.message });
    const { position } = error as { readonly position?: string };
    expect(String(analysis.position)).toBe(position);
  });
});

test.each([
  "CREATE FUNCTION f() RETURNS int LANGUAGE nosuch AS 'x'",
  "CREATE FUNCTION f(a nosuch) RETURNS nosuch STABLE STRICT SECURITY DEFINER LANGUAGE nosuch AS 'x'",
  "CREATE OR REPLACE PROCEDURE f() LANGUAGE 'SQL' AS 'SELECT 1'",
  "CREATE FUNCTION f() RETURNS int LANGUAGE nosuch RETURN 1",
  "CREATE FUNCTION nosuch.f() RETURNS int LANGUAGE nosuch AS 'x'",
  "DO LANGUAGE nosuch 'x'",
  'DO \'x\' LANGUAGE "é""x"',
])("a language or schema of code is missed as the target misses it: %s", async (text) => {
  const analysis = await read(text);
  if (analysis.kind !== "unresolved") throw new Error(analysis.kind);
  const { sqlstate, message, hint, position } = analysis;
  const error = (await failure(text)) as DatabaseError;
  expect([sqlstate, message, hint, position]).toEqual([error.code, error.message, error.hint, 0]);
  expect(error.position).toBeUndefined();
});

test.each([
  "CREATE FUNCTION f() RETURNS int LANGUAGE nosuch COST -1 AS 'x'",
  "CREATE FUNCTION f() RETURNS int LANGUAGE nosuch SUPPORT nosuch AS 'x'",
  "CREATE FUNCTION f() RETURNS int LANGUAGE nosuch SET nosuch = 3 AS 'x'",
  "CREATE FUNCTION f() RETURNS int LANGUAGE nosuch LANGUAGE nosuch AS 'x'",
  "CREATE PROCEDURE f() LANGUAGE nosuch STRICT AS 'x'",
  "DO LANGUAGE nosuch",
  "DO LANGUAGE nosuch 'x' LANGUAGE nosuch",
])("what the target finds wrong before it looks for a language is its to say: %s", async (text) => {
  expect(await read(text)).toMatchObject({ kind: "analysed", opaque: expect.any(String) });
  expect(await failure(text)).not.toMatchObject({ message: 'language "nosuch" does not exist' });
});

describe("what the parser refuses is said as the target says it", () => {
  const texts = [
    "SELECT 'é' x y",
    "SELECT E'wrong: \\u061'",
    "SELECT U&'wrong: \\061'",
    "SELECT U&'wrong: \\+0061'",
    "SELECT U&'wrong: +0061' UESCAPE '+'",
    "SELECT U&'half: \\d800'",
    "DROP OPERATOR === (int4)",
    "CREATE POLICY p ON customers AS ugly",
    "SELECT 1 LIMIT 1, 2",
    "CREATE ROLE r UNENCRYPTED PASSWORD 'x'",
    "CREATE PUBLICATION p FOR customers",
    "CREATE PUBLICATION p FOR CURRENT_SCHEMA",
    "CREATE SCHEMA IF NOT EXISTS s CREATE TABLE t (a int)",
    "CREATE TABLE t (a int REFERENCES u MATCH PARTIAL)",
    "CREATE TABLE t (a int REFERENCES u ON UPDATE SET NULL (a))",
    "CREATE TABLE t (a float(0))",
    "CREATE TABLE t (a float(54))",
    "CREATE TABLE t PARTITION OF u FOR VALUES WITH (modulus 2, modulus 2, remainder 0)",
    "CREATE TABLE t PARTITION OF u FOR VALUES WITH (modulus 2, remainder 0, remainder 0)",
    "CREATE TABLE t (a int, CHECK (a > 0) DEFERRABLE)",
    "CREATE TABLE t (a int, UNIQUE (a) NOT VALID)",
    "CREATE TABLE t (a int, UNIQUE (a) NO INHERIT)",
    "CREATE EXTENSION e FROM old",
    "CREATE OR REPLACE CONSTRAINT TRIGGER t AFTER INSERT ON customers FOR EACH ROW EXECUTE FUNCTION f()",
    "CREATE ASSERTION a CHECK (true)",
    "CREATE RECURSIVE VIEW v (a) AS SELECT 1 WITH CHECK OPTION",
    "DROP AGGREGATE a (OUT int)",
    "DROP AGGREGATE a (VARIADIC int[] ORDER BY int)",
    "SELECT UNIQUE (SELECT 1)",
    "ALTER DATABASE shop SET TABLESPACE x, y",
    "ALTER TABLE customers ALTER COLUMN 40000 SET STATISTICS 1",
    "SELECT sum(1) OVER (ROWS BETWEEN UNBOUNDED FOLLOWING AND CURRENT ROW)",
    "SELECT sum(1) OVER (ROWS BETWEEN CURRENT ROW AND UNBOUNDED PRECEDING)",
    "SELECT sum(1) OVER (ROWS BETWEEN CURRENT ROW AND 1 PRECEDING)",
    "SELECT sum(1) OVER (ROWS 1 FOLLOWING)",
    "GRANT ALL ON customers TO none",
    "CREATE ROLE public",
    "CREATE ROLE CURRENT_USER",
  ];
  test.each(
    major < 16 ? [...texts, "SELECT * FROM (SELECT 1)", "SELECT * FROM (VALUES (1))"] : texts,
  )("%s", async (text) => {
    const { sqlstate, message, detail, hint, position } = await faultOf(text);
    const error = (await failure(text)) as DatabaseError;
    expect({ code: sqlstate, message, detail, hint, position: position || undefined }).toEqual({
      code: error.code,
      message: error.message,
      detail: error.detail,
      hint: error.hint,
      position: error.position === undefined ? undefined : Number(error.position),
    });
  });
});
