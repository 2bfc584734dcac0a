import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { toTarget } from "@sallyport/pgwire";
import { startCluster, type Cluster } from "./cluster.ts";
import { bare, clearText, extended, gateway, RawClient } from "./raw-client.ts";

const { sync, query } = toTarget;

const policies = `
@id("all-but-the-unknown")
permit (principal in Group::"corp/ci", action, resource in Connection::"shop")
unless { action == Action::"opaque" };

@id("pii-is-masked") @mask("partial")
forbid (principal in Group::"corp/ci", action == Action::"read", resource in Tag::"pii")
unless { context.use == "lookup" };

@id("some-do-as-they-like")
permit (principal in Group::"corp/wide", action, resource in Connection::"shop");

@id("but-customers-stay")
forbid (principal, action == Action::"delete", resource == Table::"shop/public.customers");
`;

/** What moves the path, role or string parsing of a session, and where that leads. */
const sql = `
CREATE TABLE customers (id int, email text);
INSERT INTO customers VALUES (1, 'canary@secret.example');
CREATE SCHEMA plain;
CREATE TABLE plain.customers (id int, email text);
INSERT INTO plain.customers VALUES (1, 'shown');
CREATE SCHEMA tools;
CREATE FUNCTION tools.move(path text) RETURNS int LANGUAGE plpgsql
  AS $$ BEGIN PERFORM set_config('search_path', path, false); RETURN 1; END $$;
CREATE FUNCTION tools.constant(path text) RETURNS int IMMUTABLE LANGUAGE plpgsql
  AS $$ BEGIN PERFORM set_config('search_path', path, false); RETURN 1; END $$;
CREATE FUNCTION tools.here(path text) RETURNS int LANGUAGE plpgsql
  AS $$ BEGIN PERFORM set_config('search_path', path, true); RETURN 1; END $$;
CREATE FUNCTION tools.set(path text) RETURNS int LANGUAGE plpgsql
  AS $$ BEGIN EXECUTE format('SET search_path = %I', path); RETURN 1; END $$;
CREATE FUNCTION tools.second(n int, path text) RETURNS int LANGUAGE plpgsql
  AS $$ BEGIN IF n = 2 THEN PERFORM set_config('search_path', path, false); END IF; RETURN n; END $$;
CREATE FUNCTION tools.within(path text) RETURNS int LANGUAGE plpgsql SET search_path = pg_catalog
  AS $$ BEGIN PERFORM set_config('search_path', path, false); RETURN 1; END $$;
CREATE FUNCTION tools.traced(path text) RETURNS text LANGUAGE sql
  AS $$ SELECT set_config('search_path', path, false) $$;
CREATE FUNCTION tools.become(role text) RETURNS int LANGUAGE plpgsql
  AS $$ BEGIN PERFORM set_config('role', role, false); RETURN 1; END $$;
CREATE FUNCTION tools.strings() RETURNS int LANGUAGE plpgsql
  AS $$ BEGIN PERFORM set_config('standard_conforming_strings', 'off', false); RETURN 1; END $$;
CREATE FUNCTION tools.encode() RETURNS int LANGUAGE plpgsql
  AS $$ BEGIN PERFORM set_config('client_encoding', 'LATIN1', false); RETURN 1; END $$;
CREATE FUNCTION tools.moves() RETURNS trigger LANGUAGE plpgsql
  AS $$ BEGIN PERFORM set_config('search_path', NEW.path, false); RETURN NEW; END $$;
CREATE TABLE tools.marks (path text);
CREATE TRIGGER moves BEFORE INSERT ON tools.marks FOR EACH ROW EXECUTE FUNCTION tools.moves();
CREATE TABLE tools.late (path text);
CREATE CONSTRAINT TRIGGER moves AFTER INSERT ON tools.late DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION tools.moves();
CREATE TABLE tools.filled (path text, set text DEFAULT set_config('search_path', 'public', false));
CREATE DOMAIN tools.moving AS text CHECK (tools.move(VALUE) = 1);
CREATE OPERATOR tools.!!! (RIGHTARG = text, FUNCTION = tools.move);
CREATE AGGREGATE tools.all_of(text) (SFUNC = textcat, STYPE = text, FINALFUNC = tools.move);
CREATE VIEW tools.moved AS SELECT set_config('search_path', 'public', false) AS path;
CREATE PROCEDURE tools.go(path text) LANGUAGE plpgsql
  AS $$ BEGIN PERFORM set_config('search_path', path, false); END $$;
CREATE SCHEMA boss;
CREATE TABLE boss.customers (id int, email text);
INSERT INTO boss.customers VALUES (1, 'canary@boss.example');
GRANT USAGE ON SCHEMA boss, plain, public, tools TO boss;
GRANT SELECT, DELETE ON ALL TABLES IN SCHEMA boss, plain, public TO boss;
`;

const look = "SELECT upper(email) AS e FROM customers";
const secret = /canary/i;

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({
    jobs: { "ci-runner": { groups: ["ci"] }, wide: { groups: ["wide"] } },
    sql: "",
    policies,
    postgres: { hba: clearText },
    change: (config) => {
      for (const connection of Object.values(config.connections))
        connection.columns = {
          "public.customers.email": ["pii"],
          "boss.customers.email": ["pii"],
        };
    },
  });
  await cluster.target.query("CREATE ROLE boss; GRANT boss TO shop_app");
  await cluster.target.query("CREATE DATABASE bare OWNER shop_app");
  for (const database of ["shop", "bare"])
    await cluster.target.query(`SET ROLE shop_app; ${sql}`, undefined, database);
});
afterAll(() => cluster?.stop());

const path = (to: string) => ({ options: `-c search_path=${to}` });
const direct = async (to = "plain") => {
  const options = bare(cluster, "bare");
  return RawClient.open({ ...options, parameters: { ...options.parameters, ...path(to) } });
};
const through = async (who = "ci-runner", to = "plain") =>
  RawClient.open(await gateway(cluster, who, { parameters: path(to) }));

/** Everything that a client heard, texts of errors and notices included. */
const all = ({ heard }: RawClient): string =>
  heard
    .map((message) =>
      message.kind === "data-row" ? message.frame.toString("latin1") : JSON.stringify(message),
    )
    .join("\n");

/** Statements after which `customers` is another one. */
const movers: Readonly<Record<string, (to: string) => string>> = {
  SET: (to) => `SET search_path = ${to}`,
  "SET SESSION": (to) => `SET SESSION search_path TO ${to}`,
  set_config: (to) => `SELECT set_config('search_path', '${to}', false)`,
  "set_config for pg_dump": (to) =>
    `SELECT set_config(name, '${to}', false) FROM pg_settings WHERE name = 'search_path'`,
  "a function": (to) => `SELECT tools.move('${to}')`,
  "a function that says SET": (to) => `SELECT tools.set('${to}')`,
  "a function with a SET clause, which undoes it": () => `SELECT tools.within('plain')`,
  "a function written in SQL": (to) => `SELECT tools.traced('${to}')`,
  "an operator": (to) => `SELECT OPERATOR(tools.!!!) '${to}'::text`,
  "an aggregate": (to) => `SELECT tools.all_of('${to}')`,
  "a domain": (to) => `SELECT '${to}'::tools.moving`,
  "a trigger": (to) => `INSERT INTO tools.marks VALUES ('${to}')`,
  "a trigger at the transaction's end": (to) => `INSERT INTO tools.late VALUES ('${to}')`,
  "a default": () => "INSERT INTO tools.filled (path) VALUES ('x')",
  "a view": () => "SELECT path FROM tools.moved",
  "a procedure": (to) => `CALL tools.go('${to}')`,
  "a plan": (to) => `EXPLAIN SELECT tools.constant('${to}')`,
  "a built-in that runs text": (to) =>
    `SELECT query_to_xml('SELECT set_config(''search_path'', ''${to}'', false)', true, false, '')`,
  "a prepared statement": (to) => `PREPARE p AS SELECT tools.move('${to}'); EXECUTE p`,
  "a cursor": (to) =>
    `BEGIN; DECLARE c CURSOR FOR SELECT tools.move('${to}'); FETCH c; CLOSE c; COMMIT`,
  "a rule of pg_settings": (to) =>
    `UPDATE pg_settings SET setting = '${to}' WHERE name = 'search_path'`,
};

const undone = new Set(["a function with a SET clause, which undoes it"]);

/** The same two statements, in every way in which they may come. */
const ways: Readonly<
  Record<string, (raw: RawClient, move: string, then: string) => Promise<unknown>>
> = {
  "one by one": async (raw, move, then) => [await raw.query(move), await raw.query(then)],
  "one by one, prepared": async (raw, move, then) => {
    for (const text of move.split("; ")) await raw.ask(extended(text), sync);
    await raw.ask(extended(then), sync);
  },
  "in one packet": (raw, move, then) => raw.ask(query(move), query(then)),
  "in one pipeline": (raw, move, then) =>
    raw.ask(...move.split("; ").map((text) => extended(text)), extended(then), sync),
  "in one query string": (raw, move, then) => raw.query(`${move}; ${then}`),
};

describe.each(Object.keys(ways))("%s", (way) => {
  const run = ways[way] ?? (() => Promise.reject(new Error("no such way")));
  test.each(Object.keys(movers))("where names lead is followed: %s", async (what) => {
    const move = movers[what]?.("public") ?? "";
    await using target = await direct();
    await run(target, move, look);
    // A transaction in a query string is one of the target's, whose end is its own.
    if (!undone.has(what) && !(what.endsWith("end") && /string|pipeline/.test(way)))
      expect(all(target), "on a bare PostgreSQL it shows").toMatch(secret);
    await using raw = await through();
    await run(raw, move, look);
    expect(all(raw)).not.toMatch(secret);
    await raw.query("ROLLBACK");
    // What is refused has moved nothing; else the name is what it is to the target.
    const { rows } = await last(raw, look);
    expect(rows).toEqual([(await isPublic(raw)) ? "row ****" : "row SHOWN"]);
  });
});

async function last(raw: RawClient, text: string): Promise<{ rows: string[] }> {
  const said = await raw.query(text);
  return { rows: said.filter((one) => one.startsWith("row")) };
}

const isPublic = async (raw: RawClient): Promise<boolean> =>
  (await raw.query("SELECT current_schema()")).includes("row public");
