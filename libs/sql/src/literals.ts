/** A literal in a text, from `start` to `end` (characters, its quotes included). */
export interface WrittenLiteral {
  readonly kind: "integer" | "text";
  readonly start: number;
  readonly end: number;
}

/** A text taken apart: what it is but for its literals, and the literals in the order in which they stand. */
export interface Template {
  /** The text with a marker for each literal, by its kind: no text itself holds one. */
  readonly key: string;
  readonly literals: readonly WrittenLiteral[];
}

const markers = { integer: "\u0001", text: "\u0002" } as const;

/** Longer ones are read each time. */
const longest = 4096;
const mostLiterals = 256;

/** A backslash means something in some literals; no one needs control characters but white space. */
// oxlint-disable-next-line no-control-regex
const strange = /[\\\u0000-\u0008\u000b-\u001f\u007f]/;

/** From here on as far as it goes: a name or keyword, what could be a number, a literal or a quoted name to its end. */
const name = /[A-Za-z_\u0080-\uffff][A-Za-z0-9_$\u0080-\uffff]*/y;
const number = /[0-9A-Za-z_.\u0080-\uffff]+/y;
const quoted = /'(?:[^']|'')*'/y;
const quotedName = /"(?:[^"]|"")*"/y;

const lengthOf = (pattern: RegExp, text: string, at: number): number => {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex - at : 0;
};

const isDigit = (code: number): boolean => code >= 48 && code <= 57;
const isNamed = (code: number): boolean =>
  (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95 || code >= 128;

/** What may stand before or behind a quoted literal for it to be that and no more: `E'…'`, `U&'…'` and `'a'b` are others. */
const touches = (code: number): boolean =>
  isNamed(code) || isDigit(code) || code === 36 || code === 38 || code === 39 || code === 34;

/**
 * Takes a text apart at its plain literals: integers of at most nine digits, and `'…'` without a backslash. Null for a
 * text without any, and for one of which this cannot be certain (comments, dollar quotes, prefixed literals). Texts
 * with equal keys are, to PostgreSQL's scanner (scan.l, `standard_conforming_strings` on), the same tokens but for the
 * literals' values: what decides where a token ends is in the key, and neither digits nor what is between quotes is of
 * two kinds to it. That the literals are tokens at all is for the parser to say.
 */
export function templateOf(text: string): Template | null {
  if (text.length > longest || strange.test(text)) return null;
  const literals: WrittenLiteral[] = [];
  let key = "";
  let kept = 0;
  const take = (kind: WrittenLiteral["kind"], start: number, end: number): void => {
    key += text.slice(kept, start) + markers[kind];
    kept = end;
    literals.push({ kind, start, end });
  };
  for (let at = 0; at < text.length;) {
    const code = text.charCodeAt(at);
    const next = at + 1 < text.length ? text.charCodeAt(at + 1) : 0;
    let length = 1;
    if (isNamed(code)) length = lengthOf(name, text, at);
    else if (isDigit(code) || (code === 46 && isDigit(next))) {
      length = lengthOf(number, text, at);
      const end = at + length;
      const after = text[end] ?? "";
      const before = text[at - 1] ?? "";
      // `1e+5` is one number, and `1$$…$$` two tokens to some.
      if (after === "$" || after === "'" || after === '"' || before === "'" || before === '"')
        return null;
      if (/[eE]$/.test(text.slice(at, end)) && (after === "+" || after === "-")) return null;
      if (length <= 9 && /^[0-9]+$/.test(text.slice(at, end))) take("integer", at, end);
    } else if (code === 39) {
      length = lengthOf(quoted, text, at);
      const end = at + length;
      if (length === 0 || (at > 0 && touches(text.charCodeAt(at - 1)))) return null;
      if (end < text.length && touches(text.charCodeAt(end))) return null;
      take("text", at, end);
    } else if (code === 34) {
      length = lengthOf(quotedName, text, at);
      if (length === 0) return null;
    } else if (code === 36) {
      // A parameter; all else may be a dollar quote.
      if (!isDigit(next)) return null;
      length = 1 + lengthOf(number, text, at + 1);
      const end = at + length;
      if (!/^\$[0-9]+$/.test(text.slice(at, end)) || text[end] === "$") return null;
    } else if ((code === 45 && next === 45) || (code === 47 && next === 42)) return null;
    at += length;
  }
  if (literals.length === 0 || literals.length > mostLiterals) return null;
  return { key: key + text.slice(kept), literals };
}
