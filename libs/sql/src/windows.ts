import type { Context } from "./context.ts";
import { evaluate, evaluateAll } from "./expressions.ts";
import { operate } from "./calls.ts";
import type { Scope } from "./scope.ts";
import { known, knownFields, list, only, record, strings, type Fields } from "./tree.ts";
import { sortable } from "./types.ts";
import { union, type Value } from "./value.ts";

const sortFields = knownFields("node", "sortby_dir", "sortby_nulls", "useOp");

/** Asks what sorting by a value asks; `USING` names the operator. */
export function sortedBy(sort: Fields, value: Value, context: Context): readonly string[] {
  known(sort, "SortBy", sortFields);
  sortable(context, value.type);
  if (sort["sortby_dir"] !== "SORTBY_USING") return value.columns;
  return operate(context, strings(sort["useOp"]), value, value).columns;
}

/** The columns by which a list of SortBy sorts. */
export function sortColumns(sorts: unknown, scope: Scope, context: Context): readonly string[] {
  return union(
    ...list(sorts).map((item) => {
      const sort = only(item, "SortBy");
      return sortedBy(sort, evaluate(sort["node"], scope, context), context);
    }),
  );
}

const windowFields = knownFields(
  "name",
  "refname",
  "partitionClause",
  "orderClause",
  "frameOptions",
  "startOffset",
  "endOffset",
);

/**
 * The columns that decide a window. One that is referred to by name is declared in the same query,
 * where its columns count as predicates; the value itself is then fed by all of them.
 */
export function windowColumns(window: unknown, scope: Scope, context: Context): readonly string[] {
  const fields = record(window);
  known(fields, "WindowDef", windowFields);
  const partitions = evaluateAll(fields["partitionClause"], scope, context);
  for (const value of partitions) sortable(context, value.type);
  const bounds = [fields["startOffset"], fields["endOffset"]]
    .filter((bound) => bound !== undefined)
    .map((bound) => evaluate(bound, scope, context));
  return union(
    ...[...partitions, ...bounds].map(({ columns }) => columns),
    sortColumns(fields["orderClause"], scope, context),
    scope.windows.get(String(fields["name"] ?? fields["refname"])) ?? [],
  );
}
