import type { Answers, Bundle, GivenAnswer, Hold, Principal } from "@sallyport/contracts";

export type Approvers = Bundle["approvers"];

/** What the answers to a hold add up to. */
export interface Standing {
  readonly decided: "approve" | "deny" | null;
  /** Principals whose approval counts, in the order of their answers. */
  readonly approvers: readonly string[];
  /** Who said no, and why. */
  readonly denials: readonly { readonly principal: string; readonly reason: string }[];
}

/**
 * INVARIANT (I4): only a person counts, in a group that the hold asks for, who answered this very hold in its time, and
 * who is not the requester, its owner, or an actor of either's chain. What the `revoked` approved counts no more, what
 * they denied does. One deny denies; else every condition needs its
 * quorum of distinct persons.
 */
export function standing(
  hold: Hold,
  requester: Principal,
  answers: Answers | null,
  approvers: Approvers,
  revoked: ReadonlySet<string> = new Set(),
): Standing {
  if (answers === null || answers.hold !== hold.hold || answers.key !== hold.key)
    return { decided: null, approvers: [], denials: [] };
  const isMember = ({ principal }: GivenAnswer, group: string): boolean =>
    principal.groups.includes(group) || (approvers[group]?.members.includes(principal.id) ?? false);
  const counting = answers.answers.filter(
    (given) =>
      mayAnswer(given.principal, requester) &&
      given.time <= hold.expires &&
      !(given.answer === "approve" && revoked.has(given.principal.id)) &&
      hold.conditions.some(({ group }) => isMember(given, group)),
  );
  const denials = counting
    .filter(({ answer }) => answer === "deny")
    .map(({ principal, reason }) => ({ principal: principal.id, reason }));
  if (denials.length > 0) return { decided: "deny", approvers: [], denials };
  const met = hold.conditions.every(
    ({ group, quorum }) =>
      distinct(counting.filter((given) => isMember(given, group))).length >= quorum,
  );
  return { decided: met ? "approve" : null, approvers: distinct(counting), denials };
}

function mayAnswer(person: Principal, requester: Principal): boolean {
  return (
    person.kind === "person" &&
    person.delegation.length === 0 &&
    person.id !== requester.id &&
    person.id !== requester.owner &&
    !(person.issuer === requester.issuer && requester.delegation.includes(person.subject))
  );
}

const distinct = (answers: readonly GivenAnswer[]): string[] => [
  ...new Set(answers.map(({ principal }) => principal.id)),
];
