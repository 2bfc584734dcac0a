import { Client } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Masker } from "@sallyport/contracts";
import { computedConstant, maskerFor, type TypeInfo, type Value } from "@sallyport/masking";
import { startPostgres, type PostgresServer } from "@sallyport/testkit";

/** Bytes come from a real server in both formats, and what maskers write is read back by it. */

const key = Buffer.alloc(32, 3);
const maskers: readonly Masker[] = ["redact", "hash", "partial", "partial:2", "email"];

/** Every element is another trap of array_out: quotes, backslashes, braces, NULL, blanks, many bytes. */
const values = [
  "alice@example.com",
  "",
  "NULL",
  'say "hi" \\ {now}',
  " blank ",
  "žluťoučký kůň, 😀",
  "line\nfeed",
  null,
];

let server: PostgresServer;
let client: Client;

beforeAll(async () => {
  server = await startPostgres({
    sql: `
      CREATE EXTENSION citext;
      CREATE DOMAIN label AS varchar(40);
      CREATE DOMAIN labels AS text[];
      CREATE TYPE mood AS ENUM ('glad', 'sad');
      CREATE TABLE kept (
        id int, a_text text, a_varchar varchar(40), a_char char(40), a_name name, a_citext citext,
        a_label label, a_mood mood, a_json json, a_number numeric, a_date date, a_bytea bytea, a_uuid uuid,
        texts text[], varchars varchar(40)[], chars char(40)[], names name[], citexts citext[], label_list label[],
        labels labels, square text[][], numbers int[]);`,
  });
  client = new Client({ connectionString: server.url() });
  await client.connect();
  const square = [values.slice(0, 4), values.slice(4)];
  for (const [id, value] of values.entries())
    await client.query(
      `INSERT INTO kept VALUES ($1, $2::text, $2::text, $2::text, $2::text, $2::text, $2::text, 'glad', '"x"', 1, '2026-01-01', '\\x01',
         gen_random_uuid(), $3::text[], $3::text[], $3::text[], $3::text[], $3::text[], $3::text[], $3::text[], $4::text[], '{1,2,NULL}')`,
      [id, value, values, square],
    );
});
afterAll(async () => {
  await client.end();
  await server.stop();
});

type Form = "text" | "binary";

interface Column {
  readonly name: string;
  /** `pg_type.typsend`. */
  readonly send: string;
  readonly typeOid: number;
  readonly typmod: number;
  readonly typeInfo: TypeInfo;
}

test("masked text and binary values are the same value to the server, column by column", async () => {
  const columns = (await columnsOfTable()).filter(({ name }) => holdsText(name));
  expect(columns.map(({ name }) => name)).toHaveLength(14);
  for (const column of columns)
    for (const masker of maskers) {
      const text = (await read(column, "text")).map(
        maskerFor({ ...column, masker, format: 0, key }),
      );
      const binary = (await read(column, "binary")).map(
        maskerFor({ ...column, masker, format: 1, key }),
      );
      const fromText = await canonical(column, text, "text");
      expect(fromText, `${masker} of ${column.name}`).toEqual(
        await canonical(column, binary, "binary"),
      );
      expect(fromText.filter((value) => value === null)).toHaveLength(
        (await read(column, "text")).filter((value) => value === null).length,
      );
    }
});

test("an element is masked like the same value alone", async () => {
  const [alone, inArray] = [await columnNamed("a_text"), await columnNamed("texts")];
  for (const masker of maskers) {
    const expected = (await read(alone, "text"))
      .map(maskerFor({ ...alone, masker, format: 0, key }))
      .map((value) => value?.toString() ?? null);
    const [array] = (await read(inArray, "binary")).map(
      maskerFor({ ...inArray, masker, format: 1, key }),
    );
    const { rows } = await client.query<{ element: string | null }>(
      "SELECT unnest($1::text[]) AS element",
      await canonical(inArray, [array ?? null], "binary"),
    );
    expect(rows.map(({ element }) => element)).toEqual(expected);
  }
});

test("a type that cannot hold a text becomes NULL, in both formats", async () => {
  const columns = (await columnsOfTable()).filter(({ name }) => !holdsText(name));
  expect(columns.map(({ name }) => name)).toHaveLength(8);
  for (const column of columns)
    // A uuid holds a hash, as a uuid.
    for (const masker of maskers.filter((one) => column.name !== "a_uuid" || one !== "hash"))
      for (const [format, form] of [
        [0, "text"],
        [1, "binary"],
      ] as const) {
        const masked = (await read(column, form)).map(
          maskerFor({ ...column, masker, format, key }),
        );
        expect(masked.every((value) => value === null)).toBe(true);
        expect(computedConstant(column.typeOid, format, column.typeInfo)).toBeNull();
      }
});

const holdsText = (name: string): boolean =>
  !/^(id|numbers|a_(mood|json|number|date|bytea|uuid))$/.test(name);

/** As RowDescription and pg_type say it; a domain is described as its base type there, so it is asked of pg_attribute. */
async function columnsOfTable(): Promise<Column[]> {
  const { rows } = await client.query<{
    name: string;
    send: string;
    oid: number;
    typmod: number;
    category: string;
    base: number;
    element: number;
    element_category: string | null;
    element_base: number | null;
  }>(`
    SELECT attname AS name, t.typsend::text AS send, t.oid::int, CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE atttypmod END AS typmod,
           t.typcategory AS category, t.typbasetype::int AS base,
           CASE WHEN t.typcategory = 'A' THEN coalesce(nullif(t.typelem, 0), b.typelem)::int ELSE 0 END AS element,
           e.typcategory AS element_category, e.typbasetype::int AS element_base
      FROM pg_attribute JOIN pg_type t ON t.oid = atttypid
      LEFT JOIN pg_type b ON b.oid = t.typbasetype
      LEFT JOIN pg_type e ON e.oid = coalesce(nullif(t.typelem, 0), b.typelem)
     WHERE attrelid = 'kept'::regclass AND attnum > 0 ORDER BY attnum`);
  return rows.map((row) => ({
    name: row.name,
    send: row.send,
    typeOid: row.oid,
    typmod: row.typmod,
    typeInfo: {
      category: row.category,
      baseOid: row.base,
      elementOid: row.element,
      ...(row.element_category !== null && {
        element: { category: row.element_category, baseOid: row.element_base ?? 0 },
      }),
    },
  }));
}

async function columnNamed(name: string): Promise<Column> {
  const found = (await columnsOfTable()).find((each) => each.name === name);
  if (!found) throw new Error(`no column ${name}`);
  return found;
}

/** The column's bytes as the server sends them; pg cannot read binary rows, so the type's own send function is asked. */
async function read({ name, send }: Column, form: Form): Promise<Value[]> {
  const { rows } = await client.query<{ value: string | null }>({
    text: `SELECT ${form === "text" ? name : `encode(${send}(${name}), 'hex')`} AS value FROM kept ORDER BY id`,
    types: { getTypeParser: () => (value: unknown) => value },
  });
  return rows.map(({ value }) =>
    value === null ? null : Buffer.from(value, form === "text" ? "utf8" : "hex"),
  );
}

/** What the server understands when the values are stored into the column, as text. */
async function canonical(column: Column, given: readonly Value[], form: Form) {
  const stored: (string | null)[] = [];
  await client.query("BEGIN");
  for (const value of given) {
    const { rows } = await client.query<{ text: string | null }>(
      `INSERT INTO kept (${column.name}) VALUES ($1) RETURNING ${column.name}::text AS text`,
      [form === "binary" ? value : (value?.toString() ?? null)],
    );
    stored.push(rows[0]?.text ?? null);
  }
  await client.query("ROLLBACK");
  return stored;
}
