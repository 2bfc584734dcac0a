import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Client } from "pg";
import {
  runSally,
  SallyUp,
  startOidcProvider,
  startPostgres,
  type OidcProvider,
  type PostgresServer,
} from "@sallyport/testkit";

const card = "4111111111111111";

/** Its functions say so when they are called: nobody may. */
const shop = `
  CREATE FUNCTION trap() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'a function of the target was called'; END $$;
  CREATE TABLE customers (id int PRIMARY KEY, "fullName" text, email text, phone varchar(30), born date, salary numeric(10,2), notes text, city text, flags jsonb);
  INSERT INTO customers SELECT n, 'Eve ' || n, 'eve' || n || '@example.com', '+4203334445' || (10 + n % 80), '1980-01-01', 50000, 'paid with ${card}', 'Brno',
    jsonb_build_object('contact', jsonb_build_object('mail', 'eve' || n || '@example.com'), 'colour', 'red') FROM generate_series(1, 500) n;
  CREATE TABLE "Odd Names" ("a ""quoted"" one" text, plain int);
  INSERT INTO "Odd Names" VALUES ('x@example.com', 1);
  CREATE VIEW traps AS SELECT trap() AS email;
  CREATE TABLE guarded (id int, remark text);
  ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
  CREATE POLICY p ON guarded USING (trap() = '');
  CREATE SCHEMA other; CREATE TABLE other.empty (note text);`;

let server: PostgresServer;
let directory: string;

beforeAll(async () => {
  server = await startPostgres({ sql: shop });
});
afterAll(() => server.stop());

const env = () => ({ PGHOST: server.host, PGPORT: String(server.port) });

const init = async (...args: readonly string[]) =>
  runSally(
    [
      "init",
      server.url(),
      "--connection",
      "shop",
      "--config",
      join(directory, "sallyport.yaml"),
      ...args,
    ],
    { env: env() },
  );

describe("sally init", () => {
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "sallyport-init-"));
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  test("a dry run prints everything, writes nothing, and tells no value", async () => {
    const { code, stdout, stderr } = await init("--dry-run");
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(stdout).toContain("public.customers.email");
    expect(stdout).toContain("not looked into: public.traps: it is a view");
    expect(stdout).not.toContain(card);
    expect(stdout).not.toContain("eve1");
    expect(await readdir(directory)).toEqual([]);
  });

  test("names and content propose columns, paths into documents too, and every file fits the others", async () => {
    const { code, stdout, stderr } = await init("--json");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const lines = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const columns = lines.filter(({ type }) => type === "column");
    expect(Object.fromEntries(columns.map(({ column, tags }) => [column, tags]))).toEqual({
      'public."Odd Names"."a ""quoted"" one"': ["pii", "email"],
      'public.customers."fullName"': ["pii", "person-name"],
      "public.customers.email": ["pii", "email"],
      "public.customers.phone": ["pii", "phone"],
      "public.customers.born": ["pii", "birth-date"],
      "public.customers.salary": ["pii", "income"],
      "public.customers.notes": ["pci", "card"],
      "public.customers.flags#>{contact,mail}": ["pii", "email"],
      "public.traps.email": ["pii", "email"],
    });
    const config = await readFile(join(directory, "sallyport.yaml"), "utf8");
    expect(config).not.toContain("eve1");
    const again = await init();
    expect(again.code).toBe(1);
    expect(again.stderr).toContain("--force overwrites it");
    expect(await init("--force")).toMatchObject({ code: 0, stderr: "" });
    const check = await runSally(
      ["policy", "check", "--offline", "--config", join(directory, "sallyport.yaml")],
      { env: { ...env(), SHOP_PASSWORD: "x" } },
    );
    expect(check.stderr + check.stdout).not.toMatch(/fail|✗/);
    expect(check.code).toBe(0);
  });

  test("what cannot be reached, or read, is said with a way out", async () => {
    const wrong = await runSally(
      ["init", "mysql://x", "--config", join(directory, "sallyport.yaml")],
      { env: env() },
    );
    expect(wrong).toMatchObject({ code: 2 });
    const nobody = await runSally(["init", "postgres://nobody:wrong@127.0.0.1:1/x", "--dry-run"], {
      env: env(),
    });
    expect(nobody.code).toBe(1);
    expect(nobody.stderr).not.toContain("wrong");
  });
});

describe("what it wrote", () => {
  let provider: OidcProvider;
  let up: SallyUp | undefined;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "sallyport-init-"));
    provider = await startOidcProvider({
      clients: { dev: { groups: ["developers"] } },
      people: {},
    });
  });
  afterAll(async () => {
    await up?.stop();
    await provider.stop();
    await rm(directory, { recursive: true, force: true });
  });

  test("grants the account what it needs, and `sally up` serves with it, masked", async () => {
    expect(await init("--issuer", provider.issuer)).toMatchObject({ code: 0 });
    const grants = await readFile(join(directory, "shop-grants.sql"), "utf8");
    await server.query(grants);
    await server.query("ALTER ROLE sallyport_shop PASSWORD 'of-its-own'");
    const file = join(directory, "sallyport.yaml");
    const text = await readFile(file, "utf8");
    await writeFile(
      file,
      `${text}listen: { postgres: { address: "127.0.0.1:0" }, authn: "127.0.0.1:0", policy: "127.0.0.1:0", approval: "127.0.0.1:0", recorder: "127.0.0.1:0" }\n`,
    );
    up = await SallyUp.start({
      config: file,
      data: join(directory, ".sallyport"),
      log: join(directory, "sally.log"),
      env: { SHOP_PASSWORD: "of-its-own" },
    });
    const { host, port } = up.address("postgres");
    const client = new Client({
      host,
      port,
      database: "shop", // the connection
      user: "dev",
      password: await provider.jobToken("dev"),
      ssl: { ca: await readFile(up.listen.ca ?? "", "utf8"), servername: "localhost" },
    });
    await client.connect();
    try {
      const { rows } = await client.query({
        text: 'SELECT "fullName", email, born::text, salary, notes, flags FROM customers WHERE id = 7',
        rowMode: "array",
      });
      expect(rows).toEqual([
        [
          "****",
          "e***@example.com",
          "****",
          "50000.00",
          `${"*".repeat(22)}1111`,
          { colour: "red", contact: { mail: "e***@example.com" } },
        ],
      ]);
      await expect(client.query("UPDATE customers SET city = 'x'")).rejects.toMatchObject({
        code: "42501",
      });
    } finally {
      await client.end();
    }
  });
});
