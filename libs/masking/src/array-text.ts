import { GrowingBytes } from "./growing-bytes.ts";
import { spendParts } from "./parts.ts";
import type { ValueMasker } from "./value-masker.ts";

/**
 * Masks each element of an array in PostgreSQL's text form (`{a,"b c",NULL}`, `[0:1]={…}`; array_out in
 * arrayfuncs.c). Null for a text that is no array. The bytes are walked as latin1: every character that
 * matters here is ASCII, and no byte of a longer UTF-8 sequence is.
 */
export function maskTextArray(value: Buffer, mask: ValueMasker): Buffer | null {
  const text = value.toString("latin1");
  const bounds = /^(?:\[[+-]?\d+:[+-]?\d+\])+=/.exec(text)?.[0] ?? "";
  const out = new GrowingBytes(value.length + 64);
  out.latin1(bounds);
  let at = bounds.length;
  let depth = 0;
  /** Whether an element or a nested array may begin here. */
  let fresh = true;
  do {
    const character = text[at];
    if (character === "{") {
      if (!fresh || depth === dimensions) return null;
      depth++;
      at++;
      out.latin1(character);
    } else if (character === "}") {
      depth--;
      at++;
      fresh = false;
      out.latin1(character);
    } else if (character === ",") {
      if (fresh || depth === 0) return null;
      fresh = true;
      at++;
      out.latin1(character);
    } else {
      const element = fresh && depth > 0 ? readElement(text, at) : null;
      if (!element) return null;
      spendParts(1);
      out.latin1(written(element.value === null ? null : mask(element.value)));
      at = element.end;
      fresh = false;
    }
  } while (depth > 0);
  return depth === 0 && at === text.length ? out.finish() : null;
}

/** MAXDIM. */
const dimensions = 6;

interface Element {
  readonly value: Buffer | null;
  /** The index after it. */
  readonly end: number;
}

function readElement(text: string, at: number): Element | null {
  return text[at] === '"' ? readQuoted(text, at + 1) : readBare(text, at);
}

/** By hand, because an expression with an alternative in a loop runs out of stack on a long text. */
function readQuoted(text: string, start: number): Element | null {
  const parts: string[] = [];
  let from = start;
  for (let at = start; at < text.length; at++) {
    const character = text[at];
    if (character !== '"' && character !== "\\") continue;
    parts.push(text.slice(from, at));
    if (character === '"') return { value: Buffer.from(parts.join(""), "latin1"), end: at + 1 };
    at++;
    from = at;
  }
  return null;
}

const bare = /[^{}",\\ \t\n\r\v\f]+/y;

function readBare(text: string, at: number): Element | null {
  bare.lastIndex = at;
  const match = bare.exec(text);
  if (!match) return null;
  const value = match[0] === "NULL" ? null : Buffer.from(match[0], "latin1");
  return { value, end: at + match[0].length };
}

/** Where array_out quotes. */
const needsQuotes = /^$|^null$|[{}",\\ \t\n\r\v\f]/i;

function written(value: Buffer | null): string {
  if (value === null) return "NULL";
  const text = value.toString("latin1");
  return needsQuotes.test(text) ? `"${text.replace(/["\\]/g, "\\$&")}"` : text;
}
