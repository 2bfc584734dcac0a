import type { Func, Type } from "./catalog.ts";
import { type } from "./types.ts";
import type { Value } from "./value.ts";

/** What is asked of one argument of a call: its place (from 0), its type, and all arguments. */
interface Argument {
  readonly at: number;
  readonly takes: Type | undefined;
  readonly given: readonly Value[];
}

type Total = (argument: Argument) => boolean;

const any: Total = () => true;
const first: Total = ({ at }) => at === 0;
const alone: Total = ({ given }) => given.length === 1;
const literal = (value: Value | undefined): string | null =>
  value?.literal?.kind === "text" ? value.literal.says : null;
const integer = (value: Value | undefined): number | null =>
  value?.literal?.kind === "integer" ? value.literal.says : null;

const integers: ReadonlySet<number> = new Set([type.int2, type.int4, type.int8]);
const moments: ReadonlySet<number> = new Set([type.timestamp, type.timestamptz]);
const paths: ReadonlySet<number> = new Set([601, 602]); // lseg, path: their length may be too large

const units = (words: string): ReadonlySet<string> => new Set(words.split(" "));
const truncated = units(
  "millennium century decade year quarter month week day hour minute second milliseconds microseconds",
);
const ofDates = units(
  "millennium century decade year isoyear quarter month week day dow isodow doy epoch",
);
const ofMoments = new Set([...ofDates, ...units("hour minute second milliseconds microseconds")]);

/** A picture of a number that multiplies nothing and is no mistake for any value. */
const pictureOfNumber = /^(FM)?[09,G]+([.D][09]*)?$/i;

/** Sums of other numbers may be too large. */
const ofIntegers: Total = ({ takes }) => takes !== undefined && integers.has(takes.oid);

/** A piece by numbers: a pattern may take long, and a negative length fails where there is a value. */
const piece: Total = ({ at, given }) => {
  const [, from, length] = given;
  if (at !== 0 || from === undefined || !integers.has(from.type)) return false;
  return length === undefined || (integer(length) ?? -1) >= 0;
};

/** Nothing that makes the text longer: what is made of it in turn would tell what is in it. */
const replaced: Total = ({ at, given }) => {
  const [from, to] = [literal(given[1]), literal(given[2])];
  if (at !== 0 || from === null || to === null) return false;
  return to === "" || (/^[ -~]*$/.test(to) && to.length <= from.length);
};

/** Of plain specifiers only, as many as there are values: a width is read from one, `%I` fails for NULL. */
const formatted: Total = ({ at, given }) => {
  const picture = literal(given[0]);
  if (at === 0 || picture === null || given.some((value) => value.type === 0)) return false;
  if (!/^(?:[^%]|%%|%[sL])*$/.test(picture)) return false;
  return (picture.replaceAll("%%", "").match(/%/g)?.length ?? 0) < given.length;
};

const pictured: Total = ({ at, takes, given }) => {
  const picture = literal(given[1]);
  if (at !== 0 || picture === null || !takes) return false;
  if (moments.has(takes.oid) || takes.oid === type.date) return true;
  return [...integers, type.numeric].includes(takes.oid) && pictureOfNumber.test(picture);
};

const fieldOf: Total = ({ at, takes, given }) => {
  const field = literal(given[0])?.toLowerCase();
  if (at !== 1 || field === undefined || !takes) return false;
  return takes.oid === type.date
    ? ofDates.has(field)
    : moments.has(takes.oid) && ofMoments.has(field);
};

const startOf: Total = ({ at, takes, given }) => {
  const unit = literal(given[0])?.toLowerCase();
  if (at !== 1 || unit === undefined || !takes || given.length > 2) return false;
  return (moments.has(takes.oid) || takes.oid === type.date) && truncated.has(unit);
};

const rules: ReadonlyMap<string, Total> = new Map<string, Total>([
  ...`lower upper initcap char_length character_length octet_length bit_length md5 sha224 sha256 sha384 sha512
   btrim ltrim rtrim concat quote_literal quote_nullable quote_ident reverse left right ascii translate
   text name textcat strpos hashtext to_json to_jsonb row_to_json array_to_json json_build_array
   jsonb_build_array json_agg jsonb_agg string_agg count min max bool_and bool_or every any_value
   first_value last_value pg_typeof pg_column_size cardinality row_number rank dense_rank percent_rank cume_dist`
    .split(/\s+/)
    .map((name) => [name, any] as const),
  ...["position", "lag", "lead", "nth_value", "array_length"].map((name) => [name, first] as const),
  // With more arguments they check a length, or an encoding.
  ...["varchar", "bpchar"].map((name) => [name, alone] as const),
  ["length", ({ takes, given }) => given.length === 1 && !paths.has(takes?.oid ?? 0)],
  ["sum", ofIntegers],
  ["avg", ofIntegers],
  // Arrays of different lengths do not fit into one.
  ["array_agg", ({ takes }) => takes?.element === 0],
  ["substr", piece],
  ["substring", piece],
  ["replace", replaced],
  // There is no part 0.
  ["split_part", ({ at, given }) => at === 0 && (integer(given[2]) ?? 0) !== 0],
  ["format", formatted],
  ["concat_ws", ({ at }) => at > 0],
  ["to_char", pictured],
  ["date_part", fieldOf],
  ["extract", fieldOf],
  ["date_trunc", startOf],
]);

/**
 * Whether the built-in succeeds, comparing nothing, for every value of its argument `at` (from 0), NULL included: what
 * fails for every other value tells which are null. All else over a classified column decides something (design §5,
 * predicate).
 */
export const isTotalFor = (
  func: Func,
  at: number,
  takes: Type | undefined,
  given: readonly Value[],
): boolean => rules.get(func.name)?.({ at, takes, given }) ?? false;
