import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { toTarget } from "@sallyport/pgwire";
import { startCluster, type Cluster } from "./cluster.ts";
import { bare, clearText, extended, gateway, RawClient } from "./raw-client.ts";

const { sync } = toTarget;

const policies = `
@id("all-but-functions-and-the-unknown")
permit (principal, action, resource) unless { action in [Action::"execute", Action::"opaque"] };

@id("pii-is-masked") @mask("email")
forbid (principal in Group::"corp/ci", action == Action::"read", resource in Tag::"pii")
unless { context.use == "lookup" };
`;

const sql = `
CREATE TABLE customers (id int PRIMARY KEY, name text, email text);
INSERT INTO customers VALUES (1, 'Ann', 'canary-ann@secret.example'), (2, 'Bob', 'canary-bob@secret.example');
CREATE VIEW contacts AS SELECT id, email AS contact FROM customers;
CREATE FUNCTION mail(int) RETURNS text LANGUAGE sql STABLE AS 'SELECT email FROM customers WHERE id = $1';
CREATE TABLE notes (id int, body text);
CREATE VIEW shown AS SELECT id, name AS what FROM customers;
CREATE SCHEMA first;
CREATE SCHEMA other;
`;

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({
    jobs: { "ci-runner": { groups: ["ci"] }, owner: { groups: ["owners"] } },
    sql,
    policies,
    postgres: { hba: clearText },
    change: (config) => {
      const shop = config.connections["shop"];
      if (shop) shop.columns = { "public.customers.email": ["pii"] };
    },
  });
});
afterAll(() => cluster?.stop());

const guarded = async () => RawClient.open(await gateway(cluster, "ci-runner"));

/** Each text as a query string of its own. */
async function say(raw: RawClient, ...texts: readonly string[]): Promise<string[]> {
  const said: string[] = [];
  for (const text of texts) said.push(...(await raw.query(text)));
  return said;
}

/** What a bare connection says to them, without notices. */
async function directly(...texts: readonly string[]): Promise<string[]> {
  await using raw = await RawClient.open(bare(cluster));
  return await say(raw, ...texts);
}

const sees = (said: readonly string[]): void => expect(said.join("\n")).not.toMatch(/canary-/i);

describe("what a transaction has changed", () => {
  test.each([
    [
      "a table, written and read",
      [
        "BEGIN",
        "CREATE TABLE made (id int PRIMARY KEY, word text DEFAULT 'x')",
        "INSERT INTO made VALUES (1, 'a'), (2, DEFAULT)",
        "UPDATE made SET word = word || '!' WHERE id = 1 RETURNING *",
        "SELECT m.word, c.name FROM made m JOIN customers c ON c.id = m.id ORDER BY m.id",
        "ALTER TABLE made ADD COLUMN more int DEFAULT 7",
        "SELECT * FROM made ORDER BY id",
        "CREATE VIEW made_view AS SELECT word FROM made",
        "SELECT * FROM made_view ORDER BY 1",
        "DELETE FROM made",
        "COMMIT",
        "DROP VIEW made_view",
        "DROP TABLE made",
      ],
    ],
    [
      "a savepoint rolled back",
      [
        "BEGIN",
        "CREATE TABLE kept (id int)",
        "SAVEPOINT one",
        "CREATE TABLE gone (id int)",
        "INSERT INTO gone VALUES (1) RETURNING id",
        "ROLLBACK TO one",
        "SELECT * FROM gone",
        "ROLLBACK TO one",
        "INSERT INTO kept VALUES (2) RETURNING *",
        "ROLLBACK",
        "SELECT * FROM kept",
      ],
    ],
    [
      "a schema and the path to it",
      [
        "BEGIN",
        "CREATE SCHEMA fresh",
        "SET LOCAL search_path = fresh, public",
        "CREATE TABLE customers (id int, email text)",
        "INSERT INTO customers VALUES (9, 'shown')",
        "SELECT id, email FROM customers",
        "ROLLBACK",
        "SELECT name FROM customers ORDER BY id",
      ],
    ],
  ])("is traced: %s", async (_, texts) => {
    const direct = await directly(...texts);
    await using raw = await guarded();
    expect(await say(raw, ...texts)).toEqual(direct);
  });

  test("keeps its masks", async () => {
    await using raw = await guarded();
    const said = await say(
      raw,
      "BEGIN",
      "CREATE TABLE fleeting (id int)",
      "SELECT email FROM customers WHERE id = 1",
      "SELECT upper(email) FROM customers",
      "ALTER TABLE customers ADD COLUMN extra int",
      "SELECT * FROM customers WHERE id = 1",
      "SELECT contact FROM contacts",
      "ROLLBACK",
    );
    sees(said);
    expect(said).toContain("row c***@secret.example");
    expect(said).not.toContain("error 42501");
  });

  test("is not read in a pipeline, nor under another isolation", async () => {
    await using raw = await guarded();
    await raw.query("BEGIN");
    const piped = await raw.ask(
      extended("CREATE TABLE piped (id int)"),
      extended("INSERT INTO piped VALUES (1)"),
      sync,
    );
    expect(piped).toContain("error 42501");
    await raw.query("ROLLBACK");
    const said = await say(
      raw,
      "BEGIN ISOLATION LEVEL REPEATABLE READ",
      "CREATE TABLE snapped (id int)",
      "SELECT * FROM snapped",
    );
    expect(said.at(-2)).toBe("error 42501");
    await raw.query("ROLLBACK");
  });
});

describe("temporary objects", () => {
  test("are read, written and dropped as directly", async () => {
    const texts = [
      "CREATE TEMP TABLE mine AS SELECT id, name FROM customers",
      "SELECT * FROM mine ORDER BY id",
      "INSERT INTO mine VALUES (3, 'Cleo') RETURNING name",
      "SELECT m.name, c.name FROM pg_temp.mine m JOIN customers c USING (id) ORDER BY 1",
      "CREATE TEMP VIEW shout AS SELECT upper(name) AS loud FROM mine",
      "SELECT * FROM shout ORDER BY 1",
      "BEGIN",
      "SELECT count(*) FROM mine",
      "CREATE TEMP TABLE once (id int) ON COMMIT DROP",
      "INSERT INTO once VALUES (4)",
      "SELECT * FROM once",
      "COMMIT",
      "SELECT * FROM once",
      "CREATE TEMP TABLE emptied (id int) ON COMMIT DELETE ROWS",
      "BEGIN",
      "INSERT INTO emptied VALUES (5)",
      "SELECT * FROM emptied",
      "COMMIT",
      "SELECT * FROM emptied",
      "DROP TABLE mine CASCADE",
      "SELECT * FROM shout",
      "SELECT * FROM pg_temp.mine",
      "DISCARD TEMP",
      "SELECT * FROM emptied",
    ];
    const direct = await directly(...texts);
    await using raw = await guarded();
    const notices = (said: readonly string[]) => said.filter((one) => !one.startsWith("notice"));
    expect(notices(await say(raw, ...texts))).toEqual(notices(direct));
  });

  test("are not filled from what is masked", async () => {
    await using raw = await guarded();
    const said = await say(
      raw,
      "CREATE TEMP TABLE loot AS SELECT email AS e FROM customers",
      "CREATE TEMP TABLE loot (e text)",
      "INSERT INTO loot SELECT email FROM customers",
      "SELECT e FROM loot",
      "CREATE TEMP VIEW look AS SELECT email AS e FROM customers",
      "CREATE TEMP TABLE heir () INHERITS (customers)",
      "SELECT email FROM heir",
      "SELECT upper(email) FROM heir",
    );
    expect(said.filter((one) => one === "error 42501")).toHaveLength(3);
    sees(said);
  });

  test("hide others, and only where the path says so", async () => {
    await using raw = await guarded();
    const said = await say(
      raw,
      "CREATE TEMP TABLE customers (id int, email text)",
      "INSERT INTO customers VALUES (7, 'mine')",
      "SELECT email FROM customers",
      "SET search_path = public, pg_temp",
      "SELECT email FROM customers WHERE id = 1",
      "SELECT upper(email) FROM customers WHERE id = 1",
      "SELECT email FROM pg_temp.customers",
      "RESET search_path",
      "SELECT email FROM public.customers WHERE id = 1",
    );
    sees(said);
    expect(said.filter((one) => one === "row mine")).toHaveLength(2);
    expect(said.filter((one) => one === "row c***@secret.example")).toHaveLength(2);
    expect(said).not.toContain("error 42501");
  });

  test("do not lend their names to what was planned before", async () => {
    await using raw = await guarded();
    const look = "SELECT upper(email) FROM customers WHERE id = 1";
    const said = await say(
      raw,
      "CREATE TEMP TABLE warm (id int)",
      `PREPARE p AS ${look}`,
      "EXECUTE p",
      "SELECT mail(1)",
    );
    said.push(...(await raw.ask(toTarget.parse("q", look), ...run("q"), sync)));
    said.push(...(await say(raw, "CREATE TEMP TABLE customers (id int, email text)")));
    said.push(...(await say(raw, "EXECUTE p", "SELECT mail(1)")));
    said.push(...(await raw.ask(...run("q"), sync)));
    sees(said);
    expect(said.filter((one) => one === "error 42501")).toHaveLength(3);
  });
});

const run = (name: string): Buffer[] => [
  toTarget.bind({ portal: "", statement: name }),
  toTarget.execute(""),
];

test("an earlier schema does not lend its names to what was planned before", async () => {
  await using raw = await guarded();
  const look = "SELECT upper(email) FROM customers WHERE id = 1";
  const said = await say(
    raw,
    "SET search_path = first, public",
    `PREPARE p AS ${look}`,
    "EXECUTE p",
    "SELECT mail(1)",
  );
  said.push(...(await raw.ask(toTarget.parse("q", look), ...run("q"), sync)));
  said.push(...(await say(raw, "CREATE TABLE first.customers (id int, email text)")));
  said.push(...(await say(raw, "EXECUTE p", "SELECT mail(1)")));
  said.push(...(await raw.ask(...run("q"), sync)));
  said.push(...(await say(raw, "DROP TABLE first.customers")));
  sees(said);
  expect(said.filter((one) => one === "error 42501")).toHaveLength(3);
});

test("what a transaction commits is known before its client hears of it, though another one follows", async () => {
  await using raw = await guarded();
  const look = "SELECT upper(what) FROM shown WHERE id = 1";
  expect(await raw.query(look)).toContain("row ANN");
  await using owner = await RawClient.open(await gateway(cluster, "owner"));
  const change = "CREATE OR REPLACE VIEW shown AS SELECT id, email AS what FROM customers";
  expect((await say(owner, "BEGIN", change, "COMMIT AND CHAIN")).at(-1)).toBe("ready T");
  expect(await raw.query(look)).toContain("row ****");
  await owner.query("ROLLBACK");
});

test("what another session is changing keeps nobody from the rest, and is waited for", async () => {
  await using changing = await RawClient.open(bare(cluster));
  await say(changing, "BEGIN", "ALTER TABLE notes ADD COLUMN late int DEFAULT 3");
  await using raw = await guarded();
  // Everybody's catalog is read again.
  await raw.query("CREATE TABLE other.unrelated (id int)");
  expect(await raw.query("SELECT name FROM customers WHERE id = 1")).toContain("row Ann");
  expect(await raw.query("SELECT contact FROM contacts WHERE id = 1")).toContain(
    "row c***@secret.example",
  );
  const said = raw.query("SELECT count(late) FROM notes");
  await say(changing, "INSERT INTO notes (body) VALUES ('x')", "COMMIT");
  expect(await said).toContain("row 1");
});

test("what was made a moment ago past the gateway is there", async () => {
  await using raw = await guarded();
  expect(await raw.query("SELECT 1")).toContain("row 1");
  await cluster.target.query(
    "SET ROLE shop_app; CREATE TABLE other.sudden (id int)",
    undefined,
    "shop",
  );
  expect(await raw.query("SELECT * FROM other.sudden")).toEqual([
    "columns id",
    "complete SELECT 0",
    "ready I",
  ]);
  await cluster.target.query(
    "SET ROLE shop_app; ALTER TABLE other.sudden ADD COLUMN more int",
    undefined,
    "shop",
  );
  expect(await raw.query("SELECT more FROM other.sudden")).toContain("complete SELECT 0");
  expect(await raw.query("SELECT * FROM other.nothing")).toContain("error 42P01");
});
