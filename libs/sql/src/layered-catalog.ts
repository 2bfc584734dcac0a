import type { Catalog, Relation } from "./catalog.ts";
import { LayeredMap } from "./layered-map.ts";

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
    languages: above.languages ?? below.languages,
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
