import { identity } from "./catalogue/identity.ts";
import { opening } from "./catalogue/opening.ts";
import { people } from "./catalogue/people.ts";
import { policyGate } from "./catalogue/policy-gate.ts";
import { recordGate } from "./catalogue/record-gate.ts";
import { requests } from "./catalogue/requests.ts";
import { statement } from "./catalogue/statement.ts";
import { target } from "./catalogue/target.ts";

export type { CatalogueEntry } from "./catalogue/entry.ts";

/**
 * Every error that leaves Sallyport, by code, in the order in which a session meets them; docs/errors.md lists the
 * same. Text and hint are public: they hold nothing of a target's credentials, a token or a private cause.
 */
export const catalogue = {
  ...opening,
  ...identity,
  ...statement,
  ...recordGate,
  ...policyGate,
  ...target,
  ...people,
  ...requests,
} as const;

export type ErrorCode = keyof typeof catalogue;
