import { afterAll, beforeAll, expect, test } from "vitest";
import { toTarget } from "@sallyport/pgwire";
import type { Cluster } from "./cluster.ts";
import { expectSameBytes } from "./frames-heard.ts";
import { startProtocolCluster } from "./protocol-cluster.ts";
import { bare, extended, gateway, RawClient } from "./raw-client.ts";

const { sync, query, parse, bind, execute, describe } = toTarget;

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startProtocolCluster();
});
afterAll(() => cluster?.stop());

const ci = async () => RawClient.open(await gateway(cluster, "ci-runner"));
const insert = (id: number) => `INSERT INTO orders VALUES (${id}, 1, 'new', 1, '2026-03-01')`;
const there = async (...ids: number[]) =>
  (await cluster.truth(`SELECT FROM orders WHERE id IN (${ids.join()})`)).length;

test.each(["simple", "extended"])(
  "refused in a transaction (%s): it has failed",
  async (protocol) => {
    await using raw = await ci();
    const say = (text: string) =>
      protocol === "simple" ? raw.query(text) : raw.ask(extended(text), sync);
    const base = protocol === "simple" ? 100 : 200;
    await say("BEGIN");
    await say(insert(base));
    await say("SAVEPOINT one");
    await say(insert(base + 1));
    expect(await say("DROP TABLE orders")).toEqual(["error 42501", "ready E"]);
    expect(raw.error.detail).toContain("no-ddl-from-ci");
    expect(await say("SELECT 1")).toEqual(["error 25P02", "ready E"]);
    expect((await say("ROLLBACK TO one")).at(-1)).toBe("ready T");
    expect((await say(insert(base + 2))).at(-1)).toBe("ready T");
    expect((await say("COMMIT")).slice(-2)).toEqual(["complete COMMIT", "ready I"]);
    expect(await there(base, base + 2)).toBe(2);
    expect(await there(base + 1)).toBe(0);
  },
);

test("COMMIT of a transaction that a refusal failed answers ROLLBACK", async () => {
  await using raw = await ci();
  await raw.query("BEGIN");
  await raw.query(insert(300));
  await raw.query("DROP TABLE orders");
  expect(await raw.query("COMMIT")).toEqual(["complete ROLLBACK", "ready I"]);
  expect(await there(300)).toBe(0);
});

test("a query string is refused as a whole, and fails the transaction around it", async () => {
  await using raw = await ci();
  expect(await raw.query(`${insert(310)}; DROP TABLE orders`)).toEqual(["error 42501", "ready I"]);
  await raw.query("BEGIN");
  expect(await raw.query(`${insert(311)}; DROP TABLE orders`)).toEqual(["error 42501", "ready E"]);
  expect(await raw.query("ROLLBACK")).toEqual(["complete ROLLBACK", "ready I"]);
  expect(await there(310, 311)).toBe(0);
});

test("what our parser refuses fails a transaction as it does in PostgreSQL", async () => {
  await using raw = await ci();
  await raw.query("BEGIN");
  expect(await raw.query("SELEC 1")).toEqual(["error 42601", "ready E"]);
  expect(await raw.query("ROLLBACK AND CHAIN")).toEqual(["complete ROLLBACK", "ready T"]);
  expect(await raw.query("SELECT * FROM nowhere")).toEqual(["error 42P01", "ready E"]);
  expect(await raw.query("ABORT")).toEqual(["complete ROLLBACK", "ready I"]);
});

const unknown = [
  "SELECT * FROM nowhere",
  "SELECT nothing()",
  "SELECT nothing FROM orders",
  "SELECT 1 === 2",
  "SELECT 1; SELECT * FROM nowhere",
  "INSERT INTO nowhere VALUES (1)",
  "EXECUTE nothing",
  "FETCH nothing",
  "CLOSE nothing",
  "DEALLOCATE nothing",
  "DECLARE c CURSOR FOR SELECT * FROM nowhere",
  "PREPARE p AS SELECT * FROM nowhere",
  "COPY nowhere TO STDOUT",
  "TRUNCATE nowhere",
  "DROP VIEW nowhere",
  "CALL nothing()",
  "SET standard_conforming_strings = off",
  "SELEC 1",
  "SELECT 1; SELEC 2",
  "",
];

test("in a failed transaction PostgreSQL looks for no name, and its error comes first", async () => {
  await using direct = await RawClient.open(bare(cluster));
  await using through = await ci();
  const named: readonly Buffer[] = [
    bind({ statement: "known" }),
    Buffer.concat([bind({ statement: "known" }), execute()]),
    Buffer.concat([bind({ statement: "known", parameters: [Buffer.from("1")] }), execute()]),
    Buffer.concat([bind({ statement: "held", parameters: [Buffer.from("1")] }), execute()]),
    Buffer.concat([bind({ statement: "held" }), execute()]),
    Buffer.concat([
      bind({ statement: "held", formats: [0, 1], parameters: [Buffer.from("1")] }),
      execute(),
    ]),
    Buffer.concat([describe("statement", "known"), bind({ statement: "known" }), execute()]),
    bind({ statement: "nothing" }),
    execute("nothing"),
    describe("portal", "nothing"),
    describe("statement", "nothing"),
    describe("statement", "known"),
    execute("c"),
    toTarget.close("statement", "nothing"),
  ];
  const asked = [
    ...unknown.flatMap((text) => [query(text), extended(text), sync]),
    ...named.flatMap((message) => [message, sync]),
  ];
  const begun = [query("BEGIN; DECLARE c CURSOR FOR SELECT 1"), query("SELECT 1 / 0")];
  await expectSameBytes(direct, through, [
    parse("known", "SELECT id FROM orders"),
    parse("held", "DELETE FROM orders WHERE id = $1"),
    parse("end", "ROLLBACK"),
    sync,
    ...begun,
  ]);
  await expectSameBytes(direct, through, asked);
  // With the error that fails the transaction in the same packet.
  await expectSameBytes(direct, through, [query("ROLLBACK"), ...begun, ...asked]);
  const said = await expectSameBytes(direct, through, [
    toTarget.close("statement", "nothing"),
    extended("SELECT * FROM nowhere"),
    sync,
    Buffer.concat([bind({ statement: "end" }), execute()]),
    sync,
    query("ROLLBACK"),
    query("SELECT * FROM nowhere"),
    query("BEGIN"),
    query("ROLLBACK; SELECT 1"),
  ]);
  expect(said.join()).toContain("25P02");
  expect(said.join()).toContain("42P01");
});

/** What PostgreSQL says of names in commands that are no queries: mostly without a place in the text. */
const commands = [
  "TRUNCATE orders, nowhere",
  "TRUNCATE no.where CASCADE",
  "ANALYZE nowhere",
  "CLUSTER nowhere USING x",
  "REINDEX TABLE nowhere",
  "CREATE STATISTICS s ON a, b FROM nowhere",
  "CALL nowhere(1, 'x')",
  "CALL no.where()",
  "SELECT no.where(1)",
  "SELECT nothing(id) FROM orders",
  "SELECT id FROM orders WHERE id === customer_id",
  "SELECT id, === total FROM orders",
  "SELECT 'a' OPERATOR(pg_catalog.===) ARRAY[1.5]",
  "SELECT 1 OPERATOR(no.+) 2",
  "REFRESH MATERIALIZED VIEW nowhere",
  "CREATE TRIGGER t BEFORE INSERT ON nowhere FOR EACH ROW EXECUTE FUNCTION f()",
  "CREATE RULE r AS ON INSERT TO nowhere DO NOTHING",
  "CREATE POLICY p ON nowhere",
  "ALTER POLICY p ON nowhere USING (true)",
  "ALTER SEQUENCE nowhere RESTART",
  "ALTER TABLE no.where ADD a int",
  "ALTER TABLE orders ADD CHECK (nothing > 1)",
  "ALTER TABLE orders ADD COLUMN x int DEFAULT nothing()",
  "ALTER TABLE orders ALTER id SET DEFAULT nothing()",
  "ALTER TABLE orders ALTER id TYPE text USING nothing::text",
  "DROP TABLE no.where",
  "DROP TABLE public.nowhere",
  "DROP VIEW nowhere",
  "DROP MATERIALIZED VIEW nowhere",
  "DROP SEQUENCE nowhere",
  "DROP FOREIGN TABLE nowhere",
  "DROP TRIGGER t ON nowhere",
  "DROP POLICY p ON public.nowhere",
  "COMMENT ON COLUMN nowhere.a IS 'x'",
  "COMMENT ON TABLE public.nowhere IS 'x'",
  "REVOKE SELECT ON no.where FROM PUBLIC",
  "CREATE TABLE x (a int DEFAULT nothing())",
  "CREATE INDEX ON nowhere (a)",
  "COPY no.where TO STDOUT",
  "INSERT INTO orders SELECT 1 ON CONFLICT (nothing) DO NOTHING",
  "DELETE FROM orders o WHERE orders.id = 1",
  "SELECT orders.* FROM orders o",
];

test("names that are not there are said as PostgreSQL says them, in commands too", async () => {
  await using direct = await RawClient.open(bare(cluster));
  await using through = await ci();
  const locks = ["LOCK nowhere", "LOCK TABLE orders, no.where IN SHARE MODE"];
  const said = await expectSameBytes(direct, through, [
    ...commands.map(query),
    ...locks.flatMap((text) => [query("BEGIN"), query(text), query("ROLLBACK")]),
  ]);
  expect(said.join()).not.toContain("42501");
  await using free = await RawClient.open(await gateway(cluster, "free"));
  await expectSameBytes(direct, free, [
    query("ALTER TABLE IF EXISTS nowhere ADD a int; ALTER SEQUENCE IF EXISTS nowhere RESTART"),
  ]);
});

/** What PostgreSQL takes only outside a transaction, or only in one; it says so before it looks for a name. */
const placed = [
  "VACUUM nowhere",
  "VACUUM (FULL, ANALYZE) no.where (a)",
  "VACUUM orders",
  "REINDEX TABLE CONCURRENTLY nowhere",
  "REINDEX (VERBOSE) SCHEMA nowhere",
  "CREATE UNIQUE INDEX CONCURRENTLY ON nowhere (a)",
  "DROP INDEX CONCURRENTLY nowhere",
  "ALTER TABLE orders DETACH PARTITION nowhere CONCURRENTLY",
  "ALTER SYSTEM SET work_mem = '1MB'",
  "CREATE DATABASE orders",
  "DROP DATABASE nowhere",
  "DROP TABLESPACE nowhere",
  "COMMIT PREPARED 'nothing'",
  "CLUSTER",
];

test("where a statement may stand at all is said before anything of its names, or of policy", async () => {
  await using direct = await RawClient.open(bare(cluster));
  await using through = await ci();
  for (const text of placed) {
    const both = async (one: string) =>
      expect(await through.query(one)).toEqual(await direct.query(one));
    await both("BEGIN");
    await both(text);
    expect(through.error.message).toBe(direct.error.message);
    await both("ROLLBACK");
  }
  // Elsewhere policy is asked.
  for (const text of ["VACUUM orders", "DROP DATABASE nowhere", "BEGIN; LOCK orders"])
    expect(await through.query(text)).toEqual(["error 42501", "ready I"]);
  const locks = ["LOCK nowhere", "LOCK TABLE orders IN SHARE MODE NOWAIT"];
  const texts = [`${placed[0]}; SELECT 1`, ...locks];
  // Where BEGIN and ROLLBACK are not answered yet, too.
  const together = placed.flatMap((text) => [query("BEGIN"), query(text), query("ROLLBACK")]);
  const script = [...texts.map(query), ...together, query("LOCK nowhere")];
  const said = await expectSameBytes(direct, through, script);
  expect(said.join()).toContain("25001");
});

/** Types and the like that are not there, and what PostgreSQL says where it counts. */
const miscounted = [
  "SELECT 1::nothing, id FROM orders",
  "SELECT nothing '1'",
  "SELECT id::no.thing FROM orders",
  "SELECT '{}'::public.nothing[]",
  "SELECT * FROM json_to_record('{}') AS x(a nothing)",
  "PREPARE p (nothing) AS SELECT 1",
  "CREATE TABLE x (a int, b nothing DEFAULT 1)",
  "ALTER TABLE orders ADD a nothing",
  "SELECT * FROM orders TABLESAMPLE nothing (1)",
  "SELECT * FROM orders TABLESAMPLE no.thing (1)",
  "SELECT * FROM nowhere TABLESAMPLE nothing (1)",
  "INSERT INTO orders VALUES (1, 2, 3, 4, 5, 6 + 1, 7)",
  "INSERT INTO orders (id) SELECT 1, id * 2 FROM orders",
  "SELECT 1 ORDER BY 2",
  "SELECT 1 GROUP BY 3",
  "SELECT DISTINCT ON (4) 1",
  "SELECT 1 UNION SELECT id + 1, 2 FROM orders",
  "SELECT 1 EXCEPT (VALUES (1, 2))",
  "SELECT 1 INTERSECT (SELECT 1, 2 UNION SELECT 3, 4)",
  "VALUES (1), (2), (lower('a'), 2)",
];

const notUtf8 = ["SELECT '\xff'", "SELECT 'ab\xc3\xa4\xe2\x82(\xff'", "\xed\xa0\x80", "'\xf0\x9f"];

/** A Query of such bytes. */
function bytesOf(latin1: string): Buffer {
  const frame = query("x".repeat(latin1.length));
  frame.write(latin1, 5, "latin1");
  return frame;
}

test("what is not there or too much is said with PostgreSQL's words and places", async () => {
  await using direct = await RawClient.open(bare(cluster));
  await using through = await ci();
  const said = await expectSameBytes(direct, through, [
    ...miscounted.map(query),
    ...notUtf8.map(bytesOf),
  ]);
  expect(said.join()).not.toContain("42501");
});

test("what policy does not permit is no news to a failed transaction", async () => {
  await using raw = await ci();
  await raw.query("BEGIN");
  await raw.query("SELECT 1 / 0");
  for (const text of ["DROP TABLE orders", "DO $$ BEGIN END $$", "DELETE FROM orders"])
    expect(await raw.query(text)).toEqual(["error 25P02", "ready E"]);
  // The transaction's end does not hide what comes behind it.
  expect(await raw.query("ROLLBACK; DROP TABLE orders")).toEqual(["error 42501", "ready E"]);
  expect(await raw.query("ROLLBACK")).toEqual(["complete ROLLBACK", "ready I"]);
});

test("a failed transaction ends after DDL and SET too", async () => {
  await using raw = await RawClient.open(await gateway(cluster, "free"));
  await raw.query("BEGIN");
  await raw.query("SET LOCAL search_path = pg_catalog");
  await raw.query("CREATE TABLE public.fleeting (id int)");
  expect(await raw.query("SELECT 1/0")).toContain("ready E");
  expect(await raw.query("ROLLBACK")).toEqual(["complete ROLLBACK", "ready I"]);
  expect(await raw.query("SELECT count(*) FROM orders")).toContain("ready I");
  await using masked = await ci();
  await masked.query("BEGIN");
  await masked.query("SET LOCAL search_path = pg_catalog");
  expect(await masked.query("SELECT 1/0")).toContain("ready E");
  expect(await masked.query("ROLLBACK")).toEqual(["complete ROLLBACK", "ready I"]);
  expect(await masked.query("SELECT count(*) FROM orders")).toContain("ready I");
});

test("names mean what search_path says at that moment, whatever ends the transaction", async () => {
  await using owner = await RawClient.open(await gateway(cluster, "free"));
  await owner.query(
    "CREATE SCHEMA other; CREATE TABLE other.customers (id int, name text, email text); INSERT INTO other.customers VALUES (1, 'other', 'shown')",
  );
  await using raw = await ci();
  const look = "SELECT email FROM customers WHERE id = 1";
  expect(await raw.query(look)).toContain("row a***@example.com");
  await raw.query("SET search_path = other");
  expect(await raw.query(look)).toContain("row shown");
  await raw.query("BEGIN");
  await raw.query("SET LOCAL search_path = public");
  expect(await raw.query(look)).toContain("row a***@example.com");
  await raw.query("ROLLBACK");
  expect(await raw.query(look)).toContain("row shown");
  await raw.query("BEGIN");
  await raw.query("SAVEPOINT s");
  await raw.query("SET search_path = public");
  await raw.query("ROLLBACK TO s");
  expect(await raw.query(look)).toContain("row shown");
  await raw.query("ROLLBACK");
  // In one packet, and in one string: nothing may be proven there.
  const back = "SET search_path = public";
  const said = await raw.ask(
    extended(back),
    sync,
    extended(look),
    sync,
    extended("RESET search_path"),
    sync,
  );
  expect(said.join()).not.toContain("row ada");
  await raw.query("SET search_path = other");
  for (const text of [
    `${back}; ${look}`,
    `BEGIN; ${back}; COMMIT; ${look}`,
    `${look}; ${back}; ${look}`,
  ])
    expect((await raw.query(text)).join(), text).not.toContain("row ada");
  await using fresh = await RawClient.open(
    await gateway(cluster, "ci-runner", { parameters: { options: "-c search_path=other" } }),
  );
  expect(await fresh.query(look)).toContain("row shown");
  await cluster.truth("ALTER ROLE shop_app SET search_path = other");
  await using later = await ci();
  expect(await later.query(look)).toContain("row shown");
  await cluster.truth("ALTER ROLE shop_app RESET search_path");
});

test("a temporary table over a name is its own, and goes with its session", async () => {
  await using raw = await RawClient.open(await gateway(cluster, "free"));
  const look = "SELECT email FROM customers WHERE id = 1";
  await raw.query("CREATE TEMP TABLE customers AS SELECT 1 AS id, 'mine'::text AS email");
  expect(await raw.query(look)).toContain("row mine");
  await raw.query("DROP TABLE pg_temp.customers");
  expect(await raw.query(look)).toContain("row ada.brandt@example.com");
});

test("SET TRANSACTION finds its transaction untouched by us", async () => {
  await using raw = await ci();
  await raw.query("SET search_path = public");
  await raw.query("BEGIN");
  expect(await raw.query("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")).toEqual([
    "complete SET",
    "ready T",
  ]);
  expect(await raw.query("SHOW transaction_isolation")).toContain("row serializable");
});

test("DDL in an open transaction keeps nobody waiting for ever, least of all its own end", async () => {
  await using open = await RawClient.open(await gateway(cluster, "free"));
  await using other = await RawClient.open(await gateway(cluster, "free"));
  await using masked = await ci();
  await open.query("CREATE TABLE locked (id int DEFAULT 1 + 1); CREATE INDEX ON locked ((id + 1))");
  await open.query("BEGIN");
  expect(await open.query("ALTER TABLE locked ADD COLUMN more int DEFAULT 7")).toContain("ready T");
  // This makes the catalog stale, and its definitions cannot be read while `locked` is.
  expect(await other.query("CREATE TABLE beside (id int)")).toEqual([
    "complete CREATE TABLE",
    "ready I",
  ]);
  expect(await masked.query("SELECT count(*) FROM orders")).toContain("complete SELECT 1");
  expect(await open.query("SELECT count(*) FROM locked")).toContain("ready T");
  expect(await open.query("ROLLBACK")).toEqual(["complete ROLLBACK", "ready I"]);
  expect(await masked.query("SELECT name, email FROM customers WHERE id = 1")).toContain(
    "row Ada Brandt|a***@example.com",
  );
});

/** Each with what `CURRENT_USER` and an unqualified name mean behind it. */
const authorized: readonly (readonly string[])[] = [
  ["SET SESSION AUTHORIZATION boss"],
  ["SET SESSION AUTHORIZATION boss", "RESET SESSION AUTHORIZATION"],
  ["SET SESSION AUTHORIZATION boss", "SET SESSION AUTHORIZATION DEFAULT"],
  ["BEGIN", "SET SESSION AUTHORIZATION boss"],
  ["BEGIN", "SET SESSION AUTHORIZATION boss", "ROLLBACK"],
  ["BEGIN", "SET LOCAL SESSION AUTHORIZATION boss", "COMMIT"],
  ["BEGIN", "SAVEPOINT s", "SET SESSION AUTHORIZATION boss", "ROLLBACK TO s"],
  ["SET SESSION AUTHORIZATION boss", "BEGIN", "SET SESSION AUTHORIZATION DEFAULT", "ROLLBACK"],
  ["SET SESSION AUTHORIZATION boss", "SET ROLE shop_app", "RESET ROLE"],
  ["SET SESSION AUTHORIZATION boss", "RESET ALL"],
  ["SET SESSION AUTHORIZATION boss", "DISCARD ALL"],
  ["SET SESSION AUTHORIZATION nobody_there"],
];

test("SET SESSION AUTHORIZATION moves names as in PostgreSQL, and is followed", async () => {
  await cluster.target.query("CREATE ROLE boss; ALTER ROLE shop_app SUPERUSER");
  try {
    const parameters = { options: '-c search_path="$user",plain' };
    {
      await using owner = await RawClient.open(await gateway(cluster, "free"));
      await owner.query(`CREATE SCHEMA boss; CREATE SCHEMA plain;
        CREATE VIEW boss.customers AS SELECT id, email FROM public.customers;
        CREATE VIEW plain.customers AS SELECT 1 AS id, 'shown'::text AS email;
        GRANT USAGE ON SCHEMA boss TO boss; GRANT SELECT ON boss.customers TO boss`);
    }
    const look = "SELECT CURRENT_USER, SESSION_USER, email FROM customers WHERE id = 1";
    const { parameters: own, ...rest } = bare(cluster);
    for (const steps of authorized) {
      const frames = [...steps.map(query), query(look), query("ROLLBACK"), query(look)];
      await using direct = await RawClient.open({ ...rest, parameters: { ...own, ...parameters } });
      await using free = await RawClient.open(await gateway(cluster, "free", { parameters }));
      const expected = await direct.ask(...frames);
      expect(await free.ask(...frames)).toEqual(expected);
      await using masked = await RawClient.open(await gateway(cluster, "setter", { parameters }));
      const said: string[] = [];
      for (const frame of frames) said.push(...(await masked.ask(frame)));
      const hidden = expected.map((one) => one.replace("ada.brandt@", "a***@"));
      expect(said, steps.join()).toEqual(hidden);
    }
    await using refused = await ci();
    expect(await refused.query("SET SESSION AUTHORIZATION boss")).toEqual([
      "error 42501",
      "ready I",
    ]);
  } finally {
    await cluster.target.query("ALTER ROLE shop_app NOSUPERUSER");
  }
});

const scripts: Record<string, readonly Buffer[]> = {
  "BEGIN twice": [query("BEGIN"), query("BEGIN"), query("COMMIT"), query("COMMIT")],
  "a transaction in one string": [query(`BEGIN; ${insert(500)}; ROLLBACK; SELECT 1`)],
  "a deferred constraint at Sync": [
    query("CREATE TEMP TABLE d (id int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED)"),
    query("INSERT INTO d VALUES (1)"),
    extended("INSERT INTO d VALUES (1)"),
    sync,
    query("SELECT count(*) FROM d"),
  ],
  "a savepoint that is not there": [query("BEGIN"), query("ROLLBACK TO nothing"), query("COMMIT")],
  chained: [query("BEGIN"), query("COMMIT AND CHAIN"), query("SELECT 1"), query("ROLLBACK")],
};

test.each(Object.keys(scripts))("as PostgreSQL answers it: %s", async (name) => {
  const script = scripts[name] ?? [];
  await using direct = await RawClient.open(bare(cluster));
  await using through = await RawClient.open(await gateway(cluster, "free"));
  await expectSameBytes(direct, through, script);
});
