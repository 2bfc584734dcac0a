import type { Catalog } from "./catalog.ts";
import {
  builtinDigest,
  lockedSetting,
  sessionQueries,
  type CatalogQuery,
} from "./catalog-queries.ts";
import { dependentsQuery, readDependents } from "./dependents.ts";
import { layered } from "./layered-catalog.ts";
import type { Parser } from "./parser.ts";
import type { CatalogRows } from "./read-catalog.ts";
import { openCatalog } from "./stored-texts.ts";

/**
 * What a session's own connection is read for: everything that people made; the same and what depends on what, which is
 * as much again and which only a CASCADE needs; or its temporary objects alone.
 */
export type SessionPart = "session" | "dependents" | "temporary";

/** How many columns each query of the catalog has. */
const widths: Readonly<Record<CatalogQuery, number>> = {
  version: 2,
  schemas: 1,
  relations: 8,
  columns: 8,
  inheritance: 2,
  triggers: 3,
  foreignKeys: 6,
  indexColumns: 5,
  reaches: 4,
  expressions: 4,
  types: 10,
  functions: 16,
  languages: 1,
  operators: 7,
  casts: 6,
  definitions: 2,
  bodies: 5,
  eventTriggers: 1,
};

/** Of the session itself: its isolation level, and the digest of built-in objects. */
const about = "session";
const dependents = "dependents";
const dependentsWidth = 7;

const widest = Math.max(...Object.values(widths));

/** As plain columns, all queries as many: a text of each row in JSON costs the target as much as reading them. */
function rowsOf(name: string, query: string, width: number): string {
  const columns = Array.from({ length: width }, (_, at) => `v${at}`);
  const values = Array.from({ length: widest }, (_, at) =>
    at < width ? `x.v${at}::pg_catalog.text` : "NULL::pg_catalog.text",
  );
  return `SELECT '${name}', pg_catalog.row_number() OVER (), ${values.join(", ")}
    FROM (${query}) x(${columns.join(", ")})`;
}

function statementOf(part: SessionPart): string {
  const temporary = part === "temporary";
  const digest = temporary ? "NULL::pg_catalog.text" : builtinDigest;
  return [
    rowsOf(about, `SELECT pg_catalog.current_setting('transaction_isolation'), ${digest}`, 2),
    ...Object.entries(sessionQueries(temporary ? part : "session")).map(([name, query]) =>
      rowsOf(name, query, widths[name as CatalogQuery]),
    ),
    ...(part === "dependents" ? [rowsOf(dependents, dependentsQuery, dependentsWidth)] : []),
  ].join("\nUNION ALL ");
}

/**
 * One statement for all of it, so that its parts agree whatever else is committed meanwhile; to be run under
 * `sessionSettings`, and to be undone with them.
 */
export const sessionStatements: Readonly<Record<SessionPart, string>> = {
  session: statementOf("session"),
  dependents: statementOf("dependents"),
  temporary: statementOf("temporary"),
};

/**
 * Until the end of the (sub)transaction: names in definitions are printed qualified, whatever the session has set;
 * nothing waits for locks, because the session may hold some for which others wait.
 */
export const sessionSettings = `SELECT ${[
  ["search_path", "pg_catalog, pg_temp"],
  ["quote_all_identifiers", "off"],
  ["lock_timeout", "100ms"],
  ["statement_timeout", "30s"],
  ["max_parallel_workers_per_gather", "0"],
]
  .map(([name, value]) => `pg_catalog.set_config('${name}', '${value}', true)`)
  .join(", ")}, ${lockedSetting.replace(/^SELECT /, "")}`;

type Rows = readonly (readonly (string | null)[])[];

/** The answer to one of `sessionStatements`. */
export interface SessionRows {
  /** Of the open transaction, as PostgreSQL spells it: `read committed`. */
  readonly isolation: string;
  /** Equal to another one while no built-in object changed between them; null when it was not asked for. */
  readonly builtin: string | null;
  readonly rows: CatalogRows;
  /** Null when they were not asked for. */
  readonly dependents: Rows | null;
}

interface Numbered {
  readonly at: number;
  readonly row: readonly (string | null)[];
}

const ordered = (all: readonly Numbered[]): Rows =>
  all.toSorted((a, b) => a.at - b.at).map(({ row }) => row);

const allWidths: ReadonlyMap<string, number> = new Map([
  [about, 2],
  [dependents, dependentsWidth],
  ...Object.entries(widths),
]);

/** Null when these are no rows of such a statement. */
export function readSessionRows(part: SessionPart, answer: Rows): SessionRows | null {
  const found = new Map<string, Numbered[]>([...allWidths.keys()].map((name) => [name, []]));
  for (const [name, at, ...values] of answer) {
    const rows = found.get(name ?? "");
    const width = allWidths.get(name ?? "");
    if (!rows || width === undefined || values.length !== widest) return null;
    rows.push({ at: Number(at), row: values.slice(0, width) });
  }
  const [session] = found.get(about) ?? [];
  const [isolation, builtin] = session?.row ?? [];
  if (!isolation) return null;
  const rows = Object.fromEntries(
    [...found].map(([name, all]) => [name, ordered(all)]),
  ) as unknown as CatalogRows;
  return {
    isolation,
    builtin: builtin ?? null,
    rows,
    dependents: part === "dependents" ? ordered(found.get(dependents) ?? []) : null,
  };
}

/** The catalog as the session sees it, over what it shares with everybody. */
export async function sessionCatalog(
  below: Catalog,
  { rows, dependents: depends }: SessionRows,
  parser: Parser,
): Promise<Catalog> {
  const catalog = layered(below, await openCatalog(rows, parser), { temporary: true });
  return depends === null ? catalog : { ...catalog, dependents: readDependents(depends) };
}
