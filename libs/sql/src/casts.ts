import { firstUserOid, type Type } from "./catalog.ts";
import { baseOf, sameRepresentation } from "./coercion.ts";
import type { Context } from "./context.ts";
import { Opaque } from "./outcome.ts";
import { type } from "./types.ts";
import { computed, unknownType, type Value } from "./value.ts";
import { reachInput } from "./type-inputs.ts";

const widening: ReadonlyMap<number, readonly number[]> = new Map([
  [type.int2, [type.int4, type.int8, type.numeric, type.float4, type.float8]],
  [type.int4, [type.int8, type.numeric, type.float8, type.oid]],
  [type.int8, [type.numeric, type.float8]],
  [type.float4, [type.float8]],
  [type.timestamp, [type.date, type.time]],
  [type.bool, [type.int4]],
]);

const texts: ReadonlySet<number> = new Set([type.text, type.varchar, type.bpchar]);

/** Asks what casting a value to `target` runs, and says what comes out. */
export function castTo(context: Context, value: Value, target: Type, modified: boolean): Value {
  const { catalog } = context;
  if (target.kind === "d") return castToDomain(context, value, target);
  const source = value.type === 0 ? 0 : baseOf(catalog, value.type);
  const cast = catalog.cast(source, target.oid);
  if (cast && !cast.builtin && cast.method === "f") {
    context.reach([cast.functionOid], "user cast");
    context.decide(value.columns, "cast");
    return computed(target.oid, [value]);
  }
  if (source === 0 && catalog.userCastTo(target.oid)) {
    throw new Opaque("a cast from a value of unknown type");
  }
  refuseUserMade(context, target, source);
  const unchanged =
    !modified && (value.type === target.oid || sameRepresentation(catalog, value.type, target.oid));
  if (unchanged && value.bare) {
    return { ...value, type: target.oid, origin: value.type === target.oid ? value.origin : null };
  }
  // A precision may be too small for some values; a length cuts off what is longer.
  const widened = !modified && widening.get(source)?.includes(target.oid) === true;
  const succeeds = unchanged || texts.has(target.oid) || widened;
  if (!succeeds) context.decide(value.columns, "cast");
  const { literal } = value;
  const same = literal?.kind === "text" && target.oid === type.text;
  return {
    ...computed(target.oid, [value]),
    constant: value.constant,
    ...((same || literal === null) && { literal }),
  };
}

/** An array casts by element; a user-made base or range type has input functions of its own. */
function refuseUserMade(context: Context, target: Type, source: number): void {
  const element = target.element === 0 ? target : context.catalog.types.get(target.element);
  if (!element) throw new Opaque("a cast to an unknown type");
  if (element !== target) {
    if (element.kind === "d") throw new Opaque("a cast to an array of a domain");
    const from = context.catalog.types.get(source)?.element ?? 0;
    const cast = context.catalog.cast(from, element.oid);
    if (cast && !cast.builtin && cast.method === "f")
      context.reach([cast.functionOid], "user cast");
  }
  if (element.oid < firstUserOid || element.kind === "e") return;
  if (element.kind === "c" && source === element.oid) return;
  if (element.kind === "c" && source === type.record) return reachInput(context, element.oid);
  throw new Opaque(`a cast to the user-made type ${target.schema}.${target.name}`);
}

function castToDomain(context: Context, value: Value, domain: Type): Value {
  reachInput(context, domain.oid);
  if (value.type === domain.oid) return value;
  const base = context.catalog.types.get(domain.base);
  if (!base) throw new Opaque("a domain of an unknown type");
  const inner = castTo(context, value, base, false);
  // A domain's constraint may fail for some values.
  context.decide(value.columns, "cast");
  return { ...inner, type: domain.oid, origin: null };
}

/** The type that a value has once a query's output or a column of VALUES needs one. */
export const settled = (value: Value): Value =>
  value.type === unknownType ? { ...value, type: type.text } : value;
