import { ann, loud, told, showing, type Leak } from "./case.ts";

/** COPY, cursors, prepared statements, temporary objects, several statements in one. */
export const copies: readonly Leak[] = [
  { idea: "COPY of the table", script: "COPY customers TO STDOUT", shows: ann },
  { idea: "COPY of a column", script: "COPY customers (email) TO STDOUT", shows: ann },
  { idea: "COPY of a query", script: "COPY (SELECT email FROM customers) TO STDOUT", shows: ann },
  {
    idea: "COPY as CSV",
    script: "COPY (SELECT email FROM customers) TO STDOUT (FORMAT csv, HEADER)",
    shows: ann,
  },
  { idea: "\\copy", script: "\\copy customers to stdout", shows: ann },
  {
    idea: "a cursor",
    script: "BEGIN;\nDECLARE c CURSOR FOR SELECT email FROM customers;\nFETCH ALL FROM c;\nCOMMIT",
    shows: ann,
  },
  {
    idea: "a cursor that outlives its transaction",
    script:
      "BEGIN;\nDECLARE c CURSOR WITH HOLD FOR SELECT email FROM customers;\nCOMMIT;\nFETCH ALL FROM c",
    shows: ann,
  },
  { idea: "PREPARE", script: "PREPARE p AS SELECT email FROM customers;\nEXECUTE p", shows: ann },
  {
    idea: "EXECUTE into a table",
    script:
      "PREPARE p AS SELECT email FROM customers;\nCREATE TEMP TABLE loot AS EXECUTE p;\nSELECT * FROM loot",
    shows: ann,
  },
  {
    idea: "a statement of a driver",
    script: [{ text: "SELECT email FROM customers WHERE id = $1", values: [1] }],
    shows: ann,
  },
  {
    idea: "a row bound as parameter",
    script: [{ text: "SELECT c FROM customers c WHERE id = $1", values: [1] }],
    shows: ann,
  },
  {
    idea: "several statements in one",
    script: "SELECT 1\\; SELECT email FROM customers",
    shows: ann,
  },
  // Temporary objects.
  {
    idea: "a temporary table that is gone again",
    script:
      "CREATE TEMP TABLE events (id int, email text);\nDROP TABLE events;\nSELECT email FROM events",
    shows: "canary-event",
  },
  {
    idea: "a temporary table that is rolled back",
    script:
      "BEGIN;\nCREATE TEMP TABLE roster AS SELECT 1 AS id;\nROLLBACK;\nSELECT loud FROM roster",
    shows: loud,
  },
  {
    idea: "a temporary view under a table's name",
    script:
      "CREATE TEMP VIEW orders AS SELECT id, email AS note FROM customers;\nSELECT note FROM orders",
    shows: ann,
  },
  // Names of the session.
  {
    idea: "EXECUTE with a parameter",
    script: "PREPARE p(int) AS SELECT email FROM customers WHERE id = $1;\nEXECUTE p(1)",
    shows: ann,
  },
  {
    idea: "EXECUTE of what was prepared again under the name",
    script:
      "PREPARE p AS SELECT name FROM customers;\nEXECUTE p;\nDEALLOCATE p;\nPREPARE p AS SELECT email FROM customers;\nEXECUTE p",
    shows: ann,
  },
  {
    idea: "PREPARE that fails, and what was there before",
    script:
      "PREPARE p AS SELECT email FROM customers;\nPREPARE p AS SELECT name FROM customers;\nEXECUTE p",
    shows: ann,
  },
  {
    idea: "PREPARE outlives a rollback",
    script:
      "PREPARE p AS SELECT name FROM customers;\nBEGIN;\nDEALLOCATE p;\nPREPARE p AS SELECT email FROM customers;\nROLLBACK;\nEXECUTE p",
    shows: ann,
  },
  {
    idea: "EXECUTE in the same string",
    script: "PREPARE p AS SELECT email FROM customers\\; EXECUTE p",
    shows: ann,
  },
  {
    idea: "DEALLOCATE fails half way through a string",
    script:
      "PREPARE p AS SELECT name FROM customers;\nDEALLOCATE p\\; PREPARE p AS SELECT email FROM customers\\; SELECT 1/0;\nEXECUTE p",
    shows: ann,
  },
  {
    idea: "EXECUTE under another search_path",
    script:
      "PREPARE p AS SELECT email FROM customers;\nSET search_path = other;\nEXECUTE p;\nSET search_path = public;\nEXECUTE p",
    shows: ann,
  },
  {
    idea: "EXPLAIN ANALYZE EXECUTE",
    script:
      "PREPARE p(text) AS SELECT 1 FROM customers WHERE email LIKE $1;\nEXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) EXECUTE p('canary-ann%')",
    shows: "Rows Removed by Filter",
  },
  {
    idea: "a protocol statement under a SQL name",
    script: [
      { text: "PREPARE p AS SELECT name FROM customers" },
      { text: "DEALLOCATE p" },
      { text: "PREPARE p AS SELECT email FROM customers" },
      { text: "EXECUTE p", values: [] },
    ],
    shows: ann,
  },
  {
    idea: "a cursor that moves back",
    script:
      "BEGIN;\nDECLARE c SCROLL CURSOR FOR SELECT email FROM customers ORDER BY id;\nMOVE 2 FROM c;\nFETCH BACKWARD 1 FROM c;\nEND",
    shows: ann,
  },
  {
    idea: "a cursor opened again",
    script:
      "BEGIN;\nDECLARE c CURSOR FOR SELECT name FROM customers;\nFETCH 1 FROM c;\nCLOSE c;\nDECLARE c CURSOR FOR SELECT email FROM customers;\nFETCH 1 FROM c;\nEND",
    shows: ann,
  },
  {
    idea: "a cursor from before a savepoint",
    script:
      "BEGIN;\nDECLARE c CURSOR FOR SELECT email FROM customers;\nSAVEPOINT s;\nFETCH 1 FROM c;\nROLLBACK TO s;\nFETCH 1 FROM c;\nEND",
    shows: ann,
  },
  {
    idea: "a held cursor under a name used twice",
    script:
      "BEGIN;\nDECLARE c CURSOR WITH HOLD FOR SELECT email FROM customers;\nCOMMIT;\nBEGIN;\nDECLARE c CURSOR FOR SELECT name FROM customers;\nROLLBACK;\nFETCH ALL FROM c",
    shows: ann,
  },
  {
    idea: "a binary cursor",
    script:
      "BEGIN;\nDECLARE c BINARY CURSOR FOR SELECT email FROM customers;\nFETCH ALL FROM c;\nEND",
    shows: ann,
  },
  // More of both.
  ...showing([
    ["COPY of a write", "COPY (UPDATE customers SET city = city RETURNING email) TO STDOUT", ann],
    ["COPY of VALUES", "COPY (VALUES ((SELECT email FROM customers WHERE id = 1))) TO STDOUT", ann],
    ["COPY of a partition", "COPY events_2026 TO STDOUT", "canary-event"],
    [
      "COPY with quotes forced",
      "COPY (SELECT email FROM customers) TO STDOUT (FORMAT csv, FORCE_QUOTE *)",
      `"${ann}"`,
    ],
    [
      "COPY with a delimiter of one's own",
      "COPY (SELECT id, email FROM customers) TO STDOUT (DELIMITER '|')",
      `1|${ann}`,
    ],
    [
      "several COPYs in one string",
      "COPY orders TO STDOUT\\; COPY (SELECT email FROM customers) TO STDOUT",
      ann,
    ],
    [
      "a literal that ends elsewhere, under other rules",
      "SET standard_conforming_strings = off;\nSELECT '\\'' || email FROM customers --'\n",
      ann,
    ],
    [
      "a name that the rest of the string moves",
      "SET search_path = other;\nSET search_path = public\\; SELECT email FROM customers",
      ann,
    ],
    [
      "after the end of a transaction that had moved it",
      "BEGIN;\nSET LOCAL search_path = other;\nSELECT 1;\nCOMMIT\\; SELECT email FROM customers",
      ann,
    ],
    [
      "a savepoint that brings the path back",
      "BEGIN;\nSAVEPOINT s;\nSET search_path = other;\nROLLBACK TO s\\; SELECT email FROM customers;\nROLLBACK",
      ann,
    ],
    [
      "after DDL in the same string",
      "CREATE VIEW late AS SELECT email AS e FROM customers\\; SELECT e FROM late;\nDROP VIEW late",
      ann,
    ],
    [
      "set_config of the path inside a query",
      "SET search_path = other;\nSELECT set_config('search_path', 'public', false);\nSELECT email FROM customers",
      ann,
    ],
    [
      "a temporary view that hides a plain table, by its schema",
      "CREATE TEMP VIEW orders AS SELECT email AS note FROM customers;\nSELECT note FROM pg_temp.orders",
      ann,
    ],
    [
      "a path that begins with the temporary schema",
      "CREATE TEMP TABLE customers AS SELECT 1 AS id;\nSET search_path = public, pg_temp;\nSELECT email FROM customers",
      ann,
    ],
    [
      "a prepared statement with a type of one's own",
      "PREPARE p(contact) AS SELECT ($1).email || '';\nEXECUTE p(ROW(1, (SELECT 'x'))::contact);\nPREPARE q AS SELECT email FROM customers;\nEXECUTE q",
      ann,
    ],
    [
      "EXPLAIN EXECUTE, analysed and verbose",
      "PREPARE p AS SELECT fixed_mail(1);\nEXPLAIN (VERBOSE, COSTS OFF) EXECUTE p",
      ann,
    ],
    [
      "FETCH RELATIVE",
      "BEGIN;\nDECLARE c SCROLL CURSOR FOR SELECT email FROM customers ORDER BY id;\nFETCH RELATIVE 1 FROM c;\nEND",
      ann,
    ],
    [
      "a cursor under a quoted name",
      'BEGIN;\nDECLARE "C d" CURSOR FOR SELECT email FROM customers;\nFETCH FROM "C d";\nEND',
      ann,
    ],
  ]),
  {
    idea: "EXECUTE of what the protocol prepared",
    script: [{ name: "p", text: "SELECT email FROM customers" }, { text: "EXECUTE p" }],
    shows: ann,
  },
  {
    idea: "the protocol's name, prepared again by SQL",
    script: [
      { name: "p", text: "SELECT name FROM customers" },
      { text: "DEALLOCATE p" },
      { text: "PREPARE p AS SELECT email FROM customers" },
      { name: "p", text: "SELECT name FROM customers" },
    ],
    shows: ann,
  },
  {
    idea: "a lookup by a parameter that is no constant",
    script: [
      {
        text: "SELECT 'LEA' || $1::text FROM customers WHERE email LIKE $2",
        values: ["KED", "canary-a%"],
      },
    ],
    shows: told,
  },
];
