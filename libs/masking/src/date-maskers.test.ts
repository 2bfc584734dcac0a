import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dateUnits, type DateUnit } from "@sallyport/contracts";
import { dayOf, daysOf, firstDay, truncatedDay } from "./calendar.ts";
import { maskerFor } from "./index.ts";

const key = Buffer.alloc(32, 7);
const oid = { date: 1082, timestamp: 1114, timestamptz: 1184, dates: 1182 };
const unit = fc.constantFrom(...dateUnits);

const mask = (by: DateUnit, value: string, typeOid: number): string | null =>
  maskerFor({ masker: `date:${by}`, typeOid, format: 0, key })(Buffer.from(value))?.toString() ??
  null;

describe("a date", () => {
  test.each<[string, DateUnit, string | null]>([
    ["2026-05-17", "year", "2026-01-01"],
    ["2026-05-17", "quarter", "2026-04-01"],
    ["2026-05-17", "month", "2026-05-01"],
    ["2026-05-17", "week", "2026-05-11"],
    ["2026-05-17", "day", "2026-05-17"],
    ["2026-05-17", "hour", "2026-05-17"],
    ["2026-01-01", "week", "2025-12-29"],
    ["0044-03-15 BC", "month", "0044-03-01 BC"],
    ["0001-01-01", "week", "0001-01-01"],
    ["0001-12-31 BC", "year", "0001-01-01 BC"],
    ["0004-02-29", "month", "0004-02-01"],
    ["5874897-12-31", "quarter", "5874897-10-01"],
    ["4714-12-31 BC", "month", "4714-12-01 BC"],
    ["infinity", "year", "infinity"],
    ["-infinity", "year", "-infinity"],
    ["17.05.2026", "month", "01.05.2026"],
    ["05/17/2026", "year", "01/01/2026"],
    ["05-17-2026", "year", "01-01-2026"],
    ["15-03-0044 BC", "year", "01-01-0044 BC"],
  ])("%s by %s is %s", (value, by, masked) => {
    expect(mask(by, value, oid.date)).toBe(masked);
  });

  test("where day and month cannot be told apart, only the year is known", () => {
    for (const value of ["05/06/2026", "05-06-2026", "31/12/2026"])
      for (const by of dateUnits) expect(mask(by, value, oid.date) === null).toBe(by !== "year");
  });

  test("what PostgreSQL does not have is NULL", () => {
    for (const value of ["4714-11-24 BC", "4714-12-31 BC"])
      expect(mask("year", value, oid.date)).toBeNull();
    expect(mask("month", "4714-11-24 BC", oid.date)).toBeNull();
  });

  test.each([
    "",
    "x",
    "2026-13-01",
    "2026-02-30",
    "2026-05-17 00:00:00",
    "2026-5-1",
    " 2026-05-17",
  ])("%j is none", (value) => {
    expect(mask("month", value, oid.date)).toBeNull();
  });

  test("by element", () => {
    expect(mask("month", '{2026-05-17,NULL,"0044-03-15 BC",infinity}', oid.dates)).toBe(
      '{2026-05-01,NULL,"0044-03-01 BC",infinity}',
    );
  });
});

describe("a timestamp", () => {
  test.each<[string, DateUnit, string | null]>([
    ["2026-05-17 15:09:26.535897", "hour", "2026-05-17 15:00:00"],
    ["2026-05-17 15:09:26.535897", "day", "2026-05-17 00:00:00"],
    ["0044-03-15 12:00:00 BC", "month", "0044-03-01 00:00:00 BC"],
    ["05/17/2026 15:09:26.5", "year", "01/01/2026 00:00:00"],
    ["05/17/2026 15:09:26.5", "month", null],
    ["Sun May 17 15:09:26 2026", "month", "Fri May 01 00:00:00 2026"],
    ["Sun 17 May 15:09:26.5 2026", "month", "Fri 01 May 00:00:00 2026"],
    ["Sun May 17 15:09:26 2026", "hour", "Sun May 17 15:00:00 2026"],
    ["17.05.2026 15:09:26", "week", "11.05.2026 00:00:00"],
    ["infinity", "hour", "infinity"],
  ])("%s by %s is %s", (value, by, masked) => {
    expect(mask(by, value, oid.timestamp)).toBe(masked);
  });

  test.each<[string, DateUnit, string | null]>([
    ["2026-05-17 15:09:26+02", "hour", "2026-05-17 13:00:00+00"],
    ["2026-01-01 00:30:00+01", "year", "2025-01-01 00:00:00+00"],
    ["2026-01-01 00:30:00-03:30", "day", "2026-01-01 00:00:00+00"],
    ["1890-01-01 00:19:00+00:19:32", "day", "1889-12-31 00:00:00+00"],
    ["0044-03-15 12:00:00+00 BC", "month", "0044-03-01 00:00:00+00 BC"],
    ["17.05.2026 15:09:26 CEST", "month", null],
    ["17.05.2026 15:09:26 UTC", "month", "01.05.2026 00:00:00 UTC"],
    ["Sun May 17 15:09:26 2026 UTC", "month", "Fri May 01 00:00:00 2026 UTC"],
    ["Sun May 17 15:09:26 2026 CEST", "year", null],
    ["05/17/2026 15:09:26 UTC", "year", null],
    ["2026-05-17 15:09:26", "month", null],
  ])("with a zone, %s by %s is %s", (value, by, masked) => {
    expect(mask(by, value, oid.timestamptz)).toBe(masked);
  });
});

describe("any day", () => {
  const day = fc.integer({ min: firstDay, max: 2_145_031_948 });

  test("is the one that its year, month and day say", () => {
    fc.assert(
      fc.property(day, (days) => {
        expect(daysOf(dayOf(days))).toBe(days);
      }),
    );
  });

  test("is truncated to itself or before, once and for all, the same as text and as bytes", () => {
    fc.assert(
      fc.property(day, unit, (days, by) => {
        const start = truncatedDay(days, by);
        const bytes = Buffer.alloc(4);
        bytes.writeInt32BE(days);
        const masked = maskerFor({ masker: `date:${by}`, typeOid: oid.date, format: 1, key })(
          bytes,
        );
        expect(masked?.readInt32BE() ?? null).toBe(start);
        expect(mask(by, isoText(days), oid.date)).toBe(start === null ? null : isoText(start));
        if (start === null) return;
        expect(start <= days && days - start < 366).toBe(true);
        expect(truncatedDay(start, by)).toBe(start);
      }),
    );
  });

  test("any bytes of a timestamp give a whole unit, infinity or NULL", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 7, maxLength: 9 }), unit, (given, by) => {
        const bytes = Buffer.from(given);
        const at = { masker: `date:${by}`, typeOid: oid.timestamp, format: 1, key } as const;
        const masked = maskerFor(at)(bytes);
        const micros = masked?.readBigInt64BE() ?? 0n;
        expect(masked === null || bytes.length === 8).toBe(true);
        expect(micros % 3_600_000_000n === 0n || masked?.equals(bytes)).toBe(true);
      }),
    );
  });
});

function isoText(days: number): string {
  const { year, month, day } = dayOf(days);
  const two = (part: number): string => String(part).padStart(2, "0");
  const shown = String(year > 0 ? year : 1 - year).padStart(4, "0");
  return `${shown}-${two(month)}-${two(day)}${year > 0 ? "" : " BC"}`;
}
