import type { DateUnit } from "@sallyport/contracts";

/** A day of the proleptic Gregorian calendar; years before 1 are astronomical (0 is 1 BC). */
export interface Day {
  readonly year: number;
  /** 1 to 12, and 1 to 31. */
  readonly month: number;
  readonly day: number;
}

/** PostgreSQL's first day, 4714-11-24 BC, counted from 2000-01-01. */
export const firstDay = -2_451_545;

const dayMillis = 86_400_000;
const epoch = Date.UTC(2000, 0, 1) / dayMillis;
/** Days that JavaScript's Date can hold; PostgreSQL's last ones are beyond it. */
const span = 100_000_000;
/** The Gregorian calendar repeats itself, weekdays included. */
const cycleYears = 400;
const cycleDays = 146_097;

/** Counted from 2000-01-01. Null for a day that no calendar has, such as February 30. */
export function daysOf({ year, month, day }: Day): number | null {
  const cycles = Math.floor(year / cycleYears);
  const date = new Date(0);
  date.setUTCFullYear(year - cycles * cycleYears, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return null;
  return date.getTime() / dayMillis + cycles * cycleDays - epoch;
}

export function dayOf(days: number): Day {
  const cycles = Math.abs(days) < span / 2 ? 0 : Math.floor(days / cycleDays);
  const date = new Date((days - cycles * cycleDays + epoch) * dayMillis);
  return {
    year: date.getUTCFullYear() + cycles * cycleYears,
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
  };
}

/** The first day of the day's year, quarter, month or ISO week; null when PostgreSQL has no such day. */
export function truncatedDay(days: number, unit: DateUnit): number | null {
  const start = startOf(days, unit);
  return start === null || start < firstDay ? null : start;
}

function startOf(days: number, unit: DateUnit): number | null {
  switch (unit) {
    case "year":
      return daysOf({ ...dayOf(days), month: 1, day: 1 });
    case "quarter": {
      const { year, month } = dayOf(days);
      return daysOf({ year, month: month - ((month - 1) % 3), day: 1 });
    }
    case "month":
      return daysOf({ ...dayOf(days), day: 1 });
    case "week":
      // 2000-01-03 was a Monday.
      return days - ((((days - 2) % 7) + 7) % 7);
    case "day":
    case "hour":
      return days;
  }
}

/** 0 is Sunday. */
export const weekdayOf = (days: number): number => (((days + 6) % 7) + 7) % 7;
