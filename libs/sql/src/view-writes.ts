import { columnName } from "./column-references.ts";
import type { Relation } from "./catalog.ts";
import type { Context } from "./context.ts";
import { Opaque } from "./outcome.ts";
import { list, node, only, text } from "./tree.ts";
import { definitionOf, storedNames } from "./views.ts";

/** The one table (or view) that a change of an automatically updatable view changes. */
export interface ViewBase {
  readonly relation: Relation;
  readonly children: boolean;
  /** It has a condition, which WITH CHECK OPTION asks of new rows. */
  readonly checks: boolean;
  /** The base's attnum for each column of the view that is one of its columns as it is. */
  readonly columns: ReadonlyMap<number, number>;
}

/** Clauses under which PostgreSQL does not update a view by itself (rewriteHandler.c, view_query_is_auto_updatable). */
const barred = [
  "distinctClause",
  "groupClause",
  "havingClause",
  "windowClause",
  "valuesLists",
  "limitOffset",
  "limitCount",
  "withClause",
  "intoClause",
];

/**
 * What a change of a view changes. Whatever else than PostgreSQL's own way it could take (rules, triggers) is
 * opaque; a view that PostgreSQL would not update may pass, it then says so. @throws {Opaque}
 */
export function viewBase(view: Relation, context: Context): ViewBase {
  const name = `${view.schema}.${view.name}`;
  if (view.kind !== "v" || view.rules || view.triggers.length > 0)
    throw new Opaque(`a change of ${name}, which is not an ordinary table`);
  const select = definitionOf(view, context.catalog);
  const [item, ...others] = list(select["fromClause"]);
  if (
    select["op"] !== "SETOP_NONE" ||
    item === undefined ||
    others.length > 0 ||
    barred.some((clause) => clause in select)
  )
    throw new Opaque(`a change of the view ${name}, which is not of one table`);
  const from = only(item, "RangeVar");
  const names = storedNames(context.catalog);
  const schema = text(from["schemaname"]) || null;
  const relation = names.relation({ schema, name: text(from["relname"]) }, -1);
  const columns = new Map<number, number>();
  for (const [at, target] of list(select["targetList"]).entries()) {
    const { kind, fields } = node(only(target, "ResTarget")["val"]);
    if (kind !== "ColumnRef") continue;
    const { parts, star } = columnName(fields);
    const written = parts.at(-1);
    const attnum = relation.columns.find((column) => column.name === written)?.attnum;
    const own = view.columns[at]?.attnum;
    if (!star && attnum !== undefined && own !== undefined) columns.set(own, attnum);
  }
  return {
    relation,
    children: from["inh"] === true,
    checks: "whereClause" in select,
    columns,
  };
}

/** The attnums of the base for those of the view. @throws {Opaque} for a column that is computed. */
export function baseColumns(base: ViewBase, attnums: readonly number[]): number[] {
  return attnums.map((attnum) => {
    const found = base.columns.get(attnum);
    if (found === undefined) throw new Opaque("a change of a view's computed column");
    return found;
  });
}
