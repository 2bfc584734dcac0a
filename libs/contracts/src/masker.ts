import { z } from "zod";

/** What a truncated date keeps, coarsest first. */
export const dateUnits = ["year", "quarter", "month", "week", "day", "hour"] as const;
export type DateUnit = (typeof dateUnits)[number];

/**
 * A masker with its parameter. For texts, least revealing first: redact, hash, partial[:n], email. For dates:
 * date:<unit>. For numbers: round:<step>, digits:<n>. For everything: null.
 */
export const Masker = z
  .string()
  .regex(
    /^(?:null|redact|hash|partial(?::[1-9][0-9]?)?|email|date:(?:year|quarter|month|week|day|hour)|round:(?:[1-9][0-9]{0,14}|0\.0{0,8}[125])|digits:(?:[1-9]|1[0-5]))$/,
  );
export type Masker = z.infer<typeof Masker>;

/** Every masker as people write it, for those who wrote another. */
export const maskersInWords =
  "`null`, `redact`, `hash`, `partial`, `partial:n` (n from 1 to 99), `email`, `date:unit` (year, quarter, month, week, day, hour), `round:step` (such as 100, 5, 0.05) or `digits:n` (n from 1 to 15)";
