import type { Context } from "./context.ts";
import { rename } from "./from.ts";
import { Opaque } from "./outcome.ts";
import { Scope, type CommonTables, type ScopeColumn } from "./scope.ts";
import { query } from "./select.ts";
import {
  fieldsIn,
  known,
  knownFields,
  list,
  node,
  only,
  record,
  strings,
  text,
  type Fields,
} from "./tree.ts";
import { union } from "./value.ts";
import { writeStatement } from "./writes.ts";

const cteFields = knownFields(
  "ctename",
  "aliascolnames",
  "ctematerialized",
  "ctequery",
  "cterecursive",
  "cterefcount",
);

/** What one WITH binds, and what is bound around it: looked up there, not copied, because there may be thousands. */
class BoundTables implements CommonTables {
  readonly #around: CommonTables;
  readonly #own = new Map<string, readonly ScopeColumn[]>();

  constructor(around: CommonTables) {
    this.#around = around;
  }

  get(name: string): readonly ScopeColumn[] | undefined {
    return this.#own.get(name) ?? this.#around.get(name);
  }

  set(name: string, columns: readonly ScopeColumn[]): void {
    this.#own.set(name, columns);
  }
}

/** What WITH binds, on top of what is bound around it. */
export function commonTables(clause: unknown, outer: Scope | null, context: Context): CommonTables {
  const around = outer?.commonTables ?? new Map<string, readonly ScopeColumn[]>();
  if (clause === undefined) return around;
  const fields = record(clause);
  known(fields, "WithClause", knownFields("ctes", "recursive"));
  const tables = new BoundTables(around);
  const recursive = fields["recursive"] === true;
  const ctes = list(fields["ctes"]).map((item) => only(item, "CommonTableExpr"));
  if (recursive && ctes.length > 1) refuseForwardReferences(ctes);
  for (const cte of ctes) {
    known(cte, "CommonTableExpr", cteFields);
    tables.set(text(cte["ctename"]), tableColumns(cte, recursive, outer, tables, context));
  }
  return tables;
}

/** WITH RECURSIVE lets a CTE name a later one: such a name would be resolved wrongly here. */
function refuseForwardReferences(ctes: readonly Fields[]): void {
  const later = new Set<string>();
  for (const cte of ctes.toReversed()) {
    if (namesRelation(cte["ctequery"], later)) throw new Opaque("a CTE that names a later one");
    later.add(text(cte["ctename"]));
  }
}

function namesRelation(tree: unknown, names: ReadonlySet<string>): boolean {
  for (const { relname } of fieldsIn(tree))
    if (typeof relname === "string" && names.has(relname)) return true;
  return false;
}

function tableColumns(
  cte: Fields,
  recursive: boolean,
  outer: Scope | null,
  tables: BoundTables,
  context: Context,
): readonly ScopeColumn[] {
  const names = strings(cte["aliascolnames"]);
  const { kind, fields } = node(cte["ctequery"]);
  const scope = new Scope(outer, tables);
  if (kind !== "SelectStmt") {
    const returned = writeStatement(kind, fields, scope, context);
    return rename(returned ?? [], names);
  }
  const self = text(cte["ctename"]);
  if (!recursive || !namesRelation(cte["ctequery"], new Set([self]))) {
    return rename(query(cte["ctequery"], scope, context), names);
  }
  return recursiveColumns(cte, fields, names, scope, tables, context);
}

/** Starts from the non-recursive arm and repeats until no column is fed by more than before. */
function recursiveColumns(
  cte: Fields,
  fields: Fields,
  names: readonly string[],
  scope: Scope,
  tables: BoundTables,
  context: Context,
): readonly ScopeColumn[] {
  if (fields["op"] !== "SETOP_UNION") throw new Opaque("a recursive CTE that is not a UNION");
  const self = text(cte["ctename"]);
  const start = query({ SelectStmt: record(fields["larg"]) }, scope, context);
  let columns = rename(start.map(stored), names);
  for (;;) {
    tables.set(self, columns);
    const next = rename(query(cte["ctequery"], scope, context).map(stored), names);
    const grown = next.map((column, at) => ({
      ...column,
      value: {
        ...column.value,
        columns: union(column.value.columns, columns[at]?.value.columns ?? []),
      },
    }));
    const same = grown.every(
      ({ value }, at) => value.columns.length === columns[at]?.value.columns.length,
    );
    columns = grown;
    if (same) return columns;
  }
}

/** What comes out of a recursive CTE names no table. */
const stored = (column: ScopeColumn): ScopeColumn => ({
  ...column,
  value: { ...column.value, bare: false, origin: null },
});
