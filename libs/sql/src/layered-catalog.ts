import type { Catalog, Relation } from "./catalog.ts";

/** A map above another one: its entries hide those below. */
class LayeredMap<K, V> implements ReadonlyMap<K, V> {
  readonly #below: ReadonlyMap<K, V>;
  readonly #above: ReadonlyMap<K, V>;
  readonly size: number;

  constructor(below: ReadonlyMap<K, V>, above: ReadonlyMap<K, V>) {
    this.#below = below;
    this.#above = above;
    let hidden = 0;
    for (const key of above.keys()) if (below.has(key)) hidden += 1;
    this.size = below.size + above.size - hidden;
  }

  get(key: K): V | undefined {
    return this.#above.get(key) ?? this.#below.get(key);
  }

  has(key: K): boolean {
    return this.#above.has(key) || this.#below.has(key);
  }

  *entries(): MapIterator<[K, V]> {
    for (const entry of this.#below) if (!this.#above.has(entry[0])) yield entry;
    yield* this.#above;
  }

  *keys(): MapIterator<K> {
    for (const [key] of this.entries()) yield key;
  }

  *values(): MapIterator<V> {
    for (const [, value] of this.entries()) yield value;
  }

  forEach(take: (value: V, key: K, map: ReadonlyMap<K, V>) => void): void {
    for (const [key, value] of this.entries()) take(value, key, this);
  }

  [Symbol.iterator](): MapIterator<[K, V]> {
    return this.entries();
  }
}

/** Lists by name: what is above stands beside what is below. */
const together = <T>(
  below: ReadonlyMap<string, readonly T[]>,
  above: ReadonlyMap<string, readonly T[]>,
): ReadonlyMap<string, readonly T[]> =>
  new LayeredMap(
    below,
    new Map([...above].map(([name, items]) => [name, [...(below.get(name) ?? []), ...items]])),
  );

/** Parents below that have children above. */
function parentsOf(below: Catalog, above: Catalog): ReadonlyMap<number, Relation> {
  const parents = new Map<number, Relation>();
  for (const child of above.relations.values())
    for (const oid of child.parents) {
      const parent = parents.get(oid) ?? below.relations.get(oid);
      if (!parent) continue;
      parents.set(oid, { ...parent, children: [...new Set([...parent.children, child.oid])] });
    }
  return parents;
}

/**
 * A catalog of objects that stand above others: what people made above what initdb made, a session's temporary objects
 * above both. Nothing is copied, so that many sessions can stand on one.
 */
export function layered(
  below: Catalog,
  above: Catalog,
  { temporary = false }: { readonly temporary?: boolean } = {},
): Catalog {
  const parents = parentsOf(below, above);
  const relations = new LayeredMap(below.relations, new Map([...parents, ...above.relations]));
  return {
    version: below.version,
    readsSettings: below.readsSettings,
    schemas: new Set([...below.schemas, ...above.schemas]),
    relations,
    types: new LayeredMap(below.types, above.types),
    functions: new LayeredMap(below.functions, above.functions),
    functionsByName: together(below.functionsByName, above.functionsByName),
    operatorsByName: together(below.operatorsByName, above.operatorsByName),
    eventTriggers: [...below.eventTriggers, ...above.eventTriggers],
    temporary: below.temporary || temporary,
    relation(schema, name) {
      const found = above.relation(schema, name) ?? below.relation(schema, name);
      return found && (parents.get(found.oid) ?? found);
    },
    type: (schema, name) => above.type(schema, name) ?? below.type(schema, name),
    cast: (source, target) => above.cast(source, target) ?? below.cast(source, target),
    stored: (text, once) => above.stored(text, once),
    userCasts: below.userCasts || above.userCasts,
    userCastTo: (target) => below.userCastTo(target) || above.userCastTo(target),
  };
}
