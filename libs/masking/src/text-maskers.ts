import { isAscii, isUtf8 } from "node:buffer";
import { createHmac, createSecretKey, type KeyObject } from "node:crypto";
import { base32, type Masker } from "@sallyport/contracts";
import { maskerKind, type MaskerKind } from "./masker-kind.ts";
import type { ValueMasker } from "./value-masker.ts";

/** UTF-8 in and out; a text looks the same in both formats. */
export type TextMasker = ValueMasker;

export const redacted = Buffer.from("****");

const hashCharacters = 26;
const hashBytes = Math.ceil((hashCharacters * 5) / 8);
const keyBytes = 32;

/** How many characters `partial` keeps at most; 0 for another masker. */
export function keptBy(masker: Masker): number {
  const kind = maskerKind(masker);
  return kind.kind === "partial" ? kind.keep : 0;
}

/** Null for a masker of other types than text. @throws RangeError for a hash with a key under 32 bytes */
export function textMasker(masker: MaskerKind, key: Buffer): TextMasker | null {
  switch (masker.kind) {
    case "redact":
      return () => redacted;
    case "hash": {
      const secret = secretKey(key);
      return (value) => hash(value, secret);
    }
    case "email":
      return email;
    case "partial":
      return (value) => partial(value, masker.keep);
    case "null":
    case "date":
    case "number":
      return null;
  }
}

/** Made once: a key given as bytes is taken in anew for each value, at six times the cost. */
export function secretKey(key: Buffer): KeyObject {
  if (key.length < keyBytes) throw new RangeError("the masking key is shorter than 32 bytes");
  return createSecretKey(key);
}

function hash(value: Buffer, key: KeyObject): Buffer {
  const digest = createHmac("sha256", key).update(value).digest();
  return Buffer.from(base32(digest.subarray(0, hashBytes)).slice(0, hashCharacters));
}

const star = 0x2a;

function partial(value: Buffer, keep: number): Buffer {
  const start = keptFrom(value, keep);
  if (start === null) return partialCharacters(value, keep);
  const masked = Buffer.allocUnsafe(value.length);
  masked.fill(star, 0, start);
  value.copy(masked, start, start);
  return masked;
}

/** Where the kept end of an ASCII text begins; null when it is not ASCII. */
function keptFrom(value: Buffer, keep: number): number | null {
  if (!isAscii(value)) return null;
  return value.length - Math.min(keep, Math.floor(value.length / 2));
}

/** Decoding turns malformed bytes into U+FFFD, so that none of them is kept. */
function partialCharacters(given: Buffer, keep: number): Buffer {
  const value = isUtf8(given) ? given : Buffer.from(given.toString("utf8"));
  let characters = 0;
  for (let at = 0; at < value.length; at++) if (isFirst(value[at])) characters += 1;
  const kept = Math.min(keep, Math.floor(characters / 2));
  let start = value.length;
  for (let left = kept; left > 0; left -= isFirst(value[start]) ? 1 : 0) start -= 1;
  const masked = Buffer.allocUnsafe(characters - kept + value.length - start);
  masked.fill(star, 0, characters - kept);
  value.copy(masked, characters - kept, start);
  return masked;
}

/** Of a character in UTF-8. */
const isFirst = (byte = 0): boolean => (byte & 0xc0) !== 0x80;

/** What may stand after the @ of an address; a text that merely contains an @ is no address. */
const domain = /^[^\s@]{1,255}$/;

const at = 0x40;
const longestDomain = 255;

function email(value: Buffer): Buffer {
  const sign = value.lastIndexOf(at);
  const length = value.length - sign - 1;
  if (sign < 1 || length < 1 || length > longestDomain || !isAscii(value)) return emailText(value);
  const masked = Buffer.allocUnsafe(5 + length);
  masked[0] = value[0] ?? star;
  masked.fill(star, 1, 4);
  masked[4] = at;
  value.copy(masked, 5, sign + 1);
  for (let index = 5; index < masked.length; index++)
    if (isAsciiSpace(masked[index] ?? 0)) return redacted;
  return masked;
}

const isAsciiSpace = (byte: number): boolean => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);

/** The same for any text. */
function emailText(value: Buffer): Buffer {
  const text = value.toString("utf8");
  const sign = text.lastIndexOf("@");
  const after = text.slice(sign + 1);
  if (sign < 1 || !domain.test(after)) return redacted;
  const first = String.fromCodePoint(text.codePointAt(0) ?? star);
  return Buffer.from(`${first}***@${after}`);
}
