import { mod97 } from "./check-digits.ts";
import { spendParts } from "../parts.ts";
import type { Span } from "./span.ts";

/** The length of each country's IBAN (SWIFT's IBAN registry). */
const lengths: Readonly<Record<string, number>> = {
  AD: 24,
  AE: 23,
  AL: 28,
  AT: 20,
  AZ: 28,
  BA: 20,
  BE: 16,
  BG: 22,
  BH: 22,
  BI: 27,
  BR: 29,
  BY: 28,
  CH: 21,
  CR: 22,
  CY: 28,
  CZ: 24,
  DE: 22,
  DJ: 27,
  DK: 18,
  DO: 28,
  EE: 20,
  EG: 29,
  ES: 24,
  FI: 18,
  FK: 18,
  FO: 18,
  FR: 27,
  GB: 22,
  GE: 22,
  GI: 23,
  GL: 18,
  GR: 27,
  GT: 28,
  HN: 28,
  HR: 21,
  HU: 28,
  IE: 22,
  IL: 23,
  IQ: 23,
  IS: 26,
  IT: 27,
  JO: 30,
  KW: 30,
  KZ: 20,
  LB: 28,
  LC: 32,
  LI: 21,
  LT: 20,
  LU: 20,
  LV: 21,
  LY: 25,
  MC: 27,
  MD: 24,
  ME: 22,
  MK: 19,
  MN: 20,
  MR: 27,
  MT: 31,
  MU: 30,
  NI: 28,
  NL: 18,
  NO: 15,
  OM: 23,
  PK: 24,
  PL: 28,
  PS: 29,
  PT: 25,
  QA: 29,
  RO: 24,
  RS: 22,
  RU: 33,
  SA: 24,
  SC: 31,
  SD: 18,
  SE: 24,
  SI: 19,
  SK: 24,
  SM: 27,
  SO: 23,
  ST: 25,
  SV: 28,
  TL: 23,
  TN: 24,
  TR: 26,
  UA: 29,
  VA: 22,
  VG: 24,
  XK: 20,
  YE: 30,
};

const beginning = /(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}/g;
const blank = /[ \-\u200b]/;
const character = /[A-Za-z0-9]/;

/** Bank accounts: the country's length and the remainder 1 by 97, together or in groups. */
export function ibans(text: string): Span[] {
  const found: Span[] = [];
  for (const { index, 0: match } of text.matchAll(beginning)) {
    const length = lengths[match.slice(0, 2).toUpperCase()];
    if (length === undefined) continue;
    let account = "";
    let end = index;
    for (let blanks = 0; end < text.length && account.length < length && blanks < 3; end++) {
      const next = text[end] ?? "";
      if (character.test(next)) account += next;
      else if (!blank.test(next)) break;
      blanks = character.test(next) ? 0 : blanks + 1;
    }
    if (account.length !== length || character.test(text[end] ?? "")) continue;
    if (mod97(account.slice(4) + account.slice(0, 4)) !== 1) continue;
    spendParts(1);
    found.push({ start: index, end });
  }
  return found;
}
