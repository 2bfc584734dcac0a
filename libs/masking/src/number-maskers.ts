import { decimalText, readDecimal, rounded, type Decimal } from "./decimal.ts";
import type { NumberType, NumericType } from "./masked-type.ts";
import type { NumberRounding } from "./masker-kind.ts";
import { readNumeric, writeNumeric } from "./numeric-binary.ts";
import type { ValueMasker } from "./value-masker.ts";

type Round = (value: Decimal) => Decimal;

const bits = { int2: 16n, int4: 32n, int8: 64n, money: 64n } as const;

/** Rounds a number so that the type still holds it. NaN and the infinities stay; what cannot be read is NULL. */
export function numberMasker(
  type: NumberType | NumericType,
  rounding: NumberRounding,
  format: 0 | 1,
): ValueMasker {
  switch (type.kind) {
    case "numeric": {
      const most = type.digits === Infinity ? null : type.digits;
      const round: Round = (value) =>
        rounded(
          value,
          rounding,
          ({ digits, scale }) => most === null || below(digits, most + scale),
        );
      return format === 0
        ? inText(round, special)
        : (value) => {
            const number = readNumeric(value);
            return number === "special" ? value : number && writeNumeric(round(number));
          };
    }
    case "float4":
    case "float8":
      return floatMasker(type.kind, rounding, format);
    case "int2":
    case "int4":
    case "int8":
    case "money": {
      const half = 2n ** (bits[type.kind] - 1n);
      const round: Round = (value) =>
        rounded(value, rounding, ({ digits }) => digits >= -half && digits < half);
      if (type.kind === "money") return format === 0 ? moneyText(round) : wholeBytes(8, 2, round);
      if (format === 0) return inText(round, /(?!)/);
      return wholeBytes(Number(bits[type.kind]) / 8, 0, round);
    }
  }
}

const below = (digits: bigint, places: number): boolean =>
  (digits < 0n ? -digits : digits) < 10n ** BigInt(Math.max(0, places));

const special = /^(?:NaN|-?Infinity)$/;

const inText =
  (round: Round, stays: RegExp): ValueMasker =>
  (value) => {
    const text = value.toString("latin1");
    if (stays.test(text)) return value;
    const number = readDecimal(text);
    return number && Buffer.from(decimalText(round(number)), "latin1");
  };

/** Integers, and money in hundredths (cash_send in cash.c). */
const wholeBytes =
  (size: number, scale: number, round: Round): ValueMasker =>
  (value) => {
    if (value.length !== size) return null;
    const shift = BigInt(64 - 8 * size);
    const wide = Buffer.alloc(8);
    value.copy(wide);
    const { digits } = round({ digits: wide.readBigInt64BE() >> shift, scale });
    wide.writeBigInt64BE(digits << shift);
    return wide.subarray(0, size);
  };

/** As the C locale and en_US write it; how others do is known to nobody here. */
const dollars = /^(-?)\$(\d{1,3}(?:,\d{3})*\.\d\d)$/;

const moneyText =
  (round: Round): ValueMasker =>
  (value) => {
    const [, sign = "", amount = ""] = dollars.exec(value.toString("latin1")) ?? [];
    const number = readDecimal(sign + amount.replaceAll(",", ""));
    if (!number) return null;
    const text = decimalText(round(number));
    const grouped = text.replace("-", "").replace(/\B(?=(?:\d{3})+\.)/g, ",");
    return Buffer.from(`${text.startsWith("-") ? "-" : ""}$${grouped}`, "latin1");
  };

function floatMasker(
  kind: "float4" | "float8",
  rounding: NumberRounding,
  format: 0 | 1,
): ValueMasker {
  const single = kind === "float4";
  const held = (value: Decimal): number =>
    single ? Math.fround(Number(decimalText(value))) : Number(decimalText(value));
  const round = (text: string): number | null => {
    const number = readDecimal(text);
    return number && held(rounded(number, rounding, (value) => Number.isFinite(held(value)))) + 0;
  };
  if (format === 0)
    return (value) => {
      const text = value.toString("latin1");
      if (special.test(text)) return value;
      const masked = round(text);
      return masked === null ? null : Buffer.from(single ? shortest(masked) : String(masked));
    };
  return (value) => {
    if (value.length !== (single ? 4 : 8)) return null;
    const number = single ? value.readFloatBE() : value.readDoubleBE();
    if (!Number.isFinite(number)) return value;
    const masked = round(single ? shortest(number) : String(number));
    if (masked === null) return null;
    const bytes = Buffer.alloc(value.length);
    if (single) bytes.writeFloatBE(masked);
    else bytes.writeDoubleBE(masked);
    return bytes;
  };
}

/** The shortest decimal that is this float4. */
function shortest(number: number): string {
  for (let digits = 1; digits < 9; digits++) {
    const text = number.toPrecision(digits);
    if (Math.fround(Number(text)) === number) return text;
  }
  return number.toPrecision(9);
}

/** The same for a number in JSON, which has no range. Null for one that is too long. */
export function roundedNumberText(text: string, rounding: NumberRounding): string | null {
  const number = readDecimal(text);
  return number && decimalText(rounded(number, rounding));
}
