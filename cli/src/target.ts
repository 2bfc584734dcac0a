import { readFileSync } from "node:fs";
import type { Connection } from "@sallyport/contracts";
import { readSecret, type LoadedConfig } from "@sallyport/runtime";
import {
  catalogQueries,
  catalogSettings,
  majors,
  openCatalog,
  openParser,
  type Catalog,
  type CatalogQuery,
  type CatalogRows,
  type Major,
} from "@sallyport/sql";
import { Client } from "pg";

export interface SeenTarget {
  readonly version: string;
  readonly major: Major;
  readonly user: string;
  readonly superuser: boolean;
  readonly searchPath: readonly string[];
  readonly tls: boolean;
  /** What its clock said, and when it was asked and answered by ours (ms since 1970). */
  readonly clock: { readonly time: number; readonly asked: number; readonly answered: number };
  readonly catalog: Catalog;
}

type Rows = readonly (readonly (string | null)[])[];

/**
 * Logs in to a target as a worker does and reads its catalog. Throws what the target or the network says; a version
 * that is not read here too.
 */
export async function seeTarget(connection: Connection, loaded: LoadedConfig): Promise<SeenTarget> {
  const { target, credentials } = connection;
  const client = new Client({
    host: target.host,
    port: target.port,
    database: target.database,
    user: credentials.username,
    ...(credentials.password && { password: readSecret(credentials.password, loaded.directory) }),
    ssl: tlsOf(connection, loaded),
    application_name: "sally",
    connectionTimeoutMillis: 5000,
    query_timeout: 20_000,
  });
  client.on("error", () => undefined);
  await client.connect();
  try {
    const ask = async (text: string): Promise<Rows> => {
      const { rows } = await client.query<(string | null)[]>({
        text,
        rowMode: "array",
        types: { getTypeParser: () => (value: string) => value },
      });
      return rows;
    };
    const asked = Date.now();
    const about = await ask(
      `SELECT pg_catalog.current_setting('server_version'), pg_catalog.current_setting('server_version_num'),
         CURRENT_USER, (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = CURRENT_USER),
         (SELECT ssl FROM pg_catalog.pg_stat_ssl WHERE pid = pg_catalog.pg_backend_pid()),
         1000 * EXTRACT(EPOCH FROM pg_catalog.clock_timestamp())`,
    );
    const answered = Date.now();
    const path = await ask(
      "SELECT s FROM pg_catalog.unnest(pg_catalog.current_schemas(true)) AS s",
    );
    const [version, number, user, superuser, tls, time] = about[0] ?? [];
    const major = majors.find((known) => known === Math.floor(Number(number) / 10_000));
    if (major === undefined)
      throw new Error(
        `PostgreSQL ${version ?? "of unknown version"} is not read here, 15 to 18 are`,
      );
    return {
      version: version ?? "",
      major,
      user: user ?? "",
      superuser: superuser === "t",
      searchPath: path.map(([schema]) => schema ?? ""),
      tls: tls === "t",
      clock: { time: Number(time), asked, answered },
      catalog: await catalogOf(ask, major),
    };
  } finally {
    await client.end();
  }
}

async function catalogOf(ask: (text: string) => Promise<Rows>, major: Major): Promise<Catalog> {
  await ask("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  await ask(catalogSettings);
  const rows: [CatalogQuery, Rows][] = [];
  for (const [name, text] of Object.entries(catalogQueries))
    rows.push([name as CatalogQuery, await ask(text)]);
  await ask("ROLLBACK");
  return openCatalog(Object.fromEntries(rows) as unknown as CatalogRows, await openParser(major));
}

function tlsOf(
  { target }: Connection,
  loaded: LoadedConfig,
): false | { rejectUnauthorized: boolean; ca?: string } {
  switch (target.tls) {
    case "off":
      return false;
    case "require":
      return { rejectUnauthorized: false };
    case "verify-full":
      return {
        rejectUnauthorized: true,
        ...(target.ca !== undefined && { ca: readFileSync(loaded.resolve(target.ca), "utf8") }),
      };
  }
}
