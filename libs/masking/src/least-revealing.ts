import type { Masker } from "@sallyport/contracts";
import { keptBy } from "./text-maskers.ts";

const order = ["null", "redact", "hash", "partial", "email"];

const rank = (masker: Masker): number => order.indexOf(masker.replace(/:.*/, ""));

/** Of two masks on one column the one that shows less; of two `partial` the one that keeps fewer characters. */
export function leastRevealing(a: Masker, b: Masker): Masker {
  const difference = rank(a) - rank(b) || keptBy(a) - keptBy(b);
  return difference <= 0 ? a : b;
}
