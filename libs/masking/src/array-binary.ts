import { GrowingBytes } from "./growing-bytes.ts";
import { spendParts } from "./parts.ts";
import type { ValueMasker } from "./value-masker.ts";

/** MAXDIM. */
const dimensions = 6;
/** Number of dimensions, has-nulls flag, element type. */
const fixedHeader = 12;
/** Size and lower bound of one dimension. */
const dimensionHeader = 8;

/**
 * Masks each element of an array in PostgreSQL's binary form (array_send in arrayfuncs.c: all numbers int32).
 * Null for bytes that are no array of `elementOid`.
 */
export function maskBinaryArray(
  value: Buffer,
  elementOid: number,
  mask: ValueMasker,
): Buffer | null {
  if (value.length < fixedHeader) return null;
  const count = value.readInt32BE(0);
  const headerBytes = fixedHeader + count * dimensionHeader;
  if (count < 0 || count > dimensions || value.length < headerBytes) return null;
  if (value.readUInt32BE(8) !== elementOid) return null;

  const out = new GrowingBytes(value.length + 64);
  out.append(value, 0, headerBytes);
  let nulls = false;
  let at = headerBytes;
  for (let left = elements(value, count); left > 0; left--) {
    if (at + 4 > value.length) return null;
    const length = value.readInt32BE(at);
    at += 4;
    spendParts(1);
    if (length < -1 || length > value.length - at) return null;
    const masked = length === -1 ? null : mask(value.subarray(at, at + length));
    if (length > 0) at += length;
    nulls ||= masked === null;
    out.int32(masked?.length ?? -1);
    if (masked) out.append(masked);
  }
  if (at !== value.length) return null;
  const made = out.finish();
  made.writeInt32BE(nulls ? 1 : 0, 4);
  return made;
}

/** How many elements the dimensions promise; more than there are bytes ends at the end of the bytes. */
function elements(value: Buffer, dimensionCount: number): number {
  if (dimensionCount === 0) return 0;
  let product = 1;
  for (let n = 0; n < dimensionCount; n++) {
    product *= Math.max(0, value.readInt32BE(fixedHeader + n * dimensionHeader));
  }
  return product;
}
