import { describe, expect, test } from "vitest";
import { asks, catalog, read } from "./analysis.fixture.ts";
import type { Catalog } from "./catalog.ts";

const onCustomers = (use: string): string[] => [
  `read:${use} public.customers.card_number`,
  `read:${use} public.customers.email`,
];

describe("a function", () => {
  test.each([
    ["CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", ["create public.f"]],
    [
      "CREATE OR REPLACE FUNCTION f(a int, b int DEFAULT 2) RETURNS int LANGUAGE sql IMMUTABLE RETURN a + b",
      ["alter public.f", "create public.f"],
    ],
    [
      "CREATE FUNCTION f() RETURNS SETOF text LANGUAGE sql BEGIN ATOMIC SELECT email FROM customers; END",
      ["read:write public.customers.email", "create public.f", "read:output public.customers"],
    ],
    [
      "CREATE FUNCTION f(i int) RETURNS TABLE (o int) LANGUAGE sql AS 'SELECT id FROM public.orders LIMIT 1'",
      ["create public.f", "read:output public.orders"],
    ],
  ])("asks what its body asks: %s", async (text, expected) => {
    expect((await asks(text)).toSorted()).toEqual(expected.toSorted());
  });

  test("that does more than read asks to store what anybody may hand it", async () => {
    const found = await asks(
      "CREATE FUNCTION f(t text) RETURNS void LANGUAGE sql BEGIN ATOMIC DELETE FROM orders WHERE id = 1; END",
    );
    expect(found).toEqual(expect.arrayContaining(["create public.f", ...onCustomers("write")]));
    expect(found).toContain("delete+where public.orders");
    expect(found).not.toContain("opaque");
  });

  test.each([
    "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END'",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT id FROM orders'",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql SET search_path = public AS 'SELECT 1'",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql LEAKPROOF AS 'SELECT 1'",
    "CREATE FUNCTION f(VARIADIC a int[]) RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE FUNCTION f(a anyelement) RETURNS anyelement LANGUAGE sql AS 'SELECT a'",
    "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS 'SELECT set_config(''search_path'', ''x'', false)'",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT nothing FROM public.orders'",
    "CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'not SQL'",
  ])("that cannot be read is opaque: %s", async (text) => {
    expect(await asks(text)).toContain("opaque");
  });
});

describe("a trigger", () => {
  test("asks to run its function, and to store the rows that it gets", async () => {
    expect(await asks("CREATE TRIGGER t BEFORE UPDATE ON orders EXECUTE FUNCTION watch()")).toEqual(
      ["execute public.watch", "alter public.orders"],
    );
    expect(
      await asks(
        "CREATE TRIGGER t BEFORE UPDATE ON customers FOR EACH ROW WHEN (OLD.email > 'a') EXECUTE FUNCTION watch()",
      ),
    ).toEqual(
      expect.arrayContaining([...onCustomers("write"), "read:predicate public.customers.email"]),
    );
  });

  test.each([
    "CREATE TRIGGER t BEFORE UPDATE ON orders EXECUTE FUNCTION nothing()",
    "CREATE TRIGGER t BEFORE UPDATE ON orders FOR EACH ROW WHEN (guard(NEW.note)) EXECUTE FUNCTION watch()",
  ])("is opaque otherwise: %s", async (text) => {
    expect(await asks(text)).toContain("opaque");
  });
});

describe("a policy", () => {
  test("decides by what it reads", async () => {
    expect(await asks("CREATE POLICY p ON customers USING (email LIKE 'a%')")).toContain(
      "read:predicate public.customers.email",
    );
    expect(await asks("CREATE POLICY p ON orders USING (id > 1) WITH CHECK (true)")).toEqual([
      "alter public.orders",
      "read:output public.orders",
    ]);
  });
});

describe("a domain", () => {
  test.each([
    "CREATE DOMAIN d AS text DEFAULT 'x' NOT NULL CHECK (VALUE <> '' AND length(VALUE) < 10)",
    "CREATE DOMAIN d AS int",
  ])("that calls built-ins only: %s", async (text) => {
    expect(await asks(text)).toEqual(["create"]);
  });

  test.each([
    "CREATE DOMAIN d AS int CHECK (VALUE > (SELECT max(id) FROM orders))",
    "CREATE DOMAIN d AS int DEFAULT nobody()",
    "ALTER DOMAIN nobody ADD CHECK (VALUE > 1)",
  ])("is opaque otherwise: %s", async (text) => {
    expect(await asks(text)).toContain("opaque");
  });
});

describe("what follows DDL in the same text", () => {
  test("is read with what that made", async () => {
    const found = await asks(
      `CREATE TABLE made (id serial PRIMARY KEY, body text NOT NULL DEFAULT 'x', at timestamptz DEFAULT now());
       CREATE INDEX ON made (body); COMMENT ON TABLE made IS 'x';
       INSERT INTO made (body) SELECT email FROM customers WHERE id = 1; UPDATE made SET body = 'y' WHERE id = 1`,
    );
    expect(found.toSorted()).toEqual(
      [
        "alter public.made",
        "create public.made",
        "insert public.made",
        "read:output public.customers",
        "read:output public.made",
        "read:write public.customers.email",
        "update+where public.made",
      ].toSorted(),
    );
  });

  test("knows a new table by the name that config classifies", async () => {
    const made = await read(
      "CREATE TABLE made (a text); INSERT INTO orders (id) SELECT length(a) FROM made",
      {
        classified: { "public.made.a": ["pii"] },
      },
    );
    expect(made.kind === "analysed" && made.opaque).toBe(null);
    expect(
      made.kind === "analysed" && made.operations.map(({ resource }) => resource.id),
    ).toContain("shop/public.made.a");
  });

  test("knows a column that was added", async () => {
    expect(
      await asks(
        "ALTER TABLE orders ADD COLUMN extra text; UPDATE orders SET extra = 'x' WHERE id = 1",
      ),
    ).toEqual(expect.not.arrayContaining(["opaque"]));
  });

  test.each([
    "CREATE TABLE made (a text); SELECT a FROM made",
    "CREATE TABLE made (a text); SELECT made FROM made",
    "CREATE TABLE made (id int); SELECT o.note FROM orders o JOIN made m USING (id)",
    "CREATE TABLE made (a text); WITH q AS (INSERT INTO made VALUES ('x') RETURNING a) SELECT a FROM q",
    "CREATE TABLE made (a text); INSERT INTO made VALUES ('x') RETURNING a",
    "CREATE TABLE made (id serial); SELECT count(*) FROM made_id_seq",
    "CREATE TABLE IF NOT EXISTS made (a text); INSERT INTO made VALUES ('x')",
    "CREATE TEMP TABLE made (a text); INSERT INTO made VALUES ('x')",
    "CREATE TABLE made (a text CHECK (a <> '')); INSERT INTO made VALUES ('x')",
    "CREATE TABLE made (a text DEFAULT lower('X')); INSERT INTO made VALUES ('x')",
    "CREATE TABLE made () INHERITS (customers); INSERT INTO made VALUES (1)",
    "CREATE TABLE made (LIKE customers); INSERT INTO made VALUES (1)",
    "CREATE TABLE orders (id int); INSERT INTO orders VALUES (1)",
    "BEGIN; CREATE TABLE made (a text); ROLLBACK; INSERT INTO made VALUES ('x')",
    "CREATE SCHEMA s; INSERT INTO orders (id) VALUES (1)",
    "CREATE TABLE made (a text); DROP TABLE orders CASCADE",
    "ALTER TABLE orders ADD COLUMN extra text; SELECT extra FROM orders",
    "CREATE INDEX ON orders (lower('x')); INSERT INTO orders (id) VALUES (1)",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; SELECT f()",
  ])("is opaque where that is not known exactly: %s", async (text) => {
    const found = await asks(text);
    expect(found).toContain("opaque");
  });

  test("is opaque where event triggers may have changed it", async () => {
    const over: Catalog = { ...catalog, eventTriggers: [1] };
    expect(
      await asks("CREATE TABLE made (a text); INSERT INTO made VALUES ('x')", { catalog: over }),
    ).toContain("opaque");
  });
});
