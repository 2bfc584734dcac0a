import {
  builtinDigest,
  catalogSettings,
  dependentsQuery,
  ownQueries,
  readSessionRows,
  sessionQueries,
  sessionSettings,
  sessionStatements,
  type CatalogQuery,
  type CatalogRows,
} from "@sallyport/sql";
import { startPostgres, type PostgresServer } from "@sallyport/testkit";
import { Client } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CatalogReader } from "../../services/proxy/src/postgres/catalog-reader.ts";
import { OwnConnection, type OwnRows } from "../../services/proxy/src/postgres/own-connection.ts";

let server: PostgresServer;
const lines: OwnConnection[] = [];

beforeAll(async () => {
  server = await startPostgres({ settings: { autovacuum: "off" } });
});
afterAll(async () => {
  for (const line of lines) line.end();
  await server?.[Symbol.asyncDispose]();
});

async function open(database = "postgres"): Promise<OwnConnection> {
  const line = await OwnConnection.open(
    {
      host: server.host,
      port: server.port,
      tls: "off",
      ca: undefined,
      database,
      user: server.superuser,
      password: server.password,
      parameters: new Map(),
      maxBuffered: 1 << 24,
    },
    AbortSignal.timeout(30_000),
  );
  lines.push(line);
  await line.query(catalogSettings);
  return line;
}

/** A reader, what it asked for, and what a reading of everything gives at that moment. */
async function reading() {
  const [line, other] = [await open(), await open()];
  const asked: string[] = [];
  let seen = "";
  let builtin = "";
  let rows: CatalogRows | null = null;
  const reader = new CatalogReader(line, (purpose, text) => {
    asked.push(purpose);
    return line.query(text);
  });
  return {
    asked,
    /** What it knows, as the proxy would; null where nothing was read. */
    async look(): Promise<CatalogRows | null> {
      asked.length = 0;
      const mark = await reader.mark();
      if (mark !== seen) {
        const read = await reader.read((one) => one === builtin);
        [seen, builtin, rows] = [read.mark ?? "", read.builtin, read.rows];
      }
      return rows;
    },
    async everything(): Promise<Record<CatalogQuery, OwnRows>> {
      const all = {} as Record<CatalogQuery, OwnRows>;
      await other.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
      for (const [name, text] of Object.entries(ownQueries))
        all[name as CatalogQuery] = await other.query(text);
      await other.query("COMMIT");
      return all;
    },
    builtin: () => builtin,
    builtinNow: async () => (await other.query(`SELECT ${builtinDigest}`))[0]?.[0],
  };
}

const changes = `
CREATE TYPE mood AS ENUM ('low', 'high')
CREATE COLLATION words FROM "C"
CREATE TEXT SEARCH CONFIGURATION plain (COPY = simple)
CREATE FUNCTION loud(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT upper($1)'
CREATE FUNCTION fine(int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN $1 > 0; END'
CREATE TABLE people (id serial PRIMARY KEY, name text DEFAULT loud('x') CHECK (loud(name) <> ''), m mood DEFAULT 'low', at date)
CREATE VIEW seen AS SELECT id, loud(name) AS shown, m = 'high'::mood AS up, name COLLATE words AS w, to_tsvector('plain'::regconfig, name) AS t FROM people
CREATE VIEW above AS SELECT shown FROM seen
CREATE FUNCTION held(int) RETURNS text LANGUAGE sql BEGIN ATOMIC SELECT name FROM people WHERE id = $1; END
ALTER TABLE people RENAME COLUMN name TO called
ALTER TABLE people RENAME TO persons
ALTER FUNCTION loud(text) RENAME TO louder
ALTER TYPE mood RENAME VALUE 'high' TO 'top'
ALTER TYPE mood RENAME TO humour
ALTER COLLATION words RENAME TO letters
ALTER TEXT SEARCH CONFIGURATION plain RENAME TO plainer
ALTER VIEW seen RENAME COLUMN shown TO displayed
CREATE SCHEMA apart
ALTER TABLE persons SET SCHEMA apart
ALTER SCHEMA apart RENAME TO aside
ALTER TABLE aside.persons ADD COLUMN more int
ALTER TABLE aside.persons ALTER COLUMN more SET DEFAULT 7
ALTER TABLE aside.persons ALTER COLUMN more DROP DEFAULT
ALTER TABLE aside.persons ALTER COLUMN more TYPE bigint
ALTER TABLE aside.persons ALTER COLUMN more SET NOT NULL
ALTER TABLE aside.persons ADD CONSTRAINT good CHECK (fine(more::int)) NOT VALID
ALTER TABLE aside.persons DROP CONSTRAINT good
CREATE INDEX loudly ON aside.persons (louder(called)) WHERE id > 3
DROP INDEX aside.loudly
CREATE RULE quiet AS ON DELETE TO aside.persons DO INSTEAD NOTHING
DROP RULE quiet ON aside.persons
ALTER TABLE aside.persons ENABLE ROW LEVEL SECURITY
CREATE POLICY part ON aside.persons USING (louder(called) <> 'X')
ALTER POLICY part ON aside.persons USING (true)
DROP POLICY part ON aside.persons
CREATE STATISTICS aside.about ON (louder(called)), id FROM aside.persons
DROP STATISTICS aside.about
CREATE FUNCTION acts() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'
CREATE TRIGGER act BEFORE INSERT ON aside.persons FOR EACH ROW EXECUTE FUNCTION acts()
ALTER TABLE aside.persons DISABLE TRIGGER act
ALTER TABLE aside.persons ENABLE TRIGGER act
DROP TRIGGER act ON aside.persons
CREATE TABLE parent (id int PRIMARY KEY, key int)
CREATE TABLE child () INHERITS (parent)
ALTER TABLE child NO INHERIT parent
ALTER TABLE child INHERIT parent
ALTER TABLE aside.persons ADD COLUMN parent int REFERENCES parent ON DELETE CASCADE
CREATE TABLE split (id int, at date) PARTITION BY RANGE (fine(id), at)
CREATE TABLE half PARTITION OF split DEFAULT
ALTER TABLE split DETACH PARTITION half
ALTER TABLE split ATTACH PARTITION half DEFAULT
CREATE DOMAIN few AS int DEFAULT 3 CHECK (fine(VALUE))
ALTER DOMAIN few DROP DEFAULT
ALTER DOMAIN few ADD CONSTRAINT small CHECK (VALUE < 10)
ALTER DOMAIN few DROP CONSTRAINT small
CREATE TYPE pair AS (a int, b text)
ALTER TYPE pair RENAME ATTRIBUTE a TO c
CREATE FUNCTION paired(int) RETURNS pair LANGUAGE sql AS 'SELECT ROW($1, ''x'')::pair'
CREATE VIEW pairs AS SELECT (p).c AS first, f.* FROM paired(1) f, paired(2) p
ALTER TYPE pair RENAME ATTRIBUTE b TO d
CREATE FUNCTION told(pair) RETURNS text LANGUAGE sql AS 'SELECT $1.d'
CREATE CAST (pair AS text) WITH FUNCTION told(pair) AS ASSIGNMENT
DROP CAST (pair AS text)
CREATE FUNCTION same(humour, text) RETURNS boolean LANGUAGE sql AS 'SELECT $1::text = $2'
CREATE OPERATOR === (LEFTARG = humour, RIGHTARG = text, FUNCTION = same)
CREATE VIEW compared AS SELECT id FROM aside.persons WHERE m === 'low'
ALTER OPERATOR === (humour, text) SET SCHEMA aside
CREATE OR REPLACE FUNCTION fine(int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 > 1'
ALTER FUNCTION fine(int) SECURITY DEFINER SET work_mem = '1MB'
ALTER FUNCTION fine(int) STRICT
DROP VIEW above
CREATE OR REPLACE VIEW compared AS SELECT id FROM aside.persons WHERE id > 4
CREATE MATERIALIZED VIEW kept AS SELECT * FROM compared
REFRESH MATERIALIZED VIEW kept
CREATE FUNCTION hears() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'
CREATE EVENT TRIGGER heard ON ddl_command_end EXECUTE FUNCTION hears()
ALTER EVENT TRIGGER heard DISABLE
ALTER EVENT TRIGGER heard ENABLE
DROP EVENT TRIGGER heard
CREATE LANGUAGE spoken HANDLER plpgsql_call_handler
ALTER LANGUAGE spoken RENAME TO written
DROP LANGUAGE written
REVOKE EXECUTE ON FUNCTION pg_catalog.pg_sleep(double precision) FROM PUBLIC
GRANT EXECUTE ON FUNCTION pg_catalog.pg_sleep(double precision) TO PUBLIC
SET allow_system_table_mods TO on; CREATE VIEW pg_catalog.odd AS SELECT 1 AS one
ALTER SCHEMA public RENAME TO open
ALTER SCHEMA open RENAME TO public
CREATE SEQUENCE counted OWNED BY parent.key
ALTER SEQUENCE counted RENAME TO counting
TRUNCATE aside.persons
ANALYZE
COMMENT ON TABLE parent IS 'kept'
GRANT SELECT ON parent TO PUBLIC
CREATE ROLE somebody
GRANT pg_read_all_data TO somebody
BEGIN; CREATE TABLE fleeting (); ROLLBACK
BEGIN; CREATE TABLE one (a int); SAVEPOINT s; ALTER TABLE one ADD b int; ROLLBACK TO s; ALTER TABLE one ADD c text; COMMIT
BEGIN; DROP TABLE one; CREATE TABLE one (z date); COMMIT
DO $$ BEGIN EXECUTE 'ALTER TABLE one RENAME z TO y'; BEGIN CREATE TABLE two (); RAISE 'x'; EXCEPTION WHEN OTHERS THEN CREATE TABLE three (); END; END $$
CREATE TEMPORARY TABLE passing (id int)
DROP SCHEMA aside CASCADE
DROP TYPE humour CASCADE
DROP TABLE parent, split, one, three CASCADE
VACUUM FULL pg_catalog.pg_class
VACUUM FREEZE
`
  .split("\n")
  .filter((line) => line.trim() !== "");

test("after each change what is read again is what reading everything gives", async () => {
  const it = await reading();
  const refused: string[] = [];
  const readOf = new Map<string, number>();
  await using held = new Held(await clientOf());
  for (const [at, change] of changes.entries()) {
    await server
      .query(change)
      .catch((cause: unknown) => refused.push(`${change}: ${String(cause)}`));
    expect(await it.look(), change).toEqual(await it.everything());
    expect(it.builtin(), change).toBe(await it.builtinNow());
    const sections = it.asked.filter((one) => one.startsWith("catalog ")).length;
    readOf.set(change, sections);
    // Nothing has changed since.
    await it.look();
    expect(it.asked, change).toEqual(["digest"]);
    // A transaction that is open while others come and go keeps the base back; its own rows come last.
    if (at % 9 === 0) await held.next(at);
  }
  expect(refused).toEqual([]);
  const partly = [...readOf.values()].filter(
    (count) => count < Object.keys(ownQueries).length,
  ).length;
  expect(partly / changes.length).toBeGreaterThan(0.8);
});

test("within a transaction one statement tells what each query tells by itself", async () => {
  await server.query("CREATE DATABASE within");
  const line = await open("within");
  const say = async (...texts: readonly string[]) => {
    for (const text of texts) await line.query(text);
  };
  const look = async (after: string) => {
    await say("SAVEPOINT looks", sessionSettings);
    for (const part of ["session", "dependents", "temporary"] as const) {
      const told = readSessionRows(part, await line.query(sessionStatements[part]));
      const queries = Object.entries(sessionQueries(part === "temporary" ? part : "session"));
      for (const [name, text] of queries)
        expect(spelt(told?.rows[name as CatalogQuery]), `${after}: ${part} ${name}`).toEqual(
          spelt(await line.query(text)),
        );
      const depends = part === "dependents" ? await line.query(dependentsQuery) : null;
      expect(told?.dependents, `${after}: ${part}`).toEqual(depends);
    }
    await say("ROLLBACK TO SAVEPOINT looks", "RELEASE SAVEPOINT looks");
  };
  await say("BEGIN", "CREATE TEMPORARY TABLE mine (id int DEFAULT 1 + 1 CHECK (id > 0))");
  for (const [at, change] of changes.filter((one) => !/^(BEGIN|VACUUM)/.test(one)).entries()) {
    await say("SAVEPOINT one");
    const back = await line.query(change).then(
      () => at % 7 === 0,
      () => true,
    );
    if (back) await say("ROLLBACK TO SAVEPOINT one");
    await say("RELEASE SAVEPOINT one");
    if (at % 8 === 0) await look(change);
  }
  await say("ROLLBACK");
});

/** A boolean as text has another spelling than as itself. */
const spelt = (rows: Readonly<OwnRows> | undefined) =>
  rows?.map((row) => row.map((one) => (one === "true" ? "t" : one === "false" ? "f" : one)));

test("a change that comes while it reads has it read again", async () => {
  const line = await open();
  let during: (() => Promise<unknown>) | null = null;
  const reader = new CatalogReader(line, async (purpose, text) => {
    if (purpose === "begin") {
      await during?.();
      during = null;
    }
    return await line.query(text);
  });
  await reader.mark();
  const first = await reader.read(() => false);
  expect(first.mark).not.toBeNull();
  await server.query("CREATE TABLE before_it (id int)");
  await reader.mark();
  during = () => server.query("CREATE FUNCTION meanwhile() RETURNS int LANGUAGE sql AS 'SELECT 1'");
  const second = await reader.read(() => true);
  expect(second.mark).toBeNull();
  await reader.mark();
  const third = await reader.read(() => true);
  expect(third.mark).not.toBeNull();
  expect(third.rows.functions.some((row) => row[2] === "meanwhile")).toBe(true);
});

test("what another transaction has locked is read around, and then again", async () => {
  const it = await reading();
  await server.query("CREATE TABLE taken (id int DEFAULT 1 + 1)");
  await it.look();
  const client = await clientOf();
  try {
    await client.query("BEGIN");
    await client.query("LOCK TABLE taken");
    await server.query("CREATE TABLE beside (id int)");
    const rows = await it.look();
    const [row] = rows?.relations.filter((one) => one[2] === "taken") ?? [];
    expect(row?.[7]).toBe("t");
    await client.query("ROLLBACK");
    await server.query("CREATE TABLE after_it (id int)");
    expect(await it.look()).toEqual(await it.everything());
  } finally {
    await client.end();
  }
});

async function clientOf(): Promise<Client> {
  const { host, port, superuser: user, password } = server;
  const client = new Client({ host, port, user, password, database: "postgres" });
  await client.connect();
  return client;
}

/** A transaction with DDL of its own that stays open while others end. */
class Held implements AsyncDisposable {
  readonly #client: Client;
  #open = false;

  constructor(client: Client) {
    this.#client = client;
  }

  async next(at: number): Promise<void> {
    if (this.#open) await this.#client.query("COMMIT");
    await this.#client.query("BEGIN");
    await this.#client.query(`CREATE SCHEMA held_${at}`);
    this.#open = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.end();
  }
}
