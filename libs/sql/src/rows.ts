import { columnName } from "./column-references.ts";
import type { Context } from "./context.ts";
import { evaluate } from "./expressions.ts";
import { Opaque } from "./outcome.ts";
import { columnOf, type RangeEntry, type Scope, type ScopeColumn } from "./scope.ts";
import { list, location, node, text } from "./tree.ts";
import { baseOf } from "./coercion.ts";
import type { Value } from "./value.ts";

/** The entry whose whole row an expression is (`c` or `c.*`, where no column has that name); null for all else. */
function rowEntry(expression: unknown, scope: Scope): RangeEntry | null {
  const { kind, fields } = node(expression);
  if (kind !== "ColumnRef") return null;
  const { parts, star } = columnName(fields);
  const [name] = parts;
  if (name === undefined || parts.length !== 1) return null;
  const at = location(fields);
  if (!star && scope.column(name, at)) return null;
  return scope.entry(null, name, at)?.entry ?? null;
}

/** `(row).field`: exactly that column when the row is a range entry's, or null. */
export function rowField(
  subject: unknown,
  step: unknown,
  scope: Scope,
  context: Context,
): Value | null {
  const { kind, fields } = node(step);
  if (kind !== "String") return null;
  const entry = rowEntry(subject, scope);
  const value = entry && columnOf(entry, text(fields["sval"]), -1);
  if (value) context.see(value.columns);
  return value;
}

/** `(row).*` in a select list: the columns of a range entry, or the fields of a composite value. */
export function rowStar(expression: unknown, scope: Scope, context: Context): ScopeColumn[] | null {
  const { kind, fields } = node(expression);
  if (kind !== "A_Indirection") return null;
  const steps = list(fields["indirection"]);
  if (node(steps.at(-1)).kind !== "A_Star") return null;
  const subject = fields["arg"];
  const inner = steps.slice(0, -1);
  const entry = inner.length === 0 ? rowEntry(subject, scope) : null;
  if (entry) {
    entry.used?.();
    for (const { value } of entry.columns) context.see(value.columns);
    return [...entry.columns];
  }
  const value =
    inner.length === 0
      ? evaluate(subject, scope, context)
      : evaluate({ A_Indirection: { arg: subject, indirection: inner } }, scope, context);
  return compositeFields(value, context);
}

/** The fields of a value of a composite type, each fed by all of it. @throws {Opaque} when they are not known. */
function compositeFields(value: Value, context: Context): ScopeColumn[] {
  const found = context.catalog.types.get(baseOf(context.catalog, value.type));
  const relation = found?.kind === "c" ? context.catalog.relations.get(found.relation) : undefined;
  if (!relation) throw new Opaque("a row of unknown fields taken apart");
  return relation.columns.map(({ name, typeOid }) => ({
    name,
    value: { ...value, type: typeOid, bare: false, origin: null, constant: false },
  }));
}

/** A field's type, when the row's is known; 0 else. */
export function fieldType(value: Value, name: string, context: Context): number {
  const found = context.catalog.types.get(baseOf(context.catalog, value.type));
  const relation = found?.kind === "c" ? context.catalog.relations.get(found.relation) : undefined;
  return relation?.columns.find((column) => column.name === name)?.typeOid ?? 0;
}
