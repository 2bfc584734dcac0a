import type { Masker } from "@sallyport/contracts";
import { maskBinaryArray } from "./array-binary.ts";
import { maskTextArray } from "./array-text.ts";
import { maskedType, type TextType, type TypeInfo } from "./masked-type.ts";
import { redacted, textMasker, type TextMasker } from "./text-maskers.ts";

/** A column value in one of PostgreSQL's two formats, in UTF-8; null is NULL. */
export type Value = Buffer | null;

export interface MaskedColumn {
  readonly masker: Masker;
  /** As RowDescription says them. */
  readonly typeOid: number;
  readonly typmod?: number;
  readonly typeInfo?: TypeInfo | undefined;
  /** 0: text, 1: binary. */
  readonly format: 0 | 1;
  /** The masking key, 32 bytes or more; used by `hash`. */
  readonly key: Buffer;
}

const always = (): Value => null;

/**
 * Makes the function that masks each value of a bare column. INVARIANT (I3): what it cannot read or hold
 * becomes NULL, never the value itself.
 * @throws RangeError for a masker that is none, or a hash with a key under 32 bytes
 */
export function maskerFor(column: MaskedColumn): (value: Value) => Value {
  const { masker, typeOid, typmod, typeInfo, format, key } = column;
  const mask = textMasker(masker, key);
  const type = maskedType(typeOid, typmod, typeInfo);
  if (masker === "null" || type.kind === "other") return always;
  if (type.kind === "text") {
    const held = heldBy(type, mask);
    return (value) => value && held(value);
  }
  const { elementOid } = type;
  const held = heldBy(type.element, mask);
  return format === 0
    ? (value) => value && maskTextArray(value, held)
    : (value) => value && maskBinaryArray(value, elementOid, held);
}

/**
 * The one value of an output that is computed from masked columns, whatever those hold: `****` of a text,
 * NULL of any other type, arrays included. A text looks the same in both formats.
 */
export function computedConstant(
  typeOid: number,
  _format: 0 | 1,
  typeInfo?: TypeInfo,
  typmod?: number,
): Value {
  const type = maskedType(typeOid, typmod, typeInfo);
  return type.kind === "text" ? heldBy(type, () => redacted)(redacted) : null;
}

/** What the type can hold of what `mask` says; a char(n) is masked without its padding and padded again. */
function heldBy(type: TextType, mask: TextMasker): TextMasker {
  if (type.characters === Infinity && type.bytes === Infinity && !type.padded) return mask;
  return (value) => {
    const masked = mask(type.padded ? withoutPadding(value) : value);
    if (!masked || masked.length > type.bytes) return null;
    if (type.characters === Infinity) return masked;
    const free = type.characters - characters(masked);
    if (free < 0) return null;
    return type.padded && free > 0 ? Buffer.concat([masked, Buffer.alloc(free, " ")]) : masked;
  };
}

function withoutPadding(value: Buffer): Buffer {
  let end = value.length;
  while (end > 0 && value[end - 1] === 0x20) end--;
  return value.subarray(0, end);
}

/** Code points of well-formed UTF-8, which is all that maskers write. */
function characters(text: Buffer): number {
  let count = 0;
  for (const byte of text) if ((byte & 0xc0) !== 0x80) count++;
  return count;
}
