import { describe, expect, test } from "vitest";
import { asks, catalog, classified, read, shows } from "./analysis.fixture.ts";
import { classification } from "./classification.ts";
import { writtenCatalog } from "./written-catalog.ts";

describe("outputs", () => {
  test.each([
    ["SELECT id, email FROM customers", ["id", "email=column(public.customers.email)"]],
    ["SELECT email AS id FROM customers", ["id=column(public.customers.email)"]],
    ["SELECT upper(email) FROM customers", ["upper=computed(public.customers.email)"]],
    ["SELECT e FROM (SELECT email e FROM customers) s", ["e=column(public.customers.email)"]],
    ["SELECT email || 'x' FROM customers", ["?column?=computed(public.customers.email)"]],
    [
      "SELECT c FROM customers c",
      ["c=computed(public.customers.card_number,public.customers.email)"],
    ],
    ["SELECT count(*) FROM customers WHERE email = 'x'", ["count"]],
    ["SELECT secret FROM archive_old", ["secret=column(public.archive.secret)"]],
    ["SELECT detail FROM events_1", ["detail=column(public.events.detail)"]],
    [
      "WITH RECURSIVE t(n, e) AS (SELECT 1, 'x'::text UNION ALL SELECT n + 1, c.email::text FROM t JOIN customers c ON c.id = n) SELECT * FROM t",
      ["n", "e=computed(public.customers.email)"],
    ],
    ["COPY customers (id, email) TO STDOUT", ["id", "email=column(public.customers.email)"]],
    ["EXPLAIN SELECT email FROM customers", ["QUERY PLAN=computed(public.customers.email)"]],
    ["EXPLAIN SELECT id FROM customers WHERE email = 'x'", ["QUERY PLAN"]],
    ["UPDATE customers SET name = email RETURNING name", ["name=computed(public.customers.email)"]],
  ])("%s", async (text, expected) => {
    expect(await shows(text)).toEqual(expected);
  });
});

describe("views", () => {
  test.each([
    [
      "SELECT * FROM contacts",
      [
        "read:output public.customers.email",
        "read:output public.contacts",
        "read:output public.customers",
      ],
    ],
    [
      "SELECT id FROM contacts WHERE email = 'x'",
      [
        "read:lookup public.customers.email",
        "read:output public.contacts",
        "read:output public.customers",
      ],
    ],
    ["INSERT INTO contacts (id) VALUES (1)", ["insert public.contacts", "insert public.customers"]],
    [
      "DELETE FROM contacts WHERE id = 1",
      [
        "delete+where public.contacts",
        "delete+where public.customers",
        "delete+where public.orders",
        "read:output public.contacts",
        "read:output public.customers",
      ],
    ],
  ])("%s", async (text, expected) => {
    expect((await asks(text)).toSorted()).toEqual(expected.toSorted());
  });

  test("a column of a view is what its definition computes, in RowDescription too", () => {
    const known = classification(catalog, classified);
    const contacts = catalog.relation("public", "contacts");
    if (!contacts) throw new Error("no view");
    expect(known.of(contacts, "email", true)).toEqual(["public.customers.email"]);
    expect(known.of(contacts, "id", true)).toEqual([]);
  });
});

describe("functions written in SQL", () => {
  test("a call asks what its body asks", async () => {
    expect(await asks("SELECT mail(1)")).toEqual([
      "read:output public.customers.email",
      "read:output public.customers",
    ]);
  });
});

describe("what a statement causes", () => {
  test.each([
    ["DELETE FROM customers", ["delete-where public.customers", "delete+where public.orders"]],
    ["TRUNCATE customers CASCADE", ["truncate public.customers", "truncate public.orders"]],
    ["INSERT INTO audited VALUES (1, 'x')", ["execute public.watch", "insert public.audited"]],
    ["INSERT INTO guarded VALUES (1, 'x')", ["execute public.guard", "insert public.guarded"]],
    ["DELETE FROM audited", ["delete-where public.audited"]],
    [
      "UPDATE archive SET id = 1",
      ["update-where public.archive", "update-where public.archive_old"],
    ],
    ["INSERT INTO events VALUES (1)", ["insert public.events", "insert public.events_1"]],
    ["SELECT nextval('orders_id_seq')", ["update+where public.orders_id_seq"]],
  ])("%s", async (text, expected) => {
    expect(await asks(text)).toEqual(expected);
  });
});

describe("utility statements", () => {
  test.each([
    ["BEGIN; COMMIT", []],
    ["SET search_path TO evil", []],
    ["SET statement_timeout = '1s'; SHOW timezone", []],
    ["LISTEN x; NOTIFY x, 'y'; UNLISTEN *; DISCARD ALL; DEALLOCATE ALL; CLOSE ALL", []],
    ["SET work_mem = '1GB'", ["set"]],
    ["SET ROLE boss", ["impersonate"]],
    ["RESET ROLE", []],
    ["VACUUM", ["maintain"]],
    ["LOCK TABLE orders", ["maintain public.orders"]],
    ["LOAD 'x'", ["program"]],
    ["COPY orders TO '/tmp/x'", ["server-file", "read:output public.orders"]],
    ["COPY orders FROM PROGRAM 'id'", ["program", "insert public.orders"]],
    ["GRANT SELECT ON orders TO x", ["grant public.orders"]],
    ["DROP TABLE orders", ["drop public.orders"]],
    ["ALTER TABLE orders ADD COLUMN x int", ["alter public.orders"]],
    [
      "ALTER TABLE customers RENAME COLUMN email TO mail",
      ["read:write public.customers.email", "alter public.customers"],
    ],
    ["CREATE SCHEMA s", ["create s"]],
    ["CREATE TEMP TABLE t (a int)", ["create pg_temp.t"]],
    [
      "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END'",
      ["opaque", "create public.f"],
    ],
    ["DO 'BEGIN END'", ["opaque"]],
    ["EXECUTE p", ["opaque"]],
    ["FETCH c", ["opaque"]],
  ])("%s", async (text, expected) => {
    expect(await asks(text)).toEqual(expected);
  });
});

describe("what sets how statements are read is refused, whatever policy says", () => {
  test.each([
    "SET standard_conforming_strings = off",
    "SET LOCAL standard_conforming_strings TO 'off'",
    "SET client_encoding = 'latin1'",
    "SET NAMES 'sjis'",
    "SET backslash_quote = on",
    "SELECT set_config('standard_conforming_strings', 'off', false)",
    "SELECT * FROM set_config('standard_conforming_strings', 'off', false)",
    "SELECT pg_catalog.set_config(name, 'off', false) FROM customers",
    "SELECT set_config(setting_name => 'x', new_value => 'y', is_local => true)",
    "ALTER ROLE x SET standard_conforming_strings = off",
    "ALTER TABLE orders ALTER note SET DEFAULT set_config('standard_conforming_strings', 'off', false)",
  ])("%s", async (text) => {
    expect((await read(text)).kind).toBe("refused");
  });

  test("one setting of pg_settings is known by its name", async () => {
    const set = (condition: string): Promise<string[]> =>
      asks(`SELECT set_config(name, 'off', false) FROM pg_catalog.pg_settings WHERE ${condition}`, {
        catalog: writtenCatalog({}),
      });
    expect(await set("name = 'work_mem'")).toEqual(["set", "read:output pg_catalog.pg_settings"]);
    expect((await set("name = 'standard_conforming_strings'"))[0]).toMatch(/^refused/);
    expect((await set("name = 'work_mem' OR true"))[0]).toMatch(/^refused/);
    expect((await set("'work_mem' = name"))[0]).toMatch(/^refused/);
  });

  test("the value that is assumed may be set", async () => {
    expect(
      await asks("SET standard_conforming_strings = on; SET client_encoding = 'UTF-8'"),
    ).toEqual([]);
  });
});

describe("names resolve as the target resolves them", () => {
  const evil = { names: { searchPath: ["pg_catalog", "evil", "public"] } };

  test("a better-matching function in another schema is not mistaken for the built-in", async () => {
    const text = "SELECT lower(email) FROM customers";
    expect(await asks(text)).not.toContain("execute evil.lower");
    expect(await asks(text, evil)).toContain("execute evil.lower");
    expect(await asks("SELECT lower(card_number) FROM customers", evil)).not.toContain(
      "execute evil.lower",
    );
  });

  test("a user's equality is no lookup", async () => {
    const found = await asks("SELECT id FROM customers WHERE email = 'x'", evil);
    expect(found).toContain("execute evil.same");
    expect(found).not.toContain("read:lookup public.customers.email");
  });

  test("unqualified names in a session with temporary objects are opaque", async () => {
    const temporary = { names: { searchPath: ["pg_temp_3", "pg_catalog", "public"] } };
    expect(await asks("SELECT id FROM orders", temporary)).toEqual(["opaque"]);
    expect(await asks("SELECT id FROM public.orders", temporary)).toEqual([
      "read:output public.orders",
    ]);
  });

  test("ids are written as quote_ident writes them", async () => {
    expect(await asks('SELECT "select" FROM "Odd"')).toEqual(['read:output public."Odd"']);
  });

  test.each([
    ["SELECT nothing FROM customers", "42703", 8],
    ["SELECT * FROM nowhere", "42P01", 15],
    ["COPY nowhere TO STDOUT", "42P01", 0],
    ["COPY orders (nothing) FROM STDIN", "42703", 0],
    ["ALTER TABLE nowhere ADD a int", "42P01", 0],
    ["CREATE INDEX ON nowhere (id)", "42P01", 0],
    ["TRUNCATE orders, nowhere", "42P01", 0],
    ["LOCK no.where", "3F000", 0],
    ["DROP FOREIGN TABLE nowhere", "42704", 0],
    ["SELECT o.id, orders.id FROM orders o", "42P01", 14],
    ["CALL nowhere()", "42883", 6],
    ["SELECT no.where()", "3F000", 8],
    ["CREATE FUNCTION no.where() RETURNS int LANGUAGE sql AS 'SELECT 1'", "3F000", 0],
    ["CREATE FUNCTION f() RETURNS int LANGUAGE nowhere AS ''", "42704", 0],
    ["DO LANGUAGE nowhere ''", "42704", 0],
  ])("what the target lacks: %s → %s at %i", async (text, sqlstate, position) => {
    expect(await read(text)).toMatchObject({ kind: "unresolved", sqlstate, position });
  });

  test("languages come with extensions, of which plpgsql's is always there", async () => {
    const languages = new Set(["sql"]);
    expect(await read("DO ''", { catalog: { ...catalog, languages } })).toMatchObject({
      message: 'language "plpgsql" does not exist',
      hint: "Use CREATE EXTENSION to load the language into the database.",
    });
    const unread = { catalog: { ...catalog, languages: null } };
    expect(await asks("DO LANGUAGE nowhere ''", unread)).toEqual(["opaque"]);
  });

  test("IF EXISTS does not hide what an ALTER would do, were the table there", async () => {
    expect(await asks("ALTER TABLE IF EXISTS nowhere ADD a int")).toEqual(["opaque"]);
    expect(await asks("ALTER SEQUENCE IF EXISTS no.where RESTART")).toEqual(["opaque"]);
  });

  test.each([
    ["", 0, true],
    ["ROLLBACK TO s; SELECT * FROM nowhere", 2, true],
    ["PREPARE TRANSACTION 'x'", 1, true],
    ["SELECT * FROM nowhere; ROLLBACK", 2, false],
    ["SET client_encoding = LATIN1", 1, false],
    ["COMMIT PREPARED 'x'", 1, false],
    ["SAVEPOINT s", 1, false],
  ])("before any name is looked at: %s", async (text, statements, takenWhenFailed) => {
    expect(await read(text)).toMatchObject({ form: { statements, takenWhenFailed } });
  });
});

describe("statements of one text", () => {
  test("after DDL or a change of search_path nothing is proven", async () => {
    expect(await asks("CREATE VIEW t AS SELECT 1; SELECT * FROM t")).toEqual([
      "opaque",
      "create public.t",
    ]);
    expect(await asks("SET search_path TO evil; SELECT id FROM orders")).toEqual(["opaque"]);
    expect(await asks("ROLLBACK; SELECT id FROM orders", { fragileNames: true })).toEqual([
      "opaque",
    ]);
  });

  test("operations unite in one order, without doubles", async () => {
    const both = await asks(
      "SELECT id FROM orders; SELECT id FROM customers; SELECT 1 FROM orders",
    );
    expect(both).toEqual(["read:output public.customers", "read:output public.orders"]);
  });
});

test("system relations carry the baseline's tags", async () => {
  const analysis = await read("SELECT 1 FROM pg_stats, pg_authid");
  expect(analysis).toMatchObject({
    operations: [
      { resource: { id: "shop/pg_catalog.pg_authid", tags: ["builtin:secrets"] } },
      { resource: { id: "shop/pg_catalog.pg_stats", tags: ["builtin:values"] } },
    ],
  });
});

test("a partition is in its parent, and carries its classification", async () => {
  const analysis = await read("SELECT detail FROM events_1");
  expect(analysis).toMatchObject({
    operations: [
      { resource: { type: "Column", id: "shop/public.events.detail", tags: ["pii"] } },
      {
        resource: {
          type: "Table",
          id: "shop/public.events_1",
          in: [
            { type: "Table", id: "shop/public.events" },
            { type: "Schema", id: "shop/public" },
          ],
        },
      },
    ],
  });
});

test("writing a table touches its classified columns: the target's error texts may show them", async () => {
  const analysis = await read("UPDATE customers SET name = NULL WHERE id = 1");
  expect(analysis).toMatchObject({
    statements: [{ touches: ["public.customers.card_number", "public.customers.email"] }],
  });
});

test("what is nested too deeply is refused, not thrown", async () => {
  expect(await read(`SELECT 1${"+1".repeat(3000)}`)).toMatchObject({
    kind: "refused",
    sqlstate: "54001",
  });
});

describe("what would take long", () => {
  const made = (count: number, one: (at: number) => string, between = ", ") =>
    Array.from({ length: count }, (_, at) => one(at)).join(between);

  test("columns that double with each CTE end where PostgreSQL ends them", async () => {
    const doubled = made(40, (at) => `c${at + 1} AS (SELECT a.*, b.* FROM c${at} a, c${at} b)`);
    for (const select of ["SELECT a.*, b.*", "SELECT *"]) {
      const text = `WITH c0 AS (SELECT 1), ${doubled.replaceAll("SELECT a.*, b.*", select)} SELECT 1`;
      expect(await read(text)).toMatchObject({ kind: "unresolved", sqlstate: "54011" });
    }
    expect(await read(`SELECT ${made(1664, () => "1")}`)).toMatchObject({ kind: "analysed" });
    expect(await read(`VALUES (${made(1665, () => "1")})`)).toMatchObject({ sqlstate: "54011" });
  });

  test("ten thousand CTEs or tables take as long as their number says", async () => {
    const texts = [
      (count: number) => `WITH ${made(count, (at) => `c${at} AS (SELECT 1)`)} SELECT 1`,
      (count: number) => `WITH RECURSIVE ${made(count, (at) => `c${at} AS (SELECT 1)`)} SELECT 1`,
      (count: number) => `SELECT 1 FROM ${made(count, (at) => `orders o${at}`)}`,
    ];
    for (const text of texts) {
      const before = process.threadCpuUsage();
      expect(await read(text(10_000))).toMatchObject({ kind: "analysed" });
      const { user, system } = process.threadCpuUsage(before);
      expect(user + system).toBeLessThan(2_000_000);
    }
  });

  test("is refused once the caller has no time for it", async () => {
    for (const text of [`SELECT ${made(200, () => "1")}`, made(40, () => "SELECT 1", "; ")])
      expect(await read(text, { patience: () => () => true })).toMatchObject({
        kind: "refused",
        sqlstate: "54001",
        message: expect.stringContaining("takes too long"),
      });
    expect(await read("SELECT 1", { patience: () => () => true })).toMatchObject({
      kind: "analysed",
    });
  });
});

test("an EXPLAIN that runs nothing says so of its operations", async () => {
  const planned = async (text: string): Promise<unknown[]> => {
    const found = await read(text);
    if (found.kind !== "analysed") throw new Error(found.message);
    return [...new Set(found.operations.map((operation) => operation.planned))];
  };
  expect(await planned("EXPLAIN DELETE FROM orders")).toEqual([true]);
  expect(await planned("EXPLAIN ANALYZE DELETE FROM orders")).toEqual([undefined]);
  expect(await planned("EXPLAIN DELETE FROM orders; DELETE FROM orders")).toEqual([
    undefined,
    true,
  ]);
});
