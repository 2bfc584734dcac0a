import { afterAll, beforeAll, expect, test } from "vitest";
import { toTarget, type Format } from "@sallyport/pgwire";
import { sayAgain } from "../../libs/pgwire/src/say-again.fixture.ts";
import type { Cluster } from "./cluster.ts";
import { expectSameBytes } from "./frames-heard.ts";
import { startProtocolCluster } from "./protocol-cluster.ts";
import { bare, extended, gateway, RawClient } from "./raw-client.ts";

const { query, sync } = toTarget;

/** Functions of PostgreSQL itself, whose OIDs are the same everywhere. */
const builtIn = { int4div: 154, int4pl: 177, upper: 871, textcat: 1258 };

let cluster: Cluster;
let leak: number;

beforeAll(async () => {
  cluster = await startProtocolCluster({
    jobs: {
      "ci-runner": { groups: ["ci"] },
      free: { groups: ["free"] },
      caller: { groups: ["free"] },
      refused: { groups: ["ci"] },
    },
  });
  await cluster.truth(`SET ROLE shop_app; CREATE FUNCTION leak(who int) RETURNS text
    LANGUAGE sql AS 'SELECT email FROM customers WHERE id = who'`);
  const [row] = await cluster.truth<{ oid: number }>("SELECT 'leak'::regproc::oid::int AS oid");
  leak = row?.oid ?? 0;
});
afterAll(() => cluster?.stop());

const open = async (who: string) => RawClient.open(await gateway(cluster, who));
const ci = () => open("ci-runner");
const free = () => open("free");

function call(
  oid: number,
  parameters: readonly (Buffer | string | null)[],
  formats: readonly Format[] = [],
  resultFormat: Format = 0,
): Buffer {
  return sayAgain({
    kind: "function-call",
    function: oid,
    formats,
    parameters: parameters.map((one) => (typeof one === "string" ? Buffer.from(one) : one)),
    resultFormat,
  });
}

const int4 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};

const scripts: Record<string, () => readonly Buffer[]> = {
  "text arguments": () => [call(builtIn.int4pl, ["40", "2"])],
  "binary arguments and result": () => [call(builtIn.int4pl, [int4(40), int4(2)], [1], 1)],
  "one binary argument, one of text": () => [call(builtIn.int4pl, [int4(40), "2"], [1, 0])],
  "a text of many bytes": () => [call(builtIn.textcat, ["ä".repeat(50_000), "€"])],
  "NULL for a strict function": () => [call(builtIn.int4pl, [null, "2"])],
  "a function that reads a table": () => [call(leak, ["1"]), call(leak, ["4711"])],
  "too few arguments": () => [call(builtIn.int4pl, ["40"]), query("SELECT 1")],
  "an argument that does not fit": () => [call(builtIn.int4pl, ["x", "2"]), query("SELECT 1")],
  "a function that is not there": () => [call(4_000_000, []), query("SELECT 1")],
  "in a transaction": () => [
    query("BEGIN"),
    call(builtIn.int4pl, ["1", "2"]),
    call(builtIn.int4div, ["1", "0"]),
    call(builtIn.int4pl, ["1", "2"]),
    query("ROLLBACK"),
    call(builtIn.int4pl, ["1", "2"]),
  ],
  "between pipelines": () => [
    extended("SELECT 1"),
    sync,
    call(builtIn.upper, ["a"]),
    extended("SELECT 2"),
    sync,
    query("SELECT 3"),
  ],
  "in the middle of a pipeline": () => [
    extended("SELECT 1"),
    call(builtIn.upper, ["a"]),
    extended("SELECT 2"),
    sync,
  ],
};

test.each(Object.keys(scripts))("as PostgreSQL answers it: %s", async (name) => {
  await using direct = await RawClient.open(bare(cluster));
  await using through = await free();
  const said = await expectSameBytes(direct, through, scripts[name]?.() ?? []);
  expect(said.some((one) => /^[VE]/.test(one))).toBe(true);
});

test("after an error of the pipeline it is passed over", async () => {
  const script = [extended("SELECT 1/0"), call(builtIn.upper, ["a"]), sync, query("SELECT 1")];
  await using direct = await RawClient.open(bare(cluster));
  await using through = await free();
  const said = await expectSameBytes(direct, through, script, 2);
  expect(said.some((one) => one.startsWith("V"))).toBe(false);
});

/** What the target was told to call, by its own log. */
const called = async (name: string) =>
  (await cluster.target.statements()).filter(({ text }) => text.startsWith(`"${name}" (OID `));

test("who may not do all is refused, whatever the function; the target hears nothing of it", async () => {
  const before = await called("leak");
  await using raw = await ci();
  raw.send(call(leak, ["1"]), call(builtIn.textcat, ["a", "b"]), query("SELECT 1"));
  expect(await raw.ready(3)).toEqual([
    "error 42501",
    "ready I",
    "error 42501",
    "ready I",
    "columns ?column?",
    "row 1",
    "complete SELECT 1",
    "ready I",
  ]);
  expect(raw.error.detail).toContain("no policy permits");
  expect(await called("leak")).toEqual(before);
});

test("a refused call fails the transaction that it stands in, and the implicit one of its pipeline", async () => {
  const before = await called("leak");
  await using raw = await ci();
  const insert = (id: number) =>
    extended(`INSERT INTO orders VALUES (${id}, 1, 'new', 1, '2026-03-01')`);
  raw.send(query("BEGIN"), insert(70), sync, call(leak, ["1"]), call(leak, ["2"]));
  raw.send(query("COMMIT"), query("SELECT 1"));
  expect((await raw.ready(6)).filter((one) => /^(error|ready|complete)/.test(one))).toEqual([
    "complete BEGIN",
    "ready T",
    "complete INSERT 0 1",
    "ready T",
    "error 42501",
    "ready E",
    "error 42501",
    "ready E",
    "complete ROLLBACK",
    "ready I",
    "complete SELECT 1",
    "ready I",
  ]);
  // Without a Sync before it, it ends the pipeline's implicit transaction, as a Query does.
  raw.send(insert(71), call(leak, ["1"]), insert(72), sync);
  expect((await raw.ready(2)).filter((one) => /^(error|ready|complete)/.test(one))).toEqual([
    "complete INSERT 0 1",
    "error 42501",
    "ready I",
    "complete INSERT 0 1",
    "ready I",
  ]);
  const found = await cluster.truth<{ id: number }>("SELECT id FROM orders WHERE id IN (70,71,72)");
  expect(found).toEqual([{ id: 72 }]);
  expect(await called("leak")).toEqual(before);
});

test("it is recorded as what it is, with its arguments and what came of it", async () => {
  {
    await using raw = await open("caller");
    raw.send(call(builtIn.int4pl, ["40", "2"]), call(builtIn.int4div, [int4(1), "0"], [1, 0], 1));
    await raw.ready(2);
    await using refused = await open("refused");
    refused.send(call(leak, ["1", null]));
    await refused.ready(1);
  }
  const asText = (value: string | null) => ({ oid: 0, format: 0, value });
  expect(await recorded("caller")).toEqual([
    {
      kind: "function-call",
      text: "function call of oid 177",
      parameters: [asText("40"), asText("2")],
      actions: ["opaque"],
      outcome: "executed",
      error: undefined,
      bytes: "V\0\0\0\x0a\0\0\0\x0242".length,
    },
    {
      kind: "function-call",
      text: "function call of oid 154",
      parameters: [{ oid: 0, format: 1, value: int4(1).toString("base64") }, asText("0")],
      actions: ["opaque"],
      outcome: "executed",
      error: "22012",
      bytes: 0,
    },
  ]);
  expect(await recorded("refused")).toEqual([
    {
      kind: "function-call",
      text: `function call of oid ${leak}`,
      parameters: [asText("1"), asText(null)],
      actions: ["opaque"],
      outcome: "refused-policy",
      error: "42501",
      bytes: 0,
    },
  ]);
});

/** The function calls of a job's only session, as the archive has them. */
async function recorded(job: string) {
  const { commands } = await cluster.recorded(({ principal }) => principal === `corp#${job}`);
  return commands.flatMap(({ asked: { event }, result }) =>
    event.type === "command" && event.kind === "function-call"
      ? [
          {
            kind: event.kind,
            text: event.text,
            parameters: event.parameters,
            actions: event.operations.map(({ action }) => action),
            outcome: result?.event.outcome,
            error: result?.event.error?.sqlstate,
            bytes: result?.event.bytes,
          },
        ]
      : [],
  );
}
