import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasPsql, psql, waitFor } from "@sallyport/testkit";
import { startCluster, type Cluster } from "./cluster.ts";

/** One of nearly every kind of object that pg_dump knows. */
const rich = `
  CREATE SCHEMA sales; COMMENT ON SCHEMA sales IS 'what is sold';
  CREATE TYPE sales.state AS ENUM ('open', 'paid', 'it''s late');
  CREATE DOMAIN sales.amount AS numeric(12,2) CHECK (VALUE >= 0);
  CREATE TYPE sales.place AS (street text, "Zip Code" text);
  CREATE SEQUENCE sales.numbers START 1000 INCREMENT 5;
  CREATE TABLE sales.customers (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text COLLATE "C" NOT NULL,
    place sales.place, tags text[] DEFAULT '{}', born date, data jsonb, photo bytea,
    upper_name text GENERATED ALWAYS AS (upper(name)) STORED);
  CREATE TABLE sales.orders (no bigint DEFAULT nextval('sales.numbers'), customer int REFERENCES sales.customers ON DELETE CASCADE,
    placed timestamptz NOT NULL, state sales.state DEFAULT 'open', total sales.amount, period tstzrange,
    EXCLUDE USING gist (period WITH &&), PRIMARY KEY (no, placed)) ;
  CREATE TABLE sales.events (id int, day date, note text) PARTITION BY RANGE (day);
  CREATE TABLE sales.events_2025 PARTITION OF sales.events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
  CREATE TABLE sales.events_rest PARTITION OF sales.events DEFAULT;
  CREATE TABLE sales.vip (since date) INHERITS (sales.customers);
  CREATE INDEX ON sales.orders (customer, (total * 2)) WHERE state = 'open';
  CREATE STATISTICS sales.together ON customer, state FROM sales.orders;
  CREATE VIEW sales.open AS SELECT o.no, c.name FROM sales.orders o JOIN sales.customers c ON c.id = o.customer WHERE state = 'open';
  CREATE MATERIALIZED VIEW sales.sums AS SELECT customer, sum(total) AS total FROM sales.orders GROUP BY customer;
  CREATE FUNCTION sales.stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.note := coalesce(NEW.note, 'é\\n'); RETURN NEW; END $$;
  CREATE TRIGGER stamp BEFORE INSERT ON sales.events FOR EACH ROW EXECUTE FUNCTION sales.stamp();
  CREATE FUNCTION sales.twice(n int DEFAULT 2) RETURNS int LANGUAGE sql IMMUTABLE BEGIN ATOMIC SELECT n * 2; END;
  CREATE PROCEDURE sales.tidy() LANGUAGE sql AS 'DELETE FROM sales.events WHERE day < now()';
  CREATE AGGREGATE sales.total_of (int) (SFUNC = int4pl, STYPE = int);
  CREATE OPERATOR sales.<+> (FUNCTION = int4pl, LEFTARG = int, RIGHTARG = int);
  CREATE RULE quiet AS ON DELETE TO sales.vip DO INSTEAD NOTHING;
  ALTER TABLE sales.customers ENABLE ROW LEVEL SECURITY;
  CREATE POLICY own ON sales.customers USING (name = CURRENT_USER);
  GRANT SELECT (id, name) ON sales.customers TO PUBLIC;
  ALTER DEFAULT PRIVILEGES IN SCHEMA sales GRANT SELECT ON TABLES TO PUBLIC;
  INSERT INTO sales.customers (name, place, tags, born, data, photo)
    SELECT 'name ' || n, ROW('street' || chr(9) || n, '0' || n)::sales.place, ARRAY['a,b', NULL, '"'], date '1980-01-01' + n,
      jsonb_build_object('n', n, 'd', 'ü\\'), decode(lpad(to_hex(n), 8, '0'), 'hex') FROM generate_series(1, 500) n;
  INSERT INTO sales.vip (id, name, since) VALUES (1, 'a regular', '2020-02-02');
  INSERT INTO sales.orders (customer, placed, total, period)
    SELECT n, timestamptz '2025-01-01 00:00Z' + n * interval '1 hour', n * 1.5,
      tstzrange(timestamptz '2025-01-01 00:00Z' + n * interval '1 hour', timestamptz '2025-01-01 00:30Z' + n * interval '1 hour')
    FROM generate_series(1, 500) n;
  INSERT INTO sales.events SELECT n, date '2024-12-01' + n FROM generate_series(1, 100) n;
  REFRESH MATERIALIZED VIEW sales.sums;
`;

const everything = `@id("everything") permit (principal, action, resource);
@id("names-are-struck-out") @mask("redact") forbid (principal, action == Action::"read", resource in Tag::"pii")
unless { context.use == "lookup" };
@id("backups-are-whole") @reason("a dump with masks in it is no backup")
forbid (principal, action == Action::"read", resource in Tag::"pii") when { resource in Connection::"backup" };
`;
const run = promisify(execFile);

describe.skipIf(!hasPsql())("psql, pg_dump and pg_restore work as they do directly (psql)", () => {
  let cluster: Cluster;
  let scratch: string;

  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), "sallyport-dump-"));
    // The client programs are of 15 and dump no newer server.
    cluster = await startCluster({
      postgres: { major: 15 },
      policies: everything,
      sql: rich,
      change: (config) => {
        const { shop } = config.connections;
        if (shop?.protocol !== "postgres") throw new Error("no connection to start from");
        shop.columns = {};
        config.connections["copy"] = { ...shop, target: { ...shop.target, database: "copy" } };
        // The same database with a masked column in it.
        config.connections["masked"] = { ...shop, columns: { "sales.customers.name": ["pii"] } };
        config.connections["backup"] = config.connections["masked"];
        config.policies = { directory: "./policies", baseline: "off" };
      },
    });
    await cluster.target.query("CREATE DATABASE copy OWNER shop_app");
  });
  afterAll(async () => {
    await cluster?.stop();
    await rm(scratch, { recursive: true, force: true });
  });

  const bare = (database = "shop"): Record<string, string> => ({
    PGHOST: cluster.target.host,
    PGPORT: String(cluster.target.port),
    PGDATABASE: database,
    PGUSER: "shop_app",
    PGPASSWORD: cluster.targetPassword,
    PGSSLMODE: "disable",
  });
  const guarded = async (): Promise<Record<string, string>> => ({
    ...(await cluster.env("ci-runner")),
    PGUSER: "shop_app",
  });

  async function program(
    name: string,
    args: readonly string[],
    env: Record<string, string>,
  ): Promise<string> {
    const { stdout } = await run(name, args, {
      env: { PATH: process.env["PATH"], LC_ALL: "C.UTF-8", PGPASSFILE: "/nonexistent", ...env },
      maxBuffer: 64 * 1024 * 1024,
    });
    return stdout;
  }
  const dump = async (env: Record<string, string>, ...args: string[]): Promise<string> =>
    // A random word since 15.14, against injection into psql.
    (await program("pg_dump", args, env)).replaceAll(/^\\(un)?restrict .*$/gm, "");

  test.each([
    ["all of it", []],
    ["as INSERT statements with columns", ["--column-inserts", "--data-only"]],
    ["one table", ["--table", "sales.orders"]],
    [
      "with several rows an INSERT, and clean-up",
      ["--rows-per-insert=50", "--clean", "--if-exists"],
    ],
  ])("pg_dump: %s", async (_, args) => {
    const direct = await dump(bare(), ...args);
    expect(direct).toContain("sales.orders");
    expect(await dump(await guarded(), ...args)).toBe(direct);
  });

  const masked = async () => ({ ...(await guarded()), PGDATABASE: "masked" });

  test.each([
    ["its schema", ["--schema-only"]],
    [
      "its data but the masked tables'",
      ["--exclude-table-data=sales.customers", "--exclude-table-data=sales.vip"],
    ],
    [
      "data as INSERT statements, without the masked tables'",
      [
        "--data-only",
        "--inserts",
        "--exclude-table-data=sales.customers",
        "--exclude-table-data=sales.vip",
      ],
    ],
  ])("pg_dump of a database with a masked column: %s", async (_, args) => {
    expect(await dump(await masked(), ...args)).toBe(await dump(bare(), ...args));
  });

  test("pg_dump of a database with a masked column: by several connections, which share a snapshot", async () => {
    const dumped = async (name: string, env: Record<string, string>): Promise<string> => {
      const into = join(scratch, name);
      const parts = [
        "--format=directory",
        "--jobs=2",
        "--exclude-table-data=sales.(customers|vip)",
      ];
      await program("pg_dump", [...parts, "--file", into], env);
      const text = await program("pg_restore", ["--file=-", into], {});
      return text.replaceAll(/^\\(un)?restrict .*$/gm, "");
    };
    expect(await dumped("through", await masked())).toBe(await dumped("direct", bare()));
  });

  test("pg_dump of a masked column's data ends well, with masks in it: it is no backup", async () => {
    const text = await dump(await masked(), "--data-only", "--table=sales.vip");
    expect(text).toContain("COPY sales.vip (id, name,");
    expect(text).toMatch(/^1\t\*{4}\t/m);
    expect(text).not.toContain("a regular");
  });

  test("pg_dump fails rather than write masks where policy refuses what others see masked", async () => {
    const backup = { ...(await guarded()), PGDATABASE: "backup" };
    await expect(dump(backup, "--data-only", "--table=sales.vip")).rejects.toThrow(
      /backups-are-whole refuses read backup\/sales\.customers\.name \(output\): a dump with masks in it is no backup/,
    );
    expect(await dump(backup, "--schema-only", "--table=sales.vip")).toContain("sales.vip");
  });

  test("pg_dump of a table whose row policy chooses by a masked column is refused, by name", async () => {
    await expect(dump(await masked(), "--data-only", "--table=sales.customers")).rejects.toThrow(
      /refuses read masked\/sales\.customers\.name \(predicate\)/,
    );
  });

  test("pg_restore brings back through the gateway what pg_dump took through it", async () => {
    const file = join(scratch, "shop.dump");
    await program("pg_dump", ["--format=custom", "--file", file], await guarded());
    const into = await guarded();
    await program("pg_restore", ["--exit-on-error", "--no-owner", "--dbname=copy", file], into);
    const options = ["--no-owner"];
    expect(await dump(bare("copy"), ...options)).toBe(await dump(bare(), ...options));
  });

  test("a plain dump runs through psql, its COPY data and all", async () => {
    await cluster.target.query("CREATE DATABASE plain OWNER shop_app");
    const text = await dump(await guarded(), "--no-owner", "--clean", "--if-exists");
    const { stderr, code } = await psql(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", "copy"], {
      env: { ...(await guarded()), PGDATABASE: "copy" },
      input: text,
    });
    expect([code, stderr.replaceAll(/^NOTICE.*\n/gm, "")]).toEqual([0, ""]);
    expect(await dump(bare("copy"), "--no-owner")).toBe(await dump(bare(), "--no-owner"));
  });

  const scripts: Readonly<Record<string, string>> = {
    "variables, \\gset, \\gexec, \\gdesc, \\bind-like quoting": `
      \\set t 'it''s'
      SELECT :'t' AS said, 41 + 1 AS n \\gset
      \\echo :said :n
      SELECT format('SELECT %s AS one', g) FROM generate_series(1, 3) g \\gexec
      SELECT id, name, place FROM sales.customers \\gdesc
      \\if 1
      SELECT 'yes' AS if;
      \\endif`,
    "\\watch, until its statement fails": `
      CREATE TEMP SEQUENCE ticks;
      SELECT 6 / (3 - nextval('ticks')) AS tick \\watch 0.1
      SELECT 'goes on' AS then;`,
    "\\copy both ways, text and CSV and binary": `
      CREATE TABLE public.back (LIKE sales.customers);
      ALTER TABLE public.back ALTER upper_name DROP EXPRESSION;
      \\copy sales.customers (id, name, place, tags, data, photo) TO '/SCRATCH/c.txt'
      \\copy back (id, name, place, tags, data, photo) FROM '/SCRATCH/c.txt'
      \\copy (SELECT id, name, tags FROM sales.customers ORDER BY id) TO '/SCRATCH/c.csv' CSV HEADER FORCE QUOTE name
      \\copy back (id, name, tags) FROM '/SCRATCH/c.csv' CSV HEADER
      \\copy sales.customers (id, name, photo) TO '/SCRATCH/c.bin' BINARY
      \\copy back (id, name, photo) FROM '/SCRATCH/c.bin' BINARY
      \\copy back (id) FROM '/SCRATCH/c.csv'
      \\copy back (nothing) FROM '/SCRATCH/c.csv'
      \\copy back (id) FROM '/nonexistent/file'
      SELECT count(*), count(DISTINCT id), md5(string_agg(b::text, '|' ORDER BY b::text)) FROM back b;
      DROP TABLE back;`,
    "\\c within a session, and \\conninfo's names": `
      CREATE TEMP TABLE gone (n int);
      \\c
      SELECT count(*) FROM pg_class WHERE relname = 'gone' AND relnamespace = pg_my_temp_schema();
      \\c copy
      SELECT current_database();
      \\c nowhere_at_all`,
    "what psql asks of the catalogs": `
      \\d sales.customers
      \\d+ sales.orders
      \\d sales.events
      \\dt sales.*
      \\df sales.*
      \\dT+ sales.*
      \\dn+ sales
      \\dp sales.*
      \\sf sales.stamp
      \\sv sales.open
      \\do sales.*
      \\dX sales.*`,
    "transactions, savepoints and ON_ERROR_ROLLBACK": `
      \\set ON_ERROR_ROLLBACK on
      BEGIN;
      SELECT 1/0;
      SELECT nothing FROM sales.orders;
      INSERT INTO sales.events VALUES (1000, '2025-05-05');
      SELECT count(*) FROM sales.events WHERE id = 1000;
      ROLLBACK;
      SELECT count(*) FROM sales.events WHERE id = 1000;`,
    "notices, errors with all their fields, and verbosity": `
      \\set VERBOSITY verbose
      DO $$ BEGIN RAISE NOTICE 'hello %', 1 USING DETAIL = 'd', HINT = 'h'; RAISE WARNING 'w'; END $$;
      DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '23514', DETAIL = 'd', HINT = 'h', COLUMN = 'c',
        CONSTRAINT = 'k', DATATYPE = 't', TABLE = 'b', SCHEMA = 's'; END $$;
      INSERT INTO sales.orders (no, placed, total) VALUES (1, now(), -1);
      INSERT INTO sales.customers (id) VALUES (1);
      SELECT * FROM sales.orders WHERE customer = 'x';
      SELECT foo;
      \\errverbose`,
    "fetching by cursor, single lines, and combined queries": `
      \\set FETCH_COUNT 3
      SELECT id FROM sales.customers ORDER BY id LIMIT 8;
      SELECT 1/(3 - n) FROM generate_series(1, 5) n;
      \\unset FETCH_COUNT
      SELECT 1\\; SELECT 2\\; SELECT 3;
      SELECT 1\\; SELECT 1/0\\; SELECT 3;
      \\crosstabview
      SELECT no, state, total FROM sales.orders LIMIT 2 \\g (format=csv)`,
    "its own notifications": `
      LISTEN here;
      NOTIFY here, 'a word';
      SELECT 1 AS after;
      UNLISTEN *;`,
  };

  test.each(Object.entries(scripts))("%s", async (_, script) => {
    const input = `${script.replaceAll("/SCRATCH", scratch)}\n`;
    const answer = async (env: Record<string, string>): Promise<string> => {
      const { stdout, stderr, code } = await psql(["-X", "-a", "-f", "-"], { env, input });
      return `${stdout}${stderr}${code}`
        .replaceAll(/server process with PID \d+/g, "server process")
        .replaceAll(/^SSL connection .*\n|on host .*? port "\d+"|at "127.0.0.1", port \d+/gm, "")
        .replaceAll(
          /^.*(nowhere_at_all|connection `|check the database name|Previous connection).*\n/gm,
          "",
        )
        .replaceAll(/^.*\(every 0\.1s\)\n/gm, "");
    };
    const direct = await answer(bare());
    expect(await answer(await guarded())).toBe(direct);
  });

  test("a notification reaches a client that is idle", async () => {
    const heard: string[] = [];
    await using idle = await cluster.connect("ci-runner");
    idle.on("notification", ({ channel, payload }) => heard.push(`${channel} ${payload}`));
    await idle.query("LISTEN news");
    await cluster.truth("NOTIFY news, 'while idle'");
    await waitFor(() => heard.length === 1, { what: "the notification" });
    expect(heard).toEqual(["news while idle"]);
  });

  test("psql's files are what they were", async () => {
    const [one, two] = ["direct", "through"].map((name) => join(scratch, `${name}.bin`));
    const copy = (file = "") => `\\copy sales.customers (id, name, photo) TO '${file}' BINARY`;
    await psql(["-X", "-c", copy(one)], { env: bare() });
    await psql(["-X", "-c", copy(two)], { env: await guarded() });
    expect((await readFile(two ?? "")).equals(await readFile(one ?? ""))).toBe(true);
  });
});
