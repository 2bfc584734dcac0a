import type { Judged } from "./judged.ts";

/**
 * INVARIANT (I3): unless every classified column that a command touches may be seen as it is, the target's texts are
 * withheld while it runs. `masks` are its verdict's.
 */
export function mustWithhold(
  { touches, operations }: Judged,
  masks: readonly unknown[],
  connection: string,
): boolean {
  if (masks.length > 0) return true;
  if (touches.size === 0) return false;
  // Of an opaque command policy has asked every column, and masked none.
  if (operations.some(({ action }) => action === "opaque")) return false;
  const shown = new Set(
    operations
      .filter(({ action, use }) => action === "read" && use === "output")
      .map(({ resource }) => resource.id.slice(connection.length + 1)),
  );
  return [...touches].some((column) => !shown.has(column));
}
