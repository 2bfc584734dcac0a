import type { CatalogueEntry } from "./entry.ts";

/** What is asked for? */
export const statement = {
  syntax: {
    text: "{problem}",
    sqlstate: "42601",
    http: 400,
  },
  "statement-too-large": {
    text: "the statement and its parameters take {size} bytes, more than the {limit} allowed",
    hint: "split the statement, or raise limits.statement",
    sqlstate: "54000",
    http: 413,
  },
  "result-too-large": {
    text: "the command's result takes more than the {limit} bytes allowed",
    hint: "ask for fewer rows, or raise limits.result_size; what the command did besides may have been done",
    sqlstate: "54000",
    http: 413,
  },
  "row-too-large": {
    text: "a row or line of {size} bytes is too large to be masked",
    hint: "rows of at most 16 MiB are: leave out large columns, or ask for parts of them",
    sqlstate: "54000",
    http: 413,
  },
  "row-of-too-many-parts": {
    text: "a row or line has too many parts to be masked",
    hint: "rows with up to 65,536 elements of arrays, or places of documents, to be masked are: ask for parts of them",
    sqlstate: "54000",
    http: 413,
  },
  "statement-too-complex": {
    text: "the statement is nested too deeply to be read",
    hint: "write it with less nesting",
    sqlstate: "54001",
    http: 400,
  },
  "statement-too-long-to-read": {
    text: "a statement takes {size} bytes once it is parsed, more than the {limit} allowed",
    hint: "split it: of rows and lists of constants each kind counts once, all else by its length",
    sqlstate: "54001",
    http: 413,
  },
  "too-many-statements": {
    text: "{size} statements in one text, more than the {limit} allowed",
    hint: "send them in several texts",
    sqlstate: "54001",
    http: 413,
  },
  "not-maskable": {
    text: "the statement's output cannot be masked: {problem}",
    hint: "name the columns that you need",
    sqlstate: "42501",
    http: 403,
  },
  "origin-mismatch": {
    text: "the target describes the result otherwise than was judged: {problem}",
    hint: "try again: the target's catalog is read anew",
    sqlstate: "42501",
    http: 409,
  },
} as const satisfies Record<string, CatalogueEntry>;
