import type { Answer, Decision } from "./decision.ts";
import type { Engine } from "./engine.ts";
import { operationText } from "./resource-names.ts";

/** A judgement in lines for people: the decision, then each operation with the policies that decided it. */
export function explain(decision: Decision, engine: Engine): string[] {
  const lines = [headline(decision)];
  for (const answer of decision.answers) lines.push(...ofAnswer(answer, engine));
  if (decision.answers.length === 0) lines.push("  nothing is asked for it");
  for (const { column, masker } of decision.masks) lines.push(`mask ${column} with ${masker}`);
  for (const { group, quorum, ttl, wait } of decision.holds)
    lines.push(
      `hold for ${quorum === 1 ? "one" : quorum} of ${group}, who must answer within ${span(ttl)}; the command waits ${span(wait)}`,
    );
  for (const { policy, effect } of decision.shadow)
    lines.push(`in shadow: ${named(policy, engine)} would have said ${effect}`);
  return lines;
}

function headline({ decision, masks, holds }: Decision): string {
  if (decision === "deny") return "DENY";
  if (holds.length > 0) return "HOLD";
  return masks.length > 0 ? "ALLOW, masked" : "ALLOW";
}

function ofAnswer(answer: Answer, engine: Engine): string[] {
  const { operation, allowed, opaque } = answer;
  const detail = operation.detail === undefined ? "" : `, ${operation.detail}`;
  const asked = opaque && operation.action !== "opaque" ? ", asked as opaque" : "";
  const lines = [`  ${allowed ? "yes" : "no "} ${operationText(operation)}${detail}${asked}`];
  if (allowed)
    for (const policy of new Set(answer.policies)) lines.push(`      by ${named(policy, engine)}`);
  for (const { policy, reason, operation: of } of answer.reasons) {
    const about = opaque && of !== undefined ? ` on ${of}` : "";
    lines.push(
      `      by ${named(policy, engine)}${about}${reason === undefined ? "" : `: ${reason}`}`,
    );
  }
  return lines;
}

function named(id: string, engine: Engine): string {
  const policy = engine.policy(id);
  return policy ? `${id} (${policy.file}:${policy.line})` : id;
}

const span = (millis: number): string =>
  millis % 3_600_000 === 0
    ? `${millis / 3_600_000}h`
    : millis % 60_000 === 0
      ? `${millis / 60_000}m`
      : `${millis / 1000}s`;
