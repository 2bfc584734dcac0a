import { afterAll, beforeAll, expect, test } from "vitest";
import { toTarget } from "@sallyport/pgwire";
import type { Cluster } from "./cluster.ts";
import { expectSameBytes } from "./frames-heard.ts";
import { startProtocolCluster } from "./protocol-cluster.ts";
import { bare, extended, gateway, RawClient } from "./raw-client.ts";

const { sync, query } = toTarget;

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
