import { statefulIsAuthorized, type EntityJson } from "@cedar-policy/cedar-wasm/nodejs";
import type { Operation, Principal, ResourceRef } from "@sallyport/contracts";
import { preparsed, type PolicySet } from "./preparsed.ts";
import { ancestorsOf } from "./resource-names.ts";
import { actionRules, takesWhere } from "./schema.ts";

/** One question to Cedar: everything an answer can depend on. */
export interface Question {
  readonly principal: Principal;
  readonly connection: { readonly name: string; readonly tags: readonly string[] };
  readonly operation: Operation;
  /** Tags that config gives to the resource, beside those that the operation carries. */
  readonly tags: readonly string[];
  readonly ip: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export interface Evaluation {
  readonly allowed: boolean;
  /** Policies that brought it about. */
  readonly matched: readonly string[];
  /** Policies that could not be evaluated, and why; `""` when the question itself was refused. */
  readonly errors: readonly { readonly policy: string; readonly message: string }[];
}

export type Prepared = Pick<
  Parameters<typeof statefulIsAuthorized>[0],
  "principal" | "action" | "resource" | "context" | "entities"
>;

/** Puts a question into Cedar's form; the two questions of one operation share it. */
export function prepare(question: Question): Prepared {
  const { principal, connection, operation, ip, now } = question;
  const { resource } = operation;
  const principalType = principal.kind === "person" ? "Person" : "Workload";
  const tags = new Set([...(resource.tags ?? []), ...question.tags]);
  const ancestors = new Map(
    [...ancestorsOf(resource), ...(resource.in ?? [])].map((ref) => [`${ref.type} ${ref.id}`, ref]),
  );
  ancestors.delete(`${resource.type} ${resource.id}`);
  const self: EntityJson = {
    uid: uid(resource),
    attrs: {},
    parents: [...[...ancestors.values()].map(uid), ...[...tags].map(tag)],
  };
  const place: EntityJson = {
    uid: { type: "Connection", id: connection.name },
    attrs: {},
    parents: connection.tags.map(tag),
  };
  return {
    principal: { type: principalType, id: principal.id },
    action: { type: "Action", id: operation.action },
    resource: uid(resource),
    context: {
      time: { __extn: { fn: "datetime", arg: new Date(now).toISOString() } },
      address: { __extn: { fn: "ip", arg: ip } },
      claims: { __entity: { type: "Claims", id: "token" } },
      ...(operation.use !== undefined && { use: operation.use }),
      // Not said is no WHERE: a sequence's setval, a MERGE.
      ...(takesWhere(operation.action) && { where: operation.where ?? false }),
    },
    entities: [
      {
        uid: { type: principalType, id: principal.id },
        attrs: {
          issuer: principal.issuer,
          subject: principal.subject,
          ...(principal.owner !== undefined && { owner: principal.owner }),
          delegation: principal.delegation,
        },
        parents: principal.groups.map((id) => ({ type: "Group", id })),
      },
      {
        uid: { type: "Action", id: operation.action },
        attrs: {},
        parents: (actionRules.get(operation.action)?.groups ?? []).map((id) => ({
          type: "Action",
          id,
        })),
      },
      { uid: { type: "Claims", id: "token" }, attrs: {}, parents: [], tags: claims(principal) },
      ...(resource.type === "Connection" ? [] : [self]),
      place,
    ],
  };
}

/** Evaluates a set of policies. */
export function evaluate(prepared: Prepared, set: PolicySet): Evaluation {
  const answer = statefulIsAuthorized({
    ...prepared,
    preparsedPolicySetId: preparsed(set),
  });
  if (answer.type === "failure")
    return {
      allowed: false,
      matched: [],
      errors: answer.errors.map(({ message }) => ({ policy: "", message })),
    };
  const { decision, diagnostics } = answer.response;
  // Cedar gives them in no order; ours is that of the files.
  const reasons = new Set(diagnostics.reason);
  return {
    allowed: decision === "allow",
    matched: set.policies.map(({ id }) => id).filter((id) => reasons.has(id)),
    errors: diagnostics.errors.map(({ policyId, error }) => ({
      policy: policyId,
      message: error.message,
    })),
  };
}

const uid = ({ type, id }: ResourceRef): { type: string; id: string } => ({ type, id });
const tag = (id: string): { type: string; id: string } => ({ type: "Tag", id });

/** Each claim is a set of strings, so that a policy needs one form for all. */
const claims = (principal: Principal): Record<string, string[]> =>
  Object.fromEntries(
    Object.entries(principal.claims).map(([name, value]) => [
      name,
      Array.isArray(value) ? value : [String(value)],
    ]),
  );
