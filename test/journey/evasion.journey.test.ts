import { readFileSync } from "node:fs";
import { Client, type ClientConfig } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { defaultPostgres, hasPsql } from "@sallyport/testkit";
import { runScripts, type Said } from "../evasion/batches.ts";
import type { Evasion } from "../evasion/case.ts";
import { allControls, leaks, thefts } from "../evasion/corpus.ts";
import { classified, policies } from "../evasion/policies.ts";
import { onMajor } from "../evasion/since.ts";
import { startCluster, type Cluster } from "./cluster.ts";

const file = (name: string): string =>
  readFileSync(new URL(`../evasion/${name}`, import.meta.url), "utf8");
const sql = file("target.sql");

/** Controls first: some evasions may change what is theirs to change. */
const cases = [
  ...allControls.map(({ script }) => script),
  ...leaks.map(({ script }) => script),
  ...thefts.map(({ script }) => script),
];

/** What may leave something behind has a database of its own. */
const changes =
  /\b(create|alter|drop|insert|update|delete|merge|truncate|cluster|refresh|call|copy|nextval|setval|lo_from_bytea|vacuum|analyze|there|do)\b/i;

const vaultQuery = "SELECT 'vault ' || string_agg(v::text, ' ' ORDER BY id) FROM public.vault v";
const vaultIn = (after: string): string => /^vault .*$/m.exec(after)?.[0] ?? "gone";

describe.skipIf(!hasPsql())("evasion (psql)", () => {
  let cluster: Cluster;
  let full: string;
  /** Somebody else's session, which stays while all is tried. */
  let busy: Client;
  const direct = new Map<Evasion["script"], Said>();
  const guarded = new Map<Evasion["script"], Said>();

  beforeAll(async () => {
    cluster = await startCluster({
      sql: "SELECT 1",
      policies,
      postgres: {
        settings: {
          shared_preload_libraries: "pg_stat_statements",
          // As a standby has it, or a primary that was one.
          primary_conninfo: "host=elsewhere password=canary-conninfo",
        },
      },
      change: (config) => {
        for (const connection of Object.values(config.connections)) connection.columns = classified;
      },
    });
    await cluster.target.query("CREATE DATABASE bare OWNER shop_app");
    for (const database of ["shop", "bare"]) {
      await cluster.target.query(file("superuser.sql"), undefined, database);
      await cluster.target.query(`SET ROLE shop_app; ${sql}`, undefined, database);
    }
    busy = new Client(bareSettings("postgres"));
    busy.on("error", () => undefined);
    await busy.connect();
    await busy.query("SELECT 'canary-busy' AS said");
    await Promise.all([runDirect(), runGuarded()]);
  }, 900_000);
  afterAll(async () => {
    await busy?.end();
    await cluster?.stop();
  });

  const bareSettings = (database: string): ClientConfig => ({
    host: cluster.target.host,
    port: cluster.target.port,
    database,
    user: "shop_app",
    password: cluster.targetPassword,
  });

  const bareEnv = (database: string): Record<string, string> => ({
    PGHOST: cluster.target.host,
    PGPORT: String(cluster.target.port),
    PGDATABASE: database,
    PGUSER: "shop_app",
    PGPASSWORD: cluster.targetPassword,
    PGSSLMODE: "disable",
  });

  /** A fresh copy of the bare database for what could change it. */
  async function runDirect(): Promise<void> {
    let copies = 0;
    const copy = async (): Promise<string> => {
      const database = `bare_${(copies += 1)}`;
      // Not by way of the log, which takes twice as long.
      await cluster.target.query(
        `CREATE DATABASE ${database} TEMPLATE bare OWNER shop_app STRATEGY file_copy`,
      );
      return database;
    };
    const shared = await copy();
    const scripts: string[] = [];
    const databases: string[] = [];
    const [untouched] = await runScripts([""], { env: bareEnv(shared), after: vaultQuery });
    full = vaultIn(untouched?.after ?? "");
    for (const [at, script] of cases.entries()) {
      const text = typeof script === "string" ? script : script.map((one) => one.text).join(";");
      const theft = at >= cases.length - thefts.length;
      const database = theft || changes.test(text) ? await copy() : shared;
      if (typeof script !== "string") {
        direct.set(script, await runDriver(script, bareEnv(database)));
        continue;
      }
      scripts.push(script);
      databases.push(database);
    }
    const batch = { env: bareEnv(shared), databases, after: vaultQuery };
    const said = await runScripts(scripts, batch);
    for (const [at, script] of scripts.entries()) direct.set(script, said[at] as Said);
  }

  async function runGuarded(): Promise<void> {
    const env = await cluster.env("ci-runner");
    const scripts = cases.filter((script) => typeof script === "string");
    const said = await runScripts(scripts, { env, after: vaultQuery });
    for (const [at, script] of scripts.entries()) guarded.set(script, said[at] as Said);
    for (const script of cases)
      if (typeof script !== "string") guarded.set(script, await runDriver(script, env));
  }

  async function runDriver(
    script: Exclude<Evasion["script"], string>,
    env: Record<string, string>,
  ): Promise<Said> {
    const client = new Client({
      host: env["PGHOST"],
      port: Number(env["PGPORT"]),
      database: env["PGDATABASE"],
      user: env["PGUSER"],
      password: env["PGPASSWORD"],
      ...(env["PGSSLROOTCERT"] !== undefined && {
        ssl: { ca: readFileSync(env["PGSSLROOTCERT"], "utf8") },
      }),
    });
    await client.connect();
    const own: string[] = [];
    client.on("notice", (notice) => own.push(JSON.stringify(notice)));
    for (const { text, name, values } of script) {
      try {
        const query = { text, values: [...(values ?? [])], ...(name !== undefined && { name }) };
        own.push(JSON.stringify((await client.query(query)).rows));
      } catch (error) {
        own.push(JSON.stringify(error), String(error));
      }
    }
    const { rows } = await client.query<{ vault: string }>(
      vaultQuery.replace(" FROM", " AS vault FROM"),
    );
    await client.end();
    return { own: own.join("\n"), after: rows[0]?.vault ?? "" };
  }

  const said = (of: Map<Evasion["script"], Said>, script: Evasion["script"]): Said => {
    const found = of.get(script);
    if (!found) throw new Error("a script that was not run");
    return found;
  };

  /** On an older target some cases do not exist, each for its reason (test/evasion/since.ts). */
  const major = defaultPostgres();
  const controlled = onMajor(major, allControls, ({ what }) => what);
  const leaking = onMajor(major, leaks, ({ idea }) => idea);
  const stealing = onMajor(major, thefts, ({ idea }) => idea);

  test.each(controlled.there)("works as it does directly: $what", ({ script }) => {
    const without = ({ own }: Said): string => own.replaceAll(/psql:<stdin>:\d+: /g, "");
    expect(without(said(guarded, script))).toBe(without(said(direct, script)));
  });

  /** Nothing of a masked value may show, and the vault stays. */
  function attempt(script: Evasion["script"]): string {
    const { own, after } = said(guarded, script);
    expect(own).not.toMatch(/canary-|492900/);
    expect(vaultIn(after)).toBe(full);
    expect(own, "the session lives").not.toMatch(/server closed the connection|could not connect/);
    return own;
  }

  test.each(leaking.there)("shows nothing: $idea", ({ script, shows }) => {
    const { own } = said(direct, script);
    expect(own, "a bare PostgreSQL shows it").toContain(shows);
    expect(attempt(script)).not.toContain(shows);
  });

  test.each(stealing.there)("leaves the vault as it is: $idea", ({ script }) => {
    const { after } = said(direct, script);
    expect(vaultIn(after), "on a bare one it works").not.toBe(full);
    attempt(script);
  });

  test.each(leaking.lacking)("is not there, for want of $lacks: $idea", ({ script, shows }) => {
    expect(said(direct, script).own, "nor on a bare PostgreSQL").not.toContain(shows);
    expect(attempt(script)).not.toContain(shows);
  });

  test.each(stealing.lacking)("is not there, for want of $lacks: $idea", ({ script }) => {
    expect(vaultIn(said(direct, script).after), "nor on a bare PostgreSQL").toBe(full);
    attempt(script);
  });
});
