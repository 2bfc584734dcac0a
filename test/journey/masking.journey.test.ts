import { afterAll, beforeAll, expect, test } from "vitest";
import { parseDataRow, toTarget } from "@sallyport/pgwire";
import type { Client } from "pg";
import { startCluster, type Cluster } from "./cluster.ts";
import { counts, detect, findsCanaries, findsSql } from "./detected-values.ts";
import { bare, clearText, extended, gateway, RawClient } from "./raw-client.ts";

const sql = `${findsSql}
  CREATE TABLE people (id int PRIMARY KEY, born date, seen timestamptz, income numeric(10,2), scores int[], doc jsonb, raw json, note text);
  INSERT INTO people VALUES (1, '1980-05-17', '2026-05-17 15:09:26+00', 54321.09, '{14,25,NULL}',
    '{"customer": {"email": "eve@example.com", "name": "Eve"}, "status": "new"}', '{"status":"a", "customer":{"\\u0065mail":"x@y.de"}}',
    'paid with 4111 1111 1111 1111, write to bob@example.com');
  CREATE VIEW docs AS SELECT id, doc AS d, doc->>'status' AS status FROM people;`;

const policies = `
@id("all") permit (principal, action, resource);
@id("dates") @mask("date:year") forbid (principal, action == Action::"read", resource in Tag::"date") unless { context.use == "predicate" };
@id("numbers") @mask("round:1000") forbid (principal, action == Action::"read", resource in Tag::"money");
@id("scores") @mask("round:10") forbid (principal, action == Action::"read", resource == Column::"shop/public.people.scores");
@id("mail") @mask("email") forbid (principal, action == Action::"read", resource == Column::"shop/public.people.doc#>{customer,email}");
@id("raw") @mask("redact") forbid (principal, action == Action::"read", resource in Tag::"raw");`;

let cluster: Cluster;
let client: Client;
let raw: RawClient;

beforeAll(async () => {
  cluster = await startCluster({
    sql,
    policies,
    jobs: { "ci-runner": {}, literals: {} },
    postgres: { hba: clearText },
    change(config) {
      const shop = config.connections["shop"];
      if (!shop) throw new Error("no shop");
      shop.columns = {
        "public.people.born": ["date"],
        "public.people.seen": ["date"],
        "public.people.income": ["money"],
        "public.people.scores": ["score"],
        "public.people.doc#>{customer,email}": ["pii"],
        "public.people.raw#>{customer,email}": ["raw"],
      };
      shop.detect = { card: "partial", email: "redact" };
      config.connections["looked-through"] = { ...shop, columns: {}, detect };
    },
  });
  client = await cluster.connect("ci-runner");
  raw = await RawClient.open(await gateway(cluster, "ci-runner"));
});
afterAll(async () => {
  await raw?.[Symbol.asyncDispose]();
  await client?.end();
  await cluster?.stop();
});

const ask = async (text: string): Promise<unknown[]> => {
  const { rows } = await client.query<unknown[]>({
    text,
    rowMode: "array",
    types: { getTypeParser: () => (value: string) => value },
  });
  return rows[0] ?? [];
};

test("dates, numbers and arrays of them leave truncated and rounded", async () => {
  expect(await ask("SELECT born, seen, income, scores FROM people")).toEqual([
    "1980-01-01",
    "2026-01-01 00:00:00+00",
    "54000.00",
    "{10,30,NULL}",
  ]);
  await client.query("SET DateStyle = 'SQL, DMY'");
  expect(await ask("SELECT born FROM people")).toEqual(["01/01/1980"]);
  await client.query("SET DateStyle = 'ISO'");
  await raw.ask(
    toTarget.parse("", "SELECT born FROM people"),
    toTarget.bind({ resultFormats: [1] }),
    toTarget.execute(),
    toTarget.sync,
  );
  const row = raw.heard.findLast((message) => message.kind === "data-row");
  expect(row && parseDataRow(row.frame)[0]?.readInt32BE()).toBe(-7305);
});

test("a path is masked in the document, in a view of it, and in what is taken out; the rest is clear", async () => {
  expect(await ask("SELECT doc, raw FROM people")).toEqual([
    '{"status": "new", "customer": {"name": "Eve", "email": "e***@example.com"}}',
    String.raw`{"status":"a", "customer":{"\u0065mail":"****"}}`,
  ]);
  expect(await ask("SELECT d, status FROM docs")).toEqual([
    '{"status": "new", "customer": {"name": "Eve", "email": "e***@example.com"}}',
    "new",
  ]);
  expect(
    await ask(
      "SELECT doc->>'status', doc->'customer'->>'name', doc->'customer', doc->'customer'->>'email' FROM people WHERE doc->>'status' = 'new'",
    ),
  ).toEqual(["new", "Eve", null, "****"]);
  await expect(
    ask("SELECT id FROM people WHERE doc->'customer'->>'email' = 'eve@example.com'"),
  ).rejects.toThrow("policy does not permit");
  await expect(ask("SELECT id FROM people WHERE doc @> '{}'")).rejects.toThrow(
    "policy does not permit",
  );
});

test("what detectors find is masked where nobody classified, also through an expression, in each protocol, and counted", async () => {
  const masked = "paid with ***************1111, write to ****";
  expect(await ask("SELECT note FROM people")).toEqual([masked]);
  expect(
    await ask("SELECT upper(note), jsonb_build_object('n', note), ARRAY[note], 7 FROM people"),
  ).toEqual([
    masked.toUpperCase(),
    JSON.stringify({ n: masked }).replace(":", ": "),
    `{"${masked}"}`,
    "7",
  ]);
  const said = await raw.ask(
    extended("SELECT note, id FROM people WHERE id = $1", ["1"]),
    toTarget.sync,
  );
  expect(said).toContain(`row ${masked}|1`);
  await raw[Symbol.asyncDispose]();
  await client.end();
  const { session } = await cluster.archived(
    ({ commands, closed }) => Number(commands) > 5 && closed !== null,
  );
  const events = await cluster.sallyJson(["replay", String(session)]);
  const detected = events.flatMap((event) =>
    event["detected"] === undefined ? [] : [event["detected"]],
  );
  expect(detected).toEqual([
    { card: 1, email: 1 },
    { card: 3, email: 3 },
  ]);
  // More than four digits: a hash has those now and then.
  expect(JSON.stringify(events)).not.toContain("4111 1111");
});

test("each detector masks what it finds, in each type, in text and binary, as PostgreSQL would write what is left", async () => {
  await using direct = await RawClient.open(bare(cluster));
  const parameters = { database: "looked-through" };
  const through = await RawClient.open(await gateway(cluster, "ci-runner", { parameters }));
  const columns = ["note", "short", "doc", "raw", "list", "note || '' AS made"];
  const rows = async (asked: RawClient, table: string, format: 0 | 1): Promise<string[]> => {
    const from = asked.heard.length;
    const text = `SELECT id, ${columns.join()} FROM ${table} ORDER BY id`;
    await asked.ask(extended(text, [], { formats: [format], describe: true }), toTarget.sync);
    return asked.heard
      .slice(from)
      .flatMap((one) => (one.kind === "data-row" ? [one.frame.toString("latin1")] : []));
  };
  for (const format of [0, 1] as const) {
    const expected = await rows(direct, "finds_masked", format);
    expect(expected).toHaveLength(12);
    expect((await rows(direct, "finds", format)).join()).toMatch(findsCanaries);
    const masked = await rows(through, "finds", format);
    expect(masked).toEqual(expected);
    expect(masked.join()).not.toMatch(findsCanaries);
  }
  await through[Symbol.asyncDispose]();
  const { session } = await cluster.recorded(({ connection }) => connection === "looked-through");
  const events = await cluster.sallyJson(["replay", session]);
  const all = Object.entries(counts).map(([name, count]) => [name, count * columns.length]);
  expect(events.flatMap((event) => event["detected"] ?? [])).toEqual([
    Object.fromEntries(all),
    Object.fromEntries(all),
  ]);
  expect(findsCanaries.exec(JSON.stringify(events))).toBeNull();
});

test("I3: texts that differ in literals alone share neither verdict nor words", async () => {
  const own = await cluster.connect("literals");
  const name = "name of a customer, however it is asked for";
  const template = (path: string, id: number) =>
    `SELECT doc #>> '${path}' AS asked FROM people WHERE id = ${id} AND '${name}' <> 'x'`;
  const asked = async (text: string): Promise<unknown> =>
    (await own.query<{ asked: unknown }>(text)).rows[0]?.asked;
  // Often enough for whatever is remembered after the first, and the second, time.
  for (const id of [2, 3, 4, 1]) {
    const said = id === 1 ? "Eve" : undefined;
    expect(await asked(template("{customer,name}", id))).toBe(said);
  }
  expect(await asked(template("{customer,email}", 1))).toBe("****");
  expect(await asked(template("{customer,name}", 1))).toBe("Eve");
  const sorted = (by: number) => `SELECT id AS asked, income FROM people ORDER BY ${by}, 'x'::text`;
  for (const again of [1, 1, 1]) expect(await asked(sorted(again))).toBe(1);
  const limited = (by: number, rows: number) =>
    `SELECT id AS asked, income FROM people ORDER BY ${by} LIMIT ${rows}`;
  for (const rows of [1, 2, 3]) expect(await asked(limited(1, rows))).toBe(1);
  await expect(asked(limited(2, 4))).rejects.toThrow("policy does not permit");
  await expect(asked(sorted(2))).rejects.toThrow("policy does not permit");
  const setting = (key: string, value: string) => `SELECT set_config('${key}', '${value}', false)`;
  for (const value of ["one", "two", "three"]) await own.query(setting("application_name", value));
  await expect(own.query(setting("standard_conforming_strings", "off"))).rejects.toThrow(
    "may not change",
  );
  // These do share what they ask, and no more than that.
  const incomes = [-1, 5, 1, 6, 1].map(
    (id) => `SELECT income AS asked FROM people WHERE id = ${id}`,
  );
  for (const text of incomes) {
    const there = text.endsWith("= 1");
    expect(await asked(text)).toBe(there ? "54000.00" : undefined);
  }
  await own.end();
  const { commands } = await cluster.recorded(({ principal }) => principal === "corp#literals");
  const texts = commands.flatMap(({ asked: { event } }) =>
    event.type === "command" ? [event.text] : [],
  );
  expect(texts.filter((text) => text.includes("income AS asked"))).toEqual(incomes);
});

test("a row of which too much is to be masked at once is refused, and the session goes on", async () => {
  await using mine = await RawClient.open(await gateway(cluster, "ci-runner"));
  await cluster.truth(
    "INSERT INTO people (id, scores) SELECT 2, array_agg(n) FROM generate_series(1, 70000) n",
  );
  const rows = "SELECT id, scores FROM people WHERE id < 3 ORDER BY id";
  for (const text of [rows, `COPY (${rows}) TO STDOUT`]) {
    const said = await mine.query(text);
    expect(said.slice(-2)).toEqual(["error 54000", "ready I"]);
    expect(said.filter((one) => one.startsWith("row 2"))).toEqual([]);
    expect(mine.error.message).toBe("a row or line has too many parts to be masked");
  }
  expect(await mine.query("SELECT scores FROM people WHERE id = 1")).toContain("row {10,30,NULL}");
  expect(await mine.query("SELECT id FROM people WHERE id = 2")).toContain("row 2");
  await cluster.truth("DELETE FROM people WHERE id = 2");
});
