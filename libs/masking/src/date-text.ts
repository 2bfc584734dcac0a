import type { DateUnit } from "@sallyport/contracts";
import { daysOf, dayOf, truncatedDay, weekdayOf, type Day } from "./calendar.ts";

/**
 * Dates as text, in each DateStyle (EncodeDateOnly and EncodeDateTime in datetime.c). Which style it is shows in the
 * text itself, but for day and month of SQL and POSTGRES: INVARIANT (I3): the order that the session has may have
 * changed since anyone heard of it, so there only the year is trusted.
 */

const weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** A style's way to read a day, and to write one in the same order. */
interface Style {
  /** Groups: y, m, d (or one and other, whose order is not known) and bc. */
  readonly date: RegExp;
  write(day: Day, era: string, groups: Groups): string;
}

type Groups = Readonly<Record<string, string | undefined>>;

const two = (number: number): string => String(number).padStart(2, "0");
const four = (year: number): string => String(year).padStart(4, "0");

const styles: readonly Style[] = [
  {
    date: /^(?<y>\d{4,7})-(?<m>\d\d)-(?<d>\d\d)(?<rest>.*?)(?<bc> BC)?$/,
    write: ({ year, month, day }, rest) => `${four(year)}-${two(month)}-${two(day)}${rest}`,
  },
  {
    date: /^(?<d>\d\d)\.(?<m>\d\d)\.(?<y>\d{4,7})(?<rest>.*?)(?<bc> BC)?$/,
    write: ({ year, month, day }, rest) => `${two(day)}.${two(month)}.${four(year)}${rest}`,
  },
  {
    date: /^(?<one>\d\d)(?<mark>[/-])(?<other>\d\d)\k<mark>(?<y>\d{4,7})(?<rest>.*?)(?<bc> BC)?$/,
    write: ({ year }, rest, { mark }) => `01${mark}01${mark}${four(year)}${rest}`,
  },
  {
    date: /^[A-Z][a-z]{2} (?:(?<d>\d\d) (?<name>[A-Z][a-z]{2})|(?<name2>[A-Z][a-z]{2}) (?<d2>\d\d))(?<rest> \d\d:\d\d:\d\d(?:\.\d{1,6})?) (?<y>\d{4,7})(?<zone> .*?)?(?<bc> BC)?$/,
    write: (day, rest, { name }) => {
      const days = daysOf(day) ?? 0;
      const [weekday, month] = [weekdays[weekdayOf(days)], months[day.month - 1]];
      const order = name === undefined ? `${month} ${two(day.day)}` : `${two(day.day)} ${month}`;
      return `${weekday} ${order}${rest.slice(0, 9)} ${four(day.year)}${rest.slice(9)}`;
    },
  },
];

const time =
  /^[ T](\d\d):(\d\d):(\d\d)(?:\.\d{1,6})?(?: ?(UTC|GMT|Z|[+-]\d\d(?::?\d\d(?::\d\d)?)?))?$/;

/**
 * The text of a date or timestamp with all below `unit` taken away, in the style that it has. What has a zone is
 * truncated in UTC, and says so (`+00`). Null when it cannot be read without doubt.
 */
export function truncatedText(
  text: string,
  unit: DateUnit,
  kind: "date" | "timestamp" | "timestamptz",
): string | null {
  if (text === "infinity" || text === "-infinity") return text;
  for (const style of styles) {
    const groups = style.date.exec(text)?.groups;
    if (groups) return truncatedIn(style, groups, unit, kind);
  }
  return null;
}

function truncatedIn(
  style: Style,
  groups: Groups,
  unit: DateUnit,
  kind: "date" | "timestamp" | "timestamptz",
): string | null {
  const doubtful = groups["one"] !== undefined;
  const written = Number(groups["y"]);
  const year = groups["bc"] === undefined ? written : 1 - written;
  const name = groups["name"] ?? groups["name2"];
  const month = name === undefined ? Number(groups["m"]) : months.indexOf(name) + 1;
  const day = Number(groups["d"] ?? groups["d2"]);
  const clock = clockOf(`${groups["rest"]}${groups["zone"] ?? ""}`, kind);
  if (clock === null || (doubtful && (unit !== "year" || kind === "timestamptz"))) return null;
  const local = daysOf(doubtful ? { year, month: 1, day: 1 } : { year, month, day });
  if (local === null) return null;
  const utc = local * secondsOfDay + clock.seconds - clock.offset;
  const days = truncatedDay(Math.floor(utc / secondsOfDay), unit);
  if (days === null) return null;
  const hour = Math.floor((((utc % secondsOfDay) + secondsOfDay) % secondsOfDay) / 3600);
  const rest =
    kind === "date"
      ? ""
      : `${clock.mark}${two(unit === "hour" ? hour : 0)}:00:00${kind === "timestamptz" ? clock.zone : ""}`;
  const start = dayOf(days);
  return start.year > 0
    ? style.write(start, rest, groups)
    : `${bcWritten(style, start, rest, groups)} BC`;
}

const secondsOfDay = 86_400;

/** A year before 1 is written without its sign; the weekday is still of the year that is meant. */
function bcWritten(style: Style, day: Day, rest: string, groups: Groups): string {
  const shown = style.write({ ...day, year: 1 - day.year }, rest, groups);
  if (!/^[A-Z]/.test(shown)) return shown;
  return (weekdays[weekdayOf(daysOf(day) ?? 0)] ?? "") + shown.slice(3);
}

interface Clock {
  /** What stands before the hours: a blank, or the T of ISO 8601. */
  readonly mark: string;
  readonly seconds: number;
  /** Seconds east of UTC. */
  readonly offset: number;
  /** How UTC is written. */
  readonly zone: string;
}

function clockOf(text: string, kind: "date" | "timestamp" | "timestamptz"): Clock | null {
  if (kind === "date") return text === "" ? { mark: "", seconds: 0, offset: 0, zone: "" } : null;
  const [, hours, minutes, seconds, zone] = time.exec(text) ?? [];
  if (hours === undefined || (kind === "timestamptz") !== (zone !== undefined)) return null;
  const clock = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  const named = zone === "UTC" || zone === "GMT" || zone === "Z";
  const blank = zone !== undefined && text.includes(` ${zone}`);
  return {
    mark: text[0] ?? " ",
    seconds: clock,
    offset: zone === undefined || named ? 0 : offsetOf(zone),
    zone: named ? (blank ? ` ${zone}` : zone) : `${blank ? " " : ""}+00`,
  };
}

/** `+02`, `-03:30`, `+00:19:32`. */
function offsetOf(zone: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = (zone.slice(1).match(/\d\d/g) ?? []).map(Number);
  return (zone.startsWith("-") ? -1 : 1) * (hours * 3600 + minutes * 60 + seconds);
}
