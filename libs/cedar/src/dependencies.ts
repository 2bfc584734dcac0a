import type { PolicyJson } from "@cedar-policy/cedar-wasm/nodejs";
import type { Operation, Principal, ResourceRef } from "@sallyport/contracts";
import { literalsOf } from "./literals.ts";
import type { Policy } from "./policy.ts";
import { ancestorsOf } from "./resource-names.ts";

/**
 * What of a request the answers of a set of policies can depend on. A resource has no attributes, so a policy can tell
 * two apart only by type, tags, and the entities that it names among them and their ancestors: all tables that nobody
 * names share an answer. In the same way a principal is its kind and the groups that are named, unless some policy looks at
 * who it is.
 */
export class Dependencies {
  readonly #named: ReadonlySet<string>;
  readonly #identity: boolean;
  readonly #address: boolean;
  readonly #claims: boolean;

  constructor(policies: readonly Policy[]) {
    this.#named = new Set(
      policies.flatMap(({ json }) => literalsOf(json).map(({ type, id }) => `${type} ${id}`)),
    );
    this.#identity = policies.some(({ json }) => looksAtIdentity(json));
    this.#address = policies.some(({ context }) => context.has("address"));
    this.#claims = policies.some(({ context }) => context.has("claims"));
  }

  /** Everything of an operation, within its connection. `tags` are those of config. */
  ofOperation({ action, resource, use, where }: Operation, tags: readonly string[]): string {
    const places = [resource, ...ancestorsOf(resource), ...(resource.in ?? [])];
    const own = [...(resource.tags ?? []), ...tags].map((id) => ({ type: "Tag", id }));
    const named = [...places, ...own].map(keyOf).filter((key) => this.#named.has(key));
    return JSON.stringify([
      action,
      use ?? "",
      where ?? false,
      resource.type,
      [...new Set(named)].toSorted(),
    ]);
  }

  /** Everything of who asks, and from where, but the time. */
  ofPrincipal(principal: Principal, ip: string | null): string {
    const { kind, id, issuer, subject, owner, delegation, claims } = principal;
    const groups = principal.groups.filter((group) => this.#named.has(`Group ${group}`));
    return JSON.stringify([
      kind,
      groups.toSorted(),
      this.#identity ? [id, issuer, subject, owner ?? null, delegation] : null,
      this.#claims ? claims : null,
      this.#address ? ip : ip === null,
    ]);
  }
}

const keyOf = ({ type, id }: ResourceRef | { type: string; id: string }): string => `${type} ${id}`;

/** Whether a policy looks at more of the principal than its type and groups. */
function looksAtIdentity(policy: PolicyJson): boolean {
  if (literalsOf(policy).some(({ type }) => type === "Workload" || type === "Person")) return true;
  let found = false;
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) return node.forEach(visit);
    if (typeof node !== "object" || node === null) return;
    for (const [operator, operands] of Object.entries(node)) {
      const membership = operator === "in" || operator === "is";
      if (membership && isPrincipal((operands as { left?: unknown }).left)) {
        const { left: _left, ...others } = operands as { left: unknown };
        visit(others);
      } else if (operator === "Var" && operands === "principal") found = true;
      else visit(operands);
    }
  };
  visit(policy.conditions);
  return found;
}

const isPrincipal = (node: unknown): boolean =>
  typeof node === "object" && node !== null && "Var" in node && node.Var === "principal";
