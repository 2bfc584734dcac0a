/** What PostgreSQL says of a syntax error besides its message; the parser itself hands on only that. */
export interface Particulars {
  readonly sqlstate: string;
  readonly detail?: string;
  readonly hint?: string;
}

const unsupported = "0A000";
const invalidParameter = "22023";
const windowing = "42P20";
const reserved = "42939";

const plain: Particulars = { sqlstate: "42601" };

/** By message: gram.y, scan.l and parser.c of PostgreSQL 15 to 18. All others are 42601 without detail or hint. */
const particulars: readonly (readonly [RegExp, Particulars])[] = [
  [
    /^UNENCRYPTED PASSWORD is no longer supported$/,
    {
      sqlstate: unsupported,
      hint: "Remove UNENCRYPTED to store the password in encrypted form instead.",
    },
  ],
  [
    /^unrecognized row security option "/,
    { ...plain, hint: "Only PERMISSIVE or RESTRICTIVE policies are supported currently." },
  ],
  [
    /^missing argument$/,
    { ...plain, hint: "Use NONE to denote the missing argument of a unary operator." },
  ],
  [
    /^LIMIT #,# syntax is not supported$/,
    { ...plain, hint: "Use separate LIMIT and OFFSET clauses." },
  ],
  [
    /^VALUES in FROM must have an alias$/,
    { ...plain, hint: "For example, FROM (VALUES ...) [AS] foo." },
  ],
  [
    /^subquery in FROM must have an alias$/,
    { ...plain, hint: "For example, FROM (SELECT ...) [AS] foo." },
  ],
  [
    /^invalid publication object list$/,
    {
      ...plain,
      detail:
        "One of TABLE or TABLES IN SCHEMA must be specified before a standalone table or schema name.",
    },
  ],
  [
    /^(?:CREATE SCHEMA IF NOT EXISTS cannot include schema elements|current database cannot be changed|MATCH PARTIAL not yet implemented|CREATE EXTENSION \.\.\. FROM is no longer supported|CREATE OR REPLACE CONSTRAINT TRIGGER is not supported|CREATE ASSERTION is not yet implemented|aggregates cannot have output arguments|WITH CHECK OPTION not supported on recursive views|UNIQUE predicate is not yet implemented)$/,
    { sqlstate: unsupported },
  ],
  [/^a column list with .* is only supported for ON DELETE actions$/, { sqlstate: unsupported }],
  [/^an ordered-set aggregate with a VARIADIC direct argument /, { sqlstate: unsupported }],
  [
    /^.* constraints cannot be marked (?:DEFERRABLE|NOT VALID|NO INHERIT|(?:NOT )?ENFORCED)$/,
    { sqlstate: unsupported },
  ],
  [/^column number must be in range from 1 to /, { sqlstate: invalidParameter }],
  [/^precision for type float must be /, { sqlstate: invalidParameter }],
  [/^(?:modulus|remainder) for hash partition provided more than once$/, { sqlstate: "42710" }],
  [/^frame (?:start|end)/, { sqlstate: windowing }],
  [/^role name ".*" is reserved$/, { sqlstate: reserved }],
  [/^\w+ cannot be used as a role name here$/, { sqlstate: reserved }],
];

/** `raisedIn` is the function of PostgreSQL's source that raised it. */
export function particularsOf(message: string, raisedIn: string): Particulars {
  if (message === "invalid Unicode escape") {
    // Of E'…' the scanner says it, of U&'…' what comes after it.
    return raisedIn === "str_udeescape"
      ? { ...plain, hint: "Unicode escapes must be \\XXXX or \\+XXXXXX." }
      : { sqlstate: "22025", hint: "Unicode escapes must be \\uXXXX or \\UXXXXXXXX." };
  }
  return particulars.find(([pattern]) => pattern.test(message))?.[1] ?? plain;
}
