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

const many = (count: number, one: (at: number) => string, between = ", "): string =>
  Array.from({ length: count }, (_, at) => one(at)).join(between);

test("long lists of constants are taken, whatever their length", async () => {
  await using raw = await RawClient.open(await gateway(cluster, "free"));
  await raw.query("CREATE TEMP TABLE bulk (id int, name text, at timestamptz)");
  const rows = many(20_000, (at) => `(${at}, ${at % 7 ? `'n${at}'` : "NULL"}, '2026-01-01'::date)`);
  const insert = `INSERT INTO bulk VALUES ${rows}`;
  expect(await raw.query(insert)).toEqual(["complete INSERT 0 20000", "ready I"]);
  const among = `SELECT count(*) FROM bulk WHERE id IN (${many(10_000, (at) => `${at * 3}`)})`;
  expect(await raw.query(among)).toContain("row 6667");
  const statements = many(3000, (at) => `INSERT INTO bulk VALUES (${at}, 'n', now())`, "; ");
  expect((await raw.query(statements)).slice(-2)).toEqual(["complete INSERT 0 1", "ready I"]);
});

test("a migration in one text is followed to its end", async () => {
  await using raw = await RawClient.open(await gateway(cluster, "free"));
  const tables = 400;
  const made = many(
    tables,
    (at) =>
      `CREATE TABLE m${at} (id int PRIMARY KEY, up int${at ? ` REFERENCES m${at - 1}` : ""}); CREATE INDEX ON m${at} (up); ALTER TABLE m${at} ADD COLUMN note text`,
    "; ",
  );
  await raw.query("BEGIN");
  const said = await raw.query(`${made}; INSERT INTO m7 (id, note) VALUES (1, 'x')`);
  expect(said.slice(-2)).toEqual(["complete INSERT 0 1", "ready T"]);
  expect(said).toHaveLength(3 * tables + 2);
  await raw.query("ROLLBACK");
});

test("more than a reading may take is refused by name", async () => {
  await using raw = await ci();
  const sequences = many(40_000, (at) => `(1+nextval('s${at}'))`);
  expect(await raw.query(`INSERT INTO orders (id) VALUES ${sequences}`)).toEqual([
    "error 54001",
    "ready I",
  ]);
  expect(raw.error).toMatchObject({
    message: expect.stringMatching(/^a statement takes \d+ bytes once it is parsed/),
    hint: expect.stringMatching(/^split it/),
  });
  expect(await raw.query(many(40_000, () => "SELECT 1", "; "))).toEqual(["error 54001", "ready I"]);
  expect(raw.error.message).toMatch(/^40000 statements in one text, more than the 32768 allowed/);
  expect(await raw.query("SELECT 1")).toContain("row 1");
});

/** 300 bytes, of which the reading is given up. */
const slow = (salt: number): string => {
  let row = "(1, 1)";
  for (let depth = 0; depth < 22; depth++) row = `(${row} = (1, 1), 1)`;
  return `SELECT ${row}, ${salt}`;
};

test("others of the worker are served between texts that take long to read", async () => {
  await using raw = await ci();
  await using other = await ci();
  await other.query("SELECT 1");
  const from = raw.heard.length;
  const refused = () => raw.heard.slice(from).filter(({ kind }) => kind === "error").length;
  const count = 3;
  raw.send(...Array.from({ length: count }, (_, at) => query(slow(at))));
  let between = 0;
  while (refused() < count) {
    const before = refused();
    // On a machine that is busy elsewhere a worker may miss a beat, and says so: that is an answer, too.
    expect((await other.query("SELECT 1")).at(-1)).toBe("ready I");
    if (before > 0 && refused() < count) between += 1;
  }
  expect(await raw.ready(count)).toEqual(
    Array.from({ length: count }, () => ["error 54001", "ready I"]).flat(),
  );
  expect(between).toBeGreaterThan(0);
});
