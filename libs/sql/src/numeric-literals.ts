import { text, type Fields } from "./tree.ts";

/** A number too long for an integer that fits a bigint is one; all others that are no integers are numeric. */
export const fitsInt8 = (digits: string): boolean => {
  if (!/^-?\d{1,19}$/.test(digits)) return false;
  const value = BigInt(digits);
  return value <= 9223372036854775807n && value >= -9223372036854775808n;
};

/** Of a Float's fields; one that stands for others says what is true of them all. */
export const isInt8 = (written: Fields): boolean =>
  typeof written["int8"] === "boolean" ? written["int8"] : fitsInt8(text(written["fval"]));
