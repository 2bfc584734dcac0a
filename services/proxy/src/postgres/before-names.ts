import type { TextForm } from "@sallyport/sql";
import { asTarget, refusalOf, type Refusal } from "./refusal.ts";
import type { CommandUnit } from "./statements.ts";

/** As it is when the target comes to a unit; `unknown`: something that is on its way may change it. */
export type Block = "none" | "open" | "failed" | "unknown";

/** Messages of which a failed transaction takes none but for its end. */
const refusable: ReadonlySet<string> = new Set([
  "query",
  "parse",
  "bind",
  "execute",
  "function-call",
]);

/** What the target says of a unit before it looks at any name in its texts; null: nothing. */
export function beforeNames(
  { steps }: Pick<CommandUnit, "steps">,
  forms: readonly TextForm[],
  block: Block,
): Refusal | null {
  const some = (...kinds: readonly string[]) =>
    steps.some(({ message }) => kinds.includes(message.kind));
  if (some("parse") && forms.some(({ statements }) => statements > 1)) return severalPrepared;
  if (block !== "failed")
    return some("query", "execute") && forms[0] ? misplaced(forms[0], block) : null;
  const refuses =
    forms.every(({ takenWhenFailed }) => !takenWhenFailed) &&
    steps.some(({ message }) => refusable.has(message.kind));
  return refuses ? refusalOf("transaction-failed") : null;
}

/**
 * Whether the target says that and no more, whatever the unit holds, to whomever: then nobody need judge it, and nobody
 * is asked to approve it. A Bind may be wrong in ways that come first.
 */
export const isLastWord = (
  { steps: [first] }: Pick<CommandUnit, "steps">,
  { code }: Refusal,
): boolean =>
  code === "transaction-failed" &&
  (first?.message.kind === "query" || first?.message.kind === "parse");

/** Several statements in one text are in a transaction, of which they begin one. */
function misplaced(
  { statements, place }: TextForm,
  block: Exclude<Block, "failed">,
): Refusal | null {
  if (place === null || block === "unknown") return null;
  const inside = block === "open" || statements > 1;
  if (inside === (place.only === "in a transaction")) return null;
  return inside
    ? asTarget("25001", `${place.called} cannot run inside a transaction block`)
    : asTarget("25P01", `${place.called} can only be used in transaction blocks`);
}

const severalPrepared = asTarget(
  "42601",
  "cannot insert multiple commands into a prepared statement",
);
