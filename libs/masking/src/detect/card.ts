import { luhn } from "./check-digits.ts";
import { spendParts } from "../parts.ts";
import type { Span } from "./span.ts";

const shortest = 13;
const longest = 19;
const digitRuns = /\d+/g;

/** First digits and lengths of Visa, Mastercard, American Express, Diners Club, JCB, Discover and UnionPay. */
const issuers: readonly RegExp[] = [
  /^4(?:\d{12}|\d{15}|\d{18})$/,
  /^(?:5[1-5]|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d*$/,
  /^3[47]\d{13}$/,
  /^3(?:0[0-5]|[689]\d)\d{11}$/,
  /^35(?:2[89]|[3-8]\d)\d{12}$/,
  /^(?:6011|64[4-9]|65|62)\d*$/,
];
const sixteen = 16;

/** Payment cards: issuer, length and Luhn's digit, their digits together or in groups. */
export function cards(text: string): Span[] {
  const found: Span[] = [];
  for (const { index: start } of text.matchAll(digitRuns)) {
    // A digit behind a point is a fraction's.
    if (text[start - 1] === "." && /\d/.test(text[start - 2] ?? "")) continue;
    // No issuer's numbers begin with another digit.
    if (!/[2-6]/.test(text[start] ?? "")) continue;
    let digits = "";
    for (let end = start; digits.length < longest;) {
      const from = digits === "" ? start : afterSeparators(text, end);
      const to = from === -1 ? -1 : afterDigits(text, from);
      if (to === from || digits.length + to - from > longest) break;
      digits += text.slice(from, to);
      end = to;
      if (digits.length < shortest || !isCard(digits)) continue;
      spendParts(1);
      found.push({ start, end });
    }
  }
  return found;
}

/** One or two blanks, hyphens or characters that are not seen; -1 when there are more or none. */
function afterSeparators(text: string, start: number): number {
  let at = start;
  while (at - start < 3 && " -\u200b".includes(text[at] ?? "x")) at++;
  return at > start && at - start < 3 ? at : -1;
}

/** No further than what would be too long. */
function afterDigits(text: string, start: number): number {
  let at = start;
  for (; at - start <= longest; at++) {
    const code = text.charCodeAt(at);
    if (!(code >= 0x30 && code <= 0x39)) break;
  }
  return at;
}

function isCard(digits: string): boolean {
  if (!luhn(digits)) return false;
  const at = issuers.findIndex((issuer) => issuer.test(digits));
  if (at === -1) return false;
  if (at === 1 && digits.length !== sixteen) return false;
  if (at === 5 && digits.length < sixteen) return false;
  return !/^(\d)\1+$/.test(digits);
}
