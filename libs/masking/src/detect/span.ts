import { spendParts } from "../parts.ts";

/** Where something was found in a text: UTF-16 units, the end behind it. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Finds in a folded text, in a time that grows with its length and no faster. */
export type Find = (text: string) => Span[];

/** Every match of an expression that `is` what it looks like. `pattern` has the flags g and d or g alone. */
export function matches(
  text: string,
  pattern: RegExp,
  is: (match: string) => boolean = () => true,
): Span[] {
  const found: Span[] = [];
  for (const { index, 0: match } of text.matchAll(pattern)) {
    if (!is(match)) continue;
    spendParts(1);
    found.push({ start: index, end: index + match.length });
  }
  return found;
}
