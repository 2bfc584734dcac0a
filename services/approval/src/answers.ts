import type { Answers, Bundle, GivenAnswer, HoldCondition, Principal } from "@sallyport/contracts";
import { SallyError } from "@sallyport/runtime";
import { stateAt, type Held } from "./held.ts";

export type Approvers = Bundle["approvers"];

/** A group is carried by the token, or given by config to a person by name. */
export const isMember = (person: Principal, group: string, approvers: Approvers): boolean =>
  person.groups.includes(group) || (approvers[group]?.members.includes(person.id) ?? false);

/** The conditions that this person may meet. */
const conditionsOf = ({ hold }: Held, person: Principal, approvers: Approvers): HoldCondition[] =>
  hold.conditions.filter(({ group }) => isMember(person, group, approvers));

/**
 * Why this person may not answer this hold, whatever its state; null when it may. INVARIANT (I4): never a
 * workload, the requester, the requester's owner, or one who acts in the request.
 */
export function refusalOf(held: Held, person: Principal, approvers: Approvers): SallyError | null {
  const { hold, command } = held;
  const requester = command.principal;
  const refused = (problem: string, detail: string): SallyError =>
    new SallyError("approver-refused", { params: { hold: hold.hold, problem }, detail });
  const another = "ask another person of the group to answer";
  if (person.kind !== "person") return new SallyError("person-required");
  if (person.delegation.length > 0)
    return refused(
      `\`${person.delegation[0] ?? ""}\` acts in your name with this token`,
      "answer with a token that you hold yourself",
    );
  if (person.id === requester.id) return refused("you asked for it yourself", another);
  if (person.id === requester.owner)
    return refused(`you own \`${requester.id}\`, who asked for it`, another);
  if (person.issuer === requester.issuer && requester.delegation.includes(person.subject))
    return refused(`you act for \`${requester.id}\`, who asked for it`, another);
  if (conditionsOf(held, person, approvers).length === 0) {
    const groups = groupsAsked(held).join(", ");
    return refused(
      `\`${person.id}\` is in none of the groups that are asked: ${groups}`,
      `ask a member of ${groups} to answer, or an operator to add you`,
    );
  }
  return null;
}

const groupsAsked = ({ hold }: Held): string[] => [
  ...new Set(hold.conditions.map(({ group }) => group)),
];

/** A hold may be seen by those it asks, and by those for whom it is asked. */
export function maySee(held: Held, person: Principal, approvers: Approvers): boolean {
  const { principal } = held.command;
  return (
    person.kind === "person" &&
    (person.id === principal.id ||
      person.id === principal.owner ||
      conditionsOf(held, person, approvers).length > 0)
  );
}

export interface Standing {
  /** What the answers add up to; null while some condition lacks approvals. */
  readonly decided: "approve" | "deny" | null;
  readonly conditions: readonly {
    readonly condition: HoldCondition;
    /** Distinct principals whose approval counts for it. */
    readonly approvers: readonly string[];
  }[];
}

/** What people said to a hold, and who of them is revoked since: what they approved counts no more, what they denied does. */
export interface Said {
  readonly answers: Answers | null;
  readonly revoked: ReadonlySet<string>;
}

/** What the given answers are worth now: an answer counts only while its giver may still answer. */
export function standing(held: Held, { answers, revoked }: Said, approvers: Approvers): Standing {
  const counted = answersFor(held, answers).filter(
    ({ principal, answer }) =>
      refusalOf(held, principal, approvers) === null &&
      !(answer === "approve" && revoked.has(principal.id)),
  );
  const conditions = held.hold.conditions.map((condition) => ({
    condition,
    approvers: [
      ...new Set(
        counted
          .filter(
            ({ answer, principal }) =>
              answer === "approve" && isMember(principal, condition.group, approvers),
          )
          .map(({ principal }) => principal.id),
      ),
    ],
  }));
  if (counted.some(({ answer }) => answer === "deny")) return { decided: "deny", conditions };
  const met = conditions.every(({ condition, approvers: by }) => by.length >= condition.quorum);
  return { decided: met ? "approve" : null, conditions };
}

/** The answers that were given to this very hold: same id, same binding key. */
export const answersFor = ({ hold }: Held, answers: Answers | null): readonly GivenAnswer[] =>
  answers !== null && answers.hold === hold.hold && answers.key === hold.key ? answers.answers : [];

/** `again`: the same person gave the same answer before, so nothing is to be written. */
export type Next =
  | { readonly kind: "refused"; readonly error: SallyError }
  | { readonly kind: "again" }
  | { readonly kind: "write"; readonly answers: Answers };

const mostAnswers = 64;

/**
 * What an answer makes of the answers so far, now (milliseconds). One answer a person: a denial takes the place of
 * an approval; a denial is never taken back.
 */
export function decide(
  held: Held,
  current: Answers | null,
  given: GivenAnswer,
  approvers: Approvers,
  now: number,
): Next {
  const { hold } = held;
  const refused = refusalOf(held, given.principal, approvers);
  if (refused) return { kind: "refused", error: refused };
  const before = answersFor(held, current);
  const own = before.find(({ principal }) => principal.id === given.principal.id);
  if (own?.answer === given.answer) return { kind: "again" };
  const state = stateAt(held, now);
  if (state !== "open") return { kind: "refused", error: settled(hold.hold, state) };
  if (before.some(({ answer }) => answer === "deny"))
    return { kind: "refused", error: settled(hold.hold, "denied") };
  const others = before.filter((answer) => answer !== own);
  if (others.length >= mostAnswers)
    return { kind: "refused", error: settled(hold.hold, "answered by too many") };
  return {
    kind: "write",
    answers: { v: 1, type: "answers", hold: hold.hold, key: hold.key, answers: [...others, given] },
  };
}

const settled = (hold: string, state: string): SallyError =>
  new SallyError("hold-settled", {
    params: { hold, state },
    detail: "whoever asked must send the command again, which asks again",
  });
