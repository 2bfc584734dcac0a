/**
 * Ways through what the analyser traces: views, functions written in SQL, prepared statements and cursors of SQL, rows
 * taken apart, constructors. The controls would be masked or refused if it called them opaque.
 */
import type { Control, Evasion, Leak } from "./corpus.ts";

const ann = "canary-ann@secret.example";
const loud = ann.toUpperCase();

export const tracedLeaks: readonly Leak[] = [
  // Views.
  { idea: "a view's own name for it", script: "SELECT mail FROM roster_names", shows: ann },
  { idea: "an expression in a view", script: "SELECT loud FROM roster", shows: loud },
  { idea: "a star of a view over a view", script: "SELECT * FROM roster_names", shows: ann },
  { idea: "a view's row", script: "SELECT r FROM roster r", shows: ann },
  { idea: "a field of a view's row", script: "SELECT (r).mail FROM roster_names r", shows: ann },
  { idea: "a row stored in a view", script: "SELECT row FROM wholes", shows: "canary-event" },
  { idea: "a field of that row", script: "SELECT (row).email FROM wholes", shows: "canary-event" },
  { idea: "that row taken apart", script: "SELECT (row).* FROM wholes", shows: "canary-event" },
  { idea: "a view's column as JSON", script: "SELECT to_json(r) FROM roster r", shows: ann },
  { idea: "a view of a union", script: "SELECT word FROM every_word", shows: ann },
  { idea: "a view of partitions", script: "SELECT email FROM events_view", shows: "canary-event" },
  { idea: "a view of a child", script: "SELECT email FROM vip_view", shows: "canary-cleo" },
  { idea: "a recursive view", script: "SELECT mail FROM bosses", shows: ann },
  {
    idea: "a view that sorts by it",
    script: "SELECT 'first' || ':' || (SELECT name FROM by_mail LIMIT 1)",
    shows: "first:Ann",
  },
  {
    idea: "a view that chooses by it",
    script: "SELECT 'is' || ':' || name FROM guessed",
    shows: "is:Ann",
  },
  {
    idea: "a guess about a view's column",
    script: "SELECT 'is' || ':' || who FROM roster_names WHERE mail LIKE 'canary-ann%'",
    shows: "is:Ann",
  },
  {
    idea: "a view joined to itself by it",
    script: "SELECT a.loud FROM roster a JOIN roster b ON a.email = b.email WHERE a.id = 1",
    shows: loud,
  },
  {
    idea: "RETURNING of a view",
    script: "UPDATE roster SET city = city WHERE id = 1 RETURNING loud",
    shows: loud,
  },
  {
    idea: "a view's column copied by an update",
    script:
      "UPDATE notes SET body = mail FROM roster_names WHERE no = 1;\nINSERT INTO noted (body) SELECT mail FROM roster_names;\nSELECT body FROM noted",
    shows: ann,
  },
  {
    idea: "laundered through an updatable view",
    script: "UPDATE roster SET name = email WHERE id = 1;\nSELECT name FROM customers WHERE id = 1",
    shows: ann,
  },
  { idea: "COPY of a view", script: "COPY (SELECT * FROM roster) TO STDOUT", shows: ann },
  { idea: "COPY of a materialised view", script: "COPY contacts_copy TO STDOUT", shows: ann },
  {
    idea: "a cursor over a view",
    script: "BEGIN;\nDECLARE v CURSOR FOR SELECT loud FROM roster;\nFETCH 9 FROM v;\nEND",
    shows: loud,
  },
  {
    idea: "a bound parameter and a view",
    script: [{ text: "SELECT mail FROM roster_names WHERE no = $1", values: [1] }],
    shows: ann,
  },
  // Functions written in SQL.
  { idea: "an atomic function", script: "SELECT mail_atomic(1)", shows: ann },
  { idea: "a table function's column", script: "SELECT mail FROM roster_of('Berlin')", shows: ann },
  { idea: "a table function's row", script: "SELECT r FROM roster_of('Berlin') r", shows: ann },
  {
    idea: "a function that only passes it on",
    script: "SELECT twice(email) FROM customers",
    shows: ann,
  },
  {
    idea: "a function over a function",
    script: "SELECT twice(mail_atomic(id)) FROM customers",
    shows: ann,
  },
  {
    idea: "ROWS FROM",
    script: "SELECT * FROM ROWS FROM (roster_of('Berlin'), generate_series(1, 1)) AS r(a, b, c)",
    shows: ann,
  },
  {
    idea: "a function in LATERAL",
    script: "SELECT r.* FROM (VALUES ('Berlin')) v(c), LATERAL roster_of(v.c) r",
    shows: ann,
  },
  {
    idea: "a guess inside a function's condition",
    script: "SELECT 'is' || ':' || id FROM customers WHERE mail_atomic(id) LIKE 'canary-ann%'",
    shows: "is:1",
  },
  {
    idea: "another customers for the function's body",
    script:
      "CREATE TABLE other.notes (id int, body text);\nSET search_path = other;\nSELECT public.name_of(1);\nSET search_path = public;\nSELECT email_of(1)",
    shows: ann,
  },
  {
    idea: "unnest of two arrays",
    script: "SELECT * FROM unnest(ARRAY[(SELECT email FROM customers WHERE id = 1)], ARRAY[1])",
    shows: ann,
  },
  // Rows, constructors.
  { idea: "a row taken apart", script: "SELECT (c).* FROM customers c", shows: ann },
  { idea: "a column called as a function", script: "SELECT email(c) FROM customers c", shows: ann },
  { idea: "JSON_OBJECT", script: "SELECT JSON_OBJECT('e': email) FROM customers", shows: ann },
  {
    idea: "JSON_ARRAY of a query",
    script: "SELECT JSON_ARRAY(SELECT email FROM customers)",
    shows: ann,
  },
  { idea: "JSON_ARRAYAGG", script: "SELECT JSON_ARRAYAGG(email) FROM customers", shows: ann },
  { idea: "JSON_OBJECTAGG", script: "SELECT JSON_OBJECTAGG(email: id) FROM customers", shows: ann },
  { idea: "JSON_SCALAR", script: "SELECT JSON_SCALAR(email) FROM customers", shows: ann },
  {
    idea: "JSON_VALUE",
    script: "SELECT JSON_VALUE(to_jsonb(c), '$.email') FROM customers c",
    shows: ann,
  },
  {
    idea: "JSON_TABLE",
    script:
      "SELECT t.e FROM customers c, JSON_TABLE(to_jsonb(c), '$' COLUMNS (e text PATH '$.email')) t",
    shows: ann,
  },
  {
    idea: "xmlelement",
    script: "SELECT xmlelement(NAME x, xmlattributes(email AS e)) FROM customers",
    shows: ann,
  },
  {
    idea: "XMLTABLE",
    script:
      "SELECT x.e FROM customers c, XMLTABLE('/r' PASSING xmlelement(NAME r, c.email) COLUMNS e text PATH '.') x",
    shows: ann,
  },
  {
    idea: "ORDER BY … USING",
    script: "SELECT 'first' || ':' || name FROM customers ORDER BY email USING < LIMIT 1",
    shows: "first:Ann",
  },
  {
    idea: "stored in a part of a document",
    script:
      "ALTER TABLE notes ADD COLUMN doc jsonb;\nUPDATE notes SET doc['k'] = to_jsonb(email) FROM customers;\nINSERT INTO notes (doc) SELECT to_jsonb(email) FROM customers;\nSELECT doc FROM notes",
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
  // Prepared statements and cursors of SQL.
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
];

export const tracedThefts: readonly Evasion[] = [
  { idea: "DELETE through a view with a condition", script: "DELETE FROM vault_open" },
  { idea: "DELETE through a view over a view", script: "DELETE FROM vault_open_again" },
  { idea: "UPDATE through a view", script: "UPDATE vault_open SET treasure = 'lead'" },
  {
    idea: "MERGE into a view",
    script: "MERGE INTO vault_open v USING notes n ON false WHEN NOT MATCHED BY SOURCE THEN DELETE",
  },
  {
    idea: "ON CONFLICT through a view",
    script:
      "INSERT INTO vault_open VALUES (1, 'lead') ON CONFLICT (id) DO UPDATE SET treasure = excluded.treasure",
  },
  { idea: "a rule of a view", script: "INSERT INTO vault_trap VALUES (1)" },
  { idea: "a function that deletes", script: "SELECT sweep()" },
  { idea: "a function that deletes in a CTE", script: "SELECT sweep_deep()" },
  { idea: "that function in FROM", script: "SELECT * FROM sweep_deep() s" },
  {
    idea: "EXECUTE of a DELETE by key",
    script: "PREPARE d(int) AS DELETE FROM vault WHERE id = $1;\nEXECUTE d(2)",
  },
  {
    idea: "EXPLAIN ANALYZE EXECUTE of a DELETE",
    script: "PREPARE d AS DELETE FROM vault;\nEXPLAIN ANALYZE EXECUTE d",
  },
  {
    idea: "DELETE WHERE CURRENT OF",
    script:
      "BEGIN;\nDECLARE c CURSOR FOR SELECT * FROM vault;\nFETCH 1 FROM c;\nDELETE FROM vault WHERE CURRENT OF c;\nEND",
  },
];

export const tracedControls: readonly Control[] = [
  {
    what: "other names beside a temporary table",
    script:
      "CREATE TEMP TABLE scratch (a int);\nSELECT id, name FROM customers ORDER BY id;\nSELECT who FROM roster_names ORDER BY no",
  },
  { what: "plain columns of a view", script: "SELECT id, name, city FROM roster ORDER BY id" },
  { what: "a view over a view", script: "SELECT who FROM roster_names ORDER BY no" },
  {
    what: "a view found by a masked column",
    script: `SELECT who FROM roster_names WHERE mail = '${ann}'`,
  },
  {
    what: "a view joined",
    script: "SELECT r.name, o.note FROM roster r JOIN orders o ON o.customer_id = r.id ORDER BY 2",
  },
  { what: "a field of a view's row", script: "SELECT (r).name, r.city FROM roster r ORDER BY 1" },
  { what: "a materialised view", script: "SELECT * FROM cities ORDER BY city" },
  {
    what: "COPY of a materialised view",
    script: "COPY (SELECT * FROM cities ORDER BY 1) TO STDOUT",
  },
  { what: "a recursive view", script: "SELECT id, name FROM bosses ORDER BY id" },
  { what: "a view of partitions", script: "SELECT id, at FROM events_view" },
  { what: "a view counted", script: "SELECT count(*) FROM roster" },
  {
    what: "INSERT, UPDATE and DELETE through a view",
    script:
      "INSERT INTO noted VALUES (900, 'by a view') RETURNING *;\nUPDATE noted SET body = 'changed' WHERE id = 900 RETURNING id, body;\nDELETE FROM noted WHERE id = 900",
  },
  { what: "a view that is not there", script: "SELECT * FROM roster_of_nobody" },
  { what: "a function written in SQL", script: "SELECT name_of(1), name_of(2)" },
  { what: "a function in FROM", script: "SELECT who FROM roster_of('Bonn')" },
  { what: "a function of plain values", script: "SELECT twice(name) FROM customers ORDER BY 1" },
  {
    what: "ROWS FROM",
    script: "SELECT * FROM ROWS FROM (generate_series(1, 3), unnest(ARRAY['a', 'b'])) AS x(i, t)",
  },
  {
    what: "unnest of two arrays",
    script: "SELECT * FROM unnest(ARRAY[1, 2], ARRAY['a', 'b']) AS u(i, t)",
  },
  { what: "a row taken apart", script: "SELECT (o).* FROM orders o ORDER BY 1" },
  {
    what: "SQL/JSON constructors",
    script:
      "SELECT JSON_OBJECT('n': name, 'c': city), JSON_ARRAY(id, name) FROM customers ORDER BY id",
  },
  {
    what: "SQL/JSON aggregates",
    script:
      "SELECT JSON_ARRAYAGG(name ORDER BY id), JSON_OBJECTAGG(id: city) FROM customers WHERE id < 2",
  },
  {
    what: "JSON_TABLE",
    script: `SELECT * FROM JSON_TABLE('[{"a":1},{"a":2}]'::jsonb, '$[*]' COLUMNS (n FOR ORDINALITY, a int PATH '$.a'))`,
  },
  {
    what: "JSON_VALUE",
    script: `SELECT JSON_VALUE('{"a": "b"}'::jsonb, '$.a'), JSON_EXISTS('[1]'::jsonb, '$[0]')`,
  },
  {
    what: "XML",
    script: "SELECT xmlelement(NAME n, xmlattributes(id AS i), name) FROM customers ORDER BY id",
  },
  { what: "ORDER BY … USING", script: "SELECT name FROM customers ORDER BY name USING >" },
  {
    what: "GROUPING SETS",
    script:
      "SELECT city, count(*) FROM customers GROUP BY GROUPING SETS ((city), ()) ORDER BY 1, 2",
  },
  {
    what: "PREPARE, EXECUTE, DEALLOCATE",
    script:
      "PREPARE q(int) AS SELECT name FROM customers WHERE id = $1;\nEXECUTE q(1);\nEXECUTE q(2);\nDEALLOCATE q",
  },
  {
    what: "a prepared write",
    script:
      "PREPARE w(text) AS INSERT INTO notes (id, body) VALUES (901, $1) RETURNING body;\nEXECUTE w('x');\nPREPARE d AS DELETE FROM notes WHERE id = 901;\nEXECUTE d",
  },
  {
    what: "PREPARE in a transaction that is rolled back",
    script: "BEGIN;\nPREPARE q AS SELECT city FROM customers ORDER BY id;\nROLLBACK;\nEXECUTE q",
  },
  {
    what: "a name that is taken",
    script: "PREPARE q AS SELECT 1 AS one;\nPREPARE q AS SELECT 2 AS two;\nEXECUTE q",
  },
  {
    what: "a cursor",
    script:
      "BEGIN;\nDECLARE c SCROLL CURSOR FOR SELECT id, name FROM customers ORDER BY id;\nFETCH 1 FROM c;\nMOVE 1 FROM c;\nFETCH BACKWARD 1 FROM c;\nFETCH ALL FROM c;\nCLOSE c;\nROLLBACK",
  },
  {
    what: "a cursor WITH HOLD",
    script:
      "BEGIN;\nDECLARE h CURSOR WITH HOLD FOR SELECT name FROM customers ORDER BY id;\nCOMMIT;\nFETCH 2 FROM h;\nCLOSE ALL",
  },
  {
    what: "a cursor that its transaction closes",
    script: "BEGIN;\nDECLARE c CURSOR FOR SELECT 1;\nEND;\nFETCH 1 FROM c",
  },
  {
    what: "UPDATE WHERE CURRENT OF",
    script:
      "BEGIN;\nDECLARE c CURSOR FOR SELECT id FROM notes FOR UPDATE;\nFETCH 1 FROM c;\nUPDATE notes SET number = 1 WHERE CURRENT OF c;\nROLLBACK",
  },
  {
    what: "subscripts",
    script:
      "SELECT (ARRAY['a', 'b'])[2], (string_to_array(name, 'n'))[1] FROM customers ORDER BY id",
  },
];
