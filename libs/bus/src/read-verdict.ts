import type { Verdict } from "@sallyport/contracts";

/** Why the policy gate stays closed; codes of the error catalogue. */
export type VerdictCode =
  | "policy-denied"
  | "hold-open"
  | "hold-denied"
  | "hold-expired"
  | "hold-withdrawn";

/** What one verdict means for its command. `malformed`: its parts contradict each other. */
export type Reading =
  | { readonly kind: "open" }
  | { readonly kind: "held" }
  | { readonly kind: "closed"; readonly code: VerdictCode }
  | { readonly kind: "malformed" };

const open: Reading = { kind: "open" };
const held: Reading = { kind: "held" };
const malformed: Reading = { kind: "malformed" };
const closed = (code: VerdictCode): Reading => ({ kind: "closed", code });

/**
 * How a verdict stands to the one that opened a command's hold: `next` moves it to the hold after that one, because an
 * approval passes one command only; `earlier` was overtaken by it, as two processes of policy may speak; `none`: it is
 * neither.
 */
export function holdAfter(before: Verdict, after: Verdict): "next" | "earlier" | "none" {
  if (readVerdict(before).kind !== "held" || readVerdict(after).kind !== "held") return "none";
  if (!before.hold || !after.hold || before.hold.key !== after.hold.key) return "none";
  if (before.hold.id === after.hold.id) return "none";
  return after.hold.expires < before.hold.expires ? "earlier" : "next";
}

/** Open is only a final pass without holds, or one whose hold was taken for this command. */
export function readVerdict({ decision, final, holds, hold }: Verdict): Reading {
  switch (decision) {
    case "deny":
      return final ? closed("policy-denied") : malformed;
    case "pass":
      if (holds.length === 0) return final && hold === undefined ? open : malformed;
      if (hold === undefined) return malformed;
      switch (hold.state) {
        case "open":
          return final ? closed("hold-open") : held;
        case "taken":
          return final && hold.approvers.length > 0 ? open : malformed;
        case "denied":
          return final ? closed("hold-denied") : malformed;
        case "expired":
          return final ? closed("hold-expired") : malformed;
        case "withdrawn":
          return final ? closed("hold-withdrawn") : malformed;
      }
  }
}
