import type { TextForm } from "@sallyport/sql";
import { asTarget, refusalOf, type Refusal } from "./refusal.ts";
import type { CommandUnit } from "./statements.ts";

/** Messages of which a failed transaction takes none but for its end. */
const refusable: ReadonlySet<string> = new Set([
  "query",
  "parse",
  "bind",
  "execute",
  "function-call",
]);

/**
 * What the target says of a unit before it looks at any name in its texts; null: nothing.
 * @param failed the transaction has failed, and nothing is on its way that could end it
 */
export function beforeNames(
  { steps }: CommandUnit,
  forms: readonly TextForm[],
  failed: boolean,
): Refusal | null {
  const parses = steps.some(({ message }) => message.kind === "parse");
  if (parses && forms.some(({ statements }) => statements > 1)) return severalPrepared;
  const refuses =
    failed &&
    forms.every(({ takenWhenFailed }) => !takenWhenFailed) &&
    steps.some(({ message }) => refusable.has(message.kind));
  return refuses ? refusalOf("transaction-failed") : null;
}

const severalPrepared = asTarget(
  "42601",
  "cannot insert multiple commands into a prepared statement",
);
