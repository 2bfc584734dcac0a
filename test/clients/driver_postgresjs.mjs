// postgres.js.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import postgres from "postgres";
import { step } from "./steps.mjs";

const ca = process.env.PGSSLROOTCERT;
const sql = postgres({
  max: 1,
  ssl: ca ? { ca: readFileSync(ca, "utf8") } : false,
  onnotice: ({ message }) => console.log("notice", message),
});
const show = async (query) => {
  const rows = await query;
  console.log(
    rows.command,
    rows.count,
    JSON.stringify(rows),
    rows.columns?.map(({ type }) => type).join(),
  );
};
console.log((await sql`SHOW server_version_num`)[0].server_version_num.slice(0, 2));
if (process.env.PLAIN) process.exit(0);
await sql.unsafe(
  "SET client_min_messages = warning; DROP SCHEMA IF EXISTS postgresjs CASCADE; CREATE SCHEMA postgresjs; CREATE TABLE postgresjs.t (id int PRIMARY KEY, name text); RESET client_min_messages",
);
await step("parameters", () =>
  show(
    sql`SELECT ${7}::int, ${null}::text, ${true}::bool, ${1.5}::float8, ${"12345678901234567890.12"}::numeric, ${"naïve ' \\ €"}, ${Buffer.from([0, 255])}::bytea, ${new Date(1767322800000)}::timestamptz, ${sql.json({ a: [1, null] })}, ${sql.array([1, 2])}, ${sql.array(["a,b", null])}`,
  ),
);
await step("a statement again and again", async () => {
  for (let n = 0; n < 4; n++) await show(sql`SELECT ${n}::int + 1 AS n`);
});
await step("several statements", async () =>
  console.log(JSON.stringify(await sql`SELECT 1 AS a; SELECT 2 AS b`.simple())),
);
await step("many at once", async () =>
  console.log(
    (await Promise.all(Array.from({ length: 50 }, (_, n) => sql`SELECT ${n}::int AS n`)))
      .map(([row]) => row.n)
      .join(),
  ),
);
await step("inserted lists", () =>
  show(
    sql`INSERT INTO postgresjs.t ${sql(Array.from({ length: 100 }, (_, n) => ({ id: n, name: `n${n}` })))} RETURNING id`,
  ),
);
for (const wrong of [
  "SELECT 1/0",
  "SELEKT 1",
  "INSERT INTO postgresjs.t VALUES (1)",
  "SELECT nothing FROM postgresjs.t",
]) {
  await step(wrong, () => sql.unsafe(wrong));
  await step(`${wrong}, prepared`, () => sql.unsafe(wrong, [], { prepare: true }));
}
await step("a transaction that fails", () =>
  sql.begin(async (own) => {
    await own`INSERT INTO postgresjs.t VALUES (500)`;
    await own`SELECT 1/0`;
  }),
);
await step("a savepoint that fails", () =>
  sql.begin(async (own) => {
    await step("inner", () => own.savepoint((inner) => inner`SELECT 1/0`));
    await show(own`SELECT count(*) FROM postgresjs.t`);
  }),
);
await step("a cursor", async () => {
  const sizes = [];
  for await (const rows of sql`SELECT id FROM postgresjs.t ORDER BY id`.cursor(30))
    sizes.push(rows.length);
  console.log(sizes.join());
});
await step("COPY in", async () =>
  pipeline(
    Readable.from(Array.from({ length: 2000 }, (_, n) => `${n + 1000}\tx\n`)),
    await sql`COPY postgresjs.t FROM STDIN`.writable(),
  ),
);
await step("COPY out", async () => {
  const hash = createHash("md5");
  for await (const chunk of await sql`COPY (SELECT * FROM postgresjs.t ORDER BY id) TO STDOUT`.readable())
    hash.update(chunk);
  console.log(hash.digest("hex"));
});
await step("described", async () =>
  console.log(
    JSON.stringify((await sql`SELECT ${1}::int AS a, name FROM postgresjs.t`.describe()).types),
  ),
);
await step("LISTEN and NOTIFY", async () => {
  const heard = Promise.withResolvers();
  await sql.listen("postgresjs_channel", heard.resolve);
  await sql.notify("postgresjs_channel", "hello");
  console.log(await heard.promise);
});
await step("notices", () => sql.unsafe("DO $$ BEGIN RAISE NOTICE 'seen'; END $$"));
await step("large rows", async () => {
  const [row] = await sql`SELECT repeat('ab', 4000000) AS a, md5(${"y".repeat(900_000)}) AS b`;
  console.log(createHash("md5").update(row.a).digest("hex"), row.b);
});
await step("cancel", async () => {
  const slow = sql`SELECT pg_sleep(60)`;
  const ended = step("slow", () => slow);
  setTimeout(() => slow.cancel(), 500);
  await ended;
});
await step("the session ends", () => sql`SELECT pg_terminate_backend(pg_backend_pid())`);
await step("reconnect", () => show(sql`SELECT current_database()`));
process.exit(0);
