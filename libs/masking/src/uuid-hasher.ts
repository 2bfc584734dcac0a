import { createHmac } from "node:crypto";
import { secretKey } from "./text-maskers.ts";
import type { ValueMasker } from "./value-masker.ts";

const bytes = 16;
const pattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Keyed HMAC-SHA-256 of a uuid, as a uuid of version 8 (RFC 9562, 5.8); equal in gives equal out, in both formats. */
export function uuidHasher(key: Buffer, format: 0 | 1): ValueMasker {
  const secret = secretKey(key);
  const hashed = (value: Buffer): Buffer => {
    const masked = createHmac("sha256", secret).update(value).digest().subarray(0, bytes);
    masked[6] = ((masked[6] ?? 0) & 0x0f) | 0x80;
    masked[8] = ((masked[8] ?? 0) & 0x3f) | 0x80;
    return masked;
  };
  if (format === 1) return (value) => (value.length === bytes ? hashed(value) : null);
  return (value) => {
    const text = value.toString("latin1");
    if (!pattern.test(text)) return null;
    const hex = hashed(Buffer.from(text.replaceAll("-", ""), "hex")).toString("hex");
    return Buffer.from(hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-"), "latin1");
  };
}
