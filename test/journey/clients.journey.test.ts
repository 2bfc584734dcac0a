import { execFile, spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { hasPsql, type PostgresOptions } from "@sallyport/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startCluster, type Cluster } from "./cluster.ts";

const here = fileURLToPath(new URL("../clients/", import.meta.url));
const jar = "/usr/share/java/postgresql.jar";

/** Whether a program is there, and what it needs. */
const runs = (command: string, ...args: readonly string[]): boolean =>
  spawnSync(command, args, { stdio: "ignore" }).status === 0;
const imports = (module: string): boolean => runs("python3", "-c", `import ${module}`);

interface Client {
  readonly name: string;
  /** What it needs, for the title of a test that is skipped. */
  readonly needs: string;
  readonly there: boolean;
  /** Once, into a folder. */
  readonly build?: (folder: string) => readonly [string, ...string[]];
  readonly run: (folder: string) => readonly [string, ...string[]];
}

const python = (name: string, module: string, needs: string, file = module): Client => ({
  name,
  needs,
  there: imports(module),
  run: () => ["python3", join(here, `driver_${file}.py`)],
});
const node = (name: string, file: string): Client => ({
  name,
  needs: "npm",
  there: true,
  run: () => [process.execPath, join(here, file)],
});
const go = (name: string, folder: string): Client => ({
  name,
  needs: "Go and its modules",
  there: runs("go", "version") && runs("go", "-C", join(here, "go"), "mod", "download"),
  build: (into) => ["go", "build", "-C", join(here, "go"), "-o", join(into, folder), `./${folder}`],
  run: (from) => [join(from, folder)],
});

const clients: readonly Client[] = [
  {
    name: "psql, pgbench, pg_dump and pg_restore",
    needs: "postgresql-client-15 and postgresql-15",
    there: hasPsql() && runs("pgbench", "--version"),
    run: () => ["sh", join(here, "driver_psql.sh")],
  },
  node("node-postgres", "driver_pg.mjs"),
  node("postgres.js", "driver_postgresjs.mjs"),
  python("psycopg 3", "psycopg", "psycopg[binary]", "psycopg3"),
  python("psycopg 2", "psycopg2", "psycopg2-binary"),
  python("asyncpg", "asyncpg", "asyncpg"),
  {
    name: "pgjdbc",
    needs: "libpostgresql-jdbc-java and a JDK",
    there: runs("javac", "-version") && runs("test", "-e", jar),
    build: (into) => ["javac", "-cp", jar, "-d", into, join(here, "DriverJdbc.java")],
    run: (from) => ["java", "-cp", `${jar}:${from}`, "DriverJdbc"],
  },
  {
    name: "DBD::Pg",
    needs: "libdbd-pg-perl",
    there: runs("perl", "-MDBD::Pg", "-e", "1"),
    run: () => ["perl", join(here, "driver_dbd_pg.pl")],
  },
  {
    name: "PHP: pgsql and PDO",
    needs: "php-cli and php-pgsql",
    there: runs(
      "php",
      "-r",
      "exit(extension_loaded('pgsql') && extension_loaded('pdo_pgsql') ? 0 : 1);",
    ),
    run: () => ["php", join(here, "driver_php.php")],
  },
  go("lib/pq", "pq"),
  go("pgx", "pgx"),
];

/** Reproducible: what a client prints may depend on these. */
const fixed = {
  LC_ALL: "C.UTF-8",
  TZ: "UTC",
  PYTHONPYCACHEPREFIX: tmpdir(),
  NODE_NO_WARNINGS: "1",
};

/** Each is built once. */
const built = new Map<string, Promise<string>>();
const builtFor = async ({ name, build }: Client): Promise<void> => {
  if (!build) return;
  if (!built.has(name)) built.set(name, said(build(folder)));
  await built.get(name);
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sallyport-clients-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const everything = '@id("everything") permit (principal, action, resource);';
const start = (tls: "off" | "self-signed", postgres: PostgresOptions): Promise<Cluster> =>
  startCluster({
    sql: "SELECT 1",
    policies: everything,
    postgres,
    change: (config) => {
      config.connections["shop"]!.columns = {};
      config.policies = { directory: "./policies", baseline: "off" };
      config.listen!.postgres!.tls = tls;
    },
  });

type Command = readonly [string, ...string[]];

async function said(
  [command, ...args]: Command,
  env: Record<string, string> = {},
): Promise<string> {
  const work = await mkdtemp(join(folder, "work-"));
  const ours = Object.entries(process.env).filter(([name]) => !name.startsWith("PG"));
  const options = {
    env: { ...Object.fromEntries(ours), ...fixed, WORK: work, PGPASSFILE: "/nonexistent", ...env },
    timeout: 240_000,
    maxBuffer: 32 * 1024 * 1024,
  };
  return new Promise((resolve, reject) => {
    execFile(command, args, options, (error, stdout, stderr) => {
      const places =
        /127\.0\.0\.1(:\d+)?|(?<=port )\d+|(?<=connected to database "shop" as user )"[\w-]+"/g;
      if (error) reject(new Error(`${error.message}\n${stdout.slice(-4000)}\n${stderr}`));
      else resolve(`${stdout}${stderr}`.replaceAll(places, "…"));
    });
  });
}

describe("over TLS, where policy permits everything", () => {
  let cluster: Cluster;
  beforeAll(async () => {
    // The major of Debian's pg_dump, which refuses a newer one.
    cluster = await start("self-signed", { major: 15, tls: true });
    // pgbench makes its tables in `public`.
    await cluster.truth("GRANT ALL ON SCHEMA public TO shop_app");
  }, 300_000);
  afterAll(() => cluster?.stop());

  for (const client of clients) {
    const { name, needs, there, run } = client;
    test.skipIf(!there)(
      `${name} (needs ${needs}) says through the gateway what it says directly`,
      { timeout: 400_000 },
      async () => {
        await builtFor(client);
        const through = await cluster.env("ci-runner");
        const direct = {
          ...through,
          PGPORT: String(cluster.target.port),
          PGUSER: "shop_app",
          PGPASSWORD: cluster.targetPassword,
          PGSSLROOTCERT: join(cluster.directory, "target-ca.pem"),
        };
        const first = await said(run(folder), direct);
        expect(first).toContain("-- ");
        expect(await said(run(folder), through)).toBe(first);
      },
    );
  }
});

describe("without TLS, on loopback", () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await start("off", {});
  }, 300_000);
  afterAll(() => cluster?.stop());

  for (const client of clients) {
    const { name, needs, there, run } = client;
    test.skipIf(!there)(`${name} (needs ${needs}) connects`, { timeout: 400_000 }, async () => {
      await builtFor(client);
      const env = await cluster.env("ci-runner");
      expect(await said(run(folder), { ...env, PGSSLMODE: "disable", PLAIN: "yes" })).toMatch(/18/);
    });
  }
});
