import {
  analyse,
  catalogQueries,
  catalogSettings,
  majors,
  openCatalog,
  openParser,
  type Analysis,
  type Catalog,
  type CatalogRows,
  type Output,
  type Parser,
  type Statement,
  type SyntaxFault,
} from "@sallyport/sql";
import { defaultPostgres, startPostgres, type PostgresServer } from "@sallyport/testkit";
import { Client } from "pg";
import { classified, schema } from "./sql.fixture.ts";

const marks = { one: "canary", two: "cuckoo" } as const;

/** The major of parser and target in this run. */
export const major = majors.find((one) => one === defaultPostgres()) ?? 18;
export let server: PostgresServer;
let parser: Parser;
let catalog: Catalog;
const clients = new Map<keyof typeof marks, Client>();

async function connect(database: keyof typeof marks): Promise<Client> {
  const client = new Client({
    connectionString: server.url(database),
    types: { getTypeParser: () => (value: unknown) => value },
  });
  await client.connect();
  clients.set(database, client);
  return client;
}

async function loadCatalog(client: Client): Promise<Catalog> {
  await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY");
  await client.query(catalogSettings);
  const rows: Record<string, (string | null)[][]> = {};
  for (const [name, text] of Object.entries(catalogQueries)) {
    rows[name] = (await client.query<(string | null)[]>({ text, rowMode: "array" })).rows;
  }
  await client.query("ROLLBACK");
  return openCatalog(rows as unknown as CatalogRows, parser);
}

/** Two databases that differ in their classified values only, and the catalog of the first. */
export async function startTargets(): Promise<void> {
  server = await startPostgres({});
  parser = await openParser(major);
  await server.query("CREATE DATABASE one");
  await server.query("CREATE DATABASE two");
  await server.query(schema(marks.one, 913370000), undefined, "one");
  await server.query(schema(marks.two, 813370000), undefined, "two");
  catalog = await loadCatalog(await connect("one"));
  await connect("two");
}

export async function stopTargets(): Promise<void> {
  for (const client of clients.values()) await client.end();
  await parser?.close();
  await server?.stop();
}

export async function parses(text: string): Promise<boolean> {
  return (await parser.parse(text)).kind === "tree";
}

/** What our parser says of a text that it refuses. */
export async function faultOf(text: string): Promise<SyntaxFault> {
  const parsed = await parser.parse(text);
  if (parsed.kind !== "syntax-error") throw new Error(`${parsed.kind}, not a syntax error`);
  return parsed;
}

export async function read(text: string): Promise<Analysis> {
  const parsed = await parser.parse(text);
  if (parsed.kind !== "tree") throw new Error(parsed.message);
  return analyse(parsed.tree, {
    connection: "shop",
    catalog,
    names: { searchPath: ["pg_catalog", "public"] },
    classified,
    text,
  });
}

/** What is claimed of a text of one statement that must be traced. */
export async function readTraced(text: string): Promise<Statement> {
  const analysis = await read(text);
  if (analysis.kind !== "analysed") throw new Error(`${analysis.kind}: ${analysis.message}`);
  const [statement] = analysis.statements;
  if (!statement || analysis.opaque !== null) throw new Error(`opaque: ${analysis.opaque}`);
  return statement;
}

export interface Ran {
  readonly fields: readonly {
    readonly name: string;
    readonly tableID: number;
    readonly columnID: number;
    readonly dataTypeID: number;
  }[];
  readonly rows: readonly (readonly (string | null)[])[];
}

export async function run(database: keyof typeof marks, text: string): Promise<Ran> {
  const client = clients.get(database);
  if (!client) throw new Error("not connected");
  await client.query("BEGIN");
  try {
    const { fields, rows } = await client.query<(string | null)[]>({ text, rowMode: "array" });
    return { fields, rows };
  } finally {
    await client.query("ROLLBACK");
  }
}

const isPlain = (outputs: readonly Output[] | null, at: number): boolean =>
  outputs?.[at]?.kind === "plain";

/** What a classified value looks like in an output, also reversed or hidden in a number. */
const shows = (value: string | null): boolean =>
  value !== null && /canary|yranac|91337000\d|cana\b/i.test(value);

/** Where RowDescription differs from what was expected. */
export function differences(statement: Statement, ran: Ran): string[] {
  const found: string[] = [];
  for (const [at, field] of ran.fields.entries()) {
    const output = statement.outputs?.[at];
    if (!output) return ["rows where none were expected"];
    if (output.name !== field.name) found.push(`${field.name} expected as ${output.name}`);
    if (output.typeOid !== 0 && output.typeOid !== field.dataTypeID) {
      found.push(`${field.name} is ${field.dataTypeID}, expected ${output.typeOid}`);
    }
    if (output.kind === "computed") continue;
    if (output.tableOid !== field.tableID || output.attnum !== field.columnID) {
      found.push(`${field.name} is of ${field.tableID}.${field.columnID}`);
    }
  }
  if (statement.outputs && statement.outputs.length !== ran.fields.length) found.push("columns");
  return found;
}

/** Plain columns in which a classified value shows, or which change with the classified values. */
export function leaks(statement: Statement, one: Ran, two: Ran | null): string[] {
  const found: string[] = [];
  if (two && two.rows.length !== one.rows.length) found.push("number of rows");
  for (const [at, row] of one.rows.entries()) {
    for (const [column, value] of row.entries()) {
      if (!isPlain(statement.outputs, column)) continue;
      if (shows(value)) found.push(`${one.fields[column]?.name} shows ${value}`);
      if (two && two.rows[at]?.[column] !== value)
        found.push(`${one.fields[column]?.name} changes`);
    }
  }
  return found;
}

/** Conditions over classified values may decide plain columns. */
export const decides = (statement: Statement): boolean =>
  statement.operations.some(({ use }) => use === "predicate" || use === "lookup");

export async function failure(text: string): Promise<unknown> {
  return clients
    .get("one")
    ?.query(text)
    .catch((cause: unknown) => cause);
}
