import type { Column, Relation } from "./catalog.ts";
import { isBuiltin } from "./builtin-tags.ts";
import { kin } from "./classification.ts";
import type { Context } from "./context.ts";
import { generatedFrom } from "./generated.ts";
import { refuseUnread } from "./names.ts";
import { Opaque, Unresolved } from "./outcome.ts";
import type { RangeEntry } from "./scope.ts";
import { union, type Value } from "./value.ts";
import { isView, viewReading } from "./views.ts";
import { applies } from "./rules.ts";
import { readSetting, showsSettings } from "./secret-settings.ts";
import { policyColumns } from "./stored-expressions.ts";

/** A relation and, unless ONLY, all its children. */
export const family = (
  relation: Relation,
  children: boolean,
  context: Context,
): readonly Relation[] => {
  const all = children ? [relation, ...kin(context.catalog, relation, "children")] : [relation];
  for (const one of all) refuseUnread(one);
  return all;
};

/** Asks what reading it asks, of a view what its query asks besides; opaque for what cannot be traced. */
export function openRelation(relation: Relation, children: boolean, context: Context): void {
  for (const one of family(relation, children, context)) {
    if (!isView(one)) readable(one);
    else if (applies("view asks")) context.include(viewReading(one, context).context);
    context.asked.readTable(one);
    if (showsSettings(one)) readSetting(null, context);
    if (one.rowSecurity) {
      context.reachRelation(one);
      context.decide(policyColumns(one, context), "policy");
    }
  }
}

function readable(relation: Relation): void {
  switch (relation.kind) {
    case "r":
    case "p":
    case "S":
      return;
    case "v":
    case "m":
    case "f":
      if (isBuiltin(relation)) return;
      throw new Opaque(`${relation.schema}.${relation.name} is not an ordinary table`);
    case "c":
      throw new Unresolved("42809", `cannot open relation "${relation.name}"`, -1);
  }
}

/** A relation as a range entry under its own name. */
export function relationEntry(
  relation: Relation,
  children: boolean,
  context: Context,
): RangeEntry & { readonly columns: readonly { name: string; value: Value }[] } {
  return {
    name: relation.name,
    schema: relation.schema,
    relation,
    columns: relation.columns.map((column, at) => ({
      name: column.name,
      value: isView(relation)
        ? viewColumn(relation, column, at, context)
        : columnValue(relation, column, children, context),
    })),
  };
}

/** INVARIANT (I3): a view's column is what its query computes, and what config says of the view itself. */
function viewColumn(relation: Relation, column: Column, at: number, context: Context): Value {
  const from = viewReading(relation, context).columns[at];
  if (!from) throw new Opaque("a malformed catalog");
  return {
    type: column.typeOid,
    columns: applies("view")
      ? union(context.classification.of(relation, column.name, true), from.columns)
      : [],
    bare: from.bare || from.columns.length === 0,
    origin: { tableOid: relation.oid, attnum: column.attnum },
    constant: false,
  };
}

function columnValue(
  relation: Relation,
  column: Column,
  children: boolean,
  context: Context,
): Value {
  const own = context.classification.of(relation, column.name, children);
  const derived = generatedFrom(relation, column, children, context);
  return {
    type: column.typeOid,
    columns: union(own, derived),
    bare: derived.length === 0,
    origin: { tableOid: relation.oid, attnum: column.attnum },
    constant: false,
  };
}
