import { majors, qualified, quoteIdent } from "@sallyport/sql";
import { Client } from "pg";
import { CliError } from "../cli-error.ts";
import { clientConfig, type TargetAddress } from "./target-address.ts";

export interface SeenColumn {
  readonly schema: string;
  readonly table: string;
  readonly name: string;
  /** As `format_type` writes it. */
  readonly type: string;
  readonly json: boolean;
  /** What it held in the rows that were looked at, json as text; only where that is asked for and can be done. */
  readonly values: readonly string[];
}

export interface SeenDatabase {
  readonly major: number;
  readonly columns: readonly SeenColumn[];
  /** Tables that were not looked into, and why. */
  readonly passedOver: readonly { readonly table: string; readonly why: string }[];
}

const longestValue = 65_536;

/**
 * INVARIANT: nothing that people made in the database is called. Everything is qualified or built in, the transaction
 * is read only, waits for nobody, and takes a few seconds a statement; only ordinary tables are looked into, only their
 * columns of PostgreSQL's own text and json types, and none that has row-security policies or computes its columns.
 */
const settings = `SET search_path = ''; SET default_transaction_read_only = on; SET statement_timeout = '10s';
  SET lock_timeout = '1s'; SET idle_in_transaction_session_timeout = '60s'; SET jit = off; SET row_security = off`;

const columnsQuery = `
  SELECT n.nspname, c.relname, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), c.relkind, c.relrowsecurity, a.attgenerated,
         CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE a.atttypid END, c.reltuples,
         pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT') AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
    JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
   WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped
     AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
   ORDER BY 1, 2, a.attnum`;

const texts = ["19", "25", "1042", "1043"];
const jsons = ["114", "3802"];

interface Table {
  readonly schema: string;
  readonly name: string;
  readonly kind: string;
  readonly rowSecurity: boolean;
  readonly rows: number;
  readonly columns: {
    name: string;
    type: string;
    base: string;
    generated: boolean;
    readable: boolean;
  }[];
}

/** Logs in, reads the catalog, and looks into `rows` rows of each table (0: none). @throws {CliError} */
export async function readTarget(address: TargetAddress, rows: number): Promise<SeenDatabase> {
  const client = new Client(clientConfig(address));
  client.on("error", () => undefined);
  try {
    await client.connect();
  } catch (cause) {
    throw new CliError(
      `\`${address.database}\` on ${address.host}:${address.port} cannot be reached as \`${address.user}\`: ${cause instanceof Error ? cause.message : "it does not say why"}`,
      {
        cause,
        hint: "give the password in PGPASSWORD or ~/.pgpass; TLS is chosen by ?sslmode= (disable, require, verify-full)",
      },
    );
  }
  try {
    await client.query(settings);
    const ask = async (text: string): Promise<(string | null)[][]> => {
      const { rows: found } = await client.query<(string | null)[]>({
        text,
        rowMode: "array",
        types: { getTypeParser: () => (value: string) => value },
      });
      return found;
    };
    const [[number] = []] = await ask("SELECT pg_catalog.current_setting('server_version_num')");
    const major = Math.floor(Number(number) / 10_000);
    if (!majors.some((known) => known === major))
      throw new CliError(`PostgreSQL ${major} is not spoken here`, {
        hint: "the gateway reads the SQL of 15 to 18",
      });
    const columns: SeenColumn[] = [];
    const passedOver: { table: string; why: string }[] = [];
    for (const table of tablesOf(await ask(columnsQuery))) {
      const why = rows === 0 ? null : passing(table);
      if (why !== null) passedOver.push({ table: qualified(table.schema, table.name), why });
      const values =
        rows === 0 || why !== null
          ? new Map<string, string[]>()
          : await sample(ask, table, rows).catch(() => {
              passedOver.push({
                table: qualified(table.schema, table.name),
                why: "it could not be read in time",
              });
              return new Map<string, string[]>();
            });
      for (const { name, type, base } of table.columns)
        columns.push({
          schema: table.schema,
          table: table.name,
          name,
          type,
          json: jsons.includes(base),
          values: values.get(name) ?? [],
        });
    }
    return { major, columns, passedOver };
  } finally {
    await client.end();
  }
}

function tablesOf(rows: readonly (readonly (string | null)[])[]): Table[] {
  const tables = new Map<string, Table>();
  for (const [
    schema = "",
    name = "",
    column,
    type,
    kind,
    security,
    generated,
    base,
    tuples,
    readable,
  ] of rows) {
    const id = JSON.stringify([schema, name]);
    const table = tables.get(id) ?? {
      schema: schema ?? "",
      name: name ?? "",
      kind: kind ?? "",
      rowSecurity: security === "t",
      rows: Number(tuples),
      columns: [],
    };
    tables.set(id, table);
    table.columns.push({
      name: column ?? "",
      type: type ?? "",
      base: base ?? "",
      generated: generated !== "",
      readable: readable === "t",
    });
  }
  return [...tables.values()];
}

/** Why a table is not looked into, or null. */
function passing({ kind, rowSecurity }: Table): string | null {
  if (kind === "v") return "it is a view, which would run its functions";
  if (kind === "f") return "it is a foreign table";
  if (kind === "p") return "it is partitioned: a partition may lie elsewhere";
  return rowSecurity ? "its row-security policies would run" : null;
}

async function sample(
  ask: (text: string) => Promise<(string | null)[][]>,
  table: Table,
  rows: number,
): Promise<Map<string, string[]>> {
  const columns = table.columns.filter(
    ({ base, generated, readable }) =>
      readable && !generated && (texts.includes(base) || jsons.includes(base)),
  );
  const values = new Map<string, string[]>();
  if (columns.length === 0) return values;
  const list = columns
    .map(({ name }) => quoteIdent(name))
    .map(
      (name) => `CASE WHEN pg_catalog.pg_column_size(${name}) < ${longestValue} THEN ${name} END`,
    )
    .join(", ");
  const from = `FROM ONLY ${qualified(table.schema, table.name)}`;
  // Pages from all over a large table, the first ones of a small one.
  const percent = Math.min(100, Math.max(0.001, (100 * 20 * rows) / Math.max(1, table.rows)));
  let found =
    percent < 100
      ? await ask(`SELECT ${list} ${from} TABLESAMPLE SYSTEM (${percent.toFixed(4)}) LIMIT ${rows}`)
      : [];
  if (found.length === 0) found = await ask(`SELECT ${list} ${from} LIMIT ${rows}`);
  for (const [at, { name }] of columns.entries())
    values.set(
      name,
      found.flatMap((row) => row[at] ?? []),
    );
  return values;
}
