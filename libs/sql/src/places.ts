import { Opaque } from "./outcome.ts";
import { list, node, only, text, type Fields } from "./tree.ts";

/** Where PostgreSQL takes a statement at all, which it looks at before any name in it. */
export interface Place {
  readonly only: "outside a transaction" | "in a transaction";
  /** As PostgreSQL calls the statement when it refuses it. */
  readonly called: string;
}

/** Names of its options; null where one has a value, of which PostgreSQL may say something first. */
function bare(options: unknown): readonly string[] | null {
  const all = list(options).map((item) => only(item, "DefElem"));
  if (all.some((option) => option["arg"] !== undefined)) return null;
  return all.map((option) => text(option["defname"]));
}

const vacuumOptions: ReadonlySet<string> = new Set(["full", "freeze", "verbose", "analyze"]);

function vacuum(fields: Fields): string | null {
  const options = bare(fields["options"]);
  if (fields["is_vacuumcmd"] !== true || !options?.every((name) => vacuumOptions.has(name)))
    return null;
  const columns = list(fields["rels"]).some(
    (item) => list(only(item, "VacuumRelation")["va_cols"]).length > 0,
  );
  return columns && !options.includes("analyze") ? null : "VACUUM";
}

const whole: ReadonlyMap<string, string> = new Map([
  ["REINDEX_OBJECT_SCHEMA", "REINDEX SCHEMA"],
  ["REINDEX_OBJECT_SYSTEM", "REINDEX SYSTEM"],
  ["REINDEX_OBJECT_DATABASE", "REINDEX DATABASE"],
]);

function reindex(fields: Fields): string | null {
  const options = bare(fields["params"]);
  if (!options?.every((name) => name === "concurrently" || name === "verbose")) return null;
  if (options.includes("concurrently")) return "REINDEX CONCURRENTLY";
  return whole.get(text(fields["kind"])) ?? null;
}

function detachesConcurrently(item: unknown): boolean {
  const { subtype, def } = only(item, "AlterTableCmd");
  return subtype === "AT_DetachPartition" && only(def, "PartitionCmd")["concurrent"] === true;
}

const concurrently = (called: string) => (fields: Fields) =>
  fields["concurrent"] === true ? `${called} CONCURRENTLY` : null;

const always = (called: string) => () => called;

const outside: Readonly<Record<string, (fields: Fields) => string | null>> = {
  VacuumStmt: vacuum,
  ClusterStmt: ({ relation, params }) =>
    relation === undefined && list(params).length === 0 ? "CLUSTER" : null,
  ReindexStmt: reindex,
  IndexStmt: concurrently("CREATE INDEX"),
  DropStmt: concurrently("DROP INDEX"),
  AlterTableStmt: ({ cmds }) =>
    list(cmds).some(detachesConcurrently) ? "ALTER TABLE ... DETACH CONCURRENTLY" : null,
  AlterSystemStmt: always("ALTER SYSTEM"),
  CreatedbStmt: ({ options }) => (list(options).length === 0 ? "CREATE DATABASE" : null),
  DropdbStmt: always("DROP DATABASE"),
  CreateTableSpaceStmt: always("CREATE TABLESPACE"),
  DropTableSpaceStmt: always("DROP TABLESPACE"),
  TransactionStmt: ({ kind }) =>
    kind === "TRANS_STMT_COMMIT_PREPARED"
      ? "COMMIT PREPARED"
      : kind === "TRANS_STMT_ROLLBACK_PREPARED"
        ? "ROLLBACK PREPARED"
        : null,
};

/** Null: anywhere, or where it is only the target can tell. */
export function placeOf(statement: unknown): Place | null {
  try {
    const { kind, fields } = node(statement);
    if (kind === "LockStmt") return { only: "in a transaction", called: "LOCK TABLE" };
    const called = Object.hasOwn(outside, kind) ? outside[kind]?.(fields) : undefined;
    return called ? { only: "outside a transaction", called } : null;
  } catch (error) {
    if (error instanceof Opaque) return null;
    throw error;
  }
}
