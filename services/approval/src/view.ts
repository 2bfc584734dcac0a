import type { HoldView, WholeText } from "@sallyport/contracts";
import { answersFor, standing, type Approvers, type Said } from "./answers.ts";
import { stateAt, type Held } from "./held.ts";

/** A hold as people see it, at a moment. */
export function viewOf(
  held: Held,
  said: Said,
  approvers: Approvers,
  whole: WholeText | null,
  now: number,
): HoldView {
  const { hold, command } = held;
  return {
    hold: hold.hold,
    state: stateAt(held, now),
    principal: command.principal.id,
    owner: command.principal.owner ?? null,
    delegation: command.principal.delegation,
    connection: command.connection,
    kind: command.kind,
    command: whole?.text ?? command.text,
    parameters: [...(whole?.parameters ?? command.parameters)],
    whole: whole !== null,
    key: hold.key,
    operations: command.operations,
    policies: standing(held, said, approvers).conditions.map(({ condition, approvers: by }) => ({
      policy: condition.policy,
      group: condition.group,
      quorum: condition.quorum,
      ...(condition.reason !== undefined && { reason: condition.reason }),
      approvers: [...by],
    })),
    answers: answersFor(held, said.answers).map(({ principal, answer, reason, time }) => ({
      principal: principal.id,
      answer,
      reason,
      time: iso(time),
      ...(answer === "approve" && said.revoked.has(principal.id) && { revoked: true as const }),
    })),
    waiting: hold.waiting.filter(({ until }) => until > now).length,
    opened: iso(hold.opened),
    expires: iso(hold.expires),
  };
}

const iso = (time: number): string => new Date(time).toISOString();
