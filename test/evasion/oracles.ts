import { told, tell, showing, type Leak } from "./case.ts";

/** Questions that are answered without showing a value: by which rows come, how many, in which order. */
export const oracles: readonly Leak[] = [
  {
    idea: "LIKE",
    script: `SELECT ${tell} FROM customers WHERE email LIKE 'canary-a%'`,
    shows: told,
  },
  {
    idea: "a comparison",
    script: `SELECT ${tell} FROM customers WHERE email < 'canary-b'`,
    shows: told,
  },
  {
    idea: "equality under OR",
    script: `SELECT ${tell} FROM customers WHERE email = 'canary-ann@secret.' || 'example' OR false`,
    shows: told,
  },
  {
    idea: "a regular expression",
    script: `SELECT ${tell} FROM customers WHERE email ~ '^canary-a'`,
    shows: told,
  },
  {
    idea: "IS DISTINCT FROM",
    script: `SELECT ${tell} FROM customers WHERE email IS NOT DISTINCT FROM 'canary-ann@secret.' || 'example'`,
    shows: told,
  },
  {
    idea: "BETWEEN",
    script: `SELECT ${tell} FROM customers WHERE email BETWEEN 'canary-a' AND 'canary-b'`,
    shows: told,
  },
  {
    idea: "a join on it",
    script: `SELECT ${tell} FROM customers c JOIN (VALUES ('canary-ann@secret.' || 'example')) v(e) ON v.e = c.email`,
    shows: told,
  },
  {
    idea: "HAVING",
    script: `SELECT ${tell} FROM customers HAVING max(email) LIKE 'canary%'`,
    shows: told,
  },
  {
    idea: "GROUP BY",
    script: `SELECT ${tell}, count(*) FROM customers GROUP BY email, left(email, 8) = 'canary-a'`,
    shows: told,
  },
  {
    idea: "ORDER BY",
    script: "SELECT name || '#' || city FROM customers ORDER BY email DESC LIMIT 1",
    shows: "Cleo#Ulm",
  },
  {
    idea: "DISTINCT ON",
    script:
      "SELECT DISTINCT ON (left(email, 3)) name || '#' || id FROM customers ORDER BY left(email, 3), id",
    shows: "Ann#1",
  },
  {
    idea: "a filtered aggregate",
    script: `SELECT ${tell} || count(*) FILTER (WHERE email LIKE 'canary-a%') FROM customers`,
    shows: `${told}1`,
  },
  {
    idea: "LIMIT by a value",
    script: `SELECT ${tell} FROM customers LIMIT (SELECT count(*) FROM customers WHERE email LIKE 'canary-a%')`,
    shows: told,
  },
  {
    idea: "EXISTS",
    script: `SELECT ${tell} WHERE EXISTS (SELECT FROM customers WHERE email LIKE 'canary-a%')`,
    shows: told,
  },
  {
    idea: "how many rows were changed",
    script: "BEGIN;\nUPDATE customers SET city = city WHERE email LIKE 'canary-a%';\nROLLBACK",
    shows: "UPDATE 1",
  },
  {
    idea: "a lookup in a writing statement",
    script:
      "BEGIN;\nUPDATE notes SET body = body WHERE EXISTS (SELECT FROM customers WHERE left(email, 8) = 'canary-a');\nINSERT INTO notes (body) SELECT 'LEA' || 'KED' FROM customers WHERE email > 'canary-b' RETURNING body;\nROLLBACK",
    shows: told,
  },
  // More of them.
  ...showing([
    ["a boolean column as a condition", "SELECT 'is' || ':' || name FROM pay WHERE vip", "is:Ann"],
    ["its negation", "SELECT 'not' || ':' || name FROM pay WHERE NOT vip", "not:Bob"],
    [
      "a number of rows",
      "SELECT 'rows' || ':' || count(*) FROM (SELECT FROM generate_series(1, 5000) LIMIT (SELECT salary FROM pay WHERE id = 1)) s",
      "rows:4321",
    ],
    [
      "how many are skipped",
      "SELECT 'rows' || ':' || count(*) FROM (SELECT FROM generate_series(1, 5000) OFFSET (SELECT salary FROM pay WHERE id = 1)) s",
      "rows:679",
    ],
    [
      "rows made of an array",
      "SELECT 'rows' || ':' || count(*) FROM pay, unnest(tags) WHERE id = 1",
      "rows:3",
    ],
    [
      "rows made of a number",
      "SELECT 'rows' || ':' || count(*) FROM pay, generate_series(1, salary) WHERE id = 1",
      "rows:4321",
    ],
    [
      "rows made of a text",
      "SELECT 'rows' || ':' || count(*) FROM customers, regexp_split_to_table(email, '') WHERE id = 1",
      "rows:25",
    ],
    [
      "rows made of a document",
      "SELECT 'rows' || ':' || count(*) FROM pay, JSON_TABLE(doc, '$.n[*]' COLUMNS (i integer PATH '$')) WHERE id = 1",
      "rows:3",
    ],
    [
      "rows in the select list",
      "SELECT 'rows' || ':' || count(*) FROM (SELECT unnest(tags) FROM pay WHERE id = 1) s",
      "rows:3",
    ],
    ["a filter by a boolean", "SELECT 'n' || ':' || count(*) FILTER (WHERE vip) FROM pay", "n:1"],
    [
      "an aggregate's order",
      "SELECT 'by' || ':' || string_agg(name, ',' ORDER BY salary) FROM pay",
      "by:Bob,Ann",
    ],
    [
      "how many different ones",
      "SELECT 'n' || ':' || count(*) FROM (SELECT DISTINCT code FROM teams) s",
      "n:2",
    ],
    [
      "how many groups",
      "SELECT 'n' || ':' || count(*) FROM (SELECT FROM teams GROUP BY code) s",
      "n:2",
    ],
    [
      "which are grouped together",
      "SELECT 'with' || ':' || string_agg(id::text, ',') FROM teams GROUP BY code HAVING count(*) > 1",
      "with:1,2",
    ],
    [
      "GROUPING SETS",
      "SELECT 'n' || ':' || count(*) FROM (SELECT FROM teams GROUP BY GROUPING SETS ((code), (id))) s",
      "n:5",
    ],
    [
      "UNION drops what is double",
      "SELECT 'n' || ':' || count(*) FROM (SELECT code FROM teams UNION SELECT code FROM teams) s",
      "n:2",
    ],
    [
      "EXCEPT finds one",
      "SELECT 'n' || ':' || count(*) FROM (SELECT code FROM teams WHERE id = 3 EXCEPT SELECT 'canary-' || 'else') s",
      "n:0",
    ],
    [
      "a window's order",
      "SELECT 'first' || ':' || first_value(name) OVER (ORDER BY salary) FROM pay LIMIT 1",
      "first:Bob",
    ],
    [
      "a window's parts",
      "SELECT 'with' || ':' || count(*) OVER (PARTITION BY code) FROM teams ORDER BY id LIMIT 1",
      "with:2",
    ],
    [
      "a named window's order",
      "SELECT 'first' || ':' || first_value(name) OVER w FROM pay WINDOW w AS (ORDER BY salary) LIMIT 1",
      "first:Bob",
    ],
    [
      "a window built on another",
      "SELECT 'n' || ':' || count(*) OVER (w ORDER BY id) FROM teams WINDOW w AS (PARTITION BY code) ORDER BY 1 DESC LIMIT 1",
      "n:2",
    ],
    [
      "a frame by distance",
      "SELECT 'n' || ':' || count(*) OVER (ORDER BY salary RANGE BETWEEN 4000 PRECEDING AND CURRENT ROW) FROM pay ORDER BY 1 DESC LIMIT 1",
      "n:2",
    ],
    [
      "a rank among others",
      "SELECT 'rank' || ':' || rank(2000) WITHIN GROUP (ORDER BY salary) FROM pay",
      "rank:2",
    ],
    [
      "FETCH FIRST … WITH TIES",
      "SELECT 'tie' || ':' || id FROM teams ORDER BY code DESC FETCH FIRST 1 ROW WITH TIES",
      "tie:2",
    ],
    [
      "ORDER BY an expression over it",
      "SELECT 'first' || ':' || name FROM pay ORDER BY salary + 0 LIMIT 1",
      "first:Bob",
    ],
    [
      "ORDER BY a position",
      "SELECT 'first' || ':' || name FROM (SELECT salary, name FROM pay ORDER BY 1 LIMIT 1) s",
      "first:Bob",
    ],
    [
      "a row comparison",
      "SELECT 'is' || ':' || name FROM pay WHERE (salary, id) > (4000, 0)",
      "is:Ann",
    ],
    [
      "a row that is looked for",
      "SELECT 'is' || ':' || name FROM customers WHERE (id, email) = (1, 'canary-ann@secret.' || 'example')",
      "is:Ann",
    ],
    [
      "= ALL",
      `SELECT ${tell} FROM customers WHERE email = ALL (ARRAY['canary-ann@secret.' || 'example'])`,
      told,
    ],
    [
      "= ANY of an expression",
      `SELECT ${tell} FROM customers WHERE email = ANY (string_to_array('x,canary-ann@secret.' || 'example', ','))`,
      told,
    ],
    [
      "IN a subquery",
      `SELECT ${tell} FROM customers WHERE email IN (SELECT 'canary-ann@secret.' || 'example')`,
      told,
    ],
    ["NOT IN", `SELECT ${tell} FROM customers WHERE email NOT IN ('x')`, told],
    [
      "a subquery compared",
      `SELECT ${tell} WHERE (SELECT salary FROM pay WHERE id = 1) > 4000`,
      told,
    ],
    [
      "an outer column's lookup",
      `SELECT ${tell} FROM pay p WHERE EXISTS (SELECT WHERE p.salary = 4321)`,
      told,
    ],
    ["another type's equality", `SELECT ${tell} FROM pay WHERE salary = 4321.0`, told],
    [
      "another collation's equality",
      `SELECT ${tell} FROM customers WHERE email COLLATE "C" = 'canary-ann@secret.' || 'example'`,
      told,
    ],
    ["SIMILAR TO", `SELECT ${tell} FROM customers WHERE email SIMILAR TO 'canary-a%'`, told],
    ["ILIKE ANY", `SELECT ${tell} FROM customers WHERE email ILIKE ANY (ARRAY['CANARY-A%'])`, told],
    ["starts with", `SELECT ${tell} FROM customers WHERE email ^@ 'canary-a'`, told],
    [
      "a text search",
      `SELECT ${tell} FROM pay WHERE to_tsvector('simple', code) @@ 'canary'`,
      told,
    ],
    [
      "what an array contains",
      `SELECT ${tell} FROM pay WHERE '{b}' <@ tags AND tags && ARRAY['c', 'z']`,
      told,
    ],
    ["what a document contains", `SELECT ${tell} FROM pay WHERE doc @> '{"n": [2]}'`, told],
    ["a key of a document", `SELECT ${tell} FROM pay WHERE doc ? 'k'`, told],
    [
      "a document's path",
      `SELECT ${tell} FROM pay WHERE doc @? '$.k ? (@ like_regex "^canary-d")'`,
      told,
    ],
    ["JSON_EXISTS", `SELECT ${tell} FROM pay WHERE JSON_EXISTS(doc, '$.n[2]')`, told],
    ["IS NULL", "SELECT 'null' || ':' || name FROM pay WHERE code IS NULL", "null:Bob"],
    [
      "IS UNKNOWN",
      "SELECT 'known' || ':' || name FROM pay WHERE (code = 'x') IS NOT UNKNOWN",
      "known:Ann",
    ],
    [
      "a CASE as condition",
      "SELECT 'is' || ':' || name FROM pay WHERE CASE WHEN vip THEN true END",
      "is:Ann",
    ],
    [
      "COALESCE as condition",
      "SELECT 'is' || ':' || name FROM pay WHERE COALESCE(vip, false)",
      "is:Ann",
    ],
    [
      "LEAST as condition",
      "SELECT 'is' || ':' || name FROM pay WHERE LEAST(salary, 4000) = 4000",
      "is:Ann",
    ],
    [
      "a join's ON with a boolean",
      "SELECT 'is' || ':' || p.name FROM pay p JOIN orders o ON p.vip LIMIT 1",
      "is:Ann",
    ],
    [
      "an outer join that shows what matched",
      "SELECT 'match' || ':' || count(v.e) FROM customers c LEFT JOIN (VALUES ('canary-bob@secret.' || 'example')) v (e) ON v.e = c.email",
      "match:1",
    ],
    [
      "NATURAL JOIN as a guess",
      "SELECT 'match' || ':' || count(*) FROM teams NATURAL JOIN (SELECT 'canary-' || 'else' AS code) g",
      "match:1",
    ],
    [
      "USING as a guess",
      "SELECT 'match' || ':' || count(*) FROM teams JOIN (SELECT 'canary-' || 'else' AS code) g USING (code)",
      "match:1",
    ],
    [
      "a recursive query that stops at it",
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < (SELECT salary FROM pay WHERE id = 2)) SELECT 'n' || ':' || max(i) FROM n",
      "n:1234",
    ],
    [
      "a sample by its value",
      "SELECT count(*) FROM notes TABLESAMPLE bernoulli ((SELECT salary FROM pay WHERE id = 1))",
      "sample percentage",
    ],
    [
      "how many rows an extension's method samples",
      "SELECT 'rows' || ':' || count(*) FROM teams TABLESAMPLE system_rows ((SELECT length(code) - 10 FROM badges))",
      "rows:2",
    ],
    [
      "UPDATE … FROM tells which rows",
      "INSERT INTO notes (body) VALUES ('x');\nUPDATE notes SET number = 1 FROM pay WHERE vip AND pay.id = 2",
      "UPDATE 0",
    ],
    [
      "DELETE … USING",
      "INSERT INTO notes (body) VALUES ('x');\nDELETE FROM notes USING pay WHERE vip AND pay.id = 1",
      "DELETE 1",
    ],
    [
      "a WHEN of MERGE",
      "INSERT INTO notes (id, body) VALUES (1, 'x');\nMERGE INTO notes n USING pay p ON n.id = p.id WHEN MATCHED AND p.vip THEN UPDATE SET body = 'y'",
      "MERGE 1",
    ],
    [
      "MERGE's join",
      "MERGE INTO notes n USING pay p ON p.vip WHEN NOT MATCHED THEN INSERT (body) VALUES ('x')",
      "MERGE 2",
    ],
    [
      "ON CONFLICT with an index's expression",
      "INSERT INTO pay (id, code) VALUES (9, 'CANARY-' || 'CODE') ON CONFLICT DO NOTHING",
      "INSERT 0 0",
    ],
    [
      "ON CONFLICT by that expression",
      "INSERT INTO pay (id, code) VALUES (9, 'CANARY-' || 'CODE') ON CONFLICT (lower(code)) DO NOTHING",
      "INSERT 0 0",
    ],
    [
      "ON CONFLICT … WHERE",
      "INSERT INTO pay (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET name = 'x' WHERE pay.vip",
      "INSERT 0 1",
    ],
    ["where a range would overlap", "INSERT INTO spans VALUES (9, int4range(1, 2))", "INSERT 0 1"],
    [
      "a range that is moved",
      "INSERT INTO spans (id) VALUES (9);\nUPDATE spans SET span = int4range(1, 2) WHERE id = 9",
      "UPDATE 1",
    ],
    [
      "a unique index over a part of it",
      "INSERT INTO passes (id, code) VALUES (9, 'nobody' || '!')",
      "INSERT 0 1",
    ],
    [
      "a unique index with a condition over it",
      "INSERT INTO passes (id, room) VALUES (9, 2)",
      "INSERT 0 1",
    ],
    ["a range that comes by COPY", "COPY spans FROM STDIN;\n9\t[1,2)\n\\.", "COPY 1"],
    [
      "a unique index of a partition's own",
      "INSERT INTO shelves (place, code) VALUES (1, 'nobody' || '!')",
      "INSERT 0 1",
    ],
    [
      "a partition that numbers its columns otherwise",
      "UPDATE shelves SET code = 'nobody' || '!' WHERE place = 1",
      "UPDATE 1",
    ],
    [
      "a check that rows from before it may break",
      "UPDATE exams SET note = 'x' WHERE id = 1",
      "UPDATE 1",
    ],
    ["where a row would collide", "UPDATE teams SET team = 2 WHERE id = 1", "canary-same"],
    ["a check between it and what is set", "UPDATE pay SET cap = 4321 WHERE id = 1", "UPDATE 1"],
    [
      "a held cursor over a condition",
      "BEGIN;\nDECLARE c CURSOR WITH HOLD FOR SELECT 'is' || ':' || name FROM pay WHERE vip;\nCOMMIT;\nFETCH ALL FROM c",
      "is:Ann",
    ],
    [
      "COPY of a condition",
      "COPY (SELECT 'is' || ':' || name FROM pay WHERE vip) TO STDOUT",
      "is:Ann",
    ],
    [
      "a prepared condition",
      "PREPARE p(integer) AS SELECT 'is' || ':' || name FROM pay WHERE salary > $1;\nEXECUTE p(4000)",
      "is:Ann",
    ],
    [
      "INTERSECT ALL counts doubles, and compares",
      `SELECT ${tell} FROM (VALUES ('canary-ann@secret.' || 'example') INTERSECT ALL SELECT email FROM customers) s`,
      told,
    ],
    [
      "EXCEPT ALL leaves what is not there",
      "SELECT 'left' || ':' || count(*) FROM (SELECT code FROM teams WHERE id < 3 EXCEPT ALL SELECT 'canary-' || 'same') s",
      "left:1",
    ],
    ["a function's condition", "SELECT 'is' || ':' || name_of(id) FROM pay WHERE vip", "is:Ann"],
  ]),
];
