import type { Context } from "./context.ts";
import { baseOf } from "./coercion.ts";
import { Opaque } from "./outcome.ts";
import { commonType } from "./types.ts";
import { reachInput } from "./type-inputs.ts";
import { unknownType, type Value } from "./value.ts";

/** Asks what coercing arguments to those types runs: people can make implicit casts. */
export function coerce(
  context: Context,
  given: readonly number[],
  targets: readonly number[],
): void {
  // A literal is read as what it meets.
  if (given.includes(unknownType))
    for (const oid of [...given, ...targets]) reachInput(context, oid);
  for (const [at, target] of targets.entries()) {
    const source = given[at];
    if (source === undefined || source === target || source === 0) continue;
    const cast = context.catalog.cast(baseOf(context.catalog, source), target);
    if (cast && !cast.builtin && cast.method === "f")
      context.reach([cast.functionOid], "user cast");
  }
}

/** Refuses to guess where an implicit cast of somebody's could take part. */
export function refuseUserCasts(context: Context): void {
  if (context.catalog.userCasts)
    throw new Opaque("a choice among functions where people made casts");
}

/** The common type of values that meet in one column or result; 0 when unsure. */
export function unify(context: Context, values: readonly Value[]): number {
  const types = values.map((value) => value.type);
  const common = commonType(context.catalog, types);
  if (common === 0) refuseUserCasts(context);
  else
    coerce(
      context,
      types,
      types.map(() => common),
    );
  return common;
}
