import { isUtf8 } from "node:buffer";

/** Bytes that are looked at here, one by one, which costs less than a call into the runtime. */
const short = 32;

/** The text from `start` to `end`; null when it is not UTF-8. */
export function utf8Text(bytes: Buffer, start: number, end: number): string | null {
  if (start === end) return "";
  if (end - start <= short) {
    let at = start;
    while (at < end && (bytes[at] ?? 0x80) < 0x80) at += 1;
    if (at === end) return bytes.toString("latin1", start, end);
  }
  return isUtf8(bytes.subarray(start, end)) ? bytes.toString("utf8", start, end) : null;
}

/** What PostgreSQL says of bytes that are no UTF-8: the first that are none. */
export function invalidUtf8(bytes: Buffer): string {
  let at = 0;
  let length = lengthAfter(bytes[at] ?? 0);
  while (at + length <= bytes.length && isUtf8(bytes.subarray(at, at + length))) {
    at += length;
    length = lengthAfter(bytes[at] ?? 0);
  }
  const said = [...bytes.subarray(at, at + length)].map((byte) => `0x${byte.toString(16)}`);
  return `invalid byte sequence for encoding "UTF8": ${said.join(" ")}`;
}

/** Bytes of the character that begins so, as pg_utf_mblen counts. */
const lengthAfter = (byte: number): number =>
  byte >= 0xc0 && byte < 0xe0
    ? 2
    : byte >= 0xe0 && byte < 0xf0
      ? 3
      : byte >= 0xf0 && byte < 0xf8
        ? 4
        : 1;
