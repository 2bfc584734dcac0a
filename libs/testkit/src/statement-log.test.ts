import { expect, test } from "vitest";
import { parseStatementLog } from "./statement-log.ts";

// Written by PostgreSQL 18 under our log_line_prefix.
const log = [
  "2026-11-22 18:20:01.001 GMT|10||||LOG:  database system is ready to accept connections",
  "2026-11-22 18:20:02.002 GMT|11|app|orders|psql|LOG:  statement: SELECT 1;",
  "\t-- and more",
  "\tDROP TABLE x",
  "2026-11-22 18:20:02.003 GMT|12|app|orders||LOG:  execute <unnamed>: SELECT $1, $2",
  "2026-11-22 18:20:02.003 GMT|12|app|orders||DETAIL:  Parameters: $1 = 'a|b', $2 = NULL",
  '2026-11-22 18:20:03.004 GMT|11|app|orders|psql|ERROR:  relation "x" does not exist',
  "2026-11-22 18:20:03.004 GMT|11|app|orders|psql|STATEMENT:  DROP TABLE x",
  "2026-11-22 18:20:04.005 GMT|12|app|orders||LOG:  execute s1/p1: FETCH 3 FROM c",
  "2026-11-22 18:20:04.006 GMT|12|app|orders||LOG:  execute fetch from <unnamed>/p1: SELECT 2",
  "2026-11-22 18:20:05.006 GMT|13|a|o|one|two|LOG:  statement: SELECT 'LOG:  statement: no'",
  "",
].join("\n");

test("tells what ran, in order, whole, with its parameters", () => {
  const app = { user: "app", database: "orders" };
  expect(parseStatementLog(log)).toEqual([
    {
      ...app,
      pid: 11,
      application: "psql",
      via: "simple",
      text: "SELECT 1;\n-- and more\nDROP TABLE x",
    },
    {
      ...app,
      pid: 12,
      application: "",
      via: "execute",
      text: "SELECT $1, $2",
      parameters: "$1 = 'a|b', $2 = NULL",
    },
    { ...app, pid: 12, application: "", via: "execute", text: "FETCH 3 FROM c" },
    { ...app, pid: 12, application: "", via: "execute", text: "SELECT 2", continued: true },
    {
      pid: 13,
      user: "a",
      database: "o",
      application: "one|two",
      via: "simple",
      text: "SELECT 'LOG:  statement: no'",
    },
  ]);
});
