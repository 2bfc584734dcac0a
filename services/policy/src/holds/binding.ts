import { createHash } from "node:crypto";
import type { Engine } from "@sallyport/cedar";
import type { Command, HoldCondition } from "@sallyport/contracts";

/**
 * What an approval is bound to (I4): principal, connection, the exact text, parameter values and types, the operations
 * it resolved to, and the hold policies it answers by id and text. The key under which a hold is found.
 */
export function bindingKey(
  command: Command,
  conditions: readonly HoldCondition[],
  engine: Engine,
): string {
  const policies = conditions
    .map(({ policy }) => [policy, sha256(engine.policy(policy)?.text ?? "")] as const)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return sha256(
    JSON.stringify([
      command.principal.id,
      command.connection,
      command.kind,
      command.text,
      command.long?.sha256 ?? null,
      command.parameters,
      command.operations,
      policies,
    ]),
  );
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
