import { decimalText, type Decimal } from "./decimal.ts";

/** numeric_send in numeric.c: ndigits, weight, sign, dscale (16 bits each), then digits of base 10000. */

const header = 8;
const signs = { positive: 0x0000, negative: 0x4000 };
/** NUMERIC_NAN, NUMERIC_PINF and NUMERIC_NINF. */
const special: readonly number[] = [0xc000, 0xd000, 0xf000];
const places = 4;
/** Groups of digits that are counted at most, as in decimal.ts. */
const longest = 250;

/** `special`: NaN or an infinity. Null for bytes that are no numeric, or one of more than 1000 digits. */
export function readNumeric(value: Buffer): Decimal | "special" | null {
  if (value.length < header) return null;
  const count = value.readUInt16BE(0);
  const weight = value.readInt16BE(2);
  const sign = value.readUInt16BE(4);
  const scale = value.readUInt16BE(6);
  if (value.length !== header + 2 * count) return null;
  if (special.includes(sign)) return count === 0 ? "special" : null;
  if (sign !== signs.positive && sign !== signs.negative) return null;
  if (count > longest || Math.abs(weight) > longest || scale > places * longest) return null;
  let digits = "0";
  for (let at = header; at < value.length; at += 2) {
    const group = value.readUInt16BE(at);
    if (group > 9999) return null;
    digits += String(group).padStart(places, "0");
  }
  // Digits behind the point that the value has; dscale says how many of them are shown.
  const behind = places * (count - 1 - weight);
  const all = BigInt(digits) * (sign === signs.negative ? -1n : 1n);
  const shown =
    scale >= behind ? all * 10n ** BigInt(scale - behind) : all / 10n ** BigInt(behind - scale);
  return { digits: shown, scale };
}

export function writeNumeric(value: Decimal): Buffer {
  const [whole = "", fraction = ""] = decimalText(value).replace("-", "").split(".");
  const groups = groupsOf(
    whole.padStart(Math.ceil(whole.length / places) * places, "0") +
      fraction.padEnd(Math.ceil(fraction.length / places) * places, "0"),
  );
  const first = groups.findIndex((group) => group !== 0);
  const last = groups.findLastIndex((group) => group !== 0);
  const kept = first === -1 ? [] : groups.slice(first, last + 1);
  const bytes = Buffer.alloc(header + 2 * kept.length);
  bytes.writeUInt16BE(kept.length, 0);
  bytes.writeInt16BE(first === -1 ? 0 : Math.ceil(whole.length / places) - 1 - first, 2);
  bytes.writeUInt16BE(value.digits < 0n ? signs.negative : signs.positive, 4);
  bytes.writeUInt16BE(value.scale, 6);
  for (const [at, group] of kept.entries()) bytes.writeUInt16BE(group, header + 2 * at);
  return bytes;
}

const groupsOf = (digits: string): number[] => (digits.match(/\d{4}/g) ?? []).map(Number);
