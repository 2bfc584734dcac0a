import type { DateUnit } from "@sallyport/contracts";
import { truncatedDay } from "./calendar.ts";
import { truncatedText } from "./date-text.ts";
import type { DateType } from "./masked-type.ts";
import type { ValueMasker } from "./value-masker.ts";

/** No date that PostgreSQL writes is longer. */
const longest = 64;
const hour = 3_600_000_000n;
const day = 24n * hour;
/** DATEVAL_NOBEGIN, DATEVAL_NOEND and the same of timestamps. */
const never = [-(2 ** 31), 2 ** 31 - 1];
const neverMicros = [-(2n ** 63n), 2n ** 63n - 1n];

/** Takes away all of a date or timestamp that is smaller than `unit`; infinity stays, what cannot be read is NULL. */
export function dateMasker({ kind }: DateType, unit: DateUnit, format: 0 | 1): ValueMasker {
  if (format === 0)
    return (value) => {
      const masked =
        value.length > longest ? null : truncatedText(value.toString("latin1"), unit, kind);
      return masked === null ? null : Buffer.from(masked, "latin1");
    };
  return kind === "date" ? (value) => dateBytes(value, unit) : (value) => timeBytes(value, unit);
}

/** Days since 2000-01-01 (date_send in date.c). */
function dateBytes(value: Buffer, unit: DateUnit): Buffer | null {
  if (value.length !== 4) return null;
  const days = value.readInt32BE();
  const start = never.includes(days) ? days : truncatedDay(days, unit);
  if (start === null) return null;
  const masked = Buffer.alloc(4);
  masked.writeInt32BE(start);
  return masked;
}

/** Microseconds since 2000-01-01, in UTC when there is a zone (timestamp_send in timestamp.c). */
function timeBytes(value: Buffer, unit: DateUnit): Buffer | null {
  if (value.length !== 8) return null;
  const micros = value.readBigInt64BE();
  const start = neverMicros.includes(micros) ? micros : startOf(micros, unit);
  if (start === null) return null;
  const masked = Buffer.alloc(8);
  masked.writeBigInt64BE(start);
  return masked;
}

function startOf(micros: bigint, unit: DateUnit): bigint | null {
  if (unit === "hour") return floor(micros, hour) * hour;
  const days = truncatedDay(Number(floor(micros, day)), unit);
  return days === null ? null : BigInt(days) * day;
}

const floor = (a: bigint, b: bigint): bigint => (a >= 0n ? a / b : (a - b + 1n) / b);
