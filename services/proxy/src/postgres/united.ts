import type { Operation } from "@sallyport/contracts";

/** The operations of statements that are judged together, each once. */
export function united(
  analyses: readonly { readonly operations: readonly Operation[] }[],
): readonly Operation[] {
  const [only] = analyses;
  if (analyses.length === 1 && only && only.operations.length < 2) return only.operations;
  const seen = new Map<string, Operation>();
  for (const { operations } of analyses)
    for (const operation of operations) {
      const key = JSON.stringify(operation);
      if (!seen.has(key)) seen.set(key, operation);
    }
  return [...seen.values()];
}
