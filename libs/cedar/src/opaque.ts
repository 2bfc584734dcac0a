import { ResourceRef, Use, type Operation, type Resource } from "@sallyport/contracts";
import type { Answer } from "./decision.ts";
import type { Policy } from "./policy.ts";
import { ancestorsOf, isOn, operationText } from "./resource-names.ts";
import { literalsOf } from "./literals.ts";
import { actionsOn, takesUse, takesWhere } from "./schema.ts";

/**
 * What an opaque command asks: it could do anything, so `opaque` (first), everything else on its connection, every use
 * of every classified column there, and every action on what policies name there: a forbid on one table must not be
 * walked around. Of columns that no policy can tell apart one is asked for all. Built-in tags are not asked: no policy
 * could then permit `opaque` beside the baseline (docs/policies.md says so).
 */
export function everythingOn(
  connection: string,
  columns: Readonly<Record<string, readonly string[]>>,
  policies: readonly Policy[],
): Operation[] {
  const named = namedOn(connection, policies);
  const alike = new Map<string, Resource>();
  for (const [column, tags] of Object.entries(columns)) {
    const resource: Resource = { type: "Column", id: `${connection}/${column}`, tags: [...tags] };
    const places = [resource, ...ancestorsOf(resource)].filter((ref) => named.has(keyOf(ref)));
    const key = JSON.stringify([tags.toSorted(), places.map(keyOf)]);
    if (!alike.has(key)) alike.set(key, resource);
  }
  const place: Resource = { type: "Connection", id: connection };
  const others = [...named.values()].filter(({ type }) => type !== "Column");
  return [
    { action: "opaque", resource: place },
    ...[place, ...others, ...alike.values()].flatMap((resource) =>
      actionsOn(resource.type).flatMap((action): Operation[] => {
        if (action === "opaque") return [];
        if (takesUse(action)) return Use.options.map((use) => ({ action, resource, use }));
        if (takesWhere(action)) return [true, false].map((where) => ({ action, resource, where }));
        return [{ action, resource }];
      }),
    ),
  ];
}

/** Schemas, tables, columns and functions of a connection that policies name. */
function namedOn(connection: string, policies: readonly Policy[]): Map<string, ResourceRef> {
  const found = new Map<string, ResourceRef>();
  for (const literal of policies.flatMap(({ json }) => literalsOf(json))) {
    const ref = ResourceRef.safeParse(literal);
    if (ref.success && ref.data.type !== "Connection" && isOn(connection, ref.data))
      found.set(keyOf(ref.data), ref.data);
  }
  return found;
}

const keyOf = ({ type, id }: ResourceRef): string => `${type} ${id}`;

/** The answer to an opaque command from the answers to all that it asks. */
export function answerOpaque(operation: Operation, answers: readonly Answer[]): Answer {
  const text = operationText(operation);
  const denials = answers.flatMap(({ reasons }) =>
    reasons.map((reason) => ({ ...reason, operation: `${text}: ${reason.operation}` })),
  );
  // Where an opaque command's output comes from is unknown, so no mask can be put on it.
  const masked = answers.flatMap(({ masks, operation: { resource } }) =>
    masks.map(({ policy }) => ({
      policy,
      reason: `${resource.id} is masked, and it cannot be told what of it this command shows`,
      operation: text,
    })),
  );
  // One reason a policy is enough of the many things that an opaque command asks.
  const byPolicy = new Map([...denials, ...masked].toReversed().map((r) => [r.policy, r]));
  const reasons = [...byPolicy.values()].toReversed();
  const allowed = reasons.length === 0;
  return {
    operation,
    allowed,
    unpermitted: false,
    opaque: true,
    reasons,
    masks: [],
    holds: answers.flatMap(({ holds }) => holds),
    policies: allowed
      ? answers.flatMap(({ policies }) => policies)
      : [...byPolicy.keys()].toReversed(),
    shadow: answers.flatMap(({ shadow }) => shadow),
    lasting: answers.every(({ lasting }) => lasting),
  };
}
