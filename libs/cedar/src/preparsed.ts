import { preparsePolicySet } from "@cedar-policy/cedar-wasm/nodejs";
import type { Policy } from "./policy.ts";
import { Remembered } from "./remembered.ts";

/** Policies that are evaluated together, known to the engine by `key`: of one engine and never of another. */
export interface PolicySet {
  readonly key: string;
  readonly policies: readonly Policy[];
  /** Beside one universal permit, so that the forbids that match are the answer. */
  readonly besidePermit: boolean;
}

/**
 * Cedar keeps parsed sets by name for as long as the process lives and has no way to drop one, so names are few and
 * used again. A set is looked up here before every evaluation: its name may meanwhile stand for another.
 */
const limit = 512;
const names = new Remembered<string>(limit);
const free = Array.from({ length: limit + 1 }, (_, n) => `set-${n}`);

/** The name under which Cedar holds this set, parsed now if it must be. */
export function preparsed(set: PolicySet): string {
  const known = names.get(set.key);
  if (known !== undefined) return known;
  const name = free.pop();
  if (name === undefined) throw new Error("no name is left for a policy set");
  const policies = Object.fromEntries(set.policies.map(({ id, text }) => [id, text]));
  try {
    checked(
      preparsePolicySet(name, {
        staticPolicies: set.besidePermit
          ? { ...policies, [universal]: "permit (principal, action, resource);" }
          : policies,
      }),
    );
  } catch (cause) {
    free.push(name);
    throw cause;
  }
  const gone = names.set(set.key, name);
  if (gone !== undefined) free.push(gone);
  return name;
}

/** No policy can be called so: ids hold no space. */
const universal = "the universal permit";

function checked(answer: ReturnType<typeof preparsePolicySet>): void {
  if (answer.type === "failure")
    throw new Error(answer.errors.map(({ message }) => message).join("; "));
}
