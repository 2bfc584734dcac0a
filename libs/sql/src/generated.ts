import type { Column, Relation } from "./catalog.ts";
import { kin } from "./classification.ts";
import { Context } from "./context.ts";
import { Asked, type Resources } from "./operations.ts";
import { Scope, type RangeEntry } from "./scope.ts";
import { query } from "./select.ts";
import { union } from "./value.ts";
import { storedNames } from "./views.ts";
import { applies } from "./rules.ts";

/**
 * The classified columns that a generated column holds: what its expression computes it from, and those of its
 * children (unless ONLY), because a child may have an expression of its own.
 */
export function generatedFrom(
  relation: Relation,
  column: Column,
  children: boolean,
  context: Context,
): readonly string[] {
  if (column.generated === "" || context.classification.all.length === 0 || !applies("generated"))
    return [];
  const family = children ? [relation, ...kin(context.catalog, relation, "children")] : [relation];
  return union(
    ...family.flatMap((one) => {
      const own = one.columns.find(({ name }) => name === column.name);
      return own === undefined || own.default === null
        ? []
        : [computedFrom(one, own, own.default, context)];
    }),
  );
}

const remembered = new WeakMap<Resources, Map<string, readonly string[]>>();

function computedFrom(
  relation: Relation,
  column: Column,
  expression: string,
  context: Context,
): readonly string[] {
  const { resources } = context.asked;
  const known = remembered.get(resources) ?? new Map<string, readonly string[]>();
  remembered.set(resources, known);
  const key = `${relation.oid} ${column.attnum}`;
  const found = known.get(key) ?? read(relation, expression, context) ?? named(relation, context);
  known.set(key, found);
  return found;
}

/** Null when the expression cannot be traced. */
function read(relation: Relation, text: string, context: Context): readonly string[] | null {
  const { catalog, classification, asked } = context;
  const inner = new Context(
    storedNames(catalog),
    classification,
    new Asked(asked.resources),
    [],
    "view",
  );
  const [statement, more] = catalog.stored(`SELECT ${text}`)?.stmts ?? [];
  if (!statement || more !== undefined) return null;
  const scope = new Scope(null, new Map());
  const entry = plainEntry(relation, context);
  scope.add({ named: [entry], columns: [entry] });
  const columns = inner.attempt(() => query(statement["stmt"], scope, inner));
  const value = columns?.length === 1 ? columns[0]?.value : undefined;
  return value === undefined || inner.executes ? null : value.columns;
}

/** What an expression of the row may name: a generated column names no generated one. */
const plainEntry = (relation: Relation, { classification }: Context): RangeEntry => ({
  name: relation.name,
  schema: relation.schema,
  relation,
  columns: relation.columns.map((column) => ({
    name: column.name,
    value: {
      type: column.typeOid,
      columns: classification.of(relation, column.name, false),
      bare: true,
      origin: { tableOid: relation.oid, attnum: column.attnum },
      constant: false,
    },
  })),
});

/** All that the row has. */
const named = (relation: Relation, { classification }: Context): readonly string[] =>
  classification.ofRelation(relation, false);
