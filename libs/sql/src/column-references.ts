import { call } from "./calls.ts";
import type { Context } from "./context.ts";
import type { QualifiedName } from "./names.ts";
import { Opaque, Unresolved } from "./outcome.ts";
import { columnOf, wholeRow, type Found, type RangeEntry, type Scope } from "./scope.ts";
import { list, location, node, text, type Fields } from "./tree.ts";
import type { Value } from "./value.ts";

/** The parts of a ColumnRef; `*` last is `star`. */
export function columnName(fields: Fields): { parts: readonly string[]; star: boolean } {
  const parts: string[] = [];
  let star = false;
  for (const field of list(fields["fields"])) {
    const { kind, fields: inner } = node(field);
    if (kind === "A_Star") star = true;
    else if (kind === "String" && !star) parts.push(text(inner["sval"]));
    else throw new Opaque("a malformed column reference");
  }
  return { parts, star };
}

/** The column (or whole row) that a reference names, and at which level. */
export function findColumn(fields: Fields, scope: Scope, context: Context): Found {
  const { parts, star } = columnName(fields);
  const at = location(fields);
  const [first = "", second, third] = parts;
  if (star) {
    if (parts.length !== 1) throw new Opaque("a star inside an expression");
    const row = scope.entry(null, first, at);
    if (!row) throw missingEntry({ schema: null, name: first }, at, scope, context);
    return { value: wholeRow(row.entry), level: row.level };
  }
  if (parts.length > 3) throw new Opaque("a column name that names its database");
  if (second === undefined) {
    const found = scope.column(first, at);
    if (found) return found;
    const row = scope.entry(null, first, at);
    if (row) return { value: wholeRow(row.entry), level: row.level };
    throw new Unresolved("42703", `column "${first}" does not exist`, at);
  }
  const entryName = third === undefined ? first : second;
  const column = third ?? second;
  const schema = third === undefined ? null : first;
  const found = scope.entry(schema, entryName, at);
  if (!found) throw missingEntry({ schema, name: entryName }, at, scope, context);
  const value = columnOf(found.entry, column, at);
  if (value) return { value, level: found.level };
  return { value: rowFunction(found.entry, column, context, at), level: found.level };
}

/** `t.f` also means `f(t)`. */
function rowFunction(entry: RangeEntry, name: string, context: Context, at: number): Value {
  if (context.names.functions({ schema: null, name }).length > 0) {
    return call(context, { schema: null, name }, [wholeRow(entry)]).value;
  }
  throw new Unresolved("42703", `column ${entry.name}.${name} does not exist`, at);
}

/** A table that is there under another name is told so. */
export function missingEntry(
  written: QualifiedName,
  at: number,
  scope: Scope,
  context: Context,
): Unresolved {
  const { name } = written;
  const meant = context.attempt(() => context.names.findRelation(written));
  const entry = meant && scope.entryOf(meant);
  if (entry)
    return new Unresolved(
      "42P01",
      `invalid reference to FROM-clause entry for table "${name}"`,
      at,
      `Perhaps you meant to reference the table alias "${entry.name}".`,
    );
  return new Unresolved("42P01", `missing FROM-clause entry for table "${name}"`, at);
}

export function columnReference(fields: Fields, scope: Scope, context: Context): Value {
  const { value } = findColumn(fields, scope, context);
  context.see(value.columns);
  return value;
}
