import type { Answers, HoldView, WholeText } from "@sallyport/contracts";
import { answersFor, standing, type Approvers } from "./answers.ts";
import { stateAt, type Held } from "./held.ts";

/** A hold as people see it, at a moment. */
export function viewOf(
  held: Held,
  answers: Answers | null,
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
    policies: standing(held, answers, approvers).conditions.map(({ condition, approvers: by }) => ({
      policy: condition.policy,
      group: condition.group,
      quorum: condition.quorum,
      ...(condition.reason !== undefined && { reason: condition.reason }),
      approvers: [...by],
    })),
    answers: answersFor(held, answers).map(({ principal, answer, reason, time }) => ({
      principal: principal.id,
      answer,
      reason,
      time: iso(time),
    })),
    waiting: hold.waiting.filter(({ until }) => until > now).length,
    opened: iso(hold.opened),
    expires: iso(hold.expires),
  };
}

const iso = (time: number): string => new Date(time).toISOString();
