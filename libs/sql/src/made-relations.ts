import type { Catalog, Relation, Type } from "./catalog.ts";
import { LayeredMap } from "./layered-map.ts";

/** Relations and types by oid, and by schema and name; null: nothing has that name any more. */
interface Level {
  readonly relations: ReadonlyMap<number, Relation>;
  readonly relationsByName: ReadonlyMap<string, Relation | null>;
  readonly types: ReadonlyMap<number, Type>;
  readonly typesByName: ReadonlyMap<string, Type | null>;
}

/** What a text has made above a catalog, newest last. */
interface Made {
  readonly base: Catalog;
  readonly levels: readonly Level[];
  /** What the last step put above. */
  readonly changed: readonly Relation[];
  /** No relation or type has it or a greater one. */
  readonly nextOid: number;
}

const madeOf = new WeakMap<Catalog, Made>();

/** What a text makes has no oid yet; these are greater than PostgreSQL's. */
export const firstMadeOid = 2 ** 32;

/** A table has at most 1600 columns: numbers above are of columns that a text adds. */
export const firstMadeColumn = 1601;

/** Whether a description of rows would name what the text itself makes, which nobody can compare. */
export const isMadeHere = (tableOid: number, attnum: number, typeOid: number): boolean =>
  tableOid >= firstMadeOid || typeOid >= firstMadeOid || attnum >= firstMadeColumn;

/** The catalog from before the text. */
export const beforeText = (catalog: Catalog): Catalog => madeOf.get(catalog)?.base ?? catalog;

/** An oid from which on none is taken. */
export const nextOid = (catalog: Catalog): number => madeOf.get(catalog)?.nextOid ?? firstMadeOid;

/** In which relations it differs from the one below it. */
export const changedIn = (catalog: Catalog): readonly Relation[] =>
  madeOf.get(catalog)?.changed ?? [];

/**
 * The catalog with these relations and types above it, in the place of those with their oids, whose names are nobody's
 * then if they have others; no relation has other parents or children than before. What CASCADE would take is not known any more. A text may make thousands: a level is put together with
 * the one below it once that has not twice as much, so that there are few of them and each object is seldom copied.
 */
export function withRelations(
  below: Catalog,
  relations: readonly Relation[],
  types: readonly Type[],
): Catalog {
  const before = madeOf.get(below) ?? {
    base: below,
    levels: [],
    changed: [],
    nextOid: firstMadeOid,
  };
  const levels = [...before.levels, levelOf(below, relations, types)];
  for (let [top, next] = topTwo(levels); top && next; [top, next] = topTwo(levels)) {
    if (sizeOf(next) >= 2 * sizeOf(top)) break;
    levels.splice(-2, 2, above(next, top));
  }
  const catalog = stacked(before.base, levels);
  const oids = [...relations, ...types].map(({ oid }) => oid);
  madeOf.set(catalog, {
    base: before.base,
    levels,
    changed: relations,
    nextOid: Math.max(before.nextOid, ...oids.map((oid) => oid + 1)),
  });
  return catalog;
}

const topTwo = (levels: readonly Level[]) => [levels.at(-1), levels.at(-2)] as const;

const sizeOf = ({ relations, types }: Level): number => relations.size + types.size;

const nameOf = ({ schema, name }: Relation | Type): string => `${schema}\0${name}`;

const byOid = <T extends Relation | Type>(all: readonly T[]): ReadonlyMap<number, T> =>
  new Map(all.map((one) => [one.oid, one]));

function byName<T extends Relation | Type>(
  all: readonly T[],
  before: ReadonlyMap<number, T>,
): ReadonlyMap<string, T | null> {
  const left = all.flatMap(({ oid }) => before.get(oid) ?? []);
  return new Map<string, T | null>([
    ...left.map((one) => [nameOf(one), null] as const),
    ...all.map((one) => [nameOf(one), one] as const),
  ]);
}

const levelOf = (
  below: Catalog,
  relations: readonly Relation[],
  types: readonly Type[],
): Level => ({
  relations: byOid(relations),
  relationsByName: byName(relations, below.relations),
  types: byOid(types),
  typesByName: byName(types, below.types),
});

const both = <K, V>(below: ReadonlyMap<K, V>, above: ReadonlyMap<K, V>): ReadonlyMap<K, V> => {
  const all = new Map(below);
  for (const [key, value] of above) all.set(key, value);
  return all;
};

const above = (lower: Level, upper: Level): Level => ({
  relations: both(lower.relations, upper.relations),
  relationsByName: both(lower.relationsByName, upper.relationsByName),
  types: both(lower.types, upper.types),
  typesByName: both(lower.typesByName, upper.typesByName),
});

function stacked(base: Catalog, levels: readonly Level[]): Catalog {
  const newestFirst = levels.toReversed();
  let { relations, types } = base;
  for (const level of levels) {
    relations = new LayeredMap(relations, level.relations);
    types = new LayeredMap(types, level.types);
  }
  const find = <T>(
    schema: string,
    name: string,
    of: (level: Level) => ReadonlyMap<string, T | null>,
  ): T | null | undefined => {
    const key = `${schema}\0${name}`;
    for (const level of newestFirst) {
      const found = of(level).get(key);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  const { dependents: _, ...unchanged } = base;
  return {
    ...unchanged,
    relations,
    types,
    relation(schema, name) {
      const found = find(schema, name, (level) => level.relationsByName);
      return found === undefined ? base.relation(schema, name) : (found ?? undefined);
    },
    type(schema, name) {
      const found = find(schema, name, (level) => level.typesByName);
      return found === undefined ? base.type(schema, name) : (found ?? undefined);
    },
  };
}
