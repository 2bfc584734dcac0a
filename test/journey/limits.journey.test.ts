import { afterAll, beforeAll, expect, test } from "vitest";
import { toTarget } from "@sallyport/pgwire";
import type { Cluster } from "./cluster.ts";
import { startProtocolCluster } from "./protocol-cluster.ts";
import { extended, gateway, RawClient } from "./raw-client.ts";

const { parse, bind, execute, sync, query, close } = toTarget;

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startProtocolCluster();
});
afterAll(() => cluster?.stop());

const ci = async () => RawClient.open(await gateway(cluster, "ci-runner"));
const mega = 1024 * 1024;

test("a statement over the limit is an error, whatever its size, and the session lives", async () => {
  await using raw = await ci();
  for (const size of [mega, 2 * mega, 20 * mega]) {
    const text = `SELECT '${"x".repeat(size)}'`;
    expect(await raw.query(text)).toEqual(["error 54000", "ready I"]);
    expect(await raw.ask(extended(text), sync)).toEqual(["error 54000", "ready I"]);
  }
  expect(raw.error.message).toMatch(/^the statement and its parameters take \d+ bytes/);
  expect(await raw.query("SELECT 1")).toContain("row 1");
});

test("over the limit in a transaction, and in the middle of a pipeline, it fails what it should", async () => {
  await using raw = await ci();
  const insert = (id: number) =>
    extended(`INSERT INTO orders VALUES (${id}, 1, 'new', 1, '2026-03-01')`);
  const huge = `SELECT '${"x".repeat(20 * mega)}'`;
  const said = await raw.ask(insert(1), extended(huge), insert(2), sync);
  expect(said.slice(-2)).toEqual(["error 54000", "ready I"]);
  await raw.query("BEGIN");
  expect(await raw.query(huge)).toEqual(["error 54000", "ready E"]);
  expect(await raw.query("ROLLBACK")).toEqual(["complete ROLLBACK", "ready I"]);
  expect(await cluster.truth("SELECT FROM orders WHERE id < 1000")).toEqual([]);
});

test("parameters count too", async () => {
  await using raw = await ci();
  const value = Buffer.alloc(mega, "x");
  const ask = (...frames: Buffer[]) => raw.ask(parse("", "SELECT length($1), $2"), ...frames, sync);
  const two = bind({ parameters: [value, Buffer.from("y")] });
  expect(await ask(two, execute())).toEqual(["error 54000", "ready I"]);
  const huge = bind({ parameters: [Buffer.alloc(20 * mega, "x"), Buffer.from("y")] });
  expect(await ask(huge, execute())).toEqual(["parse-complete", "error 54000", "ready I"]);
  const less = bind({ parameters: [value.subarray(0, 900_000), Buffer.from("y")] });
  expect(await ask(less, execute())).toContain("row 900000|y");
});

test("a long statement and long parameters are recorded whole, and run", async () => {
  await using raw = await RawClient.open(await gateway(cluster, "free"));
  const text = `SELECT length('${"ü".repeat(150_000)}') + $1::int, length($2)`;
  const parameters = ["1", "z".repeat(400_000)];
  const said = await raw.ask(extended(text, parameters), sync);
  expect(said).toContain("row 150001|400000");
  await raw[Symbol.asyncDispose]();
  const read = await cluster.recorded(({ principal }) => principal === "corp#free");
  const whole = Buffer.concat(read.commands.flatMap(({ text: kept }) => kept)).toString();
  const values = parameters.map((value) => ({ oid: 0, format: 0, value }));
  expect(whole === `${text}\n${JSON.stringify(values)}\n`).toBe(true);
});

test("deep nesting is refused or read, and the next statement is read as well", async () => {
  await using raw = await ci();
  for (const depth of [100, 1000, 10_000, 100_000]) {
    for (const [open, shut] of [
      ["(", ")"],
      ["-(", ")"],
      ["ARRAY[", "]"],
      ["(SELECT ", ")"],
    ] as const) {
      const said = await raw.query(`SELECT ${open.repeat(depth)}1${shut.repeat(depth)}`);
      expect(said.at(-1), `${depth} ${open}`).toBe("ready I");
    }
    expect(await raw.query("SELECT 1")).toContain("row 1");
  }
});

test("many prepared statements, each judged under its own text", async () => {
  await using raw = await ci();
  const count = 1000;
  const names = Array.from({ length: count }, (_, index) => `s${index}`);
  await raw.ask(...names.map((name, index) => parse(name, `SELECT ${index}`)), sync);
  const uses = names.flatMap((statement) => [bind({ statement }), execute()]);
  const said = await raw.ask(...uses, sync);
  expect(said.filter((one) => one.startsWith("row"))).toEqual(
    names.map((_, index) => `row ${index}`),
  );
  await raw.ask(...names.map((name) => close("statement", name)), sync);
  expect(await raw.ask(bind({ statement: "s1" }), sync)).toEqual(["error 26000", "ready I"]);
});

test("messages that break the protocol end the session, those that only break a rule do not", async () => {
  await using raw = await ci();
  const badFormat = bind({ parameters: [Buffer.from("1")] });
  badFormat.writeInt16BE(7, badFormat.length - 2);
  raw.send(badFormat, sync);
  expect((await raw.ready())[0]).toMatch(/^error (08P01|22023)$/);
  const notText = query("SELECT 'é'");
  notText[notText.indexOf(0xc3)] = 0xff;
  expect((await raw.ask(notText)).slice(-2)).toEqual(["error 22021", "ready I"]);
  expect(await raw.query("SELECT 1")).toContain("row 1");
  raw.send(Buffer.from([0x51, 0, 0, 0, 1]));
  expect((await raw.ready()).slice(-2)).toEqual(["error 08P01", "end"]);
});

test("what is refused before it is read is recorded, too", async () => {
  const raw = await RawClient.open(await gateway(cluster, "free"));
  await raw.query(`SELECT '${"x".repeat(20 * mega)}'`);
  await raw.ask(bind({ statement: "nowhere" }), sync);
  const badFormat = bind({ parameters: [Buffer.from("1")] });
  badFormat.writeInt16BE(7, badFormat.length - 2);
  await raw.ask(badFormat, sync);
  await raw[Symbol.asyncDispose]();
  const read = await cluster.recorded(
    ({ principal, denied }) => principal === "corp#free" && denied === 3,
  );
  const refused = read.events.flatMap(({ event }) => (event.type === "refused" ? [event] : []));
  expect(refused.map(({ text, message }) => [text, message])).toEqual([
    ["", expect.stringMatching(/^the statement and its parameters take \d+ bytes/)],
    ["", 'prepared statement "nowhere" does not exist'],
    ["", expect.any(String)],
  ]);
});
