import { startPostgres, type PostgresMajor, type PostgresServer } from "@sallyport/testkit";
import { startCluster, type Cluster } from "../journey/cluster.ts";

/** A way to a server on which a suite is run, with libpq's environment for it. */
export interface Door {
  readonly name: "direct" | "through";
  env(): Promise<Record<string, string>>;
}

/** The same kind of server twice: one reached directly, one through a Sallyport connection that permits everything. */
export interface Doors extends AsyncDisposable {
  readonly direct: Door;
  readonly through: Door;
  readonly cluster: Cluster;
  /** libpq's environment for the gateway's target, past the gateway. */
  behind(): Promise<Record<string, string>>;
}

/** What PostgreSQL's own makefiles and pg_regress give their server. */
const settings = {
  shared_buffers: "128MB",
  max_prepared_transactions: "10",
  log_statement: "none",
  log_min_error_statement: "panic",
  max_connections: "60",
  // Slower, a file would meet statistics that nobody asked for.
  autovacuum: "off",
};
const hba = ["host all all 127.0.0.1/32 trust"];

const everything = '@id("everything") permit (principal, action, resource);\n';

/** Name of the database, and of the connection to it. */
export const database = "regression";

/** A connection name is lower case, so is this one. */
async function makeDatabase(server: PostgresServer): Promise<void> {
  await server.query(`CREATE DATABASE ${database} TEMPLATE template0 ENCODING 'UTF8'`);
  for (const setting of [
    "lc_messages TO 'C'",
    "lc_monetary TO 'C'",
    "lc_numeric TO 'C'",
    "lc_time TO 'C'",
    "bytea_output TO 'hex'",
    "timezone_abbreviations TO 'Default'",
  ]) {
    await server.query(`ALTER DATABASE ${database} SET ${setting}`);
  }
}

export async function openDoors(major: PostgresMajor): Promise<Doors> {
  await using begun = new AsyncDisposableStack();
  const server = begun.use(await startPostgres({ major, settings, hba }));
  await makeDatabase(server);
  const cluster = begun.use(
    await startCluster({
      postgres: { major, settings, hba },
      policies: everything,
      lifetime: 7200,
      jobs: { postgres: { groups: [] } },
      change: (config) => {
        const shop = config.connections["shop"];
        if (shop?.protocol !== "postgres") throw new Error("no connection to start from");
        config.connections = {
          [database]: {
            ...shop,
            target: { ...shop.target, database },
            credentials: { username: "postgres", password: { env: "SHOP_PASSWORD" } },
            columns: {},
            record: "none",
          },
        };
        config.policies = { directory: "./policies", baseline: "off" };
        for (const issuer of Object.values(config.identity.issuers)) {
          issuer.max_token_lifetime = "2h";
        }
        config.log = "info";
      },
    }),
  );
  await makeDatabase(cluster.target);
  const resources = begun.move();
  const at = ({ host, port }: PostgresServer) =>
    Promise.resolve({
      PGHOST: host,
      PGPORT: String(port),
      PGUSER: "postgres",
      PGDATABASE: database,
      PGSSLMODE: "disable",
    });
  return {
    direct: { name: "direct", env: () => at(server) },
    behind: () => at(cluster.target),
    through: {
      name: "through",
      env: async () => ({ ...(await cluster.env("postgres")), PGDATABASE: database }),
    },
    cluster,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
