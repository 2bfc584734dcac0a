import type { Detect, Masker } from "@sallyport/contracts";
import { maskBinaryArray } from "./array-binary.ts";
import { maskTextArray } from "./array-text.ts";
import { dateMasker } from "./date-maskers.ts";
import { detectingJsonMasker, detectingTextMasker, type Found } from "./detect/mask-detected.ts";
import { jsonMasker, type PathMask } from "./json-masker.ts";
import { maskedType, type ScalarType, type TextType, type TypeInfo } from "./masked-type.ts";
import { maskerKind, type MaskerKind } from "./masker-kind.ts";
import { numberMasker } from "./number-maskers.ts";
import { redacted, textMasker, type TextMasker } from "./text-maskers.ts";
import { uuidHasher } from "./uuid-hasher.ts";
import type { ValueMasker } from "./value-masker.ts";

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
  const masker = maskerKind(column.masker);
  return byElement(column, (type) => scalarMasker(type, masker, column.format, column.key));
}

/**
 * The same of a column that is json, when not the whole of it is masked but what lies at some paths; NULL of any
 * other type.
 */
export function jsonMaskerFor(
  column: Omit<MaskedColumn, "masker">,
  masks: readonly PathMask[],
): (value: Value) => Value {
  const { format, key } = column;
  return byElement(column, (type) =>
    type.kind === "json" || type.kind === "jsonb"
      ? jsonMasker(masks, type.kind, format, key)
      : null,
  );
}

/** Masks what detectors find in the texts of a column that nobody classified; null for a type that holds no text. */
export function detectingMaskerFor(
  column: Omit<MaskedColumn, "masker">,
  asked: Detect,
  found: Found,
): ((value: Value) => Value) | null {
  const { format, key } = column;
  const type = maskedType(column.typeOid, column.typmod, column.typeInfo);
  const scalar = type.kind === "array" ? type.element : type;
  switch (scalar.kind) {
    case "text": {
      const mask = heldBy(scalar, detectingTextMasker(asked, key, found));
      return byElement(column, () => mask);
    }
    case "json":
    case "jsonb": {
      const mask = detectingJsonMasker(asked, scalar.kind, format, key, found);
      return byElement(column, () => mask);
    }
    default:
      return null;
  }
}

/** `maskerOf` is asked once, of the column's type or its element's. */
function byElement(
  { typeOid, typmod, typeInfo, format }: Omit<MaskedColumn, "masker">,
  maskerOf: (type: ScalarType) => ValueMasker | null,
): (value: Value) => Value {
  const type = maskedType(typeOid, typmod, typeInfo);
  const mask = maskerOf(type.kind === "array" ? type.element : type);
  if (!mask) return always;
  if (type.kind !== "array") return (value) => value && mask(value);
  const { elementOid } = type;
  return format === 0
    ? (value) => value && maskTextArray(value, mask)
    : (value) => value && maskBinaryArray(value, elementOid, mask);
}

/** Null for a type that cannot hold what the masker makes. */
function scalarMasker(
  type: ScalarType,
  masker: MaskerKind,
  format: 0 | 1,
  key: Buffer,
): ValueMasker | null {
  const texts = textMasker(masker, key);
  switch (type.kind) {
    case "text":
      return texts && heldBy(type, texts);
    case "uuid":
      return masker.kind === "hash" ? uuidHasher(key, format) : null;
    case "date":
    case "timestamp":
    case "timestamptz":
      return masker.kind === "date" ? dateMasker(type, masker.unit, format) : null;
    case "int2":
    case "int4":
    case "int8":
    case "numeric":
    case "float4":
    case "float8":
    case "money":
      return masker.kind === "number" ? numberMasker(type, masker.rounding, format) : null;
    case "json":
    case "jsonb":
    case "other":
      return null;
  }
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
