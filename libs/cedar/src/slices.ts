import type { PolicyJson } from "@cedar-policy/cedar-wasm/nodejs";
import type { Action, Principal } from "@sallyport/contracts";
import { entityOf } from "./literals.ts";
import type { Policy } from "./policy.ts";
import type { PolicySet } from "./preparsed.ts";
import { Remembered } from "./remembered.ts";
import { actionRules } from "./schema.ts";

/** The policies whose scope lets them match one principal, action and connection, by the question they answer. */
export interface Slice {
  /** Permits and plain forbids: the first question. */
  readonly plain: PolicySet;
  /** Forbids with `@mask` or `@hold`: the second. */
  readonly conditions: PolicySet;
  readonly shadowPermits: PolicySet;
  readonly shadowForbids: PolicySet;
  /** Some policy looks at the time, so that no answer lasts. */
  readonly usesTime: boolean;
}

let engines = 0;

/**
 * Cedar copies a set at each call, so sets are small: what the scopes of policies exclude is left out. Only what can
 * never match is left out; conditions are Cedar's to judge.
 */
export class Slices {
  readonly #engine = ++engines;
  readonly #policies: readonly Policy[];
  readonly #slices = new Remembered<Slice>(4096);

  constructor(policies: readonly Policy[]) {
    this.#policies = policies;
  }

  /** `who` stands for everything of the principal. */
  of(who: number, principal: Principal, action: Action, connection: string): Slice {
    const key = `${who} ${action} ${connection}`;
    const known = this.#slices.get(key);
    if (known) return known;
    const kept = this.#policies.filter(
      ({ json }) =>
        principalMayMatch(json.principal, principal) &&
        actionMayMatch(json.action, action) &&
        resourceMayMatch(json.resource, connection),
    );
    const set = (name: string, besidePermit: boolean, keep: (policy: Policy) => boolean) => {
      const policies = kept.filter(keep);
      const ids = policies.map(({ id }) => id).join(" ");
      return { key: `${this.#engine} ${name} ${ids}`, policies, besidePermit };
    };
    const conditional = ({ treatment: { kind } }: Policy): boolean =>
      kind === "mask" || kind === "hold";
    const slice: Slice = {
      plain: set("plain", false, (p) => !p.shadow && !conditional(p)),
      conditions: set("conditions", true, (p) => !p.shadow && conditional(p)),
      shadowPermits: set("shadow", false, (p) => p.shadow && p.treatment.kind === "permit"),
      shadowForbids: set("shadows", true, (p) => p.shadow && p.treatment.kind !== "permit"),
      usesTime: kept.some(({ context }) => context.has("time")),
    };
    this.#slices.set(key, slice);
    return slice;
  }
}

function principalMayMatch(scope: PolicyJson["principal"], principal: Principal): boolean {
  const isIt = (type: string): boolean =>
    type === (principal.kind === "person" ? "Person" : "Workload");
  const isIn = (entity: { type: string; id: string }): boolean =>
    entity.type === "Group"
      ? principal.groups.includes(entity.id)
      : isIt(entity.type) && entity.id === principal.id;
  switch (scope.op) {
    case "All":
      return true;
    case "==":
    case "in":
      return !("entity" in scope) || isIn(entityOf(scope.entity));
    case "is":
      return (
        isIt(scope.entity_type) &&
        (!scope.in || !("entity" in scope.in) || isIn(entityOf(scope.in.entity)))
      );
  }
}

function actionMayMatch(scope: PolicyJson["action"], action: Action): boolean {
  if (scope.op === "All") return true;
  const entities = "entities" in scope ? scope.entities : "entity" in scope ? [scope.entity] : [];
  const groups = actionRules.get(action)?.groups ?? [];
  return entities.some((entity) => {
    const { id } = entityOf(entity);
    return id === action || groups.includes(id);
  });
}

function resourceMayMatch(scope: PolicyJson["resource"], connection: string): boolean {
  const within = scope.op === "is" ? scope.in : scope.op === "All" ? undefined : scope;
  if (!within || !("entity" in within)) return true;
  const { type, id } = entityOf(within.entity);
  if (type === "Tag") return true;
  return type === "Connection" ? id === connection : id.startsWith(`${connection}/`);
}
