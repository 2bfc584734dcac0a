import type { CatalogQuery } from "./catalog-queries.ts";

/**
 * Whether the catalogs of a target are as they were. A mark is made against a base, a transaction before which all are
 * over: of the rows that older ones left it has the number, because none can come any more, and of the others which they
 * are. INVARIANT (I3): two marks that were made over one connection against one base are equal exactly where the rows are.
 */
export const markBase =
  "SELECT pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())::pg_catalog.xid";

/** What names a row, and the oid that tells whether initdb made what it is of. */
const sources = {
  pg_namespace: ["x.oid", "x.oid"],
  pg_class: ["x.oid", "x.oid"],
  pg_attribute: ["(x.attrelid || '.' || x.attnum)", "x.attrelid"],
  pg_attrdef: ["x.oid", "x.adrelid"],
  pg_inherits: ["(x.inhrelid || '.' || x.inhseqno)", "x.inhrelid"],
  pg_trigger: ["x.oid", "x.tgrelid"],
  pg_constraint: ["x.oid", "CASE WHEN x.conrelid = 0 THEN x.contypid ELSE x.conrelid END"],
  pg_index: ["x.indexrelid", "x.indrelid"],
  pg_rewrite: ["x.oid", "x.ev_class"],
  pg_policy: ["x.oid", "x.polrelid"],
  pg_statistic_ext: ["x.oid", "x.stxrelid"],
  pg_partitioned_table: ["x.partrelid", "x.partrelid"],
  pg_type: ["x.oid", "x.oid"],
  pg_enum: ["x.oid", "x.enumtypid"],
  pg_proc: ["x.oid", "x.oid"],
  pg_language: ["x.oid", "16384"],
  pg_operator: ["x.oid", "x.oid"],
  pg_opclass: ["x.oid", "16384"],
  pg_cast: ["x.oid", "x.oid"],
  pg_collation: ["x.oid", "16384"],
  pg_ts_config: ["x.oid", "16384"],
  pg_ts_dict: ["x.oid", "16384"],
  pg_event_trigger: ["x.oid", "16384"],
  pg_depend: [
    "(x.classid || '.' || x.objid || '.' || x.objsubid || '.' || x.refclassid || '.' || x.refobjid || '.' || x.refobjsubid)",
    "16384",
  ],
  // What search_path comes to hangs on who may use a schema.
  pg_auth_members: ["(x.roleid || '.' || x.member || '.' || x.grantor)", "16384"],
} as const;

type Source = keyof typeof sources;
const names = Object.keys(sources) as Source[];

const markOf = (source: Source): string => {
  const [key, of] = sources[source];
  const mark = (part: string): string =>
    `pg_catalog.count(*) FILTER (WHERE ${part} AND NOT y.young), ' ',
      pg_catalog.md5(pg_catalog.string_agg(y.key || ':' || y.xmin, ',' ORDER BY y.key) FILTER (WHERE ${part} AND y.young))`;
  return `(SELECT pg_catalog.concat(${mark("y.made")}, ' ', ${mark("NOT y.made")}) FROM (
    SELECT ${key} AS key, x.xmin, ${of} >= 16384 AS made,
      pg_catalog.age(x.xmin) <= (SELECT pg_catalog.age($1)) AS young FROM pg_catalog.${source} x) y)`;
};

/** To be prepared with the base as its parameter: one row for `readMarks`. A few milliseconds on the target. */
export const markQuery = `SELECT ${names.map(markOf).join(", ")}, pg_catalog.pg_conf_load_time()::pg_catalog.text, pg_catalog.age($1)`;

/** What `markQuery` said. */
export interface CatalogMarks {
  /** All of it. */
  readonly text: string;
  /** What initdb made. */
  readonly builtin: string;
  readonly made: ReadonlyMap<string, string>;
  /** Numbers of transactions come round: a base that is so old that a row might seem older than it can mark nothing. */
  readonly tooOld: boolean;
}

/** Of 2³¹ transactions, after which old and young change places. */
const oldest = 2 ** 29;

/** Null when it is no answer to `markQuery`. */
export function readMarks(row: readonly (string | null)[] | undefined): CatalogMarks | null {
  if (row?.length !== names.length + 2) return null;
  const age = Number(row.at(-1));
  const parts = names.map((_, at) => (row[at] ?? "").split(" "));
  if (parts.some(({ length }) => length !== 4)) return null;
  return {
    text: row.slice(0, -1).join(","),
    builtin: parts.map(([, , count, rows]) => `${count} ${rows}`).join(","),
    tooOld: !(age >= 0 && age < oldest),
    made: new Map(names.map((name, at) => [name, `${parts[at]?.[0]} ${parts[at]?.[1]}`])),
  };
}

/** Everything that a printed expression or query may name. */
const named = [
  "pg_namespace",
  "pg_class",
  "pg_attribute",
  "pg_type",
  "pg_enum",
  "pg_proc",
  "pg_operator",
  "pg_opclass",
  "pg_collation",
  "pg_ts_config",
  "pg_ts_dict",
] as const satisfies readonly Source[];

/** What each query of the catalog reads, printing included. */
const readBy: Readonly<Record<CatalogQuery, readonly Source[]>> = {
  version: ["pg_auth_members"],
  schemas: ["pg_namespace"],
  relations: ["pg_class", "pg_namespace", "pg_rewrite"],
  columns: ["pg_attrdef", ...named],
  inheritance: ["pg_inherits"],
  triggers: ["pg_trigger"],
  foreignKeys: ["pg_constraint"],
  indexColumns: ["pg_index", "pg_depend", ...named],
  reaches: [
    "pg_depend",
    "pg_operator",
    "pg_attrdef",
    "pg_constraint",
    "pg_index",
    "pg_partitioned_table",
    "pg_policy",
    "pg_statistic_ext",
    "pg_type",
  ],
  expressions: ["pg_constraint", "pg_index", "pg_policy", "pg_statistic_ext", ...named],
  types: ["pg_type", "pg_namespace"],
  functions: ["pg_proc", "pg_namespace", "pg_language"],
  languages: ["pg_language"],
  operators: ["pg_operator", "pg_namespace"],
  casts: ["pg_cast"],
  definitions: ["pg_rewrite", ...named],
  bodies: ["pg_language", ...named],
  eventTriggers: ["pg_event_trigger"],
};

/** Queries whose rows may be others than they were. */
export const changedBetween = (before: CatalogMarks, now: CatalogMarks): CatalogQuery[] =>
  (Object.keys(readBy) as CatalogQuery[]).filter((query) =>
    readBy[query].some((source) => before.made.get(source) !== now.made.get(source)),
  );
