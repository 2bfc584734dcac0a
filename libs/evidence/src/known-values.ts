import type { z } from "zod";

const most = 1024;
const longest = 4096;
const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Texts of JSON objects, arrays or strings that were found to be values of one schema: the same bytes are again. A text
 * that is not known is parsed and checked alone, so nothing around it can vouch for it.
 */
export class KnownValues {
  readonly #schema: z.ZodType;
  /** By a hash of their bytes; of two with one hash the newer one. */
  #texts = new Map<number, Uint8Array>();
  #last: Uint8Array = new Uint8Array();

  constructor(schema: z.ZodType) {
    this.#schema = schema;
  }

  /** The end of a value that begins at `at`; -1 when there is none. Such a text ends where it ends, whatever follows. */
  end(data: Uint8Array, at: number, limit: number): number {
    const last = this.#last;
    if (last.length > 0 && liesAt(last, data, at, limit)) return at + last.length;
    let hash = 0;
    let depth = 0;
    let quoted = false;
    for (let to = at; to < limit; to++) {
      const byte = data[to] ?? 0;
      hash = (Math.imul(hash, 31) + byte) | 0;
      if (quoted) {
        if (byte === 0x5c) to += 1;
        else if (byte === 0x22) quoted = false;
      } else if (byte === 0x22) quoted = true;
      else if (byte === 0x7b || byte === 0x5b) depth += 1;
      else if (byte === 0x7d || byte === 0x5d) depth -= 1;
      else if (depth === 0) return -1;
      if (depth < 0) return -1;
      if (depth === 0 && !quoted) return this.#knows(data, at, to + 1, hash) ? to + 1 : -1;
    }
    return -1;
  }

  #knows(data: Uint8Array, at: number, end: number, hash: number): boolean {
    if (end - at > longest) return false;
    const known = this.#texts.get(hash);
    if (known?.length === end - at && liesAt(known, data, at, end)) {
      this.#last = known;
      return true;
    }
    const text = data.slice(at, end);
    try {
      if (!this.#schema.safeParse(JSON.parse(strictUtf8.decode(text))).success) return false;
    } catch {
      return false;
    }
    if (this.#texts.size >= most) this.#texts = new Map();
    this.#texts.set(hash, text);
    this.#last = text;
    return true;
  }
}

function liesAt(text: Uint8Array, data: Uint8Array, at: number, limit: number): boolean {
  const { length } = text;
  if (at + length > limit) return false;
  for (let index = 0; index < length; index++) if (text[index] !== data[at + index]) return false;
  return true;
}
