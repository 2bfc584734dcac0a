import type { Detect } from "@sallyport/contracts";
import type { Found } from "./detect/mask-detected.ts";
import { maskedType } from "./masked-type.ts";
import {
  detectingMaskerFor,
  jsonMaskerFor,
  maskerFor,
  type MaskedColumn,
  type Value,
} from "./masker.ts";
import type { PathMask } from "./json-masker.ts";
import { keptBy, redacted } from "./text-maskers.ts";

/** Where masked bytes go; `bytes` is another buffer after `reserve`. */
export interface MaskSink {
  bytes: Buffer;
  at: number;
  reserve(length: number): void;
  append(source: Buffer): void;
}

/**
 * Appends the masked form of the `length` bytes at `start` of `source`; a length of -1 is NULL. False when NULL leaves:
 * then it has appended nothing.
 */
export type MaskWriter = (source: Buffer, start: number, length: number, sink: MaskSink) => boolean;

/**
 * What {@link maskerFor} makes of each value, written where it shall go. Short ASCII values, which most are, are
 * masked without an object or a call for each.
 * @throws RangeError as `maskerFor`
 */
export function maskWriterFor(column: MaskedColumn): MaskWriter {
  const whole = byValue(maskerFor(column));
  const { masker } = column;
  const type = maskedType(column.typeOid, column.typmod, column.typeInfo);
  if (type.kind !== "text" || type.padded) return whole;
  const most = Math.min(type.characters, type.bytes);
  if (masker === "redact" && redacted.length <= most)
    return (_source, _start, length, sink) => {
      if (length === -1) return false;
      sink.append(redacted);
      return true;
    };
  if (masker === "email") return emailWriter(most, whole);
  const keep = keptBy(masker);
  return keep > 0 ? partialWriter(keep, most, whole) : whole;
}

/** What {@link jsonMaskerFor} makes of each value. */
export const jsonMaskWriterFor = (
  column: Omit<MaskedColumn, "masker">,
  masks: readonly PathMask[],
): MaskWriter => byValue(jsonMaskerFor(column, masks));

/** What {@link detectingMaskerFor} makes of each value; undefined for a type that holds no text. */
export function detectWriterFor(
  column: Omit<MaskedColumn, "masker">,
  asked: Detect,
  found: Found,
): MaskWriter | undefined {
  const mask = detectingMaskerFor(column, asked, found);
  return mask ? byValue(mask) : undefined;
}

/** The same value for every one, NULL included. */
export function constantWriter(value: Value): MaskWriter {
  return (_source, _start, _length, sink) => {
    if (value === null) return false;
    sink.append(value);
    return true;
  };
}

const byValue =
  (mask: (value: Value) => Value): MaskWriter =>
  (source, start, length, sink) => {
    const masked = mask(length === -1 ? null : source.subarray(start, start + length));
    if (masked === null) return false;
    sink.append(masked);
    return true;
  };

/** Longer ones are masked whole. */
const short = 128;
const star = 0x2a;
const at = 0x40;
const space = 0x20;
const ascii = 0x80;

function partialWriter(keep: number, most: number, whole: MaskWriter): MaskWriter {
  return (source, start, length, sink) => {
    if (length < 0 || length > short || length > most) return whole(source, start, length, sink);
    sink.reserve(length);
    const { bytes, at: begin } = sink;
    const hidden = length - Math.min(keep, length >> 1);
    // Without a branch in the loops: what was written for nothing is written over.
    let seen = 0;
    for (let index = 0; index < hidden; index++) {
      seen |= source[start + index] ?? 0;
      bytes[begin + index] = star;
    }
    for (let index = hidden; index < length; index++) {
      const byte = source[start + index] ?? 0;
      seen |= byte;
      bytes[begin + index] = byte;
    }
    if (seen >= ascii) return whole(source, start, length, sink);
    sink.at = begin + length;
    return true;
  };
}

function emailWriter(most: number, whole: MaskWriter): MaskWriter {
  return (source, start, length, sink) => {
    if (length < 0 || length > short) return whole(source, start, length, sink);
    let sign = -1;
    for (let index = start + length - 1; index >= start; index--) {
      const byte = source[index] ?? 0;
      if (byte >= ascii) return whole(source, start, length, sink);
      if (sign !== -1) continue;
      if (byte === at) sign = index;
      else if (byte <= space) return whole(source, start, length, sink);
    }
    const domain = start + length - sign - 1;
    if (sign <= start || domain < 1 || 5 + domain > most) return whole(source, start, length, sink);
    sink.reserve(5 + domain);
    const { bytes } = sink;
    let to = sink.at;
    bytes[to++] = source[start] ?? star;
    bytes[to++] = star;
    bytes[to++] = star;
    bytes[to++] = star;
    for (let index = sign; index < start + length; index++) bytes[to++] = source[index] ?? 0;
    sink.at = to;
    return true;
  };
}
