import { Client } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readJsonPath, type Masker } from "@sallyport/contracts";
import { jsonMaskerFor, maskerFor, type TypeInfo, type Value } from "@sallyport/masking";
import { startPostgres, type PostgresServer } from "@sallyport/testkit";

/** What maskers make of dates, numbers, uuids and documents is a value of the type, and the one that the server itself computes. */

const key = Buffer.alloc(32, 3);

let server: PostgresServer;
let client: Client;

beforeAll(async () => {
  server = await startPostgres({
    sql: `
      CREATE DOMAIN birthday AS date;
      CREATE DOMAIN price AS numeric(12,2) CHECK (VALUE >= 0);
      CREATE DOMAIN document AS jsonb;
      CREATE TABLE kept (
        d date, b birthday, t timestamp, z timestamptz, i2 int2, i4 int4, i8 int8, n numeric, p price, q numeric(6,-2), f4 float4,
        f8 float8, m money, u uuid, j json, k jsonb, r document, ds date[], zs timestamptz[], ns numeric[], is4 int[][], us uuid[], ks jsonb[]);`,
  });
  client = new Client({ connectionString: server.url() });
  await client.connect();
  await client.query("SET TimeZone = 'Europe/Prague'; SET lc_monetary = 'C'");
});
afterAll(async () => {
  await client.end();
  await server.stop();
});

interface Column {
  readonly typeOid: number;
  readonly typmod: number;
  readonly typeInfo: TypeInfo;
  readonly send: string;
}

async function columnOf(name: string): Promise<Column> {
  const { rows } = await client.query<{
    oid: number;
    typmod: number;
    category: string;
    base: number;
    element: number;
    send: string;
  }>(
    `SELECT t.oid::int AS oid, CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END AS typmod, t.typcategory AS category,
            t.typbasetype::int AS base, t.typelem::int AS element, t.typsend::text AS send
       FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid WHERE attrelid = 'kept'::regclass AND attname = $1`,
    [name],
  );
  const [row] = rows;
  if (!row) throw new Error(`no column ${name}`);
  return {
    typeOid: row.oid,
    typmod: row.typmod,
    send: row.send,
    typeInfo: { category: row.category, baseOid: row.base, elementOid: row.element },
  };
}

type Make = (column: Omit<Parameters<typeof maskerFor>[0], "masker">) => (value: Value) => Value;

/** Stores each value, masks it in both forms, stores what came out, and gives what the server then reads, as text. */
async function masked(name: string, values: readonly string[], make: Make) {
  const column = await columnOf(name);
  const texts: (string | null)[] = [];
  const binaries: (string | null)[] = [];
  for (const value of values) {
    await client.query("BEGIN");
    const { rows } = await client.query<{ text: string; hex: string }>(
      `INSERT INTO kept (${name}) VALUES ($1) RETURNING ${name}::text AS text, encode(${column.send}(${name}), 'hex') AS hex`,
      [value],
    );
    const [row] = rows;
    const text = make({ ...column, format: 0, key })(Buffer.from(row?.text ?? ""));
    const binary = make({ ...column, format: 1, key })(Buffer.from(row?.hex ?? "", "hex"));
    texts.push(await readBack(name, text?.toString() ?? null));
    binaries.push(await readBack(name, binary));
    await client.query("ROLLBACK");
  }
  expect(binaries, `${name} in binary`).toEqual(texts);
  return texts;
}

async function readBack(name: string, value: string | Buffer | null): Promise<string | null> {
  const { rows } = await client.query<{ text: string | null }>(
    `INSERT INTO kept (${name}) VALUES ($1) RETURNING ${name}::text AS text`,
    [value],
  );
  return rows[0]?.text ?? null;
}

const by =
  (masker: Masker): Make =>
  (column) =>
    maskerFor({ ...column, masker });

async function ask(text: string, values: readonly string[]): Promise<(string | null)[]> {
  const { rows } = await client.query<{ text: string | null }>(
    `SELECT (${text})::text AS text FROM unnest($1::text[]) AS v`,
    [values],
  );
  return rows.map((row) => row.text);
}

const days = [
  "2026-05-17",
  "0044-03-15 BC",
  "0001-01-01",
  "4714-12-31 BC",
  "5874897-12-31",
  "1582-10-10",
  "infinity",
  "-infinity",
];
const times = [
  "2026-05-17 15:09:26.535897",
  "0044-03-15 23:59:59.999999 BC",
  "1999-12-31 23:59:59.5",
  "294276-12-31 23:59:59",
  "infinity",
];

test.each(["year", "quarter", "month", "week", "day", "hour"] as const)(
  "dates and timestamps by %s are what date_trunc says",
  async (unit) => {
    const fits = ["year", "quarter"].includes(unit)
      ? days.filter((day) => !day.startsWith("4714"))
      : days;
    const dates = await ask(
      `CASE WHEN v LIKE '%infinity' THEN v::date ELSE date_trunc('${unit}', v::date::timestamp)::date END`,
      fits.filter((day) => !day.startsWith("5874897")),
    );
    const used = fits.filter((day) => !day.startsWith("5874897"));
    expect(await masked("d", used, by(`date:${unit}`))).toEqual(dates);
    expect(await masked("b", used, by(`date:${unit}`))).toEqual(dates);
    expect(await masked("t", times, by(`date:${unit}`))).toEqual(
      await ask(`date_trunc('${unit}', v::timestamp)`, times),
    );
    expect(await masked("z", times, by(`date:${unit}`))).toEqual(
      await ask(`date_trunc('${unit}', v::timestamptz, 'UTC')`, times),
    );
    await masked("d", ["5874897-12-31"], by(`date:${unit}`));
  },
);

test.each(["ISO, MDY", "German, DMY", "SQL, DMY", "SQL, MDY", "Postgres, DMY", "Postgres, MDY"])(
  "under DateStyle %s a text is truncated right or not shown",
  async (style) => {
    await client.query(`SET DateStyle = '${style}'`);
    for (const name of ["d", "t", "z"]) {
      const column = await columnOf(name);
      const mask = maskerFor({ ...column, masker: "date:month", format: 0, key });
      const { rows } = await client.query<{ text: string; month: string }>(
        `INSERT INTO kept (${name}) SELECT ('2026-0' || n || '-03 15:09:26')::timestamp FROM generate_series(1, 9) n
         RETURNING ${name}::text AS text, date_trunc('month', ${name}, 'UTC')::text AS month`
          .replace("date_trunc('month', d, 'UTC')", "date_trunc('month', d)::date")
          .replace("date_trunc('month', t, 'UTC')", "date_trunc('month', t)"),
      );
      for (const { text, month } of rows) {
        const out = mask(Buffer.from(text))?.toString() ?? null;
        expect([null, month]).toContain(out && (await readBack(name, out)));
        const shown =
          style.startsWith("ISO") ||
          (name !== "z" && style.startsWith("German")) ||
          (name === "t" && style.startsWith("Postgres"));
        expect(out !== null, `${name} ${text}`).toBe(shown);
      }
    }
    await client.query("SET DateStyle = 'ISO, MDY'");
  },
);

test("numbers are rounded as the server rounds them, within what the column takes", async () => {
  const whole = ["0", "1250", "-1250", "49", "-49", "1249", "32767", "-32768"];
  for (const name of ["i2", "i4", "i8"]) {
    expect(await masked(name, whole.slice(0, 6), by("round:100"))).toEqual(
      await ask("(round(v::numeric / 100) * 100)::int", whole.slice(0, 6)),
    );
    await masked(name, whole, by("round:100000"));
    await masked(name, whole, by("digits:1"));
  }
  expect(await masked("i2", ["32767", "-32768"], by("round:1000"))).toEqual(["32000", "-32000"]);
  expect(await masked("i8", ["9223372036854775807"], by("digits:1"))).toEqual([
    "9000000000000000000",
  ]);
  const numbers = [
    "0",
    "1234.5678",
    "-0.00015",
    "99999999999999999999.5",
    "1e100",
    "1e-20",
    "10000",
    "100000000",
    "0.00010000",
  ];
  expect(await masked("n", numbers, by("round:0.01"))).toEqual(
    await ask(
      "CASE WHEN scale(v::numeric) > 2 THEN rpad(round(v::numeric, 2)::text, strpos(round(v::numeric, 2)::text, '.') + scale(v::numeric), '0') ELSE v::numeric::text END",
      numbers,
    ),
  );
  await masked("n", numbers, by("digits:3"));
  expect(await masked("n", ["NaN", "Infinity", "-Infinity"], by("round:5"))).toEqual([
    "NaN",
    "Infinity",
    "-Infinity",
  ]);
  expect(await masked("p", ["9999999999.99", "4.99"], by("round:100"))).toEqual([
    "9999999900.00",
    "0.00",
  ]);
  expect(await masked("q", ["99999900", "150"], by("round:1000"))).toEqual(["99999000", "0"]);
  const floats = ["0.45", "123.456", "1e300", "-1.5e-10", "3", "NaN", "-Infinity"];
  await masked("f8", floats, by("digits:2"));
  expect(await masked("f8", ["123.456"], by("round:0.5"))).toEqual(["123.5"]);
  expect(await masked("f4", ["0.45", "3.4028235e38", "1e-40"], by("digits:1"))).toEqual([
    "0.5",
    "3e+38",
    "1e-40",
  ]);
  expect(await masked("m", ["-1234.56", "92233720368547758.07"], by("round:100"))).toEqual([
    "-$1,200.00",
    "$92,233,720,368,547,700.00",
  ]);
});

test("a uuid is hashed into one", async () => {
  const [one, same, other] = await masked(
    "u",
    [
      "0f8fad5b-d9cb-469f-a165-70867728950e",
      "0F8FAD5BD9CB469FA16570867728950E",
      "00000000-0000-0000-0000-000000000000",
    ],
    by("hash"),
  );
  expect(one).toBe(same);
  expect(one).not.toBe(other);
});

test("arrays go by element", async () => {
  expect(
    await masked("ds", ['{2026-05-17,NULL,"0044-03-15 BC",infinity}'], by("date:year")),
  ).toEqual(['{2026-01-01,NULL,"0044-01-01 BC",infinity}']);
  expect(await masked("zs", ['{"2026-05-17 01:00:00+02"}'], by("date:day"))).toEqual([
    '{"2026-05-16 02:00:00+02"}',
  ]);
  expect(await masked("ns", ["[2:4]={1234.5,NaN,NULL}"], by("round:10"))).toEqual([
    "[2:4]={1230.0,NaN,NULL}",
  ]);
  expect(await masked("is4", ["{{14,15},{16,NULL}}"], by("round:10"))).toEqual([
    "{{10,20},{20,NULL}}",
  ]);
  expect(
    (await masked("us", ["{0f8fad5b-d9cb-469f-a165-70867728950e,NULL}"], by("hash")))[0],
  ).toMatch(/^\{[0-9a-f-]{36},NULL\}$/);
});

test("what lies at a path is masked in json, jsonb, a domain and an array of them, and all else stays", async () => {
  const path = (text: string, masker: Masker) => ({ path: readJsonPath(text) ?? [], masker });
  const make: Make = (column) =>
    jsonMaskerFor(column, [
      path("{customer,email}", "email"),
      path("{items,price}", "round:10"),
      path("{born}", "date:year"),
      path("{customer,card}", "partial"),
    ]);
  const document = String.raw`{"customer": {"e\u006dail": "eve@x.de", "card": "4111111111111111", "name": "Ev\"e"}, "born": "1980-05-17", "items": [{"price": 12.50, "n": 1e2}, {"price": null}], "big": 12345678901234567890.10}`;
  expect(await masked("j", [document], make)).toEqual([
    String.raw`{"customer": {"e\u006dail": "e***@x.de", "card": "************1111", "name": "Ev\"e"}, "born": "1980-01-01", "items": [{"price": 10.00, "n": 1e2}, {"price": null}], "big": 12345678901234567890.10}`,
  ]);
  const normal = String.raw`{"big": 12345678901234567890.10, "born": "1980-01-01", "items": [{"n": 100, "price": 10.00}, {"price": null}], "customer": {"card": "************1111", "name": "Ev\"e", "email": "e***@x.de"}}`;
  expect(await masked("k", [document], make)).toEqual([normal]);
  expect(await masked("r", [document], make)).toEqual([normal]);
  const { rows } = await client.query<{ array: string }>(
    "SELECT ARRAY[$1::jsonb, NULL, '[]']::text AS array",
    [document],
  );
  const [array] = await masked("ks", [rows[0]?.array ?? ""], make);
  expect(
    (await client.query<{ one: string }>("SELECT (($1::jsonb[])[1])::text AS one", [array])).rows[0]
      ?.one,
  ).toBe(normal);
});

test("other types and ranges over these are NULL", async () => {
  for (const typeOid of [3912, 3908, 3910, 3906, 4451, 2249, 1083, 1266, 1186])
    for (const masker of ["date:year", "round:10", "hash"] as const)
      for (const format of [0, 1] as const)
        expect(
          maskerFor({ masker, typeOid, format, key })(Buffer.from("[2026-05-17,)")),
        ).toBeNull();
});
