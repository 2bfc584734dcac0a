import type { Catalog, Relation, Type } from "./catalog.ts";
import { layered } from "./layered-catalog.ts";

const nothing: ReadonlyMap<never, never> = new Map<never, never>();

/** The catalog with these relations above it, in the place of those with their oids; what CASCADE would take is not known any more. */
export function withRelations(
  below: Catalog,
  relations: readonly Relation[],
  types: readonly Type[],
): Catalog {
  const relationsByName = new Map(relations.map((one) => [`${one.schema}\0${one.name}`, one]));
  const typesByName = new Map(types.map((one) => [`${one.schema}\0${one.name}`, one]));
  const above: Catalog = {
    version: below.version,
    readsSettings: below.readsSettings,
    schemas: new Set(),
    relations: new Map(relations.map((one) => [one.oid, one])),
    types: new Map(types.map((one) => [one.oid, one])),
    functions: nothing,
    functionsByName: nothing,
    operatorsByName: nothing,
    eventTriggers: [],
    temporary: false,
    relation: (schema, name) => relationsByName.get(`${schema}\0${name}`),
    type: (schema, name) => typesByName.get(`${schema}\0${name}`),
    cast: () => undefined,
    stored: (written, once) => below.stored(written, once),
    userCasts: false,
    userCastTo: () => false,
  };
  return layered(below, above);
}
