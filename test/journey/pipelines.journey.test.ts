import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eachFrame, toTarget } from "@sallyport/pgwire";
import { waitFor } from "@sallyport/testkit";
import type { Cluster } from "./cluster.ts";
import { expectSameBytes } from "./frames-heard.ts";
import { loggedTexts, ran, recordedCommands, times, type Recorded } from "./pipeline-record.ts";
import { startProtocolCluster } from "./protocol-cluster.ts";
import { bare, clearText, extended, gateway, RawClient, type Said } from "./raw-client.ts";

const { parse, bind, describe, execute, close, sync, flush, query } = toTarget;

let cluster: Cluster;

const batchers = [
  "many",
  "dropper",
  "doubler",
  "definer",
  "waiter",
  "late",
  "asked",
  "brink",
  "patient",
  "leaver",
];

beforeAll(async () => {
  // So that the target's log tells of each Parse, too.
  const settings = { log_min_duration_statement: "0" };
  const jobs = Object.fromEntries(batchers.map((who) => [who, { groups: ["ci", who] }]));
  cluster = await startProtocolCluster({
    postgres: { hba: clearText, settings },
    jobs: { "ci-runner": { groups: ["ci"], owner: "bob" }, ...jobs, definer: { groups: ["free"] } },
  });
});
afterAll(() => cluster?.stop());

const insert = (id: number) =>
  extended(`INSERT INTO orders VALUES (${id}, 1, 'new', 1, '2026-03-01')`);
const orders = async (...ids: number[]): Promise<number> =>
  (await cluster.truth(`SELECT FROM orders WHERE id IN (${ids.join(",")})`)).length;
const inserted = ["parse-complete", "bind-complete", "complete INSERT 0 1"];
const drop = extended("DROP TABLE orders");

test("the second of three is refused: the first's effect is gone, the third is passed over", async () => {
  await using raw = await RawClient.open(await gateway(cluster, "ci-runner"));
  const said = await raw.ask(insert(1), drop, insert(3), sync);
  expect(said).toEqual([...inserted, "error 42501", "ready I"]);
  expect(await orders(1, 3)).toBe(0);
  expect(await raw.ask(insert(4), sync)).toEqual([...inserted, "ready I"]);
  expect(await orders(4)).toBe(1);
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
  expect(await orders(11, 13)).toBe(2);
  expect(await orders(12)).toBe(0);
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
  expect(await orders(21, 22)).toBe(0);
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
  expect(await orders(31, 32)).toBe(1);
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
  expect(await orders(41, 42, 43)).toBe(0);
});

test("a client that goes by Flush gets each answer at once, a refusal too", async () => {
  await using raw = await RawClient.open(await gateway(cluster, "ci-runner"));
  raw.send(parse("f", "SELECT id FROM orders WHERE id = $1"), describe("statement", "f"), flush);
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
    [kept(2), parse("n2", refused(2)), describe("statement", "n2"), flush, sync],
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
    describe("statement", ""),
    sync,
    describe("portal", "none"),
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

const recorded = (who: string) => recordedCommands(cluster, who);
const logged = (part: string) => loggedTexts(cluster, part);
const numbered = (from: number, count: number): Buffer[] =>
  Array.from({ length: count }, (_, index) => insert(from + index));

test("500 commands of a pipeline pass the gates in a few messages, each in its turn", async () => {
  const text = "INSERT INTO orders VALUES ($1, 1, 'many', 1, '2026-03-01')";
  const count = 500;
  {
    await using raw = await RawClient.open(await gateway(cluster, "many"));
    await raw.ask(parse("many", text), sync);
    const frames = Array.from({ length: count }, (_, index) => [
      bind({ statement: "many", parameters: [Buffer.from(String(10_000 + index))] }),
      execute(),
    ]);
    const said = await raw.ask(...frames.flat(), sync);
    expect(said).toEqual([...times(count, "bind-complete", "complete INSERT 0 1"), "ready I"]);
    expect(await orders(10_000, 10_000 + count - 1)).toBe(2);
  }
  const commands = (await recorded("many")).slice(1);
  expect(ran(commands)).toEqual(Array.from({ length: count }, () => text));
  // 64 and one pass together, once the first has passed; bytes may come in pieces.
  expect(new Set(commands.map(({ seq }) => seq)).size).toBeLessThan(100);
  expect(await logged("'many'")).toHaveLength(count);
});

test("behind what is refused in the middle nothing was asked, and what stood before it was", async () => {
  {
    await using raw = await RawClient.open(await gateway(cluster, "dropper"));
    const said = await raw.ask(
      ...numbered(51_000, 30),
      drop,
      ...numbered(51_100, 30),
      sync,
      insert(51_200),
      sync,
    );
    const answers = [...times(30, ...inserted), "error 42501", "ready I", ...inserted, "ready I"];
    expect(said).toEqual(answers);
    expect(await orders(51_000, 51_100, 51_200)).toBe(1);
  }
  const commands = await recorded("dropper");
  expect(commands.map(({ outcome }) => outcome)).toEqual([
    ...Array.from({ length: 30 }, () => "executed"),
    "refused-policy",
    "executed",
  ]);
  const asked = commands.map(({ seq }) => seq);
  expect(new Set(asked).size).toBeLessThan(20);
  expect(asked.filter((seq) => seq === asked[30])).toHaveLength(1);
  expect(await logged("VALUES (51")).toEqual(ran(commands));
});

test("behind an error of the target, what was asked ahead is not run, and the record says so", async () => {
  {
    await using raw = await RawClient.open(await gateway(cluster, "doubler"));
    const said = await raw.ask(
      ...numbered(52_000, 20),
      insert(52_000),
      ...numbered(52_100, 200),
      sync,
      insert(52_400),
      sync,
    );
    expect(said).toEqual([
      ...times(20, ...inserted),
      "parse-complete",
      "bind-complete",
      "error 23505",
      "ready I",
      ...inserted,
      "ready I",
    ]);
    expect(await orders(52_000, 52_100, 52_299)).toBe(0);
  }
  const commands = await recorded("doubler");
  expect(ran(commands)).toHaveLength(22);
  const others = commands.filter(({ outcome }) => outcome !== "executed");
  for (const { outcome, code } of others)
    expect([`skipped undefined`, "not-sent skipped"]).toContain(`${outcome} ${code}`);
  expect(await logged("VALUES (52")).toEqual(ran(commands));
});

test("DDL and SET in the middle are asked when all before them was sent, and nothing behind them before they were", async () => {
  const barriers = ["SET search_path TO public, pg_catalog", "CREATE TABLE made (id int)"];
  {
    await using raw = await RawClient.open(await gateway(cluster, "definer"));
    const [path, table] = barriers.map((text) => extended(text));
    const first = await raw.ask(
      ...numbered(53_000, 20),
      path ?? sync,
      ...numbered(53_100, 20),
      sync,
    );
    expect(first.filter((one) => one.startsWith("complete"))).toEqual([
      ...times(20, "complete INSERT 0 1"),
      "complete SET",
      ...times(20, "complete INSERT 0 1"),
    ]);
    const second = await raw.ask(
      ...numbered(53_200, 20),
      table ?? sync,
      ...numbered(53_300, 20),
      sync,
      ...numbered(53_400, 20),
      sync,
    );
    expect(second.filter((one) => one.startsWith("complete"))).toEqual([
      ...times(20, "complete INSERT 0 1"),
      "complete CREATE TABLE",
      ...times(40, "complete INSERT 0 1"),
    ]);
  }
  const commands = await recorded("definer");
  expect(ran(commands)).toHaveLength(commands.length);
  for (const text of barriers) {
    const at = commands.findIndex((one) => one.text === text);
    const [before, barrier, behind] = [
      commands.slice(0, at),
      commands.slice(at, at + 1),
      commands.slice(at + 1),
    ];
    const [{ seq, time, sent }] = barrier as [Recorded];
    expect(Math.max(...before.map((one) => one.seq))).toBeLessThan(seq);
    expect(Math.max(...before.map((one) => one.sent ?? 0))).toBeLessThanOrEqual(time);
    expect(Math.min(...behind.map((one) => one.seq))).toBeGreaterThan(seq);
    expect(Math.min(...behind.map((one) => one.time))).toBeGreaterThanOrEqual(sent ?? Infinity);
  }
  expect(await logged("VALUES (53")).toEqual(
    ran(commands).filter((text) => text.includes("VALUES (53")),
  );
});

test("a cancel ends what runs; what was sent or asked behind it is not run", async () => {
  const options = await gateway(cluster, "waiter");
  {
    await using raw = await RawClient.open(options);
    await using other = await RawClient.open(bare(cluster));
    const touch = bind({ statement: "touch", parameters: [Buffer.from("1001")] });
    const text = "UPDATE orders SET status = status WHERE id = $1";
    const once = await raw.ask(parse("touch", text), touch, execute(), insert(54_000), sync);
    expect(once.slice(2)).toEqual(["complete UPDATE 1", ...inserted, "ready I"]);
    await other.ask(query("BEGIN"), query("SELECT FROM orders WHERE id = 1001 FOR UPDATE"));
    raw.send(touch, execute(), ...numbered(54_100, 150), sync, insert(54_300), sync);
    const waits = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
    await waitFor(async () => (await cluster.truth(waits)).length, { what: "the lock" });
    await RawClient.cancel(options, raw.keyData.pid, raw.keyData.key);
    const said = await raw.ready(2);
    expect(said).toEqual(["bind-complete", "error 57014", "ready I", ...inserted, "ready I"]);
    expect(await orders(54_100, 54_249)).toBe(0);
  }
  const commands = await recorded("waiter");
  expect(await logged("VALUES (54")).toEqual(
    ran(commands).filter((text) => text.includes("VALUES (54")),
  );
  expect(commands.every(({ outcome }) => outcome !== undefined)).toBe(true);
});

/** Begins a pipeline with an insert, so that nothing behind that may wait for people on the wire. */
async function begin(raw: RawClient, from: number): Promise<void> {
  raw.send(insert(from), flush);
  expect(await raw.until((said) => said.length >= 3)).toEqual(inserted);
}

/** Goes on with inserts, a good part of it ahead of the answers, until one is refused; gives how many came to an end. */
async function insertUntilRefused(raw: RawClient, from: number): Promise<number> {
  let sent = 1;
  let done = 1;
  for (;;) {
    const more = Math.max(0, done + 300 - sent);
    raw.send(...numbered(from + sent, more), flush);
    sent += more;
    const enough = done + 150;
    const isOver = (one: Said) => one.startsWith("error");
    const said = await raw.until(
      (all) =>
        all.some(isOver) || done + all.filter((one) => one.startsWith("complete")).length >= enough,
    );
    done += said.filter((one) => one.startsWith("complete")).length;
    if (!said.some(isOver)) continue;
    expect(await raw.ask(sync)).toEqual(["ready I"]);
    return done;
  }
}

test("what policy refuses or holds from some moment on runs no more, and holds for what does not run are withdrawn", async () => {
  const file = join(cluster.directory, "policies", "policies.cedar");
  const before = await readFile(file, "utf8");
  const holds = async () => {
    const all = await cluster.sallyJson(["approvals", "list"], "alice");
    return all.filter(({ state, principal }) => state === "open" && principal !== "corp#ci-runner");
  };
  const rule = (id: string, group: string, how: string, then: Date) =>
    `@id("${id}") ${how} forbid (principal in Group::"corp/${group}", action == Action::"insert", resource)
when { context.time >= datetime("${then.toISOString()}") };`;
  const asks = '@hold("corp/dba") @quorum("1") @wait("5m") @ttl("15m")';
  const bundles = async () =>
    (await cluster.log())
      .split("\n")
      .filter((line) => line.includes(`"pid":${cluster.worker().pid},`))
      .filter((line) => line.includes('"msg":"bundle"')).length;
  const inForce = async (text: string): Promise<void> => {
    const had = await bundles();
    await writeFile(file, text);
    expect(await cluster.sally(["apply"])).toMatchObject({ code: 0 });
    await waitFor(async () => (await bundles()) > had, { what: "the worker to have the bundle" });
  };
  /** Applies rules for a moment that is to come, and gives that. */
  const apply = async (millis: number): Promise<number> => {
    const then = new Date(Date.now() + millis);
    const rules = [
      rule("late-is-refused", "late", "", then),
      ...["asked", "brink", "patient", "leaver"].map((who) => rule(`${who}-asks`, who, asks, then)),
    ];
    await inForce(`${before}\n${rules.join("\n")}`);
    // On a machine that is busy elsewhere all of that may take its time.
    return then.getTime() - Date.now() > 2000 ? then.getTime() : apply(2.5 * millis);
  };
  const brinkOptions = await gateway(cluster, "brink");
  const done: number[] = [];
  {
    await using brink = await RawClient.open(brinkOptions);
    await using late = await RawClient.open(await gateway(cluster, "late"));
    await using asked = await RawClient.open(await gateway(cluster, "asked"));
    await using patient = await RawClient.open(await gateway(cluster, "patient"));
    await using leaver = await RawClient.open(await gateway(cluster, "leaver"));
    const then = await apply(6000);
    // So that these ones' like has passed before.
    for (const [at, one] of [brink, patient, leaver].entries()) {
      const early = numbered(57_000 + at * 10_000, 2);
      expect(await one.ask(...early, sync)).toEqual([...times(2, ...inserted), "ready I"]);
    }
    await begin(late, 550_000);
    await begin(asked, 560_000);
    await waitFor(() => Date.now() > then - 200, { what: "the moment to be near" });
    done.push(
      ...(await Promise.all([
        insertUntilRefused(late, 550_000),
        insertUntilRefused(asked, 560_000),
      ])),
    );
    expect(late.error).toMatchObject({ sqlstate: "42501" });
    expect(asked.error.message).toContain("hold");
    // The first of them stays to be answered and sent again, as one that is asked by itself.
    await waitFor(async () => (await holds()).length === 1, { what: "one hold to be open" });

    for (const [at, one] of [brink, patient, leaver].entries()) {
      const from = 57_100 + at * 10_000;
      one.send(...numbered(from, 20), sync, insert(from + 100), sync);
      await one.until((said) => said.includes("notice 00000"));
    }
    leaver.socket.destroy();
    await RawClient.cancel(brinkOptions, brink.keyData.pid, brink.keyData.key);
    const said = await brink.ready(2);
    expect(said).toEqual(["error 57014", "ready I", "error 42501", "ready I"]);
    expect(brink.error.message).toContain("hold");
    // Policy changes while the first waits: what was judged behind it is judged anew, as it is by itself.
    await inForce(before);
    const hold = /hold ([a-z2-7]{26})/.exec(patient.notice?.message ?? "")?.[1] ?? "";
    expect(await cluster.approve(hold, "alice")).toMatchObject({ code: 0 });
    expect(await patient.ready(2)).toEqual([
      ...times(20, ...inserted),
      "ready I",
      ...inserted,
      "ready I",
    ]);
    // What was refused in its turn is to be answered and sent again; the rest is withdrawn.
    const open = async () => (await holds()).map(({ principal }) => String(principal)).toSorted();
    await expect.poll(open, { timeout: 60_000 }).toEqual(["corp#asked", "corp#brink"]);
  }
  for (const [at, who] of ["late", "asked"].entries()) {
    const commands = await recorded(who);
    const executed = commands.findLastIndex(({ outcome }) => outcome === "executed") + 1;
    expect(executed).toBe(done[at]);
    expect(commands.slice(0, executed).every(({ outcome }) => outcome === "executed")).toBe(true);
    const left = commands.slice(executed);
    expect(left.every(({ outcome }) => outcome === "refused-policy")).toBe(true);
    expect(await logged(`VALUES (${at === 0 ? 55 : 56}`)).toEqual(ran(commands));
  }
  expect(await logged("VALUES (57")).toEqual(
    ran(await recorded("brink")).filter((text) => text.includes("VALUES (57")),
  );
  const left = await recorded("leaver");
  expect(await logged("VALUES (77")).toEqual(ran(left));
  expect(left.slice(2).every(({ outcome }) => outcome === "refused-policy")).toBe(true);
  const twice = await recorded("patient");
  expect(await logged("VALUES (67")).toEqual(ran(twice));
  const outcomes = twice.filter(({ text }) => text.includes("VALUES (67101,"));
  expect(outcomes.map(({ outcome }) => outcome)).toEqual(["refused-policy", "executed"]);
});
