import { assign, insertColumns, isDefault, store, targetEntry } from "./assignments.ts";
import type { Column, Relation } from "./catalog.ts";
import { commonTables } from "./common-tables.ts";
import type { Context } from "./context.ts";
import { attnumsOf, change, reachDefaults, revealInserted } from "./effects.ts";
import { evaluate } from "./expressions.ts";
import { aliasOf, namedRelation } from "./from.ts";
import { Unresolved } from "./outcome.ts";
import { relationEntry } from "./relations.ts";
import { returning } from "./returning.ts";
import { Scope, type RangeEntry, type ScopeColumn } from "./scope.ts";
import { query, unsettledQuery } from "./select.ts";
import { Stored, withStored } from "./stored.ts";
import {
  beginning,
  known,
  knownFields,
  list,
  location,
  only,
  record,
  type Fields,
} from "./tree.ts";
import { plain } from "./value.ts";
import { viewBase } from "./view-writes.ts";
import { isView } from "./views.ts";

const insertFields = knownFields(
  "relation",
  "cols",
  "selectStmt",
  "onConflictClause",
  "returningList",
  "returningClause",
  "withClause",
  "override",
);

export function insert(
  fields: Fields,
  outer: Scope | null,
  context: Context,
): readonly ScopeColumn[] | null {
  known(fields, "InsertStmt", insertFields);
  const tables = commonTables(fields["withClause"], outer, context);
  const around = new Scope(outer, tables);
  const target = record(fields["relation"]);
  const relation = namedRelation(target, context);
  const columns = insertColumns(relation, fields["cols"]);
  const stored = new Stored();
  const given =
    fields["selectStmt"] === undefined
      ? []
      : insertSource(only(fields["selectStmt"], "SelectStmt"), columns, stored, around, context);
  const left = relation.columns.filter((column) => !given.includes(column));
  reachDefaults(relation, attnumsOf(left), context);
  change("insert", relation, { children: true, where: false, columns: [] }, context);
  revealInserted(relation, given, context);
  const { name } = aliasOf(target["alias"]);
  const entry = targetEntry(relation, true, name, context);
  onConflict(fields["onConflictClause"], relation, entry, stored, around, context);
  const scope = new Scope(outer, tables);
  const written = withStored(entry, relation, stored);
  scope.add({ named: [written], columns: [written] });
  return returning(fields, scope, context);
}

/** Records what feeds each column; says which columns get a value that is not DEFAULT in every row. */
function insertSource(
  select: Fields,
  columns: readonly Column[],
  stored: Stored,
  around: Scope,
  context: Context,
): readonly Column[] {
  const lists = list(select["valuesLists"]);
  const simple =
    lists.length > 0 && select["withClause"] === undefined && select["op"] === "SETOP_NONE";
  if (!simple) {
    const outputs = unsettledQuery(select, around, context);
    for (const [at, output] of outputs.entries()) {
      store(output.value, columnAt(columns, at, list(select["targetList"])[at]), stored, context);
    }
    return columns.slice(0, outputs.length);
  }
  const values = new Scope(around, around.commonTables);
  const defaulted = new Set<Column>();
  let length = 0;
  for (const row of lists) {
    const items = list(only(row, "List")["items"]);
    length = Math.max(length, items.length);
    for (const [at, item] of items.entries()) {
      const column = columnAt(columns, at, item);
      if (isDefault(item)) defaulted.add(column);
      else store(evaluate(item, values, context), column, stored, context);
    }
  }
  const others = ["sortClause", "limitCount", "limitOffset"].some((key) => key in select);
  if (others) query({ SelectStmt: select }, around, context);
  return columns.slice(0, length).filter((column) => !defaulted.has(column));
}

function columnAt(columns: readonly Column[], at: number, given: unknown): Column {
  const column = columns[at];
  if (column) return column;
  throw new Unresolved(
    "42601",
    "INSERT has more expressions than target columns",
    beginning(given),
  );
}

function onConflict(
  clause: unknown,
  relation: Relation,
  entry: RangeEntry,
  stored: Stored,
  around: Scope,
  context: Context,
): void {
  if (clause === undefined) return;
  const fields = record(clause);
  known(fields, "OnConflictClause", knownFields("action", "infer", "targetList", "whereClause"));
  const scope = new Scope(around.outer, around.commonTables);
  scope.add({ named: [entry], columns: [entry] });
  conflictTarget(fields["infer"], relation, scope, context);
  if (fields["action"] !== "ONCONFLICT_UPDATE") return;
  // What was offered is fed by the statement's own source.
  const offered: RangeEntry = {
    ...relationEntry(relation, true, context),
    name: "excluded",
    schema: null,
    columns: relation.columns.map((column) => ({
      name: column.name,
      value: { ...plain(column.typeOid), columns: stored.of(column.attnum) },
    })),
  };
  scope.add({ named: [offered], columns: [] });
  assign(fields["targetList"], relation, scope, stored, { where: true, children: true }, context);
  if (fields["whereClause"] !== undefined) {
    context.decide(evaluate(fields["whereClause"], scope, context).columns, "conflict");
  }
}

/** Which rows conflict is decided by the columns of unique indexes. */
function conflictTarget(infer: unknown, relation: Relation, scope: Scope, context: Context): void {
  const fields = infer === undefined ? {} : record(infer);
  known(fields, "InferClause", knownFields("indexElems", "whereClause", "conname"));
  const elements = list(fields["indexElems"]);
  for (const item of elements) {
    const element = only(item, "IndexElem");
    if (typeof element["name"] === "string") {
      const { name } = element;
      const column = relation.columns.find((one) => one.name === name);
      if (!column)
        throw new Unresolved("42703", `column "${name}" does not exist`, location(fields));
      context.decide(context.classification.of(relation, column.name, true), "conflict");
    } else {
      context.decide(evaluate(element["expr"], scope, context).columns, "conflict");
    }
  }
  if (fields["whereClause"] !== undefined) {
    context.decide(evaluate(fields["whereClause"], scope, context).columns, "conflict");
  }
  if (elements.length > 0) return;
  if (isView(relation))
    return conflictTarget(infer, viewBase(relation, context).relation, scope, context);
  for (const column of relation.columns) {
    if (!relation.unique.some((columns) => columns.includes(column.attnum))) continue;
    context.decide(context.classification.of(relation, column.name, true), "conflict");
  }
}
