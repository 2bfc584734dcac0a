import { catalogQueries, catalogSettings, type CatalogRows } from "@sallyport/sql";
import { startPostgres, waitFor, type PostgresServer } from "@sallyport/testkit";
import { idOf, rows, schema, secrets, type Secret } from "./shop.ts";
import { Session, type Ran } from "./session.ts";

/** A database that differs from the first in one classified column, or in all of them. */
interface Variant {
  /** The column's id; null: all. */
  readonly column: string | null;
  readonly database: string;
}

/** What a text did: its answers, and what every column of every table held then. */
export interface Done {
  readonly ran: Ran;
  /** By `public.table.column`; null when it failed. */
  readonly state: ReadonlyMap<string, string> | null;
}

const base = "shop";
const stored = ["people", "sales", "notes", "deeds", "trips"];

/** Settings under which plans and times depend on nothing but texts. */
const settings = {
  autovacuum: "off",
  jit: "off",
  max_connections: "60",
  max_parallel_workers_per_gather: "0",
  timezone: "UTC",
  log_statement: "none",
  log_min_messages: "fatal",
  log_min_error_statement: "panic",
  statement_timeout: "4s",
  temp_file_limit: "65536",
};

/** Words of what could leave something behind. */
const changing = /\b(INSERT|UPDATE|DELETE|MERGE|CREATE|INTO|set_config|noted)\b/;

/** One server with all variants of the shop. */
export class Databases {
  readonly #server: PostgresServer;
  /** The first is the one without changes. */
  readonly #variants: readonly Variant[];
  readonly #sessions = new Map<string, Session>();
  #stateQuery = "";

  private constructor(server: PostgresServer, variants: readonly Variant[]) {
    this.#server = server;
    this.#variants = variants;
  }

  static async start(): Promise<Databases> {
    const server = await startPostgres({ settings, hba: ["host all all 127.0.0.1/32 trust"] });
    try {
      await server.query(`CREATE DATABASE ${base}`);
      await server.query(schema, undefined, base);
      const add = async (variant: "other" | "odd", secret: Secret | "all"): Promise<Variant> => {
        const column = secret === "all" ? null : idOf(secret);
        const name = `${(column ?? "all").replaceAll(".", "_")}_${variant}`;
        await server.query(`CREATE DATABASE ${name} TEMPLATE ${base}`);
        await server.query(rows(variant, secret), undefined, name);
        return { column, database: name };
      };
      const variants: Variant[] = [];
      // As a pair: there are two cores.
      for (const secret of ["all" as const, ...secrets])
        variants.push(...(await Promise.all([add("other", secret), add("odd", secret)])));
      await server.query(rows("base", "all"), undefined, base);
      const databases = new Databases(server, variants);
      await databases.#connect();
      databases.#stateQuery = await stateQuery(databases.#session(base));
      return databases;
    } catch (cause) {
      await server.stop();
      throw cause;
    }
  }

  /** Where nothing is changed. Like the others: in a transaction that is rolled back. */
  async inBase(text: string): Promise<Done | "crashed"> {
    const done = await this.#do([base], text);
    return done === "crashed" ? done : (done[0] ?? "crashed");
  }

  /** Where all columns are changed. */
  inAll(text: string): Promise<Done[] | "crashed"> {
    return this.#do(
      this.#variants.filter(({ column }) => column === null).map(({ database }) => database),
      text,
    );
  }

  /** Where one column is. */
  async inEach(text: string): Promise<{ column: string; variant: Done }[] | "crashed"> {
    const single = this.#variants.flatMap(({ column, database }) =>
      column === null ? [] : [{ column, database }],
    );
    const done = await this.#do(
      single.map(({ database }) => database),
      text,
    );
    if (done === "crashed") return done;
    return single.flatMap(({ column }, at) => {
      const variant = done[at];
      return variant ? [{ column, variant }] : [];
    });
  }

  /** A statement that PostgreSQL itself falls over ends all sessions. */
  async #do(databases: readonly string[], text: string): Promise<Done[] | "crashed"> {
    const sessions = databases.map((database) => this.#session(database));
    const done = await Promise.allSettled(sessions.map((session) => this.#doIn(session, text)));
    const finished = done.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    if (finished.length === done.length) return finished;
    await waitFor(() => this.#connect().then(() => true), {
      what: "PostgreSQL to recover",
      timeout: 60_000,
    });
    return "crashed";
  }

  async #doIn(session: Session, text: string): Promise<Done> {
    const look = changing.test(text) ? [this.#stateQuery] : [];
    const [, ran, ...others] = await session.run(
      "BEGIN",
      text,
      ...look,
      "ROLLBACK",
      "DEALLOCATE ALL",
    );
    const [state] = others;
    if (!ran || !state) throw new Error("answers are missing");
    const values = look.length === 0 ? undefined : state.results[0]?.rows[0];
    if (!values) return { ran, state: null };
    const names = state.results[0]?.fields?.map(({ name }) => name) ?? [];
    return { ran, state: new Map(names.map((name, at) => [name, values[at] ?? ""])) };
  }

  async #connect(): Promise<void> {
    for (const session of this.#sessions.values()) session.close();
    for (const database of [base, ...this.#variants.map((variant) => variant.database)])
      this.#sessions.set(database, await Session.open(this.#server.port, database));
  }

  #session(database: string): Session {
    const found = this.#sessions.get(database);
    if (!found) throw new Error(`no session with ${database}`);
    return found;
  }

  /** DDL in all of them; the error of the first, when it fails there. */
  async define(text: string): Promise<string | null> {
    const [ran] = await this.#session(base).run(text);
    if (ran?.error) return ran.error.text;
    for (const { database } of this.#variants) await this.#session(database).run(text);
    return null;
  }

  async catalog(): Promise<CatalogRows> {
    const found: Record<string, readonly (readonly (string | null)[])[]> = {};
    const session = this.#session(base);
    await session.run("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY", catalogSettings);
    for (const [name, text] of Object.entries(catalogQueries))
      found[name] = (await session.run(text))[0]?.results[0]?.rows ?? [];
    await session.run("ROLLBACK");
    return found as unknown as CatalogRows;
  }

  async stop(): Promise<void> {
    for (const session of this.#sessions.values()) session.close();
    await this.#server.stop();
  }
}

/** Every stored column of every table as one text each, what a setting keeps, and a table that was made. */
async function stateQuery(session: Session): Promise<string> {
  const [ran] = await session.run(
    `SELECT attrelid::regclass, attname FROM pg_attribute WHERE attnum > 0 AND attgenerated = ''
     AND attrelid = ANY ('{${stored.join()}}'::regclass[])`,
  );
  const columns = (ran?.results[0]?.rows ?? []).map(
    ([table, column]) =>
      `(SELECT string_agg(coalesce(${column}::text, '-'), '|' ORDER BY id, ${column}::text) FROM ${table}) AS "public.${table}.${column}"`,
  );
  return `SELECT ${columns.join(", ")}, current_setting('fuzz.kept', true) AS kept,
    CASE WHEN to_regclass('made') IS NOT NULL THEN query_to_xml('SELECT * FROM made', true, true, '')::text END AS made`;
}
