import { castTo } from "./casts.ts";
import { firstUserOid, type Column, type Relation } from "./catalog.ts";
import type { Context } from "./context.ts";
import { baseOf } from "./coercion.ts";
import { change, reachDefaults } from "./effects.ts";
import { evaluate } from "./expressions.ts";
import { Opaque, Unresolved } from "./outcome.ts";
import { openRelation, relationEntry } from "./relations.ts";
import type { RangeEntry, Scope } from "./scope.ts";
import type { Stored } from "./stored.ts";
import { known, knownFields, list, location, node, only, text, type Fields } from "./tree.ts";
import { unknownType, type Value } from "./value.ts";

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
  context.keep(value.columns, "store");
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

/** `tags[1] = …`, `doc['k'] = …`: the bounds decide, and what is stored has the element's type. */
function part(target: Fields, column: Column, scope: Scope, context: Context): Column {
  let typeOid = column.typeOid;
  for (const step of list(target["indirection"])) {
    const { kind, fields } = node(step);
    if (kind !== "A_Indices") throw new Opaque("an assignment to a field of a column");
    for (const bound of [fields["lidx"], fields["uidx"]])
      if (bound !== undefined) context.decide(evaluate(bound, scope, context).columns, "subscript");
    const found = context.catalog.types.get(baseOf(context.catalog, typeOid));
    if (found?.kind !== "b") throw new Opaque("an assignment to a part of a column");
    if (found.element !== 0 && fields["is_slice"] !== true) typeOid = found.element;
  }
  return { ...column, typeOid };
}

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
    const whole = columnNamed(relation, text(target["name"]), location(target));
    const column = part(target, whole, scope, context);
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
  context.keep(value.columns, "store");
  stored.add(column.attnum, value.columns);
  // Which of the subquery's types meets this column is not followed, so an assignment cast could be any.
  if (context.catalog.userCastTo(column.typeOid))
    throw new Opaque("a row assigned with a user-made cast");
}
