import type { DateUnit, Masker } from "@sallyport/contracts";
import { readDecimal, type Decimal } from "./decimal.ts";

export type NumberRounding =
  | { readonly kind: "step"; readonly step: Decimal }
  | { readonly kind: "digits"; readonly digits: number };

/** A masker read: which types it masks, and with what. */
export type MaskerKind =
  | { readonly kind: "null" }
  | { readonly kind: "redact" | "hash" | "email" }
  | { readonly kind: "partial"; readonly keep: number }
  | { readonly kind: "date"; readonly unit: DateUnit }
  | { readonly kind: "number"; readonly rounding: NumberRounding };

const partialDefault = 4;

/** @throws RangeError for a masker that is none */
export function maskerKind(masker: Masker): MaskerKind {
  const [word = "", parameter] = masker.split(":");
  switch (word) {
    case "null":
    case "redact":
    case "hash":
    case "email":
      return { kind: word };
    case "partial": {
      const keep = parameter === undefined ? partialDefault : Number(parameter);
      if (keep > 0) return { kind: "partial", keep };
      break;
    }
    case "date":
      return { kind: "date", unit: parameter as DateUnit };
    case "round": {
      const step = readDecimal(parameter ?? "");
      if (step && step.digits > 0n) return { kind: "number", rounding: { kind: "step", step } };
      break;
    }
    case "digits": {
      const digits = Number(parameter);
      if (digits > 0) return { kind: "number", rounding: { kind: "digits", digits } };
    }
  }
  throw new RangeError(`unknown masker \`${masker}\``);
}
