import type { Operation } from "@sallyport/contracts";
import { isOn, operationText } from "./resource-names.ts";
import { actionRules, mayBeIn, takesUse, takesWhere } from "./schema.ts";

/**
 * What is wrong with an operation that a worker states, as our Cedar schema and its connection have it; nothing of the
 * sort is ever permitted. Checked here, because Cedar copies the whole schema to check one request.
 */
export function problemOf(operation: Operation, connection: string): string | undefined {
  const { action, resource, use, where } = operation;
  const ancestors = resource.in ?? [];
  if (![resource, ...ancestors].every((ref) => isOn(connection, ref)))
    return `\`${resource.id}\` is not on \`${connection}\``;
  if (!actionRules.get(action)?.resources.has(resource.type))
    return `\`${action}\` is not asked of a ${resource.type}`;
  const stranger = ancestors.find(({ type }) => !mayBeIn(resource.type, type));
  if (stranger) return `a ${resource.type} is in no ${stranger.type}`;
  if (takesUse(action) !== (use !== undefined) || (where !== undefined && !takesWhere(action)))
    return `\`${operationText(operation)}\` is not how that action is asked`;
  return undefined;
}
