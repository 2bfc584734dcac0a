import type { HoldCondition, Mask, Masker, Operation, Reason } from "@sallyport/contracts";

export interface ShadowEffect {
  readonly policy: string;
  /** `deny`, `permit`, `mask <masker>`, `hold <group>`, `error`. */
  readonly effect: string;
}

/** What policies say to one operation. */
export interface Answer {
  readonly operation: Operation;
  readonly allowed: boolean;
  /** Denied only because no policy permits it. */
  readonly unpermitted: boolean;
  /** It was asked as `opaque`: itself, or because its `execute` is not permitted. */
  readonly opaque: boolean;
  readonly reasons: readonly Reason[];
  readonly masks: readonly { readonly policy: string; readonly masker: Masker }[];
  readonly holds: readonly HoldCondition[];
  /** Policies that brought the answer about. */
  readonly policies: readonly string[];
  readonly shadow: readonly ShadowEffect[];
  /** Whether the answer holds for as long as the bundle does, whatever the time. */
  readonly lasting: boolean;
}

/** The judgement of one command; a verdict is this, with its command's hash and its time. */
export interface Decision {
  readonly decision: "deny" | "pass";
  readonly reasons: readonly Reason[];
  readonly masks: readonly Mask[];
  readonly holds: readonly HoldCondition[];
  readonly policies: readonly string[];
  readonly shadow: readonly ShadowEffect[];
  /** For the explanation: one answer an operation, in their order. */
  readonly answers: readonly Answer[];
}

/** Reasons that no policy of the user gives. */
export const builtinReasons = {
  /** Nothing said is no. */
  default: "builtin:default",
  /** The question could not be answered: an evaluation error, an operation that fits no schema. */
  error: "builtin:error",
} as const;
