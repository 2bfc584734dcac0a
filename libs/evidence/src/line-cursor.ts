import type { KnownValues } from "./known-values.ts";

const quote = 0x22;
const backslash = 0x5c;
const idLength = 26;
const hashLength = 64;

/** What an id may be made of (a-z, 2-7), and what a hash (0-9, a-f), by byte. */
const idBytes = table("abcdefghijklmnopqrstuvwxyz234567");
const hexBytes = table("0123456789abcdef");
/** What may follow a backslash in a string, but for `u`. */
const escapes = table('"\\/bfnrt');
const dash = 0x2d;
const anyHex = table("0123456789abcdefABCDEF");
const traceBegin = new Uint8Array(Buffer.from('"00-'));

function table(characters: string): Uint8Array {
  const found = new Uint8Array(256);
  for (const character of characters) found[character.charCodeAt(0)] = 1;
  return found;
}

/**
 * Walks over a line of JSON without white space. Each step moves past what it names and says whether that was there; one
 * that fails moves nothing.
 */
export class LineCursor {
  data: Buffer = Buffer.alloc(0);
  at = 0;
  end = 0;
  /** Whether only ASCII was passed. What {@link known} passes is UTF-8 in itself. */
  ascii = true;

  begin(data: Buffer, at: number, end: number): void {
    this.data = data;
    this.at = at;
    this.end = end;
    this.ascii = true;
  }

  literal(text: Uint8Array): boolean {
    const { data, at } = this;
    const { length } = text;
    if (at + length > this.end) return false;
    for (let index = 0; index < length; index++) if (data[at + index] !== text[index]) return false;
    this.at = at + length;
    return true;
  }

  byte(byte: number): boolean {
    if (this.at >= this.end || this.data[this.at] !== byte) return false;
    this.at += 1;
    return true;
  }

  /** 26 characters of base32 in quotes. */
  id(): boolean {
    return this.#quoted(idBytes, idLength);
  }

  /** 64 hexadecimal digits in quotes. */
  hash(): boolean {
    return this.#quoted(hexBytes, hashLength);
  }

  /** The id that was just passed. */
  lastId(): string {
    return this.data.toString("latin1", this.at - idLength - 1, this.at - 1);
  }

  /** A whole number of at most 15 digits, from 0; -1 when there is none. */
  integer(): number {
    const { data, end } = this;
    let value = 0;
    let { at } = this;
    const from = at;
    for (; at < end; at++) {
      const digit = (data[at] ?? 0) - 0x30;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    const digits = at - from;
    if (digits === 0 || digits > 15 || (digits > 1 && data[from] === 0x30)) return -1;
    this.at = at;
    return value;
  }

  /** A `traceparent` of version 00 in quotes; undefined when there is none. */
  trace(): string | undefined {
    const { at } = this;
    const there =
      this.literal(traceBegin) &&
      this.#run(hexBytes, 32) &&
      this.byte(dash) &&
      this.#run(hexBytes, 16) &&
      this.byte(dash) &&
      this.#run(hexBytes, 2) &&
      this.byte(quote);
    if (there) return this.data.toString("latin1", at + 1, this.at - 1);
    this.at = at;
    return undefined;
  }

  /** A string of at most `limit` bytes, quotes and escapes counted. */
  string(limit: number): boolean {
    const { data } = this;
    const end = Math.min(this.end, this.at + limit);
    let { at } = this;
    if (at >= end || data[at] !== quote) return false;
    for (at += 1; at < end; at++) {
      const byte = data[at] ?? 0;
      if (byte === quote) {
        this.at = at + 1;
        return true;
      }
      if (byte < 0x20) return false;
      if (byte >= 0x80) this.ascii = false;
      if (byte !== backslash) continue;
      const escape = data[(at += 1)] ?? 0;
      if (escape === 0x75) {
        for (let digit = 1; digit <= 4; digit++)
          if (anyHex[data[at + digit] ?? 0] === 0) return false;
        at += 4;
      } else if (escapes[escape] === 0) return false;
    }
    return false;
  }

  known(values: KnownValues): boolean {
    const end = values.end(this.data, this.at, this.end);
    if (end < 0) return false;
    this.at = end;
    return true;
  }

  #quoted(allowed: Uint8Array, length: number): boolean {
    const { at } = this;
    if (this.byte(quote) && this.#run(allowed, length) && this.byte(quote)) return true;
    this.at = at;
    return false;
  }

  #run(allowed: Uint8Array, length: number): boolean {
    const { data } = this;
    const to = this.at + length;
    if (to > this.end) return false;
    for (let { at } = this; at < to; at++) if (allowed[data[at] ?? 0] === 0) return false;
    this.at = to;
    return true;
  }
}
