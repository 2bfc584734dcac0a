import { startPostgres, type PostgresServer } from "@sallyport/testkit";

/** Who owns the tables, and whom PgBouncer, HAProxy's clients and the gateway log in as. */
export const owner = { user: "bench", password: "bench-password", database: "bench" } as const;

/** What `pgbench -i -s 1` makes, without its history, and a table of 5,000 people under two names: one is classified. */
const tables = `
CREATE TABLE pgbench_accounts (aid int PRIMARY KEY, bid int, abalance int, filler char(84));
CREATE TABLE pgbench_branches (bid int PRIMARY KEY, bbalance int, filler char(88));
CREATE TABLE pgbench_tellers (tid int PRIMARY KEY, bid int, tbalance int, filler char(84));
INSERT INTO pgbench_accounts SELECT n, 1, 0, '' FROM generate_series(1, 100000) n;
INSERT INTO pgbench_branches VALUES (1, 0, '');
INSERT INTO pgbench_tellers SELECT n, 1, 0, '' FROM generate_series(1, 10) n;
CREATE TABLE plain (id int PRIMARY KEY, name text, email text, card_number text, city text, amount numeric, since date);
INSERT INTO plain SELECT n, 'Name of ' || n, 'person' || n || '@mail.example', lpad(n::text, 16, '4'), 'City ' || n % 50,
  n * 1.25, date '2020-01-01' + n % 1000 FROM generate_series(1, 5000) n;
CREATE TABLE customers AS SELECT * FROM plain;
CREATE TABLE bulk (id int, text text);
VACUUM ANALYZE pgbench_accounts;
`;

/** The PostgreSQL behind every door; it logs no statements. */
export async function startTarget(connections: number): Promise<PostgresServer> {
  const target = await startPostgres({
    settings: {
      log_statement: "none",
      shared_buffers: "256MB",
      max_connections: String(connections),
      max_wal_size: "4GB",
    },
  });
  await target.query(`CREATE ROLE ${owner.user} LOGIN PASSWORD '${owner.password}'`);
  await target.query(`CREATE DATABASE ${owner.database} OWNER ${owner.user}`);
  for (const statement of tables.split(";\n"))
    if (statement.trim() !== "")
      await target.query(
        statement.startsWith("VACUUM") ? statement : `SET ROLE ${owner.user}; ${statement}`,
        undefined,
        owner.database,
      );
  return target;
}

/** Fills `bulk` so that COPY sends about so many bytes. */
export async function fillBulk(target: PostgresServer, bytes: number): Promise<void> {
  const rows = Math.ceil(bytes / 1008);
  await target.query(
    `TRUNCATE bulk; INSERT INTO bulk SELECT n, repeat(md5(n::text), 31) || repeat('x', 8) FROM generate_series(1, ${rows}) n`,
    undefined,
    owner.database,
  );
}
