import type { Catalog } from "./catalog.ts";
import type { Context } from "./context.ts";
import { Opaque } from "./outcome.ts";

/** Object classes by the oid of their catalog, which every major has the same. */
const classes = { type: 1247, function: 1255, relation: 1259, rule: 2618 } as const;

/**
 * What people made and what depends on it: class, object and column of the one and of the other, and the table that a
 * rule, constraint, default, trigger, policy or index is part of. Text rows for `readDependents`.
 */
export const dependentsQuery = `SELECT d.refclassid, d.refobjid, d.refobjsubid, d.classid, d.objid, d.objsubid,
    COALESCE(w.ev_class, f.adrelid, NULLIF(k.conrelid, 0), t.tgrelid, p.polrelid, i.indrelid, 0)
  FROM pg_catalog.pg_depend d
  LEFT JOIN pg_catalog.pg_rewrite w ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND w.oid = d.objid
  LEFT JOIN pg_catalog.pg_attrdef f ON d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND f.oid = d.objid
  LEFT JOIN pg_catalog.pg_constraint k ON d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND k.oid = d.objid
  LEFT JOIN pg_catalog.pg_trigger t ON d.classid = 'pg_catalog.pg_trigger'::pg_catalog.regclass AND t.oid = d.objid
  LEFT JOIN pg_catalog.pg_policy p ON d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass AND p.oid = d.objid
  LEFT JOIN pg_catalog.pg_index i ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND i.indexrelid = d.objid
  WHERE d.refobjid >= 16384 AND d.objid >= 16384 ORDER BY 1, 2, 3, 4, 5, 6`;

/** An object, or a column of one; 0: all of it. */
export interface Dependable {
  readonly of: number;
  readonly oid: number;
  readonly column: number;
}

export interface Dependent extends Dependable {
  /** The table that it is part of, or 0. */
  readonly table: number;
}

/** What goes with an object when it is dropped by CASCADE, one step. */
export type Dependents = (dropped: Dependable) => readonly Dependent[];

const name = (of: number, oid: number): string => `${of} ${oid}`;

export function readDependents(rows: readonly (readonly (string | null)[])[]): Dependents {
  const found = new Map<string, { readonly column: number; readonly dependent: Dependent }[]>();
  for (const row of rows) {
    const [refClass = 0, ref = 0, refColumn = 0, of = 0, oid = 0, column = 0, table = 0] =
      row.map(Number);
    const key = name(refClass, ref);
    const known = found.get(key) ?? [];
    found.set(key, known);
    known.push({ column: refColumn, dependent: { of, oid, column, table } });
  }
  return ({ of, oid, column }) =>
    (found.get(name(of, oid)) ?? [])
      .filter((one) => column === 0 || one.column === column)
      .map(({ dependent }) => dependent);
}

/** Why DROP … CASCADE is opaque; the session's own catalog would tell. */
export const dependentsUnknown = "a CASCADE to what the catalog does not tell";

export const relationAsDependable = (oid: number, column = 0): Dependable => ({
  of: classes.relation,
  oid,
  column,
});

export const schemaContents = (catalog: Catalog, schema: string): Dependable[] => [
  ...[...catalog.relations.values()]
    .filter((one) => one.schema === schema)
    .map(({ oid }) => relationAsDependable(oid)),
  ...[...catalog.functions.values()]
    .filter((one) => one.schema === schema)
    .map(({ oid }) => ({ of: classes.function, oid, column: 0 })),
  ...[...catalog.types.values()]
    .filter((one) => one.schema === schema)
    .map(({ oid }) => ({ of: classes.type, oid, column: 0 })),
];

/** Asks for everything that goes with these objects: views and functions are dropped, other tables altered. */
export function cascadeFrom(begin: readonly Dependable[], context: Context): void {
  const { asked, catalog } = context;
  const { dependents } = catalog;
  if (!dependents) throw new Opaque(dependentsUnknown);
  const done = new Set<string>();
  const dropped = new Set(
    begin.filter((one) => one.of === classes.relation && one.column === 0).map(({ oid }) => oid),
  );
  const altered = new Set<number>();
  const waiting = [...begin];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const key = `${name(next.of, next.oid)} ${next.column}`;
    if (done.has(key)) continue;
    done.add(key);
    for (const dependent of dependents(next)) {
      waiting.push(dependent);
      const follow = goes(dependent);
      if (follow) waiting.push(follow);
    }
  }
  for (const oid of dropped) {
    const relation = catalog.relations.get(oid);
    if (!relation) continue;
    if (relation.kind !== "c") asked.act("drop", asked.resources.table(relation));
  }
  for (const oid of altered) {
    const relation = dropped.has(oid) ? undefined : catalog.relations.get(oid);
    if (!relation) continue;
    asked.act("alter", asked.resources.table(relation));
  }

  /** What becomes of a dependent; what goes as a whole because a part of it goes. */
  function goes({ of, oid, column, table }: Dependent): Dependable | null {
    const owner = catalog.relations.get(table);
    if (of === classes.rule && (owner?.kind === "v" || owner?.kind === "m")) {
      dropped.add(table);
      return relationAsDependable(table);
    }
    if (table !== 0) altered.add(table);
    else if (of === classes.relation && column !== 0) altered.add(oid);
    else if (of === classes.relation) dropped.add(oid);
    else if (of === classes.function) {
      const func = catalog.functions.get(oid);
      if (!func) throw new Opaque("a CASCADE to a function that is not known");
      asked.act("drop", asked.resources.function(func));
    } else if (of !== classes.type || !isPart(oid)) {
      asked.act("drop", asked.resources.connection(), "CASCADE");
    }
    return null;
  }

  /** A row type, or an array: it goes with what it is of. */
  function isPart(oid: number): boolean {
    const type = catalog.types.get(oid);
    return type !== undefined && (type.relation !== 0 || type.element !== 0);
  }
}
