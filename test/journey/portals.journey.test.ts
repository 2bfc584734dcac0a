import { afterAll, beforeAll, expect, test } from "vitest";
import { toTarget } from "@sallyport/pgwire";
import type { Cluster } from "./cluster.ts";
import { expectSameBytes } from "./frames-heard.ts";
import { startProtocolCluster } from "./protocol-cluster.ts";
import { bare, extended, gateway, RawClient } from "./raw-client.ts";

const { parse, bind, describe, execute, close, sync, query, flush } = toTarget;

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startProtocolCluster();
});
afterAll(() => cluster?.stop());

const ids = parse("i", "SELECT id FROM orders ORDER BY id");
const open = (portal: string, statement = "i") => bind({ portal, statement });

const scripts: Record<string, readonly Buffer[]> = {
  "rows in pieces within one Sync": [
    ids,
    open("p"),
    execute("p", 3),
    execute("p", 3),
    execute("p", 0),
    sync,
  ],
  "rows in pieces within a transaction": [
    query("BEGIN"),
    ids,
    open("p"),
    execute("p", 4),
    sync,
    execute("p", 4),
    sync,
    execute("p", 4),
    sync,
    execute("p", 4),
    sync,
    query("COMMIT"),
    execute("p", 1),
    sync,
  ],
  "two portals in turn": [
    query("BEGIN"),
    ids,
    open("p"),
    open("q"),
    execute("p", 2),
    execute("q", 3),
    execute("p", 2),
    sync,
    close("portal", "p"),
    execute("q", 1),
    execute("p", 1),
    sync,
    query("ROLLBACK"),
  ],
  "a portal ends with its transaction": [
    ids,
    open("p"),
    execute("p", 2),
    sync,
    execute("p", 2),
    sync,
  ],
  "a portal that is described between its pieces": [
    query("BEGIN"),
    ids,
    open("p"),
    execute("p", 2),
    describe("portal", "p"),
    execute("p", 2),
    sync,
    query("ROLLBACK"),
  ],
  "a portal's name that is taken": [
    query("BEGIN"),
    ids,
    open("p"),
    open("p"),
    sync,
    query("ROLLBACK"),
  ],
  "a statement that is closed while its portal lives": [
    query("BEGIN"),
    ids,
    open("p"),
    close("statement", "i"),
    execute("p", 1),
    sync,
    query("ROLLBACK"),
  ],
  "an error in one piece": [query("BEGIN"), extended("SELECT 1/0"), sync, query("ROLLBACK")],
};

test.each(Object.keys(scripts))("as PostgreSQL answers it: %s", async (name) => {
  const script = scripts[name] ?? [];
  await using direct = await RawClient.open(bare(cluster));
  await using through = await RawClient.open(await gateway(cluster, "ci-runner"));
  await expectSameBytes(direct, through, script);
});

test("every piece of a masked result is masked", async () => {
  await using raw = await RawClient.open(await gateway(cluster, "ci-runner"));
  const emails = parse("e", "SELECT email FROM customers ORDER BY id");
  await raw.query("BEGIN");
  const said = await raw.ask(emails, bind({ portal: "p", statement: "e" }), execute("p", 2), sync);
  const more = await raw.ask(execute("p", 2), sync, execute("p", 100), sync);
  const rows = [...said, ...more].filter((one) => one.startsWith("row"));
  expect(rows).toHaveLength(8);
  for (const row of rows) expect(row).toMatch(/^row .\*\*\*@/);
});

test("a client that may do all gets its pieces too", async () => {
  await using raw = await RawClient.open(await gateway(cluster, "free"));
  await raw.query("BEGIN");
  const opaque = parse("o", "SELECT o FROM orders o ORDER BY 1");
  raw.send(opaque, bind({ portal: "p", statement: "o" }), execute("p", 2), flush);
  await raw.until((said) => said.includes("portal-suspended"));
  expect((await raw.ask(execute("p", 1), sync)).at(-2)).toBe("portal-suspended");
  expect(await raw.query("COMMIT")).toEqual(["complete COMMIT", "ready I"]);
});

test("a cursor under a portal's name is not run under the portal's judgement", async () => {
  await using raw = await RawClient.open(await gateway(cluster, "free"));
  await raw.query("BEGIN");
  await raw.ask(ids, open("p"), execute("p", 1), sync);
  await raw.query("CLOSE p");
  await raw.query("DECLARE p CURSOR FOR SELECT email FROM customers");
  await using masked = await RawClient.open(await gateway(cluster, "ci-runner"));
  await masked.query("BEGIN");
  await masked.ask(ids, open("p"), execute("p", 1), sync);
  expect(await masked.query("CLOSE p")).toContain("complete CLOSE CURSOR");
  // Refused, or known: in neither case is an e-mail shown.
  await masked.query("DECLARE p CURSOR FOR SELECT email FROM customers");
  const said = await masked.ask(execute("p", 0), sync);
  expect(said.filter((one) => one.startsWith("row") && !/^row .\*\*\*@/.test(one))).toEqual([]);
});
