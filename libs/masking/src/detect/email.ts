import { spendParts } from "../parts.ts";
import type { Span } from "./span.ts";

const longestLocal = 64;
const longestDomain = 255;
const local = unitsOf("._%+'-");
const inDomain = unitsOf(".-");
const domain =
  /^(?:[A-Za-z0-9\u0080-\uffff](?:[A-Za-z0-9\u0080-\uffff-]*[A-Za-z0-9\u0080-\uffff])?\.)+[A-Za-z\u0080-\uffff]{2,63}$/;

/** E-mail addresses of a domain with a point, the sign also as `%40`. */
export function emails(text: string): Span[] {
  const found: Span[] = [];
  for (const { index, 0: sign } of text.matchAll(/@|%40/g)) {
    let start = index;
    while (start > 0 && index - start < longestLocal && local(text.charCodeAt(start - 1))) start--;
    const after = index + sign.length;
    let end = after;
    while (end < text.length && end - after < longestDomain && inDomain(text.charCodeAt(end)))
      end++;
    while (end > after && /[.-]/.test(text[end - 1] ?? "")) end--;
    while (start < index && /['.]/.test(text[start] ?? "")) start++;
    if (start === index || !domain.test(text.slice(after, end))) continue;
    spendParts(1);
    found.push({ start, end });
  }
  return found;
}

/** Letters, digits and these; all beyond ASCII counts as a letter. */
function unitsOf(others: string): (unit: number) => boolean {
  const allowed = Array.from({ length: 0x80 }, (_, unit) => {
    const character = String.fromCharCode(unit);
    return /[A-Za-z0-9]/.test(character) || others.includes(character);
  });
  return (unit) => unit >= 0x80 || allowed[unit] === true;
}
