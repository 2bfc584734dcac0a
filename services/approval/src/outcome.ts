import { standing, type Approvers, type Said } from "./answers.ts";
import { stateAt, type Held } from "./held.ts";

/** A hold whose place the next one of its command took: what it was last, or what the answers to it made of it. */
export function settledBy(
  held: Held,
  said: Said,
  { approvers, now }: { readonly approvers: Approvers; readonly now: number },
): Held {
  const before = stateAt(held, now);
  const { decided } = standing(held, said, approvers);
  const pending = before === "open" || before === "approved";
  const answered = decided === "deny" ? "denied" : decided === "approve" ? "used" : "withdrawn";
  return { ...held, hold: { ...held.hold, state: pending ? answered : before, waiting: [] } };
}
