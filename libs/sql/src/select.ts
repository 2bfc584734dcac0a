import { condition } from "./conditions.ts";
import { commonTables } from "./common-tables.ts";
import type { Context } from "./context.ts";
import { columnName, missingEntry } from "./column-references.ts";
import { evaluate } from "./expressions.ts";
import { fromClause } from "./from.ts";
import { lockRows } from "./row-locks.ts";
import { Opaque, Unresolved } from "./outcome.ts";
import { outputName, position } from "./output-names.ts";
import { rowStar } from "./rows.ts";
import { Scope, type ScopeColumn } from "./scope.ts";
import { combine } from "./set-operations.ts";
import { settled } from "./casts.ts";
import { sortable } from "./types.ts";
import { unify } from "./unify.ts";
import {
  known,
  knownFields,
  list,
  beginning,
  location,
  node,
  only,
  record,
  text,
  type Fields,
} from "./tree.ts";
import { computed, union, type Value } from "./value.ts";
import { sortedBy, windowColumns } from "./windows.ts";
import type { Rule } from "./rules.ts";
import { readsOnly } from "./secret-settings.ts";
import { oneSetting } from "./settings.ts";

const selectFields = knownFields(
  "distinctClause",
  "targetList",
  "fromClause",
  "whereClause",
  "groupClause",
  "groupDistinct",
  "havingClause",
  "windowClause",
  "valuesLists",
  "sortClause",
  "limitOffset",
  "limitCount",
  "limitOption",
  "lockingClause",
  "withClause",
  "op",
  "all",
  "larg",
  "rarg",
);

/** The output columns of a SELECT, VALUES or set operation; `outer` is what it sees around it. */
export function query(statement: unknown, outer: Scope | null, context: Context): ScopeColumn[] {
  return selectQuery(only(statement, "SelectStmt"), outer, context);
}

export const selectQuery = (fields: Fields, outer: Scope | null, context: Context): ScopeColumn[] =>
  unsettledQuery(fields, outer, context).map(({ name, value }) => ({
    name,
    value: settled(value),
  }));

/** The same with literals still untyped, as the arms of a set operation and the source of an INSERT have them. */
export function unsettledQuery(
  fields: Fields,
  outer: Scope | null,
  context: Context,
): ScopeColumn[] {
  return context.within(() => {
    known(fields, "SelectStmt", selectFields);
    const tables = commonTables(fields["withClause"], outer, context);
    const scope = new Scope(outer, tables);
    if (fields["op"] !== "SETOP_NONE") return setOperation(fields, scope, context);
    const outputs =
      fields["valuesLists"] === undefined
        ? simpleSelect(fields, scope, context)
        : valuesColumns(fields["valuesLists"], scope, context);
    orderAndLimit(fields, outputs, scope, context);
    return outputs;
  });
}

function setOperation(fields: Fields, scope: Scope, context: Context): ScopeColumn[] {
  // Its arms see the outer levels and the WITH of the whole; this level itself has no columns.
  const left = unsettledQuery(record(fields["larg"]), scope, context);
  const right = unsettledQuery(record(fields["rarg"]), scope, context);
  if (left.length !== right.length) {
    const called = text(fields["op"]).replace("SETOP_", "");
    const message = `each ${called} query must have the same number of columns`;
    throw new Unresolved("42601", message, beginning(firstOutput(fields["rarg"])));
  }
  // INTERSECT ALL and EXCEPT ALL count doubles, and compare all the same.
  const keepsAll = fields["all"] === true && fields["op"] === "SETOP_UNION";
  const outputs = combine(left, right, keepsAll, context);
  for (const item of list(fields["sortClause"])) {
    decideOutput(only(item, "SortBy"), outputs, context);
  }
  limit(fields, scope, context);
  return outputs;
}

/** Of a set operation, its first arm's; PostgreSQL does not say where VALUES stand. */
function firstOutput(select: unknown): unknown {
  const fields = record(select);
  return fields["op"] === "SETOP_NONE"
    ? list(fields["targetList"])[0]
    : firstOutput(fields["larg"]);
}

/** A set operation sorts by its output columns only. */
function decideOutput(sort: Fields, outputs: readonly ScopeColumn[], context: Context): void {
  const value = namedOutput(sort["node"], outputs, "ORDER BY");
  if (!value) throw new Opaque("ORDER BY an expression over a set operation");
  context.decide(sortedBy(sort, value, context), "sort");
}

function valuesColumns(lists: unknown, scope: Scope, context: Context): ScopeColumn[] {
  const rows = list(lists).map((row) =>
    list(only(row, "List")["items"]).flatMap(
      (item) =>
        takenApart(item, scope, context)?.map(({ value }) => value) ??
        evaluate(item, scope, context),
    ),
  );
  const [first] = rows;
  const other = rows.findIndex((row) => row.length !== first?.length);
  if (!first || other >= 0) {
    const at = beginning(list(lists)[other]);
    throw new Unresolved("42601", "VALUES lists must all be the same length", at);
  }
  refuseTooMany(first.length);
  return first.map((_, at) => ({
    name: `column${at + 1}`,
    value: mixed(
      rows.flatMap((row) => row[at] ?? []),
      context,
    ),
  }));
}

/** A column of VALUES; a single row's values stay what they are. */
function mixed(values: readonly Value[], context: Context): Value {
  const [first] = values;
  if (first && values.length === 1) return { ...first, origin: null };
  return computed(unify(context, values), values);
}

function simpleSelect(fields: Fields, scope: Scope, context: Context): ScopeColumn[] {
  fromClause(fields["fromClause"], scope, context);
  condition(fields["whereClause"], scope, context);
  scope.setting = oneSetting(fields["whereClause"], scope, context);
  if (scope.setting !== null) readsOnly(scope.setting, context);
  for (const item of list(fields["windowClause"])) {
    const window = only(item, "WindowDef");
    const columns = windowColumns(window, scope, context);
    context.decide(columns, "window");
    scope.windows.set(text(window["name"]), columns);
  }
  const outputs = targets(fields["targetList"], scope, context);
  for (const item of list(fields["groupClause"])) group(item, outputs, scope, context);
  if (fields["havingClause"] !== undefined) {
    context.decide(evaluate(fields["havingClause"], scope, context).columns, "condition");
  }
  distinct(fields["distinctClause"], outputs, scope, context);
  lockRows(fields["lockingClause"], scope, context);
  return outputs;
}

/** A select list or RETURNING list, stars expanded. */
export function targets(items: unknown, scope: Scope, context: Context): ScopeColumn[] {
  const outputs: ScopeColumn[] = [];
  for (const item of list(items)) {
    const target = only(item, "ResTarget");
    known(target, "ResTarget", knownFields("name", "val"));
    const apart = takenApart(target["val"], scope, context);
    if (apart) outputs.push(...apart);
    else {
      const value = evaluate(target["val"], scope, context);
      const { name } = target;
      outputs.push({
        name: typeof name === "string" ? name : outputName(target["val"], context),
        value,
      });
    }
    refuseTooMany(outputs.length);
  }
  return outputs;
}

/** MaxTupleAttributeNumber: without it, a few CTEs of two times the one before would fill the memory. */
const mostOutputs = 1664;

function refuseTooMany(outputs: number): void {
  if (outputs <= mostOutputs) return;
  const message = `target lists can have at most ${mostOutputs} entries`;
  throw new Unresolved("54011", message, -1);
}

/** The columns that a star stands for in a list of expressions (`*`, `t.*`, `(row).*`); null for what is no star. */
function takenApart(expression: unknown, scope: Scope, context: Context): ScopeColumn[] | null {
  const { kind, fields } = node(expression);
  const stars = kind === "ColumnRef" ? starColumns(fields, scope, context) : null;
  return stars ?? rowStar(expression, scope, context);
}

function starColumns(fields: Fields, scope: Scope, context: Context): ScopeColumn[] | null {
  const { parts, star } = columnName(fields);
  if (!star) return null;
  const [first, second] = parts;
  if (parts.length > 2) throw new Opaque("a column name that names its database");
  const at = location(fields);
  const entries = scope.visible.columns;
  let columns: readonly ScopeColumn[];
  if (first === undefined) {
    for (const entry of entries) entry.used?.();
    refuseTooMany(entries.reduce((sum, entry) => sum + entry.columns.length, 0));
    columns = entries.flatMap((entry) => entry.columns);
    if (entries.length === 0) {
      throw new Unresolved("42601", "SELECT * with no tables specified is not valid", at);
    }
  } else {
    const schema = second === undefined ? null : first;
    const name = second ?? first;
    const found = scope.entry(schema, name, at);
    if (!found) throw missingEntry({ schema, name }, at, scope, context);
    found.entry.used?.();
    columns = found.entry.columns;
  }
  for (const column of columns) context.see(column.value.columns);
  return [...columns];
}

/** The output that ORDER BY or DISTINCT ON means by a name or a position; null for an expression. */
function namedOutput(
  by: unknown,
  outputs: readonly ScopeColumn[],
  clause: "ORDER BY" | "GROUP BY" | "DISTINCT ON",
): Value | null {
  const at = position(by);
  if (at !== null) {
    const output = outputs[at - 1];
    if (output) return output.value;
    const message = `${clause} position ${at} is not in select list`;
    throw new Unresolved("42P10", message, beginning(by));
  }
  const { kind, fields } = node(by);
  if (kind !== "ColumnRef") return null;
  const { parts, star } = columnName(fields);
  if (star || parts.length !== 1) return null;
  const found = outputs.filter(({ name }) => name === parts[0]);
  if (found.length === 0) return null;
  return computed(
    found[0]?.value.type ?? 0,
    found.map(({ value }) => value),
  );
}

function decideBy(
  by: unknown,
  outputs: readonly ScopeColumn[],
  scope: Scope,
  context: Context,
  rule: Rule,
): void {
  const clause = rule === "group" ? "GROUP BY" : "DISTINCT ON";
  const value = namedOutput(by, outputs, clause) ?? evaluate(by, scope, context);
  sortable(context, value.type);
  context.decide(value.columns, rule);
}

/** GROUP BY prefers an input column of that name to an output. */
function group(
  item: unknown,
  outputs: readonly ScopeColumn[],
  scope: Scope,
  context: Context,
): void {
  const { kind, fields } = node(item);
  if (kind === "GroupingSet") {
    known(fields, kind, knownFields("kind", "content"));
    for (const inner of list(fields["content"])) group(inner, outputs, scope, context);
    return;
  }
  if (kind === "RowExpr") {
    for (const inner of list(fields["args"])) group(inner, outputs, scope, context);
    return;
  }
  if (kind === "ColumnRef") {
    const { parts, star } = columnName(fields);
    const found =
      parts.length === 1 && !star ? scope.column(parts[0] ?? "", location(fields)) : null;
    if (found?.level === 0) {
      sortable(context, found.value.type);
      context.see(found.value.columns);
      context.decide(found.value.columns, "group");
      return;
    }
  }
  decideBy(item, outputs, scope, context, "group");
}

function distinct(
  clause: unknown,
  outputs: readonly ScopeColumn[],
  scope: Scope,
  context: Context,
): void {
  const items = list(clause);
  if (items.length === 0) return;
  const on = items.filter((item) => Object.keys(record(item)).length > 0);
  if (on.length > 0) {
    for (const item of on) decideBy(item, outputs, scope, context, "distinct");
    return;
  }
  for (const { value } of outputs) sortable(context, value.type);
  context.decide(union(...outputs.map(({ value }) => value.columns)), "distinct");
}

function orderAndLimit(
  fields: Fields,
  outputs: readonly ScopeColumn[],
  scope: Scope,
  context: Context,
): void {
  for (const item of list(fields["sortClause"])) {
    const sort = only(item, "SortBy");
    const value =
      namedOutput(sort["node"], outputs, "ORDER BY") ?? evaluate(sort["node"], scope, context);
    context.decide(sortedBy(sort, value, context), "sort");
  }
  limit(fields, scope, context);
}

function limit(fields: Fields, scope: Scope, context: Context): void {
  for (const bound of [fields["limitCount"], fields["limitOffset"]]) {
    if (bound !== undefined) context.decide(evaluate(bound, scope, context).columns, "limit");
  }
}
