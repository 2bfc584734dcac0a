import type { Analysis, Parsed, TooMuch } from "@sallyport/sql";

/** A text that was read, or why it was not. */
export type Read =
  | {
      readonly kind: "analysed";
      readonly analysis: Analysis;
      /** It hangs on nothing but text, names and parameter types: not on what a session has put under names. */
      readonly lasting: boolean;
    }
  | TooMuch
  | Exclude<Parsed, { kind: "tree" }>;
