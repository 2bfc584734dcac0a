import type { Bind } from "@sallyport/pgwire";
import type { TextForm } from "@sallyport/sql";
import { asTarget, refusalOf, type Refusal } from "./refusal.ts";
import type { Portal, Prepared } from "./protocol-names.ts";
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
 * What the target says whatever the unit holds, to whomever; null: that is not certain. Then nobody need judge it, and
 * nobody is asked to approve it. Of a Bind it looks first whether its statement is there and its values are as many as it
 * takes, of an Execute, whether its portal is. `isChanging`: what is under way may take the name.
 */
export function lastWord(
  { steps: [first] }: Pick<CommandUnit, "steps">,
  refusal: Refusal | null,
  [form]: readonly TextForm[],
  isChanging: (of: "statement" | "portal", named: Prepared | Portal) => boolean,
): Refusal | null {
  if (refusal?.code !== "transaction-failed" || !first) return null;
  const { message, prepared, portal } = first;
  switch (message.kind) {
    case "query":
    case "parse":
    case "function-call":
      return refusal;
    case "bind":
      if (!form || !prepared || prepared.text === null || !prepared.made) return null;
      if (prepared.gone || prepared.doubtful || prepared.unverified) return null;
      if (isChanging("statement", prepared)) return null;
      return miscounted(message, prepared, form) ?? refusal;
    case "execute":
      if (!portal?.bind || !portal.made || portal.doubtful) return null;
      return isChanging("portal", portal) ? null : refusal;
    default:
      return null;
  }
}

function miscounted(
  { formats, parameters: { length } }: Bind,
  { name, types }: Prepared,
  { parameters }: TextForm,
): Refusal | null {
  if (formats.length > 1 && formats.length !== length)
    return asTarget(
      "08P01",
      `bind message has ${formats.length} parameter formats but ${length} parameters`,
    );
  const required = Math.max(types.length, parameters);
  if (length === required) return null;
  return asTarget(
    "08P01",
    `bind message supplies ${length} parameters, but prepared statement "${name}" requires ${required}`,
  );
}

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
