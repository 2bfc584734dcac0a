import { afterAll, beforeAll, expect, test } from "vitest";
import { toTarget } from "@sallyport/pgwire";
import { waitFor } from "@sallyport/testkit";
import type { Cluster } from "./cluster.ts";
import { expectSameBytes } from "./frames-heard.ts";
import { startProtocolCluster } from "./protocol-cluster.ts";
import { bare, gateway, RawClient } from "./raw-client.ts";

const { parse, bind, describe, execute, close, sync, query } = toTarget;

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startProtocolCluster();
});
afterAll(() => cluster?.stop());

const ci = async () => RawClient.open(await gateway(cluster, "ci-runner"));
const free = async () => RawClient.open(await gateway(cluster, "free"));
const division = "SELECT 1 / (id - 1001) FROM orders WHERE id = 1001";
const fails = Buffer.concat([parse("f", division), bind({ statement: "f" }), execute()]);
const orders = async () => (await cluster.truth("SELECT FROM orders")).length;
const use = (statement: string) => [bind({ statement }), execute(), sync];

test("a Parse that fails does not lend its text to the statement that has its name", async () => {
  await using raw = await ci();
  // No hold for a Parse alone.
  expect(await raw.ask(parse("s", "DELETE FROM orders"), sync)).toEqual([
    "parse-complete",
    "ready I",
  ]);
  raw.send(parse("s", "SELECT 1"), sync, ...use("s"));
  // Held; or refused with the hold's id, when the Sync before it was not answered yet.
  const held = /^(notice 00000|error 42501)$/;
  const said = await raw.until((all) => all.some((one) => held.test(one)));
  expect(said.slice(0, 2)).toEqual(["error 42P05", "ready I"]);
  expect(said[2]).toMatch(held);
  expect(await orders()).toBe(10);
});

test("a Close that was passed over leaves its statement judged as what it is, or not at all", async () => {
  await using raw = await ci();
  await raw.ask(parse("s", "DELETE FROM orders"), sync);
  const swapped = [fails, close("statement", "s"), parse("s", "SELECT 1"), sync];
  const said = await raw.ask(...swapped, ...use("s"));
  expect(said).toEqual([
    "parse-complete",
    "bind-complete",
    "error 22012",
    "ready I",
    "error 42501",
    "ready I",
  ]);
  expect(await orders()).toBe(10);
});

test("an unnamed Parse that was passed over leaves the one before, judged as that", async () => {
  await using raw = await ci();
  await raw.ask(parse("", "DELETE FROM orders"), sync);
  raw.send(fails, parse("", "SELECT 1"), sync, ...use(""));
  // It waits, or cannot wait: the answers before it may be on their way still.
  const isHeld = () => (raw.notice?.message ?? raw.error.message ?? "").includes("hold ");
  await waitFor(isHeld, { what: "the DELETE to be held" });
  expect(await orders()).toBe(10);
});

test("a refused Parse leaves its name free", async () => {
  await using raw = await ci();
  expect(await raw.ask(parse("s", "DROP TABLE orders"), sync)).toEqual(["error 42501", "ready I"]);
  expect(await raw.ask(...use("s"))).toEqual(["error 26000", "ready I"]);
  expect(await raw.ask(parse("s", "SELECT 3"), ...use("s"))).toContain("row 3");
  expect(raw.heard.filter(({ kind }) => kind === "error")).toHaveLength(2);
});

test("what SQL put under a name is never run under the text that the protocol gave it", async () => {
  await using raw = await free();
  await raw.ask(parse("s", "SELECT 'old'"), sync);
  const swap = "DEALLOCATE s; PREPARE s AS SELECT 'new'";
  expect(await raw.query(swap)).toEqual(["complete DEALLOCATE", "complete PREPARE", "ready I"]);
  expect(await raw.ask(...use("s"))).toContain("row new");
  await using masked = await ci();
  await masked.ask(parse("s", "SELECT 'old'"), sync);
  expect(await masked.query("DEALLOCATE s")).toContain("complete DEALLOCATE");
  await masked.query("PREPARE s AS SELECT email FROM customers");
  expect(await masked.ask(...use("s"))).toContain("row a***@example.com");
  expect((await masked.query("EXECUTE s")).join()).not.toContain("row ada.brandt@");
});

test("DISCARD ALL lets names be used again", async () => {
  await using raw = await ci();
  await raw.ask(parse("s", "SELECT 1"), sync);
  expect(await raw.query("DISCARD ALL")).toEqual(["complete DISCARD ALL", "ready I"]);
  expect(await raw.ask(parse("s", "SELECT 2"), ...use("s"))).toContain("row 2");
});

test("masks hold in text and binary, with and without a description", async () => {
  await using raw = await ci();
  const text = "SELECT card, secret, number, words, doc, note, id FROM kinds ORDER BY id";
  for (const format of [0, 1] as const)
    for (const description of ["none", "portal", "statement", "earlier"]) {
      const frames = [
        parse("", text),
        ...(description === "earlier" ? [describe("statement", ""), sync] : []),
        ...(description === "statement" ? [describe("statement", "")] : []),
        bind({ resultFormats: [format] }),
        ...(description === "portal" ? [describe("portal", "")] : []),
        execute(),
        sync,
      ];
      const said = await raw.ask(...frames);
      const rows = said.filter((one) => one.startsWith("row"));
      expect(rows, `${description} ${format}`).toHaveLength(2);
      expect(rows[0]).toContain("************1881");
      expect(rows.join("\n")).not.toContain("canary");
      expect(rows[1]).toMatch(/^row NULL\|NULL\|NULL\|NULL\|NULL\|NULL\|/);
    }
});

test("each masker leaves its own trace, on a type that cannot hold it NULL", async () => {
  await using raw = await ci();
  const said = await raw.query("SELECT card, secret, number, words FROM kinds WHERE id = 1");
  expect(said[1]).toMatch(/^row \*{12}1881\|[a-z2-7]{26}\|NULL\|\{[a-z2-7]{26},[a-z2-7]{26}\}$/);
});

test("a parameter keeps its type, and a lookup by it passes where a pattern does not", async () => {
  await using raw = await ci();
  const lookup = "SELECT city, email FROM customers WHERE email = $1";
  const value = [Buffer.from("ada.brandt@example.com")];
  const asked = [
    parse("l", lookup, [25]),
    describe("statement", "l"),
    bind({ statement: "l", parameters: value }),
    execute(),
    sync,
  ];
  expect(await raw.ask(...asked)).toContain("row Hamburg|a***@example.com");
  const pattern = parse("", "SELECT city FROM customers WHERE email LIKE $1");
  expect(await raw.ask(pattern, bind({ parameters: value }), execute(), sync)).toEqual([
    "error 42501",
    "ready I",
  ]);
});

test("what a renamed column holds never leaves under another's judgement", async () => {
  await using raw = await ci();
  const text = "SELECT name FROM customers WHERE id = 1";
  const again = [bind({ statement: "n" }), execute(), sync];
  expect(await raw.ask(parse("n", text), ...again)).toContain("row Ada Brandt");
  // Past the gateway: nothing tells the workers.
  await cluster.truth(
    "ALTER TABLE customers RENAME name TO n; ALTER TABLE customers RENAME email TO name; ALTER TABLE customers RENAME n TO email",
  );
  try {
    const said = await raw.ask(...again);
    expect(said.filter((one) => one.startsWith("row"))).toEqual([]);
    expect(said.join()).toMatch(/error 42501/);
  } finally {
    await cluster.truth(
      "ALTER TABLE customers RENAME name TO n; ALTER TABLE customers RENAME email TO name; ALTER TABLE customers RENAME n TO email",
    );
  }
});

test("DDL of another session is known before its client hears of it", async () => {
  await using raw = await ci();
  await using other = await free();
  await other.query("CREATE TABLE plain (id int, shown text); INSERT INTO plain VALUES (1, 'x')");
  const again = [bind({ statement: "p" }), execute(), sync];
  expect(await raw.ask(parse("p", "SELECT * FROM plain"), ...again)).toContain("row 1|x");
  await other.query(
    "DROP TABLE plain; CREATE VIEW plain AS SELECT id, email AS shown FROM customers",
  );
  const said = await raw.ask(...again);
  expect(said.join()).not.toContain("@example.com|");
  expect(said.filter((one) => /row \d+\|[^*]+@/.test(one))).toEqual([]);
});

const scripts: Record<string, readonly Buffer[]> = {
  "a name that is taken": [parse("a", "SELECT 1"), sync, parse("a", "SELECT 2"), sync, ...use("a")],
  "closed and made anew": [
    parse("a", "SELECT 1"),
    close("statement", "a"),
    parse("a", "SELECT 2"),
    bind({ statement: "a" }),
    execute(),
    sync,
  ],
  "described only": [parse("a", "SELECT $1::int AS n", [23]), describe("statement", "a"), sync],
  "several portals of one statement": [
    parse("a", "SELECT $1::int"),
    ...[1, 2, 3].map((n) =>
      bind({ portal: `p${n}`, statement: "a", parameters: [Buffer.from(String(n))] }),
    ),
    ...[3, 1, 2].map((n) => execute(`p${n}`)),
    sync,
  ],
  "the unnamed statement overwritten": [
    parse("", "SELECT 1"),
    parse("", "SELECT 2"),
    bind({}),
    execute(),
    sync,
  ],
  "a simple query drops the unnamed statement": [
    parse("", "SELECT 1"),
    sync,
    query("SELECT 2"),
    bind({}),
    sync,
  ],
  "too few parameters": [
    parse("", "SELECT $1::int, $2::int"),
    bind({ parameters: [Buffer.from("1")] }),
    execute(),
    sync,
  ],
  "a parameter that does not fit": [
    parse("", "SELECT $1::int"),
    bind({ parameters: [Buffer.from("x")] }),
    execute(),
    sync,
  ],
  "a statement without an answer": [
    parse("", ""),
    bind({}),
    describe("portal", ""),
    execute(),
    sync,
  ],
};

test.each(Object.keys(scripts))("as PostgreSQL answers it: %s", async (name) => {
  const script = scripts[name] ?? [];
  await using direct = await RawClient.open(bare(cluster));
  await using through = await ci();
  await expectSameBytes(direct, through, script);
});

const value = (n: number) => [Buffer.from(String(n))];
const cityOf = "SELECT city FROM customers WHERE id = $1 ORDER BY city";
const all = "SELECT id, city FROM customers ORDER BY id";

/** Names that SQL and the protocol share; each step's answers are compared. */
const shared: Readonly<Record<string, readonly (readonly Buffer[])[]>> = {
  "what SQL prepared, bound, described and run": [
    [query("PREPARE s (int) AS SELECT city FROM customers WHERE id = $1")],
    [describe("statement", "s"), sync],
    [bind({ statement: "s", parameters: value(2) }), describe("portal", ""), execute(), sync],
    [bind({ statement: "s", parameters: value(3) }), execute(), sync],
    [bind({ statement: "s", parameters: [] }), execute(), sync],
  ],
  "what SQL prepared with a type that is inferred": [
    [query(`PREPARE s AS ${cityOf}`)],
    [bind({ statement: "s", parameters: value(2) }), execute(), sync],
  ],
  "what SQL prepared in the same packet": [
    [
      query(`PREPARE s AS ${cityOf}`),
      bind({ statement: "s", parameters: value(2) }),
      execute(),
      sync,
    ],
  ],
  "what SQL prepared and let go of": [
    [query(`PREPARE s AS ${cityOf}`)],
    [query("DEALLOCATE s"), ...use("s")],
    [...use("s")],
    [query("EXECUTE s (1)")],
  ],
  "what the protocol prepared, run by SQL": [
    [parse("s", cityOf, [23]), sync],
    [query("EXECUTE s (2)")],
    [query("EXECUTE s (2 + 1); EXECUTE s (1)")],
    [query("EXPLAIN (COSTS OFF) EXECUTE s (2)")],
    [query("EXECUTE s")],
    [bind({ statement: "s", parameters: value(1) }), execute(), sync],
  ],
  "what the protocol prepared in the same packet": [
    [parse("s", cityOf, [23]), sync, query("EXECUTE s (2)")],
  ],
  "what the protocol prepared and SQL let go of": [
    [parse("s", "SELECT 1"), parse("t", "SELECT 2"), sync],
    [query("DEALLOCATE s")],
    [...use("s")],
    [...use("t")],
    [query("DEALLOCATE ALL"), ...use("t")],
    [parse("s", "SELECT 3"), ...use("s")],
    [query("DEALLOCATE s; PREPARE s AS SELECT 4"), ...use("s")],
    [query("DEALLOCATE s"), parse("s", "SELECT 5"), ...use("s"), query("EXECUTE s")],
  ],
  "DEALLOCATE ALL in the middle of a pipeline": [
    [parse("s", "SELECT 1"), sync],
    [
      bind({ statement: "s" }),
      execute(),
      parse("", "DEALLOCATE ALL"),
      bind({}),
      execute(),
      parse("s", "SELECT 2"),
      bind({ statement: "s" }),
      execute(),
      sync,
    ],
    [...use("s")],
  ],
  "DISCARD ALL in one packet with what it takes": [
    [parse("s", "SELECT 1"), sync],
    [query("DISCARD ALL"), ...use("s"), query("EXECUTE s")],
    [parse("s", "SELECT 2"), ...use("s")],
  ],
  "a PREPARE that fails": [
    [query("PREPARE s AS SELECT 1; SELECT 1 / 0; DEALLOCATE s")],
    [...use("s")],
    [query("PREPARE s AS SELECT 2"), ...use("s")],
    [parse("s", "SELECT 3"), sync, query("EXECUTE s")],
    [query("BEGIN; PREPARE t AS SELECT 4; ROLLBACK"), ...use("t")],
  ],
  "closed by the protocol": [
    [query("PREPARE s AS SELECT 1")],
    [close("statement", "s"), sync],
    [query("EXECUTE s")],
    [...use("s")],
  ],
  "a cursor of SQL, fetched by the protocol": [
    [query(`BEGIN; DECLARE c CURSOR FOR ${all}`)],
    [describe("portal", "c"), execute("c", 1), sync],
    [execute("c", 1), execute("c", 1), sync],
    [query("FETCH c")],
    [execute("c"), sync],
    [close("portal", "c"), sync],
    [query("FETCH c")],
    [query("ROLLBACK")],
  ],
  "a cursor of SQL that is gone": [
    [query(`BEGIN; DECLARE c CURSOR FOR ${all}; CLOSE c`)],
    [execute("c"), sync],
    [query("ROLLBACK")],
    [query(`BEGIN; DECLARE c CURSOR WITH HOLD FOR ${all}; COMMIT`)],
    [execute("c", 2), sync],
    [query("CLOSE ALL"), execute("c"), sync],
  ],
  "a cursor and its savepoint": [
    [query(`BEGIN; SAVEPOINT a; DECLARE c CURSOR FOR ${all}`)],
    [execute("c", 1), sync],
    [query("ROLLBACK TO a")],
    [query(`DECLARE c CURSOR FOR SELECT 7`), execute("c"), sync],
    [query("ROLLBACK")],
  ],
  "a portal, fetched by SQL": [
    [query("BEGIN"), parse("s", all), bind({ portal: "p", statement: "s" }), execute("p", 1), sync],
    [query("FETCH 2 FROM p")],
    [execute("p", 1), sync],
    [query("MOVE p; FETCH ALL FROM p")],
    [query("CLOSE p")],
    [execute("p", 1), sync],
    [query("ROLLBACK")],
    [query("BEGIN"), query("FETCH p")],
    [query("ROLLBACK")],
  ],
  "a portal that SQL closes in the middle of its rows": [
    [query("BEGIN"), parse("s", all), bind({ portal: "p", statement: "s" }), execute("p", 1), sync],
    [query("CLOSE ALL"), query(`DECLARE p CURSOR FOR SELECT 8 AS eight`)],
    [execute("p", 1), sync],
    [query("COMMIT")],
  ],
};

test.each(Object.keys(shared))("names are shared as PostgreSQL shares them: %s", async (name) => {
  await using direct = await RawClient.open(bare(cluster));
  await using through = await ci();
  for (const [at, step] of (shared[name] ?? []).entries()) {
    const expected = await direct.ask(...step);
    expect(await through.ask(...step), `step ${at}`).toEqual(expected);
  }
});

test("masks hold across names that SQL and the protocol share", async () => {
  await using raw = await ci();
  const look = "SELECT email FROM customers WHERE id = 1";
  await raw.query(`PREPARE s AS ${look}; PREPARE u AS SELECT upper(email) AS e FROM customers`);
  expect(await raw.ask(...use("s"))).toContain("row a***@example.com");
  expect(await raw.ask(...use("u"))).toContain("row ****");
  await raw.ask(parse("p", look), parse("q", "SELECT lower(email) AS e FROM customers"), sync);
  expect(await raw.query("EXECUTE p")).toContain("row a***@example.com");
  expect(await raw.query("EXECUTE q")).toContain("row ****");
  await raw.query(`BEGIN; DECLARE c CURSOR FOR ${look}`);
  expect(await raw.ask(execute("c"), sync)).toContain("row a***@example.com");
  await raw.ask(parse("", look), bind({ portal: "m" }), sync);
  expect(await raw.query("FETCH m")).toContain("row a***@example.com");
  expect(JSON.stringify(raw.heard)).not.toContain("ada.brandt@");
});
