import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { toTarget, type BackendMessage, type MessageFields } from "@sallyport/pgwire";
import { startCluster, type Cluster } from "./cluster.ts";
import { bare, clearText, extended, gateway, RawClient } from "./raw-client.ts";

const { query, sync, copyData, copyDone } = toTarget;

/** The same tables twice, one of them with a masked column, and all that a target says of either. */
const tables = (name: string) => `
  CREATE TABLE ${name} (id int PRIMARY KEY, name text NOT NULL, email text UNIQUE, n int,
    CONSTRAINT ${name}_named CHECK (name <> ''));
  INSERT INTO ${name} VALUES (1, 'canary-name', 'canary@example.com', 2147483647);
  CREATE TABLE ${name}_places (id int PRIMARY KEY, of int REFERENCES ${name} DEFERRABLE);
  INSERT INTO ${name}_places VALUES (1, 1);`;

/** Says its argument in every field that a function can set. */
const says = (level: string) => `
  CREATE FUNCTION says_${level}(value text) RETURNS text LANGUAGE plpgsql AS $$
    BEGIN
      RAISE ${level} 'message %', value USING ERRCODE = '${level === "exception" ? "P0042" : "01042"}',
        DETAIL = 'detail ' || value, HINT = 'hint ' || value, SCHEMA = 'schema ' || value,
        TABLE = 'table ' || value, COLUMN = 'column ' || value, DATATYPE = 'type ' || value,
        CONSTRAINT = 'constraint ' || value;
      RETURN 'said';
    END $$;`;

const sql = [
  ...["people", "plain"].map(tables),
  ...["notice", "warning", "exception"].map(says),
  "CREATE TABLE texts (id int PRIMARY KEY, email text)",
].join("\n");

const policies = `
@id("all") permit (principal, action, resource in Connection::"shop");
@id("mail") @mask("email") forbid (principal, action == Action::"read", resource in Tag::"pii") unless { context.use == "lookup" };`;

interface Saying {
  readonly text: (table: string) => string;
  readonly sqlstate: string;
  /** Of a function that may have read anything, also where it is called on other tables. */
  readonly always?: true;
  /** What the bare target tells of the row. */
  readonly tells: RegExp;
}

const select = (list: string) => (table: string) => `SELECT email, ${list} FROM ${table}`;
const division = select("1 / (id - 1)");
const sayings: Record<string, Saying> = {
  "22P02, a cast that fails": { text: select("name::int"), sqlstate: "22P02", tells: /canary/ },
  "22012, a division": { text: division, sqlstate: "22012", tells: /division/ },
  "22003, out of range": { text: select("n + id"), sqlstate: "22003", tells: /integer out/ },
  "22P02 of a constant, with its position": {
    text: (of) => `SELECT email FROM ${of} WHERE id = 'one'`,
    sqlstate: "22P02",
    tells: /"one"/,
  },
  "23505, a key that is there": {
    text: (of) => `INSERT INTO ${of} VALUES (1, 'canary', 'x', 1)`,
    sqlstate: "23505",
    tells: /Key \(id\)=\(1\)/,
  },
  "23514, a check": {
    text: (of) => `UPDATE ${of} SET name = '' WHERE id = 1`,
    sqlstate: "23514",
    tells: /canary@example/,
  },
  "23502, NULL": {
    text: (of) => `UPDATE ${of} SET name = NULL WHERE id = 1`,
    sqlstate: "23502",
    tells: /canary@example/,
  },
  "23503, a row that is referred to": {
    text: (of) => `DELETE FROM ${of} WHERE id = 1`,
    sqlstate: "23503",
    tells: /_places/,
  },
  "a NOTICE": {
    text: select("says_notice(name)"),
    sqlstate: "01042",
    always: true,
    tells: /message canary/,
  },
  "a WARNING": {
    text: select("says_warning(name)"),
    sqlstate: "01042",
    always: true,
    tells: /message canary/,
  },
  "an exception": {
    text: select("says_exception(name)"),
    sqlstate: "P0042",
    always: true,
    tells: /message canary/,
  },
};

/** Each way in which a statement is sent, with how many ReadyForQuery answer it. */
const ways: Record<string, (text: string) => readonly Buffer[]> = {
  simple: (text) => [query(text)],
  extended: (text) => [extended(text, [], { describe: true }), sync],
  pipeline: (text) => [extended("SELECT 1"), extended(text), sync, extended("SELECT 2"), sync],
  "a transaction": (text) => [query("BEGIN"), query(text), query("ROLLBACK")],
};

let cluster: Cluster;
let direct: RawClient;
let through: RawClient;

beforeAll(async () => {
  cluster = await startCluster({
    sql,
    policies,
    postgres: { hba: clearText },
    change: (config) => {
      Object.assign(config.connections["shop"] ?? {}, {
        columns: { "public.people.email": ["pii"], "public.texts.email": ["pii"] },
      });
    },
  });
  direct = await RawClient.open(bare(cluster));
  through = await RawClient.open(await gateway(cluster, "ci-runner"));
});
afterAll(async () => {
  await through?.[Symbol.asyncDispose]();
  await direct?.[Symbol.asyncDispose]();
  await cluster?.stop();
});

/** What is said of errors and notices for these frames, whole, and how it stands among the rest. */
async function texts(client: RawClient, frames: readonly Buffer[]) {
  const from = client.heard.length;
  const said = await client.ask(...frames);
  const fields = client.heard
    .slice(from)
    .flatMap((one: BackendMessage) =>
      one.kind === "error" || one.kind === "notice" ? [one.fields] : [],
    );
  return { order: said.map((one) => one.replace(/^row .*/, "row")), fields };
}

const safe = "the target's message is withheld, because the statement touches masked columns";

/** The severity, the SQLSTATE and the position of `bare`, and nothing else of it. */
const withheld = ({ severity, severityLocalized, sqlstate, position }: MessageFields) => ({
  severity,
  severityLocalized,
  sqlstate,
  message: safe,
  ...(position !== undefined && { position }),
});

describe.each(Object.entries(ways))("%s", (_way, frames) => {
  test.each(Object.entries(sayings))("%s", async (_, saying) => {
    const expected = await texts(direct, frames(saying.text("people")));
    expect(expected.fields).toHaveLength(1);
    expect(expected.fields[0]?.sqlstate).toBe(saying.sqlstate);
    expect(Object.values(expected.fields[0] ?? {}).join("\n")).toMatch(saying.tells);

    const heard = await texts(through, frames(saying.text("people")));
    expect(heard.order).toEqual(expected.order);
    expect(heard.fields).toEqual(expected.fields.map(withheld));

    // Whole again at once, of the same session, where nothing masked is touched.
    const plain = frames(saying.always ? division("plain") : saying.text("plain"));
    expect(await texts(through, plain)).toEqual(await texts(direct, plain));
  });
});

describe("COPY", () => {
  const out = Object.entries(sayings).filter(([, { text }]) => text("t").startsWith("SELECT"));
  test.each(out)("out: %s", async (_, { text, always }) => {
    const copy = (of: string) => [query(`COPY (${text(of)}) TO STDOUT`)];
    const expected = await texts(direct, copy("people"));
    expect(expected.fields).toHaveLength(1);
    const heard = await texts(through, copy("people"));
    expect(heard.fields).toEqual(expected.fields.map(withheld));
    const plain = always ? [query(`COPY (${division("plain")}) TO STDOUT`)] : copy("plain");
    expect(await texts(through, plain)).toEqual(await texts(direct, plain));
  });

  const lines: Record<string, readonly [string, string]> = {
    "22P02, a number that is none": ["x\tcanary\tcanary@x\t1\n", "22P02"],
    "22003, a number that is too large": ["99999999999\tcanary\tcanary@x\t1\n", "22003"],
    "22P04, a column too few": ["2\tcanary\n", "22P04"],
    "23505, a key that is there": ["1\tcanary\tcanary@x\t1\n", "23505"],
    "23514, a check": ["2\t\tcanary@x\t1\n", "23514"],
    "23502, NULL": ["2\t\\N\tcanary@x\t1\n", "23502"],
  };
  test.each(Object.entries(lines))("in: %s", async (_, [line, sqlstate]) => {
    for (const whole of [true, false]) {
      const copy = (of: string): readonly Buffer[] => {
        const text = `COPY ${of} FROM STDIN`;
        const data = [copyData(Buffer.from(line)), copyDone];
        return whole ? [query(text), ...data] : [extended(text), ...data, sync];
      };
      const expected = await texts(direct, copy("people"));
      expect(expected.fields.map((one) => one.sqlstate)).toEqual([sqlstate]);
      expect(expected.fields[0]?.where).toContain("COPY people, line 1");
      const heard = await texts(through, copy("people"));
      expect(heard.order).toEqual(expected.order);
      expect(heard.fields).toEqual(expected.fields.map(withheld));
      expect(await texts(through, copy("plain"))).toEqual(await texts(direct, copy("plain")));
    }
  });
});

test("what a function says in another language is withheld wherever it is called: it may have read a masked column", async () => {
  const calls = [query("SELECT says_warning(name) FROM plain")];
  const expected = await texts(direct, calls);
  expect((await texts(through, calls)).fields).toEqual(expected.fields.map(withheld));
});

test("what comes at COMMIT, and any warning of the transaction, is withheld to its end, not after it", async () => {
  const script = [
    "BEGIN",
    "SET CONSTRAINTS ALL DEFERRED",
    "SELECT email FROM people",
    "INSERT INTO plain_places VALUES (2, 99)",
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
  ].map((text) => query(text));
  const expected = await texts(direct, script);
  expect(expected.fields.map(({ sqlstate }) => sqlstate)).toEqual(["25001", "23503", "25P01"]);
  const heard = await texts(through, script);
  const [warned, failed, after] = expected.fields;
  expect(heard.order).toEqual(expected.order);
  expect(heard.fields).toEqual([withheld(warned ?? {}), withheld(failed ?? {}), after]);
});

test("of one packet, only the part between two Syncs in which a masked column is touched is withheld", async () => {
  const fails = (of: string) => [extended(`SELECT email, 1 / (id - 1) FROM ${of}`), sync];
  const packet = [...fails("plain"), ...fails("people"), ...fails("plain"), query("COMMIT")];
  const expected = await texts(direct, packet);
  expect(expected.fields).toHaveLength(4);
  const heard = await texts(through, packet);
  expect(heard.order).toEqual(expected.order);
  const [before, masked, ...after] = expected.fields;
  expect(heard.fields).toEqual([before, withheld(masked ?? {}), ...after]);
});

test("the record says that it was withheld, with its SQLSTATE", async () => {
  const client = await RawClient.open(await gateway(cluster, "ci-runner"));
  await client.query("SELECT email, name::int FROM people");
  await client[Symbol.asyncDispose]();
  const { events } = await cluster.recorded(({ commands }) => Number(commands) === 2);
  const lines = events.map(({ event }) => event);
  expect(lines).toContainEqual(
    expect.objectContaining({
      type: "result",
      error: { code: "target", sqlstate: "22P02", message: "withheld" },
    }),
  );
  expect(JSON.stringify(lines)).not.toContain("canary-name");
});
