import { GrowingBytes } from "./growing-bytes.ts";

/** Bytes of a json document as the server sends it: valid, of any depth. Offsets count bytes; -1 is "no such thing". */

const quote = 0x22;
const backslash = 0x5c;

const isBlank = (byte: number | undefined): boolean =>
  byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

export function afterBlanks(bytes: Buffer, at: number): number {
  let next = at;
  while (isBlank(bytes[next])) next++;
  return next;
}

/** The end of the string that begins with the quote at `at`, behind its own. */
export function afterString(bytes: Buffer, at: number): number {
  for (let next = at + 1; next < bytes.length; next++) {
    const byte = bytes[next];
    if (byte === backslash) next++;
    else if (byte === quote) return next + 1;
  }
  return -1;
}

/** The end of a number or of `true`, `false`, `null`. */
export function afterWord(bytes: Buffer, at: number): number {
  let next = at;
  for (; next < bytes.length; next++) {
    const byte = bytes[next] ?? 0;
    const inWord =
      (byte >= 0x30 && byte <= 0x39) ||
      (byte >= 0x61 && byte <= 0x7a) ||
      byte === 0x45 ||
      byte === 0x2b ||
      byte === 0x2d ||
      byte === 0x2e;
    if (!inWord) break;
  }
  return next === at ? -1 : next;
}

/** The end of an object or array, whatever it holds. */
export function afterContainer(bytes: Buffer, at: number): number {
  let depth = 0;
  for (let next = at; next < bytes.length; next++) {
    const byte = bytes[next];
    if (byte === quote) {
      const end = afterString(bytes, next);
      if (end === -1) return -1;
      next = end - 1;
    } else if (byte === 0x7b || byte === 0x5b) depth++;
    else if ((byte === 0x7d || byte === 0x5d) && --depth === 0) return next + 1;
  }
  return -1;
}

/** What the string between `at` and `end`, its quotes included, says; null when it says nothing valid. */
export function stringAt(bytes: Buffer, at: number, end: number): string | null {
  const inner = bytes.subarray(at + 1, end - 1);
  if (!inner.includes(backslash)) return inner.toString("utf8");
  try {
    const read: unknown = JSON.parse(bytes.toString("utf8", at, end));
    return typeof read === "string" ? read : null;
  } catch {
    return null;
  }
}

/** A copy of bytes with stretches replaced, in order. */
export class Splice {
  readonly #bytes: Buffer;
  #out: GrowingBytes | null = null;
  #taken = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  replace(from: number, to: number, by: Buffer): void {
    this.#out ??= new GrowingBytes(this.#bytes.length + 64);
    this.#out.append(this.#bytes, this.#taken, from);
    this.#out.append(by);
    this.#taken = to;
  }

  /** The bytes themselves when nothing was replaced. */
  finish(): Buffer {
    if (this.#out === null) return this.#bytes;
    this.#out.append(this.#bytes, this.#taken, this.#bytes.length);
    return this.#out.finish();
  }
}
