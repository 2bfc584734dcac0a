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
