import { builtinReasons, type Answer, type ShadowEffect } from "./decision.ts";
import type { Policy } from "./policy.ts";
import { evaluate, prepare, type Evaluation, type Question } from "./request.ts";
import { operationText } from "./resource-names.ts";
import type { Slice } from "./slices.ts";

const nothing: Evaluation = { allowed: false, matched: [], errors: [] };

type PolicyOf = (id: string) => Policy | undefined;

/**
 * The two questions of one operation. First: permits and plain forbids must allow. Second: the conditional forbids,
 * beside one universal permit: those that match are the conditions. Asked as one question, a condition that is met
 * would turn into a yes where nothing was permitted. An evaluation error in either is a deny.
 */
export function answer(question: Question, slice: Slice, policyOf: PolicyOf): Answer {
  const { operation } = question;
  const lasting = !slice.usesTime;
  const text = operationText(operation);
  const none = { masks: [], holds: [], opaque: false, lasting };
  const denied = (
    by: readonly { policy: string; reason?: string | undefined }[],
    unpermitted: boolean,
    shadow: readonly ShadowEffect[],
  ): Answer => ({
    ...none,
    operation,
    allowed: false,
    unpermitted,
    reasons: by.map(({ policy, reason }) => ({
      policy,
      ...(reason !== undefined && { reason }),
      operation: text,
    })),
    policies: by.map(({ policy }) => policy),
    shadow,
  });
  const because = (policy: string) => ({ policy, reason: policyOf(policy)?.reason });
  const failed = ({ errors }: Evaluation) =>
    errors.map(({ policy, message }) => ({
      policy: policy || builtinReasons.error,
      reason: `could not be evaluated: ${message}`,
    }));

  const prepared = prepare(question);
  const plain = slice.plain.policies.length > 0 ? evaluate(prepared, slice.plain) : nothing;
  if (plain.errors.length > 0) return denied(failed(plain), false, []);
  if (!plain.allowed && plain.matched.length > 0)
    return denied(plain.matched.map(because), false, []);
  if (!plain.allowed) {
    const reason = "no policy permits this";
    const shadow = shadowPermits(prepared, slice);
    return denied([{ policy: builtinReasons.default, reason }], true, shadow);
  }

  const met = slice.conditions.policies.length > 0 ? evaluate(prepared, slice.conditions) : nothing;
  if (met.errors.length > 0) return denied(failed(met), false, []);
  const treatments = met.allowed
    ? []
    : met.matched
        .flatMap((id) => policyOf(id) ?? [])
        .map(({ id, treatment }) => ({ id, treatment }));
  const maskable = isMaskable(question);
  const refusing = treatments.filter(({ treatment }) => treatment.kind === "mask" && !maskable);
  if (refusing.length > 0)
    return denied(
      refusing.map(({ id }) => ({
        policy: id,
        reason: policyOf(id)?.reason ?? unmaskable(question),
      })),
      false,
      [],
    );
  return {
    ...none,
    operation,
    allowed: true,
    unpermitted: false,
    reasons: [],
    masks: treatments.flatMap(({ id, treatment }) =>
      treatment.kind === "mask" ? [{ policy: id, masker: treatment.masker }] : [],
    ),
    holds: treatments.flatMap(({ treatment }) =>
      treatment.kind === "hold" ? [treatment.condition] : [],
    ),
    policies: [...plain.matched, ...treatments.map(({ id }) => id)],
    shadow: shadowForbids(prepared, slice, maskable, policyOf),
  };
}

/** Only what leaves from a classified column can be masked; a predicate on it is an oracle, a copy of it a leak. */
const isMaskable = ({ operation }: Question): boolean =>
  operation.action === "read" && operation.use === "output" && operation.resource.type === "Column";

const unmaskable = ({ operation }: Question): string =>
  operation.resource.type === "Column"
    ? `the column is masked, so its values may not be used as ${operation.use ?? "this"}`
    : "a mask answers a classified column only";

function shadowPermits(prepared: ReturnType<typeof prepare>, slice: Slice): ShadowEffect[] {
  if (slice.shadowPermits.policies.length === 0) return [];
  const { matched, errors } = evaluate(prepared, slice.shadowPermits);
  return [
    ...matched.map((policy) => ({ policy, effect: "permit" })),
    ...errors.map(({ policy }) => ({ policy: policy || builtinReasons.error, effect: "error" })),
  ];
}

function shadowForbids(
  prepared: ReturnType<typeof prepare>,
  slice: Slice,
  maskable: boolean,
  policyOf: PolicyOf,
): ShadowEffect[] {
  if (slice.shadowForbids.policies.length === 0) return [];
  const { allowed, matched, errors } = evaluate(prepared, slice.shadowForbids);
  return [
    ...(allowed ? [] : matched).map((policy) => ({
      policy,
      effect: shadowEffect(policyOf(policy), maskable),
    })),
    ...errors.map(({ policy }) => ({ policy: policy || builtinReasons.error, effect: "error" })),
  ];
}

function shadowEffect(policy: Policy | undefined, maskable: boolean): string {
  switch (policy?.treatment.kind) {
    case "mask":
      return maskable ? `mask ${policy.treatment.masker}` : "deny";
    case "hold":
      return `hold ${policy.treatment.condition.group}`;
    case "permit":
    case "forbid":
    case undefined:
      return "deny";
  }
}
