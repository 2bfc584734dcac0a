import { ann, working, type Control } from "./case.ts";

/** What would be masked or refused if the analyser called it opaque. */
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
    what: "a unique index over a column in lower case tells no more than a lookup",
    script:
      "INSERT INTO folded VALUES (9, 'X', 'y');\nUPDATE folded SET code = 'z' WHERE id = 9;\nDELETE FROM folded WHERE id = 9",
  },
  {
    what: "changes beside what an exclusion and a new check look at",
    script:
      "UPDATE spans SET id = 2 WHERE id = 1 RETURNING id;\nUPDATE spans SET id = 1;\nINSERT INTO exams VALUES (9, 7, 'n') RETURNING note;\nDELETE FROM exams WHERE id = 9",
  },
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
    what: "an element of XML",
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
  ...working([
    ["a view with a condition of one's own", "SELECT name FROM roster WHERE city = 'Bonn'"],
    ["a view in a subquery", "SELECT count(*) FROM (SELECT who FROM roster_names WHERE no > 1) s"],
    ["a view counted by groups", "SELECT city, count(*) FROM roster GROUP BY city ORDER BY city"],
    ["a row of a view that shows nothing", "SELECT n FROM noted n"],
    ["a function over rows", "SELECT id, name_of(customer_id) FROM orders ORDER BY id"],
    ["a function in WHERE", "SELECT id FROM orders WHERE name_of(customer_id) = 'Ann'"],
    [
      "a function joined laterally",
      "SELECT o.id, r.who FROM orders o, LATERAL roster_of('Bonn') r ORDER BY 1",
    ],
    ["a plan of a view", "EXPLAIN (COSTS OFF) SELECT word FROM (SELECT body AS word FROM noted) s"],
    [
      "a recursive query over managers",
      "WITH RECURSIVE up AS (SELECT id, name, manager FROM customers WHERE id = 3 UNION ALL SELECT c.id, c.name, c.manager FROM customers c JOIN up ON c.id = up.manager) SELECT name FROM up ORDER BY 1",
    ],
    [
      "EXPLAIN EXECUTE",
      "PREPARE e(integer) AS SELECT note FROM orders WHERE id = $1;\nEXPLAIN (COSTS OFF) EXECUTE e(10)",
    ],
    [
      "CREATE TABLE AS EXECUTE",
      "PREPARE e AS SELECT id FROM orders;\nCREATE TABLE executed AS EXECUTE e;\nSELECT count(*) FROM executed;\nDROP TABLE executed",
    ],
    [
      "a cursor over a join",
      "BEGIN;\nDECLARE c CURSOR FOR SELECT c.name, o.note FROM customers c JOIN orders o ON o.customer_id = c.id ORDER BY 2;\nFETCH 1 FROM c;\nFETCH 5 FROM c;\nEND",
    ],
    ["a cursor that is not there", "FETCH 1 FROM nobody"],
    ["a prepared statement that is not there", "EXECUTE nobody;\nDEALLOCATE nobody"],
    ["a prepared statement that is gone", "PREPARE g AS SELECT 1;\nDEALLOCATE g;\nEXECUTE g"],
    [
      "a cursor that was closed",
      "BEGIN;\nDECLARE g CURSOR FOR SELECT 1;\nCLOSE g;\nFETCH 1 FROM g;\nROLLBACK",
    ],
    [
      "XMLTABLE",
      "SELECT * FROM XMLTABLE('/r/a' PASSING ('<r><a>1</a><a>2</a></r>'::xml) COLUMNS n integer PATH '.')",
    ],
    ["JSON_ARRAY of a query", "SELECT JSON_ARRAY(SELECT name FROM customers ORDER BY id)"],
    [
      "JSON_QUERY and JSON_EXISTS",
      `SELECT JSON_QUERY('{"a": [1]}'::jsonb, '$.a'), JSON_EXISTS('{"a": 1}'::jsonb, '$.b')`,
    ],
  ]),
];
