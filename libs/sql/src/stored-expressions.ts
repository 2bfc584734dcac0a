import type { Relation } from "./catalog.ts";
import { Context } from "./context.ts";
import { Asked, type Resources } from "./operations.ts";
import { relationEntry } from "./relations.ts";
import { Scope } from "./scope.ts";
import { query } from "./select.ts";
import { fieldsIn, node } from "./tree.ts";
import { union } from "./value.ts";
import { storedNames } from "./views.ts";

/** The attnums that the text of a CHECK or an index's expression names; all of them when it cannot be read. */
export function columnsIn(relation: Relation, text: string, context: Context): readonly number[] {
  const tree = context.catalog.stored(`SELECT ${text}`);
  if (!tree) return relation.columns.map(({ attnum }) => attnum);
  const names = new Set<string>();
  for (const fields of fieldsIn(tree.stmts))
    if ("ColumnRef" in fields) names.add(lastName(fields["ColumnRef"]));
  return relation.columns.filter(({ name }) => names.has(name)).map(({ attnum }) => attnum);
}

function lastName(reference: unknown): string {
  const fields: unknown =
    typeof reference === "object" && reference !== null && "fields" in reference
      ? reference.fields
      : [];
  const last: unknown = Array.isArray(fields) ? fields.at(-1) : undefined;
  if (last === undefined) return "";
  const { fields: inner } = node(last);
  return typeof inner["sval"] === "string" ? inner["sval"] : "";
}

const remembered = new WeakMap<Resources, Map<number, readonly string[]>>();

/** The classified columns by which a relation's row-security policies choose; all of them when one cannot be read. */
export function policyColumns(relation: Relation, context: Context): readonly string[] {
  const { resources } = context.asked;
  const known = remembered.get(resources) ?? new Map<number, readonly string[]>();
  remembered.set(resources, known);
  const found = known.get(relation.oid);
  if (found) return found;
  // A policy that reads its own table would come here again.
  known.set(relation.oid, []);
  const columns = union(
    ...relation.expressions
      .filter(({ kind }) => kind === "policy")
      .map(({ text }) => readBy(relation, text, context)),
  );
  known.set(relation.oid, columns);
  return columns;
}

function readBy(relation: Relation, text: string, context: Context): readonly string[] {
  const { catalog, classification, asked } = context;
  const tree = catalog.stored(`SELECT ${text}`);
  const [statement] = tree?.stmts ?? [];
  const inner = new Context(
    storedNames(catalog),
    classification,
    new Asked(asked.resources),
    [],
    "view",
  );
  const scope = new Scope(null, new Map());
  const entry = relationEntry(relation, true, inner);
  scope.add({ named: [entry], columns: [entry] });
  const read = statement && inner.attempt(() => query(statement["stmt"], scope, inner));
  return read ? [...inner.asked.seen].toSorted() : classification.all;
}
