import type { Column, Relation } from "./catalog.ts";
import { isBuiltin } from "./builtin-tags.ts";
import { kin } from "./classification.ts";
import type { Context } from "./context.ts";
import { Opaque, Unresolved } from "./outcome.ts";
import type { RangeEntry } from "./scope.ts";
import { union, type Value } from "./value.ts";

/** A relation and, unless ONLY, all its children. */
export const family = (
  relation: Relation,
  children: boolean,
  context: Context,
): readonly Relation[] =>
  children ? [relation, ...kin(context.catalog, relation, "children")] : [relation];

/** Asks what reading it asks; opaque for what is not a table as it is stored. */
export function openRelation(relation: Relation, children: boolean, context: Context): void {
  for (const one of family(relation, children, context)) {
    readable(one);
    context.asked.readTable(one);
    if (one.rowSecurity) context.reachRelation(one);
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
    columns: relation.columns.map((column) => ({
      name: column.name,
      value: columnValue(relation, column, children, context),
    })),
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

/** A generated column holds what the columns in its expression hold. */
function generatedFrom(
  relation: Relation,
  column: Column,
  children: boolean,
  context: Context,
): readonly string[] {
  if (column.generated === "" || column.default === null) return [];
  const words = new Set(column.default.match(/[\p{L}_][\p{L}\p{N}_$]*/gu));
  const quoted = column.default;
  return union(
    ...relation.columns
      .filter(({ name }) => words.has(name) || quoted.includes(`"${name.replaceAll('"', '""')}"`))
      .map(({ name }) => context.classification.of(relation, name, children)),
  );
}
