import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { toTarget } from "@sallyport/pgwire";
import { startCluster, type Cluster } from "./cluster.ts";
import { bare, clearText, extended, gateway, RawClient } from "./raw-client.ts";

const { sync, query, parse, bind, execute, flush } = toTarget;

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
CREATE FUNCTION tools.swap(name text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN
  EXECUTE format('DEALLOCATE %I', name);
  EXECUTE format('PREPARE %I AS SELECT upper(email) AS e FROM public.customers', name); RETURN 1; END $$;
CREATE FUNCTION tools.reopen(name refcursor) RETURNS int LANGUAGE plpgsql AS $$ BEGIN
  CLOSE name; OPEN name FOR SELECT upper(email) AS e FROM public.customers; RETURN 1; END $$;
CREATE FUNCTION tools.swaps() RETURNS trigger LANGUAGE plpgsql
  AS $$ BEGIN PERFORM tools.swap(NEW.name); RETURN NEW; END $$;
CREATE TABLE tools.swapped (name text);
CREATE CONSTRAINT TRIGGER swaps AFTER INSERT ON tools.swapped DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION tools.swaps();
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

const each = Object.keys(movers);
/** Those that mean something else by the way in which they come. */
const few = [
  "SET",
  "a function",
  "a trigger at the transaction's end",
  "a plan",
  "a prepared statement",
  "a cursor",
];

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
  const whole = way === "one by one" || process.env["SALLY_TEST_ALL"] !== undefined;
  test.each(whole ? each : few)("where names lead is followed: %s", async (what) => {
    const move = movers[what]?.("public") ?? "";
    await using target = await direct();
    await run(target, move, look);
    // A transaction in a query string is one of the target's, whose end is its own.
    const shown = !undone.has(what) && !(what.endsWith("end") && /string|pipeline/.test(way));
    expect(secret.test(all(target)), "on a bare PostgreSQL it shows").toBe(shown);
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

interface Trick {
  /** Start-up path; `plain` when left out. */
  readonly path?: string;
  /** Each is answered before the next one goes. */
  readonly steps: readonly (readonly Buffer[])[];
  /** What the last step answers through the gateway; left out where it only has to be refused or masked. */
  readonly answer?: string;
}

const shout = extended(look);
const bound = (text: string): Buffer => Buffer.concat([parse("", text), bind({})]);
const plain = "SELECT 'plain' AS e";

/** What moves names at another time than a statement of its own, or puts something else under a name. */
const tricks: Readonly<Record<string, Trick>> = {
  "a later row of a suspended portal": {
    steps: [
      [query("BEGIN")],
      [
        parse("", "SELECT tools.second(n, 'public') FROM generate_series(1, 3) n"),
        bind({ portal: "p" }),
        execute("p", 1),
        sync,
      ],
      [query(look)],
      [execute("p", 1), sync],
      [shout, sync],
    ],
  },
  "a plan that Bind makes": {
    steps: [[query(look)], [bound("SELECT tools.constant('public')"), sync], [query(look)]],
    answer: "row ****",
  },
  "SET CONSTRAINTS runs what was deferred": {
    steps: [
      [query("BEGIN")],
      [query("INSERT INTO tools.late VALUES ('public')")],
      [query(look)],
      [query("SET CONSTRAINTS ALL IMMEDIATE")],
      [query(look)],
    ],
    answer: "row ****",
  },
  "COMMIT runs what was deferred": {
    steps: [
      [query("BEGIN")],
      [query("INSERT INTO tools.late VALUES ('public')")],
      [query(look)],
      [query("COMMIT"), query(look)],
    ],
    answer: "row ****",
  },
  "SET LOCAL, and its savepoint": {
    steps: [
      [query("SET search_path = public")],
      [query("BEGIN"), query("SAVEPOINT s"), query("SET LOCAL search_path = plain")],
      [query(look)],
      [query("ROLLBACK TO s"), query(look)],
    ],
    answer: "row ****",
  },
  "SET LOCAL, and an error": {
    steps: [
      [query("SET search_path = public")],
      [query("BEGIN; SET LOCAL search_path = plain")],
      [query(look)],
      [query("SELECT 1 / 0"), query("ROLLBACK"), query(look)],
    ],
    answer: "row ****",
  },
  "set_config for a transaction that a function begins": {
    steps: [[query("BEGIN; SELECT tools.here('public'); SAVEPOINT s")], [query(look)]],
    answer: "row ****",
  },
  'a role for "$user"': {
    path: '"$user",plain',
    steps: [[query(look)], [query("SET ROLE boss")], [query(look)]],
    answer: "row ****",
  },
  'a role for "$user", in one pipeline': {
    path: '"$user",plain',
    steps: [[extended("SET ROLE boss"), shout, sync]],
  },
  'a role for "$user", by a function': {
    path: '"$user",plain',
    steps: [[query("SELECT tools.become('boss')"), query(look)]],
    answer: "row ****",
  },
  'a role for "$user", until the transaction ends': {
    path: '"$user",public',
    steps: [[query("BEGIN; SET LOCAL ROLE boss")], [query(look)], [query("ROLLBACK"), query(look)]],
    answer: "row ****",
  },
  'RESET ROLE, and "$user"': {
    path: '"$user",public',
    steps: [[query("SET ROLE boss")], [query(look)], [query("RESET ROLE; RESET ALL"), query(look)]],
    answer: "row ****",
  },
  "a function puts another statement under a name of the protocol": {
    steps: [
      [parse("s", plain), sync],
      [query("SELECT tools.swap('s')")],
      [bind({ statement: "s" }), execute(), sync],
    ],
  },
  "the same in one packet": {
    steps: [
      [parse("s", plain), sync],
      [query("SELECT tools.swap('s')"), bind({ statement: "s" }), execute(), sync],
    ],
  },
  "the same in one pipeline": {
    steps: [
      [parse("s", plain), sync],
      [extended("SELECT tools.swap('s')"), bind({ statement: "s" }), execute(), sync],
    ],
  },
  "the same with SQL's name": {
    steps: [
      [query(`PREPARE s AS ${plain}`)],
      [query("SELECT tools.swap('s')"), query("EXECUTE s")],
    ],
  },
  "the same, bound": {
    steps: [
      [query(`PREPARE s AS ${plain}`)],
      [query("SELECT tools.swap('s')")],
      [bind({ statement: "s" }), execute(), sync],
    ],
  },
  "the same at the transaction's end": {
    steps: [
      [query("BEGIN; INSERT INTO tools.swapped VALUES ('s')")],
      [parse("s", plain), bind({ statement: "s" }), execute(), sync],
      [query(`PREPARE t AS ${plain}`)],
      [query("COMMIT"), bind({ statement: "s" }), execute(), sync],
    ],
  },
  "the same at the transaction's end, with SQL's name": {
    steps: [
      [query("BEGIN; INSERT INTO tools.swapped VALUES ('s')")],
      [query(`PREPARE s AS ${plain}`)],
      [query("COMMIT"), query("EXECUTE s")],
    ],
  },
  "a function puts another query under a portal's name": {
    steps: [
      [
        query("BEGIN"),
        parse("", "SELECT 'plain' AS e FROM generate_series(1, 3)"),
        bind({ portal: "p" }),
        execute("p", 1),
        sync,
      ],
      [query("SELECT tools.reopen('p')")],
      [execute("p", 1), sync],
    ],
  },
  "a function puts another query under a cursor's name": {
    steps: [
      [query(`BEGIN; DECLARE p CURSOR FOR ${plain}`)],
      [query("SELECT tools.reopen('p')")],
      [query("FETCH p")],
    ],
  },
  "a name that is given anew in a pipeline": {
    steps: [
      [query(`PREPARE s AS ${plain}`)],
      [
        extended("DEALLOCATE s"),
        extended("PREPARE s AS SELECT upper(email) AS e FROM public.customers"),
        bind({ statement: "s" }),
        execute(),
        sync,
      ],
    ],
  },
  "a name that is given anew in a string": {
    steps: [
      [parse("s", plain), sync],
      [
        query("DEALLOCATE ALL; PREPARE s AS SELECT upper(email) AS e FROM public.customers"),
        bind({ statement: "s" }),
        execute(),
        sync,
      ],
    ],
    answer: "row ****",
  },
};

test.each(Object.keys(tricks))("shows nothing: %s", async (what) => {
  const { path: from, steps, answer } = tricks[what] ?? { steps: [] };
  await using target = await direct(from);
  for (const step of steps) await target.ask(...step);
  expect(all(target), "on a bare PostgreSQL it shows").toMatch(secret);
  await using raw = await through("ci-runner", from);
  let said: string[] = [];
  for (const step of steps) said = await raw.ask(...step);
  expect(all(raw)).not.toMatch(secret);
  expect(answer === undefined || said.includes(answer), said.join()).toBe(true);
});

const afterwards = `SELECT '\\'' || upper(email) FROM public.customers --'`;
const theft = `SET application_name = '\\'';DELETE FROM public.customers;--'`;
const stays = async (database: string): Promise<number> =>
  (await cluster.target.query("SELECT FROM public.customers", undefined, database)).length;

test("a string is read as it was judged, or not at all, once a function has moved how strings are read", async () => {
  await using target = await direct();
  await target.query("SELECT tools.strings()");
  await target.query(afterwards);
  expect(all(target)).toMatch(secret);
  // The target tells of it only when the pipeline is over.
  await using pipelined = await direct();
  await pipelined.ask(query("BEGIN"));
  await pipelined.ask(extended("SELECT tools.strings()"), query(theft));
  expect(await pipelined.query("SELECT FROM public.customers")).toContain("complete SELECT 0");
  await pipelined.query("ROLLBACK");

  for (const [at, frames] of [
    [query("SELECT tools.strings()"), query(afterwards)],
    [extended("SELECT tools.strings()"), extended(afterwards), sync],
    [extended("SELECT tools.strings()"), query(theft), query(afterwards)],
    [extended("SELECT tools.strings()"), flush, query(theft)],
    [query(`SELECT tools.strings(); ${theft}`), query(theft)],
    [extended("SELECT tools.encode()"), query(afterwards)],
  ].entries()) {
    await using raw = await through();
    const said = await raw.ask(...frames);
    // Where the setting is another one at the end, the session is over.
    expect(said.at(-1) === "end" || at > 0).toBe(true);
    expect(all(raw), `way ${at}`).not.toMatch(secret);
    expect(await stays("shop")).toBe(1);
  }
});

test("a pipeline with such a function goes on, where its texts are read one way only", async () => {
  await using raw = await through();
  const said = await raw.ask(
    extended("BEGIN"),
    extended("SELECT tools.move('public')"),
    extended("SET application_name = 'pipelined'"),
    extended("COMMIT"),
    sync,
  );
  expect(said).toContain("complete COMMIT");
  expect(said.at(-1)).toBe("ready I");
});

test("a prepared statement keeps its name through functions that leave it alone", async () => {
  await using raw = await through();
  await raw.ask(parse("s", look), sync);
  const again = [bind({ statement: "s" }), execute(), sync];
  expect(await raw.ask(...again)).toContain("row SHOWN");
  await raw.query("SELECT tools.move('plain')");
  expect(await raw.ask(...again)).toContain("row SHOWN");
  expect(await raw.ask(query("SELECT tools.move('plain')"), ...again)).toContain("row SHOWN");
  expect(await raw.query("EXECUTE s")).toContain("row SHOWN");
});

const moved = "DO $$ BEGIN PERFORM set_config('search_path', 'public', false); END $$";

test("what is opaque moves nothing for those who may not do everything", async () => {
  await using target = await direct();
  expect(await target.query(moved)).toContain("complete DO");
  expect(await target.query("SELECT current_schema()")).toContain("row public");
  await using raw = await through("wide");
  expect(await raw.query(moved)).toEqual(["error 42501", "ready I"]);
  expect(raw.error.detail).toContain("but-customers-stay");
  expect(await raw.query("SELECT current_schema()")).toContain("row plain");
});

/** Set for the role and the database before log-in, as an owner of the target may. */
const defaults: Readonly<Record<string, string>> = {
  standard_conforming_strings: "off",
  backslash_quote: "on",
  client_encoding: "LATIN1",
  search_path: "public",
  role: "boss",
};

describe.each(["ROLE shop_app", "DATABASE shop"])("a default of %s", (of) => {
  test.each(Object.keys(defaults))("is known, or held off: %s", async (name) => {
    await cluster.target.query(`ALTER ${of} SET ${name} = '${defaults[name]}'`);
    try {
      const { options: _, ...parameters } = bare(cluster).parameters as Record<string, string>;
      await using target = await RawClient.open({ ...bare(cluster), parameters });
      expect(await target.query(`SHOW ${name}`)).toContain(`row ${defaults[name]}`);
      await using raw = await RawClient.open(
        await gateway(cluster, "ci-runner", {
          parameters: name === "role" ? path('"$user",plain') : {},
        }),
      );
      expect(await raw.query(look)).toContain("row ****");
      expect(await raw.query(`SELECT '\\' AS b, 'é' AS e`)).toContain("row \\|é");
      expect(await raw.query(afterwards)).toContain("complete SELECT 1");
      expect(await raw.query("RESET ALL")).toContain("complete RESET");
      expect(await raw.query("SHOW standard_conforming_strings")).toContain("row on");
      expect(await raw.query("SHOW client_encoding")).toContain("row UTF8");
      expect(all(raw)).not.toMatch(/canary@/i);
    } finally {
      await cluster.target.query(`ALTER ${of} RESET ${name}`);
    }
  });
});
