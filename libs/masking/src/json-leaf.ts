import { truncatedText } from "./date-text.ts";
import type { MaskerKind } from "./masker-kind.ts";
import { roundedNumberText } from "./number-maskers.ts";
import { textMasker } from "./text-maskers.ts";

/** Masks a scalar of a json document. What its masker does not fit, an object included, becomes `null`. */
export interface LeafMasker {
  /** `text`: what the string says, unescaped. */
  string(text: string): Buffer;
  /** As it is written. */
  number(written: string): Buffer;
}

export const jsonNull = Buffer.from("null");

/** No date is longer. */
const longestDate = 64;

export function leafMasker(masker: MaskerKind, key: Buffer): LeafMasker {
  const mask = textMasker(masker, key);
  return {
    string(text) {
      if (mask) return written(mask(Buffer.from(text))?.toString("utf8") ?? null);
      if (masker.kind !== "date" || text.length > longestDate) return jsonNull;
      const { unit } = masker;
      return written(
        truncatedText(text, unit, "date") ??
          truncatedText(text, unit, "timestamp") ??
          truncatedText(text, unit, "timestamptz"),
      );
    },
    number(number) {
      const text = masker.kind === "number" ? roundedNumberText(number, masker.rounding) : null;
      return text === null ? jsonNull : Buffer.from(text, "latin1");
    },
  };
}

const written = (text: string | null): Buffer =>
  text === null ? jsonNull : Buffer.from(JSON.stringify(text));
