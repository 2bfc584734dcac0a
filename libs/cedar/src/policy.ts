import type { PolicyJson } from "@cedar-policy/cedar-wasm/nodejs";
import type { HoldCondition, Masker } from "@sallyport/contracts";

/** What a policy does when it matches. A `mask` or a `hold` is a forbid that can be met. */
export type Treatment =
  | { readonly kind: "permit" }
  | { readonly kind: "forbid" }
  | { readonly kind: "mask"; readonly masker: Masker }
  | { readonly kind: "hold"; readonly condition: HoldCondition };

/** One policy, read and linted. */
export interface Policy {
  readonly id: string;
  readonly file: string;
  readonly line: number;
  /** Its Cedar text, annotations included: an approval is bound to it. */
  readonly text: string;
  readonly json: PolicyJson;
  readonly treatment: Treatment;
  readonly reason?: string;
  /** Evaluated and recorded, never enforced. */
  readonly shadow: boolean;
  /** Attributes of the context that it looks at: `time`, `address`, … */
  readonly context: ReadonlySet<string>;
}
