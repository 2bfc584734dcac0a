import type { Seeded } from "../../chaos/seeded.ts";

/** Names that protocol and SQL give statements and portals: few, so that they meet. */
export const statementNames = ["", "", "s1", "s2", "s3"] as const;
export const portalNames = ["", "", "p1", "p2", "c1"] as const;
const sqlNames = ["s1", "s2", "q1"] as const;
const cursorNames = ["c1", "c2", "p1"] as const;
const savepoints = ["a", "b"] as const;

/** Statements without parameters that may stand anywhere. */
const plain = [
  "SELECT 1",
  "SELECT 1 AS one, 'two' AS two, NULL AS three, 4.50 AS four",
  "SELECT * FROM things ORDER BY id",
  "SELECT id, name, secret FROM cheap ORDER BY id",
  "SELECT t FROM things t WHERE id = 1",
  "SELECT count(*), max(secret) FROM things",
  "SELECT shade, amount, tags, doc FROM things WHERE id < 4 ORDER BY id",
  "SELECT p.id, t.name FROM parts p JOIN things t ON t.id = p.thing ORDER BY p.id",
  "SELECT FROM things",
  "SELECT name FROM things WHERE false",
  "SELECT n FROM generate_series(1, 300) n",
  "SELECT repeat('long ', 30000)",
  "SELECT '2026-03-04 05:06:07+00'::timestamptz, '1 day 02:03'::interval, 1.5::float8",
  "VALUES (1, 'a'), (2, 'b')",
  "TABLE cheap",
  "WITH new AS (INSERT INTO parts VALUES (50, 1) RETURNING *) SELECT * FROM new",
  "INSERT INTO things (id, name) VALUES (200, 'new') RETURNING *",
  "INSERT INTO things (id, name) SELECT n, 'n' || n FROM generate_series(300, 320) n",
  "INSERT INTO things (id, name) VALUES (1, 'taken')",
  "INSERT INTO things (id, name) VALUES (1, 'taken') ON CONFLICT DO NOTHING",
  "INSERT INTO things (id) VALUES (201)",
  "INSERT INTO things (id, name, price) VALUES (202, 'x', -1)",
  "INSERT INTO things (id, name, amount) VALUES (203, 'x', 0)",
  "INSERT INTO parts VALUES (1, 1)",
  "INSERT INTO parts VALUES (60, 4711)",
  "UPDATE things SET price = price + 1 WHERE id < 4 RETURNING id, price",
  "UPDATE things SET name = 'other' WHERE id > 1000",
  "DELETE FROM parts WHERE id = 2 RETURNING *",
  "DELETE FROM things WHERE id = 1",
  "MERGE INTO things t USING (VALUES (1, 'm'), (210, 'm')) v (id, name) ON t.id = v.id WHEN MATCHED THEN UPDATE SET name = v.name WHEN NOT MATCHED THEN INSERT (id, name) VALUES (v.id, v.name)",
  "SELECT note(2)",
  "SELECT note(-1)",
  "DO $$ BEGIN RAISE WARNING 'of a block'; END $$",
  "DO $$ BEGIN PERFORM 1/0; EXCEPTION WHEN division_by_zero THEN RAISE NOTICE 'caught'; END $$",
  "DO $$ BEGIN RAISE EXCEPTION 'of a block'; END $$",
  "SELECT 1/0",
  "SELECT 10/(3-n) FROM generate_series(1, 5) n",
  "SELECT 'x'::int",
  "SELECT 'violet'::colour",
  "SELECT nothing FROM things",
  "SELECT * FROM nowhere",
  "SELECT no_such_function(1)",
  "SELEC 1",
  "SELECT 'open",
  "SELECT (1",
  "",
  "  -- nothing but a comment",
  "/* a comment */ SELECT 7 AS seven",
  "EXPLAIN (COSTS OFF) SELECT * FROM things WHERE id = 1",
  "SHOW TimeZone",
  "SHOW search_path",
  "SHOW transaction_isolation",
  "LOCK TABLE parts IN SHARE MODE",
  "SELECT pg_notify('bell', 'by a function')",
  "NOTIFY bell, 'ding'",
  "NOTIFY bell",
  "LISTEN bell",
  "UNLISTEN *",
  "DISCARD PLANS",
  "ANALYZE parts",
] as const;

const settings = [
  "SET application_name = 'fuzz'",
  "RESET application_name",
  "SET TimeZone = 'Europe/Berlin'",
  "SET TimeZone = 'UTC'",
  "SET DateStyle = 'German'",
  "SET IntervalStyle = 'iso_8601'",
  "SET extra_float_digits = 0",
  "SET bytea_output = 'escape'",
  "SET client_min_messages = 'warning'",
  "SET client_min_messages = 'notice'",
  "SET search_path = aside, public",
  "SET search_path = public",
  "SET search_path = nowhere",
  "RESET search_path",
  "SET LOCAL search_path = aside",
  "SET LOCAL TimeZone = 'Asia/Tokyo'",
  "SELECT set_config('TimeZone', 'America/Lima', true)",
  "SET no_such_setting = 1",
  "SET work_mem = 'much'",
  "RESET ALL",
] as const;

const transactions = [
  "BEGIN",
  "BEGIN ISOLATION LEVEL REPEATABLE READ",
  "START TRANSACTION READ ONLY",
  "COMMIT",
  "END",
  "ROLLBACK",
  "ABORT",
  "COMMIT AND CHAIN",
  "ROLLBACK AND CHAIN",
  "SET TRANSACTION READ ONLY",
  "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
  "SET CONSTRAINTS ALL IMMEDIATE",
] as const;

const ddl = [
  "CREATE TEMP TABLE things (id int, name text DEFAULT 'temporary')",
  "CREATE TEMP TABLE scratch (id int PRIMARY KEY, v text) ON COMMIT DROP",
  "DROP TABLE pg_temp.things",
  "CREATE TABLE made_later (id int, v text)",
  "ALTER TABLE made_later ADD w int DEFAULT 7",
  "SELECT * FROM made_later",
  "SELECT * FROM scratch",
  "DROP TABLE IF EXISTS made_later",
  "DROP TABLE nowhere",
  "TRUNCATE parts",
  "DISCARD ALL",
  "DISCARD TEMP",
] as const;

/** What SQL makes of names. */
function naming(seeded: Seeded): string {
  const name = seeded.of(sqlNames);
  const cursor = seeded.of(cursorNames);
  return seeded.of([
    `PREPARE ${name} AS SELECT id, name FROM things WHERE id < 5 ORDER BY id`,
    `PREPARE ${name} (int) AS SELECT $1 + 1 AS more`,
    `EXECUTE ${name}`,
    `EXECUTE ${name} (41)`,
    `DEALLOCATE ${name}`,
    "DEALLOCATE ALL",
    `DECLARE ${cursor} CURSOR FOR SELECT id, secret FROM things ORDER BY id`,
    `DECLARE ${cursor} SCROLL CURSOR WITH HOLD FOR SELECT n FROM generate_series(1, 9) n`,
    `FETCH 2 FROM ${cursor}`,
    `FETCH ALL ${cursor}`,
    `FETCH BACKWARD 1 FROM ${cursor}`,
    `MOVE 3 ${cursor}`,
    `CLOSE ${cursor}`,
    "CLOSE ALL",
  ]);
}

/** One statement that asks for no COPY data. */
export function statement(seeded: Seeded): string {
  const chance = seeded.next();
  if (chance < 0.6) return seeded.of(plain);
  if (chance < 0.7) return seeded.of(settings);
  if (chance < 0.85) return transaction(seeded);
  if (chance < 0.97) return naming(seeded);
  return seeded.of(ddl);
}

export function transaction(seeded: Seeded): string {
  const chance = seeded.next();
  if (chance < 0.3) return "BEGIN";
  if (chance < 0.4) return seeded.of(["COMMIT", "ROLLBACK"]);
  const savepoint = seeded.of(savepoints);
  if (chance < 0.7)
    return seeded.of([
      `SAVEPOINT ${savepoint}`,
      `ROLLBACK TO ${savepoint}`,
      `RELEASE ${savepoint}`,
    ]);
  return seeded.of(transactions);
}

/** A kind of parameter that a text takes. */
export type Taken = "int" | "text" | "any" | "bool" | "float8" | "int8" | "bytea";

export interface Asked {
  readonly text: string;
  readonly takes: readonly Taken[];
}

/** Statements of the extended protocol, with what they take. */
export const asked: readonly Asked[] = [
  { text: "SELECT $1::int + 1 AS more", takes: ["int"] },
  { text: "SELECT $1::text || '!' AS loud, length($1)", takes: ["text"] },
  { text: "SELECT $1 AS it", takes: ["any"] },
  {
    text: "SELECT $1::bool, $2::float8, $3::int8, $4::bytea",
    takes: ["bool", "float8", "int8", "bytea"],
  },
  { text: "SELECT id, name, price FROM things WHERE id <= $1 ORDER BY id", takes: ["int"] },
  { text: "SELECT * FROM things WHERE name = $1 OR id = $2", takes: ["text", "int"] },
  { text: "SELECT secret FROM things WHERE id = $1", takes: ["int"] },
  { text: "SELECT n FROM generate_series(1, $1::int) n", takes: ["int"] },
  { text: "SELECT 10 / $1::int AS part", takes: ["int"] },
  { text: "SELECT 10 / (3 - n) FROM generate_series(1, $1::int) n", takes: ["int"] },
  { text: "SELECT note($1)", takes: ["int"] },
  { text: "SELECT repeat('x', $1 * 1000)", takes: ["int"] },
  { text: "INSERT INTO things (id, name) VALUES ($1, $2) RETURNING *", takes: ["int", "text"] },
  { text: "INSERT INTO parts VALUES ($1, $2)", takes: ["int", "int"] },
  {
    text: "UPDATE things SET name = $2 WHERE id = $1 RETURNING id, name, secret",
    takes: ["int", "text"],
  },
  { text: "DELETE FROM parts WHERE id = $1", takes: ["int"] },
  { text: "SELECT nothing FROM things WHERE id = $1", takes: ["int"] },
  { text: "EXPLAIN (COSTS OFF) SELECT * FROM things WHERE id = $1", takes: ["int"] },
];
