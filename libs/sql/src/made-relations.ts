import type { Catalog, Relation, Type } from "./catalog.ts";
import { LayeredMap } from "./layered-map.ts";

/** Relations and types by oid, and by schema and name. */
interface Level {
  readonly relations: ReadonlyMap<number, Relation>;
  readonly relationsByName: ReadonlyMap<string, Relation>;
  readonly types: ReadonlyMap<number, Type>;
  readonly typesByName: ReadonlyMap<string, Type>;
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

/** An oid from which on none is taken. */
export const nextOid = (catalog: Catalog): number => madeOf.get(catalog)?.nextOid ?? firstMadeOid;

/** In which relations it differs from the one below it. */
export const changedIn = (catalog: Catalog): readonly Relation[] =>
  madeOf.get(catalog)?.changed ?? [];

/**
 * The catalog with these relations above it, in the place of those with their oids; none has other parents or children
 * than before. What CASCADE would take is not known any more. A text may make thousands: a level is put together with
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
  const levels = [...before.levels, levelOf(relations, types)];
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

const levelOf = (relations: readonly Relation[], types: readonly Type[]): Level => ({
  relations: new Map(relations.map((one) => [one.oid, one])),
  relationsByName: new Map(relations.map((one) => [nameOf(one), one])),
  types: new Map(types.map((one) => [one.oid, one])),
  typesByName: new Map(types.map((one) => [nameOf(one), one])),
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
  const find = <T>(schema: string, name: string, of: (level: Level) => ReadonlyMap<string, T>) => {
    const key = `${schema}\0${name}`;
    for (const level of newestFirst) {
      const found = of(level).get(key);
      if (found) return found;
    }
    return undefined;
  };
  const { dependents: _, ...unchanged } = base;
  return {
    ...unchanged,
    relations,
    types,
    relation: (schema, name) =>
      find(schema, name, (level) => level.relationsByName) ?? base.relation(schema, name),
    type: (schema, name) =>
      find(schema, name, (level) => level.typesByName) ?? base.type(schema, name),
  };
}
