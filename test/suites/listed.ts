/** A statement that answers otherwise through the gateway than directly, by design. */
export interface Listed {
  /** `suite/file`. */
  readonly file: string;
  /** The first line of the statement in the file, or a pattern of such lines. */
  readonly statement: string | RegExp;
  readonly reason: string;
}

const parsing = "settings that change how text is read may not change";
const parser = "the parser is of another minor version than the server";
const overTls = "of a lost connection over TLS libpq says other words; directly there is no TLS";
const records =
  "of several notices over TLS libpq reads one, before it is told that the session waits";

/** The same as in docs/postgres.md. */
export const listed: readonly Listed[] = [
  { file: "regress/strings", statement: /standard_conforming_strings/, reason: parsing },
  { file: "regress/strings", statement: /^SELECT U&|^SELECT 'tricky'/, reason: parsing },
  { file: "regress/strings", statement: /^select 'a\\\\bcd' as f1/, reason: parsing },
  { file: "regress/strings", statement: "set escape_string_warning = off;", reason: parsing },
  {
    file: "isolation/temp-schema-cleanup",
    statement: /pg_terminate_backend\(pg_backend_pid/,
    reason: overTls,
  },
  { file: "isolation/eval-plan-qual", statement: /balance = balance - 1200$/, reason: records },
  { file: "isolation/eval-plan-qual-trigger", statement: /UPDATE|DELETE/, reason: records },
  { file: "isolation/insert-conflict-specconflict", statement: "", reason: records },
  { file: "libpq_pipeline/uniqviol", statement: "", reason: "it counts what fits into buffers" },
  { file: "regress/numerology", statement: "SELECT 0.0e+a;", reason: parser },
  { file: "regress/xml", statement: /__pg__is_not_null/, reason: parser },
  { file: "regress/plpgsql", statement: /standard_conforming_strings/, reason: parsing },
  {
    file: "regress/plpgsql",
    statement: /^(?:create or replace function strtest|select strtest)/,
    reason: parsing,
  },
  { file: "regress/foreign_key", statement: /ALTER CONSTRAINT fktable_fk_fkey NO/, reason: parser },
  {
    file: "regress/temp",
    statement: "PREPARE TRANSACTION 'twophase_search';",
    reason: "the gateway has asked for search_path before, which made the temporary schema",
  },
  {
    file: "regress/publication",
    statement: /^CREATE PUBLICATION testpub_parsertst/,
    reason: parser,
  },
];

export const isListed = (file: string, statement: string): boolean =>
  listed.some(
    (one) =>
      one.file === file &&
      (typeof one.statement === "string"
        ? one.statement === statement
        : one.statement.test(statement)),
  );
