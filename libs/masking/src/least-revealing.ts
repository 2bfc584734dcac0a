import type { Masker } from "@sallyport/contracts";
import { dateUnits } from "@sallyport/contracts";
import { maskerKind, type MaskerKind } from "./masker-kind.ts";

const texts: readonly MaskerKind["kind"][] = ["redact", "hash", "partial", "email"];

/**
 * Of two masks on one column the one that shows less: the one for texts that comes first, the shorter `partial`, the
 * coarser date, the larger step, the fewer digits. Two that no type could both hold are `null` together.
 */
export function leastRevealing(a: Masker, b: Masker): Masker {
  if (a === b) return a;
  const [x, y] = [maskerKind(a), maskerKind(b)];
  const difference = compared(x, y);
  if (difference === null) return "null";
  return difference <= 0 ? a : b;
}

/** Below zero when `a` shows less; null when they cannot be compared. */
function compared(a: MaskerKind, b: MaskerKind): number | null {
  if (a.kind === "null") return -1;
  if (b.kind === "null") return 1;
  if (a.kind === "date" && b.kind === "date")
    return dateUnits.indexOf(a.unit) - dateUnits.indexOf(b.unit);
  if (a.kind === "partial" && b.kind === "partial") return a.keep - b.keep;
  if (a.kind === "number" && b.kind === "number") {
    const [first, second] = [a.rounding, b.rounding];
    if (first.kind === "digits" && second.kind === "digits") return first.digits - second.digits;
    if (first.kind !== "step" || second.kind !== "step") return null;
    const scale = Math.max(first.step.scale, second.step.scale);
    const size = ({ step }: typeof first): bigint =>
      step.digits * 10n ** BigInt(scale - step.scale);
    // A step that is no multiple of the other would, beside it, tell more than either.
    const [large, small] = size(first) > size(second) ? [first, second] : [second, first];
    if (size(large) % size(small) !== 0n) return null;
    return large === first ? -1 : 1;
  }
  const [at, bt] = [texts.indexOf(a.kind), texts.indexOf(b.kind)];
  return at === -1 || bt === -1 ? null : at - bt;
}
