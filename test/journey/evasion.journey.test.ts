import { readFileSync } from "node:fs";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { defaultPostgres, hasPsql, psql } from "@sallyport/testkit";
import { controls, leaks, thefts, type Evasion } from "../evasion/corpus.ts";
import { tracedControls, tracedLeaks, tracedThefts } from "../evasion/traced.ts";
import { classified, policies } from "../evasion/policies.ts";
import { startCluster, type Cluster } from "./cluster.ts";

const sql = readFileSync(new URL("../evasion/target.sql", import.meta.url), "utf8");

describe.skipIf(!hasPsql())("evasion (psql)", () => {
  let cluster: Cluster;
  let through: Record<string, string>;
  let copies = 0;

  beforeAll(async () => {
    cluster = await startCluster({
      sql,
      policies,
      change: (config) => {
        for (const connection of Object.values(config.connections)) connection.columns = classified;
      },
    });
    await cluster.target.query("CREATE DATABASE bare OWNER shop_app");
    await cluster.target.query(`SET ROLE shop_app; ${sql}`, undefined, "bare");
    through = await cluster.env("ci-runner");
  });
  afterAll(() => cluster?.stop());

  /** A fresh copy of the bare database: what a case does to it ends with it. */
  async function bare(): Promise<Record<string, string>> {
    const database = `bare_${(copies += 1)}`;
    await cluster.target.query(`CREATE DATABASE ${database} TEMPLATE bare OWNER shop_app`);
    return {
      PGHOST: cluster.target.host,
      PGPORT: String(cluster.target.port),
      PGDATABASE: database,
      PGUSER: "shop_app",
      PGPASSWORD: cluster.targetPassword,
      PGSSLMODE: "disable",
    };
  }

  async function run(script: Evasion["script"], env: Record<string, string>): Promise<string> {
    if (typeof script === "string") {
      const args = ["-X", "-At", "-v", `db=${env["PGDATABASE"] ?? ""}`, "-f", "-"];
      const { stdout, stderr } = await psql(args, { env, input: `${script};\n` });
      return `${stdout}${stderr}`;
    }
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
    const said: string[] = [];
    client.on("notice", (notice) => said.push(JSON.stringify(notice)));
    for (const { text, values } of script) {
      try {
        said.push(JSON.stringify((await client.query(text, [...(values ?? [])])).rows));
      } catch (error) {
        said.push(JSON.stringify(error), String(error));
      }
    }
    await client.end();
    return said.join("\n");
  }

  const vaultOf = async (database: string): Promise<string> => {
    try {
      const rows = await cluster.target.query(
        "SELECT string_agg(v::text, ' ' ORDER BY id) AS vault FROM vault v",
        undefined,
        database,
      );
      return JSON.stringify(rows);
    } catch {
      return "gone";
    }
  };

  /** What an older target has no syntax or function for, it refuses itself. */
  const tooNew = (direct: string): boolean =>
    defaultPostgres() < 18 &&
    /syntax error|does not exist|missing FROM-clause|cannot execute MERGE|cannot copy from mat/.test(
      direct,
    );

  // First: some evasions may change what is theirs to change.
  test.each([...controls, ...tracedControls])(
    "works as it does directly: $what",
    async ({ script }) => {
      const direct = await run(script, await bare());
      const guarded = await run(script, through);
      if (tooNew(direct)) return;
      expect(guarded.replaceAll(/psql:<stdin>:\d+: /g, "")).toBe(
        direct.replaceAll(/psql:<stdin>:\d+: /g, ""),
      );
    },
  );

  /** Through the gateway, where nothing of a masked value may show and the vault stays. */
  async function attempt(script: Evasion["script"]): Promise<string> {
    const before = await vaultOf("shop");
    const guarded = await run(script, through);
    expect(guarded).not.toMatch(/canary-|492900/);
    expect(await vaultOf("shop")).toBe(before);
    expect(guarded, "the session lives").not.toMatch(/server closed the connection|could not/);
    return guarded;
  }

  test.each([...leaks, ...tracedLeaks])("shows nothing: $idea", async ({ script, shows }) => {
    const direct = await run(script, await bare());
    expect(tooNew(direct) ? shows : direct, "a bare PostgreSQL shows it").toContain(shows);
    expect(await attempt(script)).not.toContain(shows);
  });

  test.each([...thefts, ...tracedThefts])(
    "leaves the vault as it is: $idea",
    async ({ script }) => {
      const database = await bare();
      const full = await vaultOf(database["PGDATABASE"] ?? "");
      const direct = await run(script, database);
      const after = tooNew(direct) ? "gone" : await vaultOf(database["PGDATABASE"] ?? "");
      expect(after, "on a bare one it works").not.toBe(full);
      await attempt(script);
    },
  );
});
