import type { Mask } from "@sallyport/contracts";
import { leastRevealing } from "@sallyport/masking";
import type { Answer, Decision } from "./decision.ts";

/** Reasons that a verdict carries at most; the rest would only repeat them. */
const reasonLimit = 32;

/** The judgement of a command from the answers to its operations: masks unite, every hold must be answered. */
export function unite(answers: readonly Answer[]): Decision {
  const denials = answers.filter(({ allowed }) => !allowed);
  const shadow = distinct(
    answers.flatMap((answer) => answer.shadow),
    ({ policy, effect }) => `${policy} ${effect}`,
  );
  if (denials.length > 0)
    return {
      decision: "deny",
      reasons: distinct(
        denials.flatMap(({ reasons }) => reasons),
        ({ policy, operation }) => `${policy} ${operation}`,
      ).slice(0, reasonLimit),
      masks: [],
      holds: [],
      policies: distinct(denials.flatMap(({ policies }) => policies)),
      shadow: shadow.filter(({ effect }) => effect === "permit" || effect === "error"),
      answers,
    };
  return {
    decision: "pass",
    reasons: [],
    masks: uniteMasks(answers),
    holds: distinct(
      answers.flatMap(({ holds }) => holds),
      ({ policy }) => policy,
    ),
    policies: distinct(answers.flatMap(({ policies }) => policies)),
    shadow,
    answers,
  };
}

function uniteMasks(answers: readonly Answer[]): Mask[] {
  const columns = new Map<string, Mask>();
  for (const { operation, masks } of answers) {
    for (const { policy, masker } of masks) {
      const column = operation.resource.id;
      const known = columns.get(column);
      const least = known ? leastRevealing(known.masker, masker) : masker;
      // Two that no type could both hold give a third: both policies made it.
      const both = least !== masker && least !== known?.masker;
      const before = both || known?.masker === least ? (known?.policies ?? []) : [];
      const policies = both || masker === least ? [...before, policy] : before;
      columns.set(column, { column, masker: least, policies: distinct(policies) });
    }
  }
  return [...columns.values()];
}

function distinct<T>(all: readonly T[], key: (one: T) => unknown = (one) => one): T[] {
  return [...new Map(all.toReversed().map((one) => [key(one), one])).values()].toReversed();
}
