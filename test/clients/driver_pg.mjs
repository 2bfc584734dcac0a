// node-postgres.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { Client } from "pg";
import { step } from "./steps.mjs";

const ca = process.env.PGSSLROOTCERT;
const connect = async () => {
  const client = new Client({ ssl: ca ? { ca: readFileSync(ca, "utf8") } : false });
  client.on("error", () => undefined);
  await client.connect();
  return client;
};
const md5 = (text) => createHash("md5").update(text).digest("hex");

const client = await connect();
console.log((await client.query("SHOW server_version_num")).rows[0].server_version_num.slice(0, 2));
if (process.env.PLAIN) process.exit(0);
const show = async (...query) => {
  const { rows, fields, command, rowCount } = await client.query(...query);
  console.log(
    command,
    rowCount,
    JSON.stringify(rows),
    fields.map(({ dataTypeID }) => dataTypeID).join(),
  );
};
await client.query(
  "DROP SCHEMA IF EXISTS pg CASCADE; CREATE SCHEMA pg; CREATE TABLE pg.t (id int PRIMARY KEY, name text, doc jsonb)",
);
const values = [
  7,
  null,
  true,
  1.5,
  "12345678901234567890.12",
  "naïve ' \\ €",
  Buffer.from([0, 255]),
  new Date(1767322800000),
  { a: [1, null] },
  [1, 2],
  ["a,b", null],
];
const text =
  "SELECT $1::int, $2::text, $3::bool, $4::float8, $5::numeric, $6::text, $7::bytea, $8::timestamptz, $9::jsonb, $10::int[], $11::text[]";
await step("parameters", () => show(text, values));
await step("binary results", () =>
  show({
    text: "SELECT $1::int4, $2::int8, $3::bool, $4::float8, $5::bytea",
    values: [7, 8, true, 1.5, Buffer.from([0, 255])],
    binary: true,
  }),
);
await step("several statements", async () =>
  console.log(
    (await client.query("SELECT 1 AS a; SELECT 2 AS b"))
      .map(({ rows }) => JSON.stringify(rows))
      .join(),
  ),
);
await step("a named statement", async () => {
  for (let n = 0; n < 5; n++)
    await show({ name: "plus", text: "SELECT $1::int + 1 AS n", values: [n] });
});
await step("rows as arrays", () => show({ text: "SELECT 1, 'x'", rowMode: "array" }));
for (const wrong of [
  "SELECT 1/0",
  "SELEKT 1",
  "INSERT INTO pg.t VALUES (NULL)",
  "SELECT nothing FROM pg.t",
]) {
  await step(wrong, () => client.query(wrong));
  await step(`${wrong}, extended`, () => client.query({ text: `${wrong} /* $1 */`, values: [] }));
}
await step("a transaction that fails, and its savepoint", async () => {
  await client.query("BEGIN");
  await client.query("INSERT INTO pg.t SELECT n, 'n' || n FROM generate_series(1, 100) n");
  await client.query("SAVEPOINT a");
  await step("wrong", () => client.query("INSERT INTO pg.t VALUES ($1)", [1]));
  await step("after", () => client.query("SELECT 1"));
  await client.query("ROLLBACK TO a");
  await show("SELECT count(*) FROM pg.t");
  await client.query("COMMIT");
});
await step("queries at once", async () =>
  console.log(
    (await Promise.all([1, 2, 3].map((n) => client.query("SELECT $1::int AS n", [n]))))
      .map(({ rows }) => rows[0].n)
      .join(),
  ),
);
await step("rows in portions", () =>
  show({ text: "SELECT id FROM pg.t WHERE id < 8 ORDER BY id", rows: 3 }),
);
await step("LISTEN and NOTIFY", async () => {
  const heard = new Promise((resolve) => client.once("notification", resolve));
  await client.query("LISTEN pg_channel");
  await client.query("SELECT pg_notify($1, $2)", ["pg_channel", "hello"]);
  const { channel, payload } = await heard;
  console.log(channel, payload);
});
await step("notices", async () => {
  const heard = new Promise((resolve) => client.once("notice", resolve));
  await client.query("DO $$ BEGIN RAISE NOTICE 'seen'; END $$");
  console.log((await heard).message);
});
await step("large rows", async () => {
  const { rows } = await client.query("SELECT repeat('ab', 4000000) AS a, md5($1) AS b", [
    "y".repeat(900_000),
  ]);
  console.log(md5(rows[0].a), rows[0].b);
});
await step("cancelled by another", async () => {
  const other = await connect();
  const slow = step("slow", () => client.query("SELECT pg_sleep(60)"));
  const pid = client.processID;
  let cancelled = false;
  while (!cancelled)
    ({
      rows: [{ cancelled }],
    } = await other.query(
      "SELECT count(pg_cancel_backend(pid)) > 0 AS cancelled FROM pg_stat_activity WHERE pid = $1 AND query LIKE 'SELECT pg_sleep%'",
      [pid],
    ));
  await slow;
  await other.end();
});
await step("the session ends", () => client.query("SELECT pg_terminate_backend(pg_backend_pid())"));
await step("reconnect", async () => {
  const again = await connect();
  console.log((await again.query("SELECT current_database() AS d")).rows[0].d);
  await again.end();
});
process.exit(0);
