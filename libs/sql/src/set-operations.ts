import type { Context } from "./context.ts";
import type { ScopeColumn } from "./scope.ts";
import { sortable } from "./types.ts";
import { unify } from "./unify.ts";
import { computed, union, type Value } from "./value.ts";

/** The columns of UNION, INTERSECT or EXCEPT of as many columns; but for UNION ALL every column decides which rows remain. */
export function combine(
  left: readonly ScopeColumn[],
  right: readonly ScopeColumn[],
  keepsAll: boolean,
  context: Context,
): ScopeColumn[] {
  const outputs = left.map(({ name, value }, at) => ({
    name,
    value: either(value, right[at]?.value ?? value, context),
  }));
  if (!keepsAll) {
    for (const { value } of outputs) sortable(context, value.type);
    context.decide(union(...outputs.map(({ value }) => value.columns)), "distinct");
  }
  return outputs;
}

const sameColumns = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((id, at) => id === b[at]);

/**
 * A value that is the one or the other: still a bare column's if both sides hold that column, or the one nothing at all.
 * A value of one's own, masked beside it, would tell of a masker that keeps equal values equal what it is compared with.
 */
function either(left: Value, right: Value, context: Context): Value {
  const type = unify(context, [left, right]);
  const value = computed(type, [left, right]);
  const bare =
    (left.type === right.type || left.literal === null || right.literal === null) &&
    ((left.bare && right.bare && sameColumns(left.columns, right.columns)) ||
      (left.bare && right.literal === null) ||
      (right.bare && left.literal === null));
  return { ...value, bare };
}
