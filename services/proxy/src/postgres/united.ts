import type { Operation } from "@sallyport/contracts";

/** Of one text's operations, which texts that differ in literals alone share. */
const sole = new WeakMap<readonly Operation[], readonly Operation[]>();

/** The operations of statements that are judged together, each once. */
export function united(
  analyses: readonly { readonly operations: readonly Operation[] }[],
): readonly Operation[] {
  const [only] = analyses;
  if (analyses.length !== 1 || !only) return eachOnce(analyses);
  if (only.operations.length < 2) return only.operations;
  let found = sole.get(only.operations);
  if (found === undefined) sole.set(only.operations, (found = eachOnce(analyses)));
  return found;
}

function eachOnce(
  analyses: readonly { readonly operations: readonly Operation[] }[],
): readonly Operation[] {
  const seen = new Map<string, Operation>();
  for (const { operations } of analyses)
    for (const operation of operations) {
      const key = JSON.stringify(operation);
      if (!seen.has(key)) seen.set(key, operation);
    }
  return [...seen.values()];
}
