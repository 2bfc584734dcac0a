import { luhn } from "./check-digits.ts";
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
  const groups = [...text.matchAll(digitRuns)].map(({ index, 0: digits }) => ({
    start: index,
    end: index + digits.length,
  }));
  for (const [at, { start }] of groups.entries()) {
    // A digit behind a point is a fraction's.
    if (text[start - 1] === "." && /\d/.test(text[start - 2] ?? "")) continue;
    // No issuer's numbers begin with another digit.
    if (!/[2-6]/.test(text[start] ?? "")) continue;
    let digits = "";
    for (let last = at, end = start; last < groups.length && last < at + longest; last++) {
      const group = groups[last];
      if (!group || group.end - group.start + digits.length > longest) break;
      if (last > at && !separates(text, end, group.start)) break;
      digits += text.slice(group.start, group.end);
      end = group.end;
      if (digits.length >= shortest && isCard(digits)) found.push({ start, end });
    }
  }
  return found;
}

/** One or two blanks, hyphens or characters that are not seen. */
function separates(text: string, start: number, end: number): boolean {
  if (end - start > 2) return false;
  for (let at = start; at < end; at++) if (!" -\u200b".includes(text[at] ?? "x")) return false;
  return true;
}

function isCard(digits: string): boolean {
  if (!luhn(digits)) return false;
  const at = issuers.findIndex((issuer) => issuer.test(digits));
  if (at === -1) return false;
  if (at === 1 && digits.length !== sixteen) return false;
  if (at === 5 && digits.length < sixteen) return false;
  return !/^(\d)\1+$/.test(digits);
}
