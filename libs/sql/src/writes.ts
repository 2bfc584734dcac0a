import { executed } from "./calls.ts";
import { castTo, settled } from "./casts.ts";
import { firstUserOid, type Column, type Relation } from "./catalog.ts";
import { commonTables } from "./common-tables.ts";
import { condition } from "./conditions.ts";
import type { Context } from "./context.ts";
import { attnumsOf, change, reachDefaults } from "./effects.ts";
import { evaluate } from "./expressions.ts";
import { aliasOf, fromClause, namedRelation } from "./from.ts";
import { mergeStatement } from "./merge.ts";
import { Opaque, Unresolved } from "./outcome.ts";
import { openRelation, relationEntry } from "./relations.ts";
import { Scope, type RangeEntry, type ScopeColumn } from "./scope.ts";
import { query, targets, unsettledQuery } from "./select.ts";
import {
  known,
  knownFields,
  list,
  location,
  node,
  only,
  record,
  text,
  type Fields,
} from "./tree.ts";
import { Stored, withStored } from "./stored.ts";
import { plain, unknownType, type Value } from "./value.ts";

/** INSERT, UPDATE, DELETE or MERGE; the columns that it returns, or null when it returns none. */
export function writeStatement(
  kind: string,
  fields: Fields,
  outer: Scope | null,
  context: Context,
): readonly ScopeColumn[] | null {
  return context.within(() => {
    switch (kind) {
      case "InsertStmt":
        return insert(fields, outer, context);
      case "UpdateStmt":
        return update(fields, outer, context);
      case "DeleteStmt":
        return remove(fields, outer, context);
      case "MergeStmt":
        return mergeStatement(fields, outer, context);
      default:
        throw new Opaque(`WITH a ${kind}`);
    }
  });
}

/** The written table as a range entry; naming one of its columns reads it. */
export function targetEntry(
  relation: Relation,
  children: boolean,
  name: string,
  context: Context,
): RangeEntry {
  const entry = relationEntry(relation, children, context);
  return {
    ...entry,
    name: name || relation.name,
    schema: name ? null : relation.schema,
    used: () => openRelation(relation, children, context),
  };
}

/** What is stored into a column: its classified sources are used for writing. */
export function store(value: Value, column: Column, stored: Stored, context: Context): void {
  const type = context.catalog.types.get(column.typeOid);
  if (!type) throw new Opaque(`column ${column.name} has an unknown type`);
  // An assignment to the column's own type runs nothing, a literal a built-in's input; else it is cast.
  const literal = value.type === unknownType && type.oid < firstUserOid;
  if (value.type !== type.oid && !literal) castTo(context, value, type, false);
  context.asked.use(value.columns, "write");
  stored.add(column.attnum, value.columns);
}

export function columnNamed(relation: Relation, name: string, at: number): Column {
  const found = relation.columns.find((column) => column.name === name);
  if (found) return found;
  throw new Unresolved(
    "42703",
    `column "${name}" of relation "${relation.name}" does not exist`,
    at,
  );
}

export const isDefault = (expression: unknown): boolean => node(expression).kind === "SetToDefault";

/** The columns that a list of INSERT targets names; all of them when it is left out. */
export function insertColumns(relation: Relation, cols: unknown): readonly Column[] {
  const named = list(cols);
  if (named.length === 0) return relation.columns;
  return named.map((item) => {
    const target = only(item, "ResTarget");
    if (list(target["indirection"]).length > 0)
      throw new Opaque("an assignment to a part of a column");
    return columnNamed(relation, text(target["name"]), location(target));
  });
}

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

function insert(
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
      store(output.value, columnAt(columns, at), stored, context);
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
      const column = columnAt(columns, at);
      if (isDefault(item)) defaulted.add(column);
      else store(evaluate(item, values, context), column, stored, context);
    }
  }
  const others = ["sortClause", "limitCount", "limitOffset"].some((key) => key in select);
  if (others) query({ SelectStmt: select }, around, context);
  return columns.slice(0, length).filter((column) => !defaulted.has(column));
}

function columnAt(columns: readonly Column[], at: number): Column {
  const column = columns[at];
  if (column) return column;
  throw new Unresolved("42601", "INSERT has more expressions than target columns", -1);
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
    context.decide(evaluate(fields["whereClause"], scope, context).columns);
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
      const column = columnNamed(relation, element["name"], -1);
      context.decide(context.classification.of(relation, column.name, true));
    } else {
      context.decide(evaluate(element["expr"], scope, context).columns);
    }
  }
  if (fields["whereClause"] !== undefined) {
    context.decide(evaluate(fields["whereClause"], scope, context).columns);
  }
  if (elements.length > 0) return;
  for (const column of relation.columns) {
    if (!relation.uniqueColumns.includes(column.attnum)) continue;
    context.decide(context.classification.of(relation, column.name, true));
  }
}

/** SET: what feeds each column, and the change itself. */
export function assign(
  items: unknown,
  relation: Relation,
  scope: Scope,
  stored: Stored,
  options: { readonly where: boolean; readonly children: boolean },
  context: Context,
): void {
  const set: number[] = [];
  for (const item of list(items)) {
    const target = only(item, "ResTarget");
    known(target, "ResTarget", knownFields("name", "val", "indirection"));
    if (list(target["indirection"]).length > 0)
      throw new Opaque("an assignment to a part of a column");
    const column = columnNamed(relation, text(target["name"]), location(target));
    set.push(column.attnum);
    const { kind, fields } = node(target["val"]);
    if (kind === "SetToDefault") reachDefaults(relation, [column.attnum], context);
    else if (kind === "MultiAssignRef") storeMany(fields, column, scope, stored, context);
    else store(evaluate(target["val"], scope, context), column, stored, context);
  }
  change("update", relation, { ...options, columns: set }, context);
}

/** `(a, b) = (…)`: each column is fed by its own item of a row, or by all of a subquery. */
function storeMany(
  fields: Fields,
  column: Column,
  scope: Scope,
  stored: Stored,
  context: Context,
): void {
  known(fields, "MultiAssignRef", knownFields("source", "colno", "ncolumns"));
  const { kind, fields: source } = node(fields["source"]);
  if (kind === "RowExpr") {
    const item = list(source["args"])[Number(fields["colno"]) - 1];
    if (item === undefined) throw new Opaque("a malformed parse tree");
    if (isDefault(item)) throw new Opaque("DEFAULT in a row");
    store(evaluate(item, scope, context), column, stored, context);
    return;
  }
  const value = evaluate(fields["source"], scope, context);
  context.asked.use(value.columns, "write");
  stored.add(column.attnum, value.columns);
  // Which of the subquery's types meets this column is not followed, so an assignment cast could be any.
  if (context.catalog.userCastTo(column.typeOid))
    throw new Opaque("a row assigned with a user-made cast");
}

const updateFields = knownFields(
  "relation",
  "targetList",
  "whereClause",
  "fromClause",
  "returningList",
  "returningClause",
  "withClause",
);

function update(
  fields: Fields,
  outer: Scope | null,
  context: Context,
): readonly ScopeColumn[] | null {
  known(fields, "UpdateStmt", updateFields);
  const { relation, scope, children } = targetScope(fields, outer, context);
  fromClause(fields["fromClause"], scope, context);
  condition(fields["whereClause"], scope, context);
  const where = fields["whereClause"] !== undefined;
  const stored = new Stored();
  assign(fields["targetList"], relation, scope, stored, { where, children }, context);
  return returning(fields, afterwards(scope, relation, stored), context);
}

const deleteFields = knownFields(
  "relation",
  "usingClause",
  "whereClause",
  "returningList",
  "returningClause",
  "withClause",
);

function remove(
  fields: Fields,
  outer: Scope | null,
  context: Context,
): readonly ScopeColumn[] | null {
  known(fields, "DeleteStmt", deleteFields);
  const { relation, scope, children } = targetScope(fields, outer, context);
  fromClause(fields["usingClause"], scope, context);
  condition(fields["whereClause"], scope, context);
  const where = fields["whereClause"] !== undefined;
  change("delete", relation, { children, where, columns: [] }, context);
  return returning(fields, scope, context);
}

/** The same scope once the target's rows hold what was stored. */
export function afterwards(scope: Scope, relation: Relation, stored: Stored): Scope {
  const replace = (entry: RangeEntry): RangeEntry =>
    entry.relation === relation ? withStored(entry, relation, stored) : entry;
  const after = new Scope(scope.outer, scope.commonTables);
  after.add({
    named: scope.visible.named.map(replace),
    columns: scope.visible.columns.map(replace),
  });
  return after;
}

/** The target of an UPDATE or DELETE is visible to its FROM only by LATERAL, as to its conditions. */
function targetScope(
  fields: Fields,
  outer: Scope | null,
  context: Context,
): { relation: Relation; scope: Scope; children: boolean } {
  const tables = commonTables(fields["withClause"], outer, context);
  const target = record(fields["relation"]);
  const relation = namedRelation(target, context);
  const children = target["inh"] === true;
  const entry = targetEntry(relation, children, aliasOf(target["alias"]).name, context);
  const scope = new Scope(outer, tables);
  scope.add({ named: [entry], columns: [entry] });
  return { relation, scope, children };
}

/** RETURNING; null when there is none. 18 adds OLD and NEW, which show the target's own columns. */
export function returning(
  fields: Fields,
  scope: Scope,
  context: Context,
): readonly ScopeColumn[] | null {
  const clause = fields["returningClause"] === undefined ? null : record(fields["returningClause"]);
  if (clause) known(clause, "ReturningClause", knownFields("options", "exprs"));
  const items = clause ? clause["exprs"] : fields["returningList"];
  if (items === undefined) return null;
  const columns = targets(items, returningScope(clause, scope), context).map(
    ({ name, value }): ScopeColumn => ({ name, value: settled(value) }),
  );
  return context.executes
    ? columns.map((column) => ({ ...column, value: executed(context, column.value) }))
    : columns;
}

function returningScope(clause: Fields | null, scope: Scope): Scope {
  const [target] = scope.visible.named;
  if (!clause || !target) return scope;
  const names = new Map([
    ["RETURNING_OPTION_OLD", "old"],
    ["RETURNING_OPTION_NEW", "new"],
  ]);
  for (const item of list(clause["options"])) {
    const option = only(item, "ReturningOption");
    names.set(text(option["option"]), text(option["value"]));
  }
  const extended = new Scope(scope.outer, scope.commonTables);
  extended.add(scope.visible);
  const taken = new Set(scope.visible.named.map(({ name }) => name));
  for (const name of names.values()) {
    if (taken.has(name)) continue;
    extended.add({ named: [{ ...target, name, schema: null }], columns: [] });
  }
  return extended;
}
