import type { Catalog, Type } from "./catalog.ts";
import { unknownType } from "./value.ts";

const any = 2276;
const anyElement = new Set([2283, 5077]); // anyelement, anycompatible
const anyArray = new Set([2277, 5078]);
const anyNonArray = new Set([2776, 5079]);
const anyEnum = 3500;
const anyRange = new Set([3831, 5080]);
const anyMultirange = new Set([4537, 4538]);
export const record = 2249;
export const recordArray = 2287;

export const baseOf = (catalog: Catalog, type: number): number => {
  let base = type;
  for (let found = catalog.types.get(base); found?.kind === "d"; found = catalog.types.get(base)) {
    base = found.base;
  }
  return base;
};

export const isPolymorphic = (type: number): boolean =>
  type === any ||
  type === anyEnum ||
  anyElement.has(type) ||
  anyArray.has(type) ||
  anyNonArray.has(type) ||
  anyRange.has(type) ||
  anyMultirange.has(type);

function fitsPolymorphic(target: number, base: Type | undefined): boolean {
  if (target === any || anyElement.has(target)) return true;
  if (!base) return false;
  if (anyArray.has(target)) return base.element !== 0;
  if (anyNonArray.has(target)) return base.element === 0;
  if (target === anyEnum) return base.kind === "e";
  if (anyRange.has(target)) return base.kind === "r";
  return base.kind === "m";
}

/** can_coerce_type (parse_coerce.c) for implicit coercion of one argument. */
export function coercible(catalog: Catalog, from: number, to: number): boolean {
  if (from === to || from === unknownType) return true;
  const source = baseOf(catalog, from);
  if (isPolymorphic(to)) return fitsPolymorphic(to, catalog.types.get(source));
  const target = baseOf(catalog, to);
  if (source === target) return true;
  if (catalog.cast(source, target)?.context === "i") return true;
  const sourceType = catalog.types.get(source);
  const targetType = catalog.types.get(target);
  if (sourceType?.element && targetType?.element) {
    return coercible(catalog, sourceType.element, targetType.element);
  }
  if (target === record) return sourceType?.kind === "c";
  if (target === recordArray) {
    return sourceType?.element !== undefined && catalog.types.get(sourceType.element)?.kind === "c";
  }
  return source === record && targetType?.kind === "c";
}

/** Whether values of the one type are stored and shown as those of the other. */
export function sameRepresentation(catalog: Catalog, from: number, to: number): boolean {
  const source = baseOf(catalog, from);
  if (source === to) return true;
  const cast = catalog.cast(source, to);
  return cast?.method === "b" && cast.builtin;
}

const compatible = new Set([5077, 5078, 5079, 5080, 4538]);

/** Whether the arguments of the anycompatible kinds have one type already, so that none of them is converted. */
function agree(catalog: Catalog, parameters: readonly number[], given: readonly number[]): boolean {
  const found = new Set<number>();
  for (const [at, parameter] of parameters.entries()) {
    const type = catalog.types.get(baseOf(catalog, given[at] ?? 0));
    if (!compatible.has(parameter) || type?.oid === unknownType) continue;
    const element = parameter === 5078 ? type?.element : type?.oid;
    if (!element || catalog.types.get(element)?.kind === "d") return false;
    found.add(element);
  }
  return found.size <= 1;
}

/** The type of a call's result: its declared one, or what the arguments make of a polymorphic one. */
export function resultType(
  catalog: Catalog,
  declared: number,
  parameters: readonly number[],
  given: readonly number[],
): number {
  if (!isPolymorphic(declared)) return declared;
  if (compatible.has(declared) && !agree(catalog, parameters, given)) return 0;
  for (const [at, parameter] of parameters.entries()) {
    const type = catalog.types.get(baseOf(catalog, given[at] ?? 0));
    if (!type || type.oid === unknownType || !isPolymorphic(parameter)) continue;
    // anyelement and its kin say nothing of anycompatible and its own.
    if (compatible.has(parameter) !== compatible.has(declared)) continue;
    if (anyArray.has(parameter)) {
      return anyArray.has(declared) ? type.oid : anyElement.has(declared) ? type.element : 0;
    }
    if (anyElement.has(parameter) || anyNonArray.has(parameter) || parameter === anyEnum) {
      if (anyArray.has(declared)) return type.array;
      return anyElement.has(declared) || anyNonArray.has(declared) || declared === anyEnum
        ? type.oid
        : 0;
    }
    if (parameter === declared) return type.oid;
  }
  return 0;
}
