import type { NumberRounding } from "./masker-kind.ts";

/** `digits` / 10^`scale`, exactly; `scale` is what is written behind the point. */
export interface Decimal {
  readonly digits: bigint;
  readonly scale: number;
}

/** Digits that are counted at most: more would cost a time that somebody else chooses. */
const longest = 1000;
const pattern = /^([+-]?)(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d{1,5}))?$/;

/** Null for what is no decimal number, or one of more than 1000 digits. */
export function readDecimal(text: string): Decimal | null {
  const [, sign, whole = "", fraction = "", exponent = "0"] =
    text.length > 2 * longest ? [] : (pattern.exec(text) ?? []);
  if (sign === undefined) return null;
  const scale = fraction.length - Number(exponent);
  if (whole.length + fraction.length + Math.abs(scale) > longest) return null;
  const digits = BigInt(whole + fraction) * (sign === "-" ? -1n : 1n);
  return scale >= 0 ? { digits, scale } : { digits: digits * 10n ** BigInt(-scale), scale: 0 };
}

export function decimalText({ digits, scale }: Decimal): string {
  const sign = digits < 0n ? "-" : "";
  const text = (digits < 0n ? -digits : digits).toString().padStart(scale + 1, "0");
  const point = text.length - scale;
  return scale === 0 ? sign + text : `${sign}${text.slice(0, point)}.${text.slice(point)}`;
}

/**
 * The nearest number that `rounding` allows, halves away from zero, with the scale that it had; the next one toward
 * zero when the nearest is not `inRange`. Rounding twice changes nothing more.
 */
export function rounded(
  value: Decimal,
  rounding: NumberRounding,
  inRange: (value: Decimal) => boolean = () => true,
): Decimal {
  const { digits, scale } = value;
  const unit = unitOf(value, rounding);
  if (unit === null) return value;
  const size = digits < 0n ? -digits : digits;
  const down = size - (size % unit);
  const nearest = 2n * (size - down) >= unit ? down + unit : down;
  const signed = (of: bigint): Decimal => ({ digits: digits < 0n ? -of : of, scale });
  return inRange(signed(nearest)) ? signed(nearest) : signed(down);
}

/** What the result's digits are a multiple of; null when they are one anyway. */
function unitOf({ digits, scale }: Decimal, rounding: NumberRounding): bigint | null {
  if (rounding.kind === "digits") {
    const size = (digits < 0n ? -digits : digits).toString().length;
    return size <= rounding.digits ? null : 10n ** BigInt(size - rounding.digits);
  }
  const { step } = rounding;
  // A step below one is 1, 2 or 5 of a decimal place, and divides what has fewer places.
  return scale < step.scale ? null : step.digits * 10n ** BigInt(scale - step.scale);
}
