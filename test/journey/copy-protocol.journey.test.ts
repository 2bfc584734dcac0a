import { once } from "node:events";
import { afterAll, beforeAll, expect, test } from "vitest";
import { toTarget } from "@sallyport/pgwire";
import { waitFor } from "@sallyport/testkit";
import type { Cluster } from "./cluster.ts";
import { expectSameBytes } from "./frames-heard.ts";
import { startProtocolCluster } from "./protocol-cluster.ts";
import { bare, extended, gateway, RawClient } from "./raw-client.ts";

const { copyData, copyDone, copyFail, query, sync, flush, terminate } = toTarget;

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startProtocolCluster({
    jobs: {
      "ci-runner": { groups: ["ci"], owner: "bob" },
      free: { groups: ["free"] },
      leaves: { groups: ["ci"] },
      terminates: { groups: ["ci"] },
    },
  });
  for (const columns of ["wide (id int, v text)", "sink (v text)"])
    await cluster.truth(`SET ROLE shop_app; CREATE TABLE ${columns}`);
});
afterAll(() => cluster?.stop());

const ci = async () => RawClient.open(await gateway(cluster, "ci-runner"));
const data = (text: string) => copyData(Buffer.from(text));
const into = "COPY wide FROM STDIN";

/** Fails after 400 lines, so that some have left by then. */
const failing = "SELECT 1 / (400 - n), repeat('x', 500) FROM generate_series(0, 500) n";

/** What is said, and how many ReadyForQuery it brings. */
const scripts: Record<string, readonly [readonly Buffer[], number]> = {
  "text out": [[query("COPY (SELECT id, status FROM orders ORDER BY id) TO STDOUT")], 1],
  "csv out": [[query("COPY orders TO STDOUT (FORMAT csv, HEADER)")], 1],
  "binary out": [[query("COPY orders (id) TO STDOUT (FORMAT binary)")], 1],
  "out by the extended protocol": [[extended("COPY orders (id) TO STDOUT"), sync], 1],
  "out, failing in the middle": [[query(`COPY (${failing}) TO STDOUT`), query("SELECT 1")], 2],
  "out, failing in the middle, csv": [
    [query(`COPY (${failing}) TO STDOUT (FORMAT csv, HEADER)`), query("SELECT 1")],
    2,
  ],
  "out, failing in the middle, binary": [
    [query(`COPY (${failing}) TO STDOUT (FORMAT binary)`), query("SELECT 1")],
    2,
  ],
  "out, failing at once": [[query("COPY (SELECT 1/0) TO STDOUT"), query("SELECT 1")], 2],
  "out, failing in a transaction": [
    [query("BEGIN"), query(`COPY (${failing}) TO STDOUT`), query("SELECT 1"), query("ROLLBACK")],
    4,
  ],
  "out, failing in a pipeline": [
    [extended("SELECT 1"), extended(`COPY (${failing}) TO STDOUT`), extended("SELECT 2"), sync],
    1,
  ],
  "out, failing between statements": [
    [query(`SELECT 1; COPY (${failing}) TO STDOUT; SELECT 2`), query("SELECT 3")],
    2,
  ],
  "text in": [[query(into), data("1\ta\n2\tb\n"), copyDone], 1],
  "two COPY in one string": [
    [
      query(`${into}; COPY sink FROM STDIN; SELECT 9`),
      data("1\ta\n"),
      copyDone,
      data("x\n"),
      copyDone,
    ],
    1,
  ],
  "csv in": [[query(`${into} (FORMAT csv)`), data('1,"a'), data('\nb"\n'), copyDone], 1],
  "given up by the client": [
    [query(into), data("1\ta\n"), copyFail("enough"), query("SELECT 1")],
    2,
  ],
  "a bad line": [[query(into), data("one\ta\n"), data("2\tb\n"), copyDone, query("SELECT 1")], 2],
  "no such table": [
    [query("COPY nowhere FROM STDIN"), data("1\n"), copyDone, query("SELECT 1")],
    2,
  ],
  "in by the extended protocol, Sync at once as libpq sends it": [
    [extended(into), sync, data("3\tc\n"), copyDone, sync],
    1,
  ],
  "in by the extended protocol, a bad line": [
    [extended(into), flush, data("x\tc\n"), data("4\td\n"), copyDone, sync, query("SELECT 2")],
    2,
  ],
  "in by the extended protocol behind another command": [
    [extended("SELECT 1"), sync, extended(into), data("3\tc\n"), copyDone, sync],
    2,
  ],
  "data that nobody asked for": [[data("1\n"), copyDone, copyFail("x"), query("SELECT 3")], 1],
};

test.each(Object.keys(scripts))("as PostgreSQL answers it: %s", async (name) => {
  const [frames, ends] = scripts[name] ?? [[], 0];
  await using direct = await RawClient.open(bare(cluster));
  await using through = await ci();
  await expectSameBytes(direct, through, frames, ends);
});

test("what is refused in the middle of COPYs fails all of them", async () => {
  await using raw = await ci();
  const before = (await cluster.truth("SELECT FROM wide")).length;
  raw.send(extended(into), data("8\tc\n"), copyDone, extended("DROP TABLE wide"), sync);
  const said = await raw.ready();
  expect(said.slice(-3)).toEqual(["complete COPY 1", "error 42501", "ready I"]);
  expect((await cluster.truth("SELECT FROM wide")).length).toBe(before);
});

test("what is masked is copied out masked", async () => {
  await using raw = await ci();
  for (const text of [
    "COPY customers TO STDOUT",
    "COPY (SELECT email FROM customers) TO STDOUT (FORMAT csv)",
    "COPY customers (card_number) TO STDOUT (FORMAT binary)",
  ]) {
    const said = await raw.query(text);
    expect(said.slice(-2), text).toEqual(["complete COPY 8", "ready I"]);
    expect(said.join(), text).not.toMatch(/ada\.brandt@|4929123456/);
  }
  expect((await raw.query("COPY customers (id, name) TO STDOUT")).join()).toContain("Ada Brandt");
});

test.each(["", " (FORMAT csv)", " (FORMAT binary)"])(
  "the target fails in the middle of a masked COPY%s: what left is masked, and so is the error",
  async (options) => {
    await using raw = await ci();
    const fails = `COPY (SELECT email, 1 / (id - 5) FROM customers) TO STDOUT${options}`;
    const said = await raw.query(fails);
    expect(said[0]).toBe("copy-out");
    expect(said.slice(-2)).toEqual(["error 22012", "ready I"]);
    const lines = said.filter((one) => one.startsWith("data"));
    expect(lines.length).toBeGreaterThanOrEqual(4); // binary has a header before them
    expect(raw.error.message).toContain("withheld");
    expect(JSON.stringify(said)).not.toMatch(/ada\.brandt@|4929123456/);
    expect(JSON.stringify(said)).toContain("a***@example.com");
    expect(await raw.query("SELECT 1")).toContain("row 1");
  },
);

const endless = "COPY (SELECT repeat('x', 1000), generate_series(1, 100000000)) TO STDOUT";
const copying =
  "SELECT FROM pg_stat_activity WHERE query LIKE 'COPY (SELECT repeat%' AND state <> 'idle'";
const copies = async () => (await cluster.truth(copying)).length;

test("a cancel in the middle of a COPY to the client ends it, and the session goes on", async () => {
  const options = await gateway(cluster, "ci-runner");
  await using raw = await RawClient.open(options);
  raw.send(query(endless));
  await waitFor(() => raw.heard.some(({ kind }) => kind === "copy-data"), { what: "a line" });
  await RawClient.cancel(options, raw.keyData.pid, raw.keyData.key);
  const said = await raw.ready();
  expect(said[0]).toBe("copy-out");
  expect(said.slice(-2)).toEqual(["error 57014", "ready I"]);
  expect(await raw.query("SELECT 1")).toContain("row 1");
  await waitFor(async () => (await copies()) === 0, { what: "the COPY's end" });
});

/** 50 MB: what a target says to nobody is read for ten seconds at most. */
const long = endless.replace("100000000", "50000");

test.each(["a lost connection", "Terminate"])(
  "%s in the middle of a COPY to the client",
  async (how) => {
    const who = how === "Terminate" ? "terminates" : "leaves";
    await using raw = await RawClient.open(await gateway(cluster, who));
    raw.send(query(long));
    await waitFor(() => raw.heard.some(({ kind }) => kind === "copy-data"), { what: "a line" });
    const closed = once(raw.socket, "close");
    if (how === "Terminate") {
      raw.send(terminate);
      raw.socket.end();
    } else raw.socket.destroy();
    await closed;
    await waitFor(async () => (await copies()) === 0, { what: "the COPY's end" });
    const { commands } = await cluster.recorded(({ principal }) => principal === `corp#${who}`);
    const copy = commands.find(
      ({ asked: { event } }) => event.type === "command" && event.text === long,
    );
    expect(copy?.result?.event).toMatchObject({
      outcome: expect.stringMatching(/executed|unknown/),
    });
    expect(copy?.result?.event.bytes).toBeGreaterThan(1000);
  },
);

test("a cancel in the middle of COPY, and a message that it does not allow", async () => {
  const options = await gateway(cluster, "ci-runner");
  await using raw = await RawClient.open(options);
  raw.send(query(into), data("1\ta\n"));
  await raw.until((said) => said.includes("copy-in"));
  await RawClient.cancel(options, raw.keyData.pid, raw.keyData.key);
  // PostgreSQL looks for a cancel when the next line comes.
  await waitFor(
    async () => {
      raw.send(data("2\tb\n"));
      return (await raw.until(() => true)).includes("ready I");
    },
    { what: "the cancel" },
  );
  expect(raw.error.sqlstate).toBe("57014");
  raw.send(data("2\tb\n"), copyDone, query("SELECT 1"));
  expect(await raw.ready()).toContain("row 1");
  raw.send(query(into), data("1\ta\n"), query("SELECT 1"));
  expect((await raw.ready()).slice(-2)).toEqual(["error 08P01", "end"]);
});

test.each(["a lost connection", "Terminate"])("%s in the middle of COPY", async (how) => {
  const before = (await cluster.truth("SELECT FROM wide")).length;
  await using raw = await ci();
  raw.send(query(into), data("77\ta\n"));
  await raw.until((said) => said.includes("copy-in"));
  const closed = once(raw.socket, "close");
  if (how === "Terminate") raw.send(terminate);
  else raw.socket.destroy();
  await closed;
  const working = "SELECT FROM pg_stat_activity WHERE query LIKE 'COPY wide%' AND state <> 'idle'";
  await waitFor(async () => (await cluster.truth(working)).length === 0, {
    what: "the COPY's end",
  });
  expect((await cluster.truth("SELECT FROM wide")).length).toBe(before);
});
