import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eachFrame, toTarget } from "@sallyport/pgwire";
import type { Cluster } from "./cluster.ts";
import { expectSameBytes } from "./frames-heard.ts";
import { opaqueJobs, opaquePipelines, opaquePolicies, opaqueSchema } from "./opaque-pipelines.ts";
import { drop, insert, inserted, orders } from "./pipelined-orders.ts";
import { aheadJobs, pipelinesAhead } from "./pipelines-ahead.ts";
import { protocolPolicies, protocolSchema, startProtocolCluster } from "./protocol-cluster.ts";
import { bare, clearText, extended, gateway, RawClient, type Said } from "./raw-client.ts";

const { parse, bind, execute, close, sync, flush, query } = toTarget;

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startProtocolCluster({
    // So that the target's log tells of each Parse and Execute, too.
    postgres: { hba: clearText, settings: { log_min_duration_statement: "0" } },
    jobs: { "ci-runner": { groups: ["ci"], owner: "bob" }, ...aheadJobs, ...opaqueJobs },
    sql: `${protocolSchema}${opaqueSchema}`,
    policies: `${protocolPolicies}${opaquePolicies}`,
  });
});
afterAll(() => cluster?.stop());

test("the second of three is refused: the first's effect is gone, the third is passed over", async () => {
  await using raw = await RawClient.open(await gateway(cluster, "ci-runner"));
  const said = await raw.ask(insert(1), drop, insert(3), sync);
  expect(said).toEqual([...inserted, "error 42501", "ready I"]);
  expect(await orders(cluster, 1, 3)).toBe(0);
  expect(await raw.ask(insert(4), sync)).toEqual([...inserted, "ready I"]);
  expect(await orders(cluster, 4)).toBe(1);
});

test("a refusal before the answers of an earlier segment came spares that segment", async () => {
  await using raw = await RawClient.open(await gateway(cluster, "ci-runner"));
  const said = await raw.ask(insert(11), sync, insert(12), drop, sync, insert(13), sync);
  expect(said).toEqual([
    ...inserted,
    "ready I",
    ...inserted,
    "error 42501",
    "ready I",
    ...inserted,
    "ready I",
  ]);
  expect(await orders(cluster, 11, 13)).toBe(2);
  expect(await orders(cluster, 12)).toBe(0);
});

test("BEGIN, a refusal and what follows in one packet: the transaction has failed", async () => {
  await using raw = await RawClient.open(await gateway(cluster, "ci-runner"));
  const said = await raw.ask(
    extended("BEGIN"),
    sync,
    insert(21),
    sync,
    drop,
    sync,
    insert(22),
    sync,
    extended("COMMIT"),
    sync,
  );
  expect(said).toEqual([
    "parse-complete",
    "bind-complete",
    "complete BEGIN",
    "ready T",
    ...inserted,
    "ready T",
    "error 42501",
    "ready E",
    "error 25P02",
    "ready E",
    "parse-complete",
    "bind-complete",
    "complete ROLLBACK",
    "ready I",
  ]);
  expect(await orders(cluster, 21, 22)).toBe(0);
});

test("a Sync that was read together with the refused Parse ends the refusal", async () => {
  await using raw = await RawClient.open(await gateway(cluster, "ci-runner"));
  const refused = Buffer.concat([parse("s", "DROP TABLE orders"), sync]);
  expect(await raw.ask(refused, extended("SELECT 1"), sync)).toEqual([
    "error 42501",
    "ready I",
    "parse-complete",
    "bind-complete",
    "row 1",
    "complete SELECT 1",
    "ready I",
  ]);
  // The name was never given away.
  const again = [parse("s", "SELECT 2"), bind({ statement: "s" }), execute(), sync];
  expect(await raw.ask(...again)).toEqual([
    "parse-complete",
    "bind-complete",
    "row 2",
    "complete SELECT 1",
    "ready I",
  ]);
});

test("a command that waits for what is sent behind an error, which is passed over, waits no longer", async () => {
  await using direct = await RawClient.open(bare(cluster));
  await using through = await RawClient.open(await gateway(cluster, "ci-runner"));
  const script = [
    extended("SELECT count(1 / (n - 1000000)) FROM generate_series(1, 1000000) n"),
    query("PREPARE later AS SELECT 1"),
    query("EXECUTE later"),
    sync,
    query("SELECT 2"),
    sync,
  ];
  // The target looks at neither query: what comes are the answers to two Syncs and to the last Query.
  await expectSameBytes(direct, through, script, 3);
});

test("after an error of the target the refusal behind it is never heard", async () => {
  await using raw = await RawClient.open(await gateway(cluster, "ci-runner"));
  const fails = extended("SELECT 1 / (id - 1001) FROM orders WHERE id = 1001");
  const said = await raw.ask(fails, drop, insert(31), sync, insert(32), sync);
  expect(said).toEqual([
    "parse-complete",
    "bind-complete",
    "error 22012",
    "ready I",
    ...inserted,
    "ready I",
  ]);
  expect(await orders(cluster, 31, 32)).toBe(1);
});

test("after an error that a Flush brought, everything up to the Sync is passed over", async () => {
  await using raw = await RawClient.open(await gateway(cluster, "ci-runner"));
  raw.send(insert(41), extended("SELECT 1 / (id - 1001) FROM orders WHERE id = 1001"), flush);
  const first = await raw.until((said) => said.some((one) => one.startsWith("error")));
  expect(first.at(-1)).toBe("error 22012");
  raw.send(insert(42), drop, query("SELECT 1"), flush);
  expect(await raw.ask(insert(43), sync, query("SELECT 4"))).toEqual([
    "ready I",
    "columns ?column?",
    "row 4",
    "complete SELECT 1",
    "ready I",
  ]);
  expect(await orders(cluster, 41, 42, 43)).toBe(0);
});

test("a client that goes by Flush gets each answer at once, a refusal too", async () => {
  await using raw = await RawClient.open(await gateway(cluster, "ci-runner"));
  raw.send(
    parse("f", "SELECT id FROM orders WHERE id = $1"),
    toTarget.describe("statement", "f"),
    flush,
  );
  expect(await raw.until((said) => said.length >= 3)).toEqual([
    "parse-complete",
    "parameter-description",
    "columns id",
  ]);
  const asked = bind({ statement: "f", parameters: [Buffer.from("1001")] });
  raw.send(asked, execute(), flush);
  expect(await raw.until((said) => said.length >= 3)).toEqual([
    "bind-complete",
    "row 1001",
    "complete SELECT 1",
  ]);
  raw.send(drop, flush);
  expect(await raw.until((said) => said.length >= 1)).toEqual(["error 42501"]);
  expect(await raw.ask(sync)).toEqual(["ready I"]);
});

const many = process.env["SALLY_TEST_ALL"] === undefined ? 3000 : 10_000;

test(`${many} commands in one go are answered in order`, async () => {
  await using raw = await RawClient.open(await gateway(cluster, "ci-runner"));
  const named = parse("n", "SELECT $1::int");
  expect(await raw.ask(named, sync)).toEqual(["parse-complete", "ready I"]);
  const frames: Buffer[] = [];
  for (let index = 0; index < many; index++) {
    const parameters = [Buffer.from(String(index))];
    frames.push(bind({ statement: "n", parameters }), execute());
    if (index % 100 === 99) frames.push(sync);
  }
  raw.send(...frames);
  const isEnd = (one: Said) => one.startsWith("ready");
  const said = await raw.until((all) => all.filter(isEnd).length >= many / 100, 250_000);
  const rows = said.filter((one) => one.startsWith("row "));
  expect(rows).toEqual(Array.from({ length: many }, (_, index) => `row ${index}`));
});

test("a query after an error in a pipeline is passed over", async () => {
  await using raw = await RawClient.open(await gateway(cluster, "ci-runner"));
  raw.send(extended("SELECT 1/0"), query("SELECT 2"), extended("SELECT 3"), sync, sync);
  expect(await raw.ready(2)).toEqual(["parse-complete", "error 22012", "ready I", "ready I"]);
  raw.send(drop, query("SELECT 2"), extended("SELECT 3"), sync, sync);
  expect(await raw.ready(2)).toEqual(["error 42501", "ready I", "ready I"]);
  expect(await raw.query("SELECT 5")).toContain("row 5");
});

test("the target never hears of what is refused, whatever stands around it", async () => {
  await using raw = await RawClient.open(await gateway(cluster, "ci-runner"));
  const refused = (at: number) => `DROP TABLE orders /* never sent ${at} */`;
  const kept = (at: number) => extended(`SELECT 'sent ${at}'`);
  const shapes: readonly (readonly Buffer[])[] = [
    [kept(0), extended(refused(0)), kept(100), sync],
    [parse("n1", refused(1)), sync, kept(1), sync],
    [kept(2), parse("n2", refused(2)), toTarget.describe("statement", "n2"), flush, sync],
    [kept(3), sync, extended(refused(3)), sync, kept(3), sync],
    [query("BEGIN"), kept(4), extended(refused(4)), sync, query("ROLLBACK")],
    [kept(5), query(refused(5)), kept(5), sync],
    [kept(6), query(`SELECT 'sent'; ${refused(6)}; SELECT 'unsent'`), sync],
    [kept(7), bind({ portal: "p" }), extended(refused(7)), execute("p"), sync],
    [kept(8), sync, query(`PREPARE s8 AS SELECT 1; ${refused(8)}`)],
  ];
  for (const [at, shape] of shapes.entries()) {
    const from = raw.heard.length;
    const ends = [...eachFrame(Buffer.concat([...shape]))];
    raw.send(...shape);
    await raw.ready(ends.filter(([type]) => type === 0x53 || type === 0x51).length);
    const errors = raw.heard
      .slice(from)
      .flatMap((message) => (message.kind === "error" ? [message.fields.sqlstate] : []));
    expect(errors, `${at}`).toEqual(["42501"]);
  }
  const log = await cluster.target.log();
  for (const at of shapes.keys()) expect(log, "by Execute or Query").not.toContain(refused(at));
  // What stood before and behind them was heard, the Parse by itself, too.
  for (const at of [0, 1, 2, 3, 4, 5, 6, 7, 8])
    expect(log).toMatch(new RegExp(`parse <unnamed>: SELECT 'sent ${at}'`));
  expect(log).not.toContain("sent 100");
  expect(log).not.toContain("unsent");
});

const scripts: Record<string, readonly Buffer[]> = {
  "an empty query": [query(""), query(" ; ;"), extended(""), sync],
  "several statements in one query": [query("SELECT 1; SELECT 2 AS two; SELECT 3")],
  "several statements, the second of which fails": [
    query("SELECT 1; SELECT 1/0; SELECT 3"),
    query("SELECT 4"),
  ],
  "a query in the middle of a pipeline": [
    extended("SELECT 1"),
    query("SELECT 2"),
    extended("SELECT 3"),
    sync,
  ],
  "what is wrong in names": [
    bind({ statement: "none" }),
    execute(),
    sync,
    bind({}),
    sync,
    toTarget.describe("statement", ""),
    sync,
    toTarget.describe("portal", "none"),
    sync,
    execute("none"),
    sync,
    close("portal", "none"),
    close("statement", "none"),
    sync,
  ],
  "what stood before the wrong name is done": [
    parse("kept", "SELECT 7"),
    bind({ statement: "none" }),
    sync,
    bind({ statement: "kept" }),
    execute(),
    sync,
  ],
  "texts that cannot be read": [
    query("SELEC 1"),
    parse("", "SELEC 1"),
    sync,
    query("SELECT * FROM nowhere"),
    extended("SELECT nothing FROM orders"),
    sync,
  ],
  "several Syncs without anything": [sync, sync, sync],
  "a refused name keeps the unnamed statement": [
    parse("", "SELECT 8"),
    sync,
    bind({ statement: "none" }),
    sync,
    bind({}),
    execute(),
    sync,
  ],
};

test.each(Object.keys(scripts))("as PostgreSQL answers it: %s", async (name) => {
  const script = scripts[name] ?? [];
  await using direct = await RawClient.open(bare(cluster));
  await using through = await RawClient.open(await gateway(cluster, "ci-runner"));
  await expectSameBytes(direct, through, script);
});

describe("ahead of their turn", () => {
  pipelinesAhead(() => cluster);
});

describe("opaque", () => {
  opaquePipelines(() => cluster);
});
