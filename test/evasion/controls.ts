import { ann, working, type Control } from "./case.ts";

/** What must keep working, byte for byte. */
export const controls: readonly Control[] = [
  { what: "plain columns", script: "SELECT id, name, city FROM customers ORDER BY id" },
  {
    what: "a join over plain columns",
    script:
      "SELECT c.name, o.note FROM customers c JOIN orders o ON o.customer_id = c.id ORDER BY 2",
  },
  {
    what: "a lookup by a masked column",
    script: `SELECT id, name FROM customers WHERE email = '${ann}'`,
  },
  {
    what: "a lookup by a list",
    script: `SELECT id FROM customers WHERE email IN ('${ann}', 'x') AND city = 'Berlin'`,
  },
  {
    what: "a grouping",
    script: "SELECT city, count(*), sum(balance) FROM customers GROUP BY city ORDER BY city",
  },
  {
    what: "a window",
    script: "SELECT id, row_number() OVER (ORDER BY id) FROM customers ORDER BY 1",
  },
  {
    what: "a CTE",
    script: "WITH x AS (SELECT id FROM customers WHERE balance > 5) SELECT count(*) FROM x",
  },
  {
    what: "a recursive CTE",
    script:
      "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT sum(n) FROM r",
  },
  {
    what: "a union",
    script: "SELECT name FROM customers UNION SELECT note FROM orders ORDER BY 1",
  },
  {
    what: "insert, update, delete with RETURNING",
    script:
      "BEGIN;\nINSERT INTO notes (id, body) VALUES (500, 'a') RETURNING id;\nUPDATE notes SET body = 'b' WHERE id = 500 RETURNING body;\nDELETE FROM notes WHERE id = 500 RETURNING id, body;\nROLLBACK",
  },
  {
    what: "a write to the table that has masked columns",
    script: "BEGIN;\nUPDATE customers SET city = 'Köln' WHERE id = 1 RETURNING id, city;\nROLLBACK",
  },
  {
    what: "an upsert",
    script:
      "BEGIN;\nINSERT INTO notes (id, body) VALUES (1000, 'a') ON CONFLICT (id) DO UPDATE SET body = excluded.body RETURNING body;\nROLLBACK",
  },
  {
    what: "COPY out and in",
    script:
      "COPY orders TO STDOUT;\nBEGIN;\nCOPY orders FROM STDIN;\n12\t1\tthird\n\\.\nSELECT count(*) FROM orders;\nROLLBACK",
  },
  {
    what: "DDL and what it made",
    script:
      "CREATE TABLE made (a integer, b text);\nINSERT INTO made VALUES (1, 'x');\nSELECT * FROM made;\nDROP TABLE made",
  },
  {
    what: "a transaction that fails and goes on",
    script: "BEGIN;\nSAVEPOINT s;\nSELECT 1 / 0;\nSELECT 1;\nROLLBACK TO s;\nSELECT 2;\nCOMMIT",
  },
  {
    what: "settings",
    script:
      "SET statement_timeout = '5s';\nSHOW statement_timeout;\nSET search_path = other, public;\nSHOW search_path;\nSELECT count(*) FROM customers",
  },
  {
    what: "expressions and types",
    script:
      "SELECT 1 + 1, 'a' || 'b', now() IS NOT NULL, '2026-01-01'::date + 1, ARRAY[1, 2], '{\"a\": 1}'::jsonb -> 'a', NULL::text",
  },
  { what: "EXPLAIN", script: "EXPLAIN (COSTS OFF) SELECT id FROM customers WHERE id = 1" },
  {
    what: "errors of one's own making",
    script: "SELECT nosuch FROM customers;\nSELEC 1;\nSELECT 'x'::integer",
  },
  {
    what: "the catalog",
    script: "SELECT relname FROM pg_class WHERE relname = 'orders';\n\\d orders",
  },
  {
    what: "several statements in one",
    script: "SELECT 1\\; SELECT 2\\; SELECT id FROM orders ORDER BY id",
  },
  { what: "an empty statement", script: ";" },
  ...working([
    [
      "an alias for everything",
      "SELECT c.name AS n, o.note AS t FROM customers AS c JOIN orders AS o ON c.id = o.customer_id ORDER BY n",
    ],
    ["a column list in an alias", "SELECT a, b FROM orders AS o (a, b, c) ORDER BY a"],
    [
      "a left join",
      "SELECT c.name, o.note FROM customers c LEFT JOIN orders o ON o.customer_id = c.id ORDER BY 1",
    ],
    ["a full join", "SELECT o.id, n.id FROM orders o FULL JOIN notes n ON n.id = o.id ORDER BY 1"],
    ["a cross join", "SELECT count(*) FROM customers, orders"],
    [
      "a self join",
      "SELECT a.name, b.name FROM customers a JOIN customers b ON a.manager = b.id ORDER BY 1, 2",
    ],
    [
      "USING",
      "SELECT id, name FROM customers JOIN (VALUES (1), (2)) v (id) USING (id) ORDER BY id",
    ],
    ["a natural join", "SELECT name FROM customers NATURAL JOIN (SELECT 2 AS id) x"],
    [
      "LATERAL",
      "SELECT c.name, l.n FROM customers c, LATERAL (SELECT count(*) AS n FROM orders o WHERE o.customer_id = c.id) l ORDER BY 1",
    ],
    [
      "a correlated subquery",
      "SELECT name, (SELECT max(note) FROM orders o WHERE o.customer_id = c.id) FROM customers c ORDER BY 1",
    ],
    [
      "EXISTS",
      "SELECT name FROM customers c WHERE EXISTS (SELECT FROM orders o WHERE o.customer_id = c.id) ORDER BY 1",
    ],
    [
      "IN a subquery",
      "SELECT name FROM customers WHERE id IN (SELECT customer_id FROM orders) ORDER BY 1",
    ],
    ["= ANY of an array", "SELECT name FROM customers WHERE id = ANY (ARRAY[1, 3]) ORDER BY 1"],
    [
      "= ALL of a subquery",
      "SELECT name FROM customers WHERE balance >= ALL (SELECT balance FROM customers)",
    ],
    ["BETWEEN", "SELECT name FROM customers WHERE balance BETWEEN 6 AND 8"],
    [
      "LIKE, ILIKE and a regular expression",
      "SELECT name LIKE 'A%', name ILIKE 'b%', name ~ 'l' FROM customers ORDER BY id",
    ],
    ["SIMILAR TO", "SELECT name FROM customers WHERE name SIMILAR TO '(Ann|Bob)' ORDER BY 1"],
    ["IS DISTINCT FROM", "SELECT name FROM customers WHERE manager IS DISTINCT FROM 1"],
    ["IS NULL", "SELECT name FROM customers WHERE manager IS NULL"],
    ["AND, OR, NOT", "SELECT name FROM customers WHERE NOT (city = 'Bonn' OR balance > 8)"],
    [
      "CASE",
      "SELECT CASE WHEN balance > 6 THEN 'rich' WHEN balance > 4 THEN 'fine' ELSE 'poor' END FROM customers ORDER BY id",
    ],
    [
      "CASE of a value",
      "SELECT CASE city WHEN 'Bonn' THEN 1 ELSE 2 END FROM customers ORDER BY id",
    ],
    [
      "COALESCE and NULLIF",
      "SELECT COALESCE(manager, 0), NULLIF(city, 'Ulm') FROM customers ORDER BY id",
    ],
    [
      "GREATEST and LEAST",
      "SELECT GREATEST(balance, 6), LEAST(balance, 6) FROM customers ORDER BY id",
    ],
    ["DISTINCT", "SELECT DISTINCT manager FROM customers ORDER BY 1"],
    [
      "DISTINCT ON",
      "SELECT DISTINCT ON (manager) manager, name FROM customers ORDER BY manager, id",
    ],
    ["HAVING", "SELECT manager, count(*) FROM customers GROUP BY manager HAVING count(*) > 1"],
    [
      "CUBE",
      "SELECT city, manager, count(*) FROM customers GROUP BY CUBE (city, manager) ORDER BY 1, 2, 3",
    ],
    [
      "ROLLUP with GROUPING",
      "SELECT city, GROUPING(city), sum(balance) FROM customers GROUP BY ROLLUP (city) ORDER BY 2, 1",
    ],
    ["LIMIT and OFFSET", "SELECT name FROM customers ORDER BY id LIMIT 1 OFFSET 1"],
    ["WITH TIES", "SELECT name FROM customers ORDER BY manager FETCH FIRST 1 ROW WITH TIES"],
    ["NULLS FIRST", "SELECT name FROM customers ORDER BY manager NULLS FIRST, id DESC"],
    [
      "UNION ALL, INTERSECT, EXCEPT",
      "SELECT id FROM customers UNION ALL SELECT id FROM orders INTERSECT SELECT 10 EXCEPT SELECT 3 ORDER BY 1",
    ],
    ["VALUES", "VALUES (1, 'a'), (2, 'b')"],
    [
      "VALUES of a row taken apart",
      "SELECT v.* FROM notes n CROSS JOIN LATERAL (VALUES (n.*, n.id), ((n).*, 0)) v ORDER BY 1, 3",
    ],
    ["TABLE", "TABLE orders"],
    [
      "aggregates",
      "SELECT count(*), count(manager), sum(balance), avg(balance), min(name), max(city), bool_and(balance > 0) FROM customers",
    ],
    [
      "aggregates with FILTER and ORDER",
      "SELECT string_agg(name, ',' ORDER BY id DESC), count(*) FILTER (WHERE balance > 5) FROM customers",
    ],
    [
      "ordered-set aggregates",
      "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY balance), mode() WITHIN GROUP (ORDER BY city) FROM customers",
    ],
    ["a hypothetical rank", "SELECT rank(6) WITHIN GROUP (ORDER BY balance) FROM customers"],
    [
      "statistics",
      "SELECT stddev(balance), corr(balance, id), regr_slope(balance, id) FROM customers",
    ],
    [
      "windows",
      "SELECT name, rank() OVER w, lag(name) OVER w, sum(balance) OVER (ORDER BY id ROWS 1 PRECEDING) FROM customers WINDOW w AS (ORDER BY balance) ORDER BY id",
    ],
    [
      "a frame with EXCLUDE",
      "SELECT sum(balance) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING EXCLUDE CURRENT ROW) FROM customers ORDER BY 1",
    ],
    [
      "arrays",
      "SELECT ARRAY[id, balance], array_agg(name) OVER (), array_length(ARRAY[[1, 2], [3, 4]], 1) FROM customers ORDER BY id LIMIT 1",
    ],
    [
      "array operators",
      "SELECT ARRAY[1, 2] || 3, ARRAY[1, 2] @> ARRAY[2], 2 = ANY (ARRAY[1, 2]), array_position(ARRAY['a', 'b'], 'b')",
    ],
    [
      "ranges",
      "SELECT int4range(1, 5) @> 3, '[2026-01-01,2026-02-01)'::daterange * daterange('2026-01-15', NULL)",
    ],
    [
      "JSON operators",
      `SELECT '{"a": {"b": [1, 2]}}'::jsonb #> '{a,b,1}', '{"a": 1}'::json ->> 'a', '{"a": 1}'::jsonb ? 'a'`,
    ],
    [
      "JSON functions",
      `SELECT jsonb_build_object('n', name), to_json(city), jsonb_typeof('[]') FROM customers ORDER BY id`,
    ],
    ["JSON taken apart", `SELECT * FROM jsonb_each('{"a": 1, "b": 2}') ORDER BY 1`],
    [
      "a record of JSON",
      `SELECT * FROM json_to_record('{"a": 1, "b": "x"}') AS x (a integer, b text)`,
    ],
    ["a JSON path", `SELECT jsonb_path_query('[1, 2, 3]', '$[*] ? (@ > 1)')`],
    [
      "text functions",
      "SELECT upper(name), left(name, 1), replace(name, 'n', 'm'), lpad(name, 5, '.'), split_part('a,b', ',', 2) FROM customers ORDER BY id",
    ],
    [
      "regular expressions",
      "SELECT regexp_replace(name, '[aeiou]', '*', 'g'), regexp_matches(name, '(.)o') FROM customers ORDER BY id",
    ],
    [
      "format",
      "SELECT format('%s of %I: %L', name, city, note) FROM customers c JOIN orders o ON o.customer_id = c.id ORDER BY 1",
    ],
    [
      "dates",
      "SELECT date_trunc('month', '2026-05-05'::date), extract(dow FROM DATE '2026-05-05'), age('2026-05-05', '2025-05-05'), make_date(2026, 1, 2)",
    ],
    [
      "intervals and zones",
      "SELECT '2026-01-01 12:00+00'::timestamptz AT TIME ZONE 'UTC', interval '1 day' * 2, justify_hours(interval '30 hours')",
    ],
    [
      "numbers",
      "SELECT round(2.567, 2), 7 / 2, 7 % 2, 2 ^ 10, abs(-3), width_bucket(5, 0, 10, 5), to_char(1234.5, 'FM9,999.0')",
    ],
    [
      "bits and bytes",
      "SELECT B'101' & B'110', '\\x01ff'::bytea, encode('abc', 'base64'), md5('x'), sha256('x')",
    ],
    [
      "casts",
      "SELECT '1'::integer, 1::text, 'true'::boolean, '2026-01-01'::date, CAST('1.5' AS numeric(3, 1)), 5::bit(4)",
    ],
    [
      "text search",
      "SELECT to_tsvector('simple', 'a b'), to_tsquery('simple', 'a & b') @@ to_tsvector('simple', 'b a'), ts_rank(to_tsvector('a'), to_tsquery('a'))",
    ],
    [
      "XML",
      "SELECT xmlelement(NAME a, 'b'), xpath('/a/text()', '<a>b</a>'::xml), '<a/>'::xml IS DOCUMENT",
    ],
    [
      "network addresses",
      "SELECT '10.0.0.1'::inet << '10.0.0.0/8', host('10.0.0.1/8'), network('10.0.0.1/8')",
    ],
    ["geometry", "SELECT point(1, 2) <-> point(4, 6), area(box '((0,0),(2,2))')"],
    ["a collation", `SELECT name FROM customers ORDER BY name COLLATE "C"`],
    ["set-returning functions", "SELECT generate_series(1, 3), unnest(ARRAY['a', 'b'])"],
    ["WITH ORDINALITY", "SELECT * FROM unnest(ARRAY['a', 'b']) WITH ORDINALITY AS u (x, n)"],
    [
      "generate_series of dates",
      "SELECT d::date FROM generate_series('2026-01-01'::date, '2026-01-03', '1 day') d",
    ],
    ["TABLESAMPLE", "SELECT count(*) FROM orders TABLESAMPLE bernoulli (100)"],
    ["system columns", "SELECT tableoid::regclass, ctid FROM orders ORDER BY id"],
    ["a row", "SELECT ROW(1, 'x'), (ROW(1, 2)) = (ROW(1, 2)), o FROM orders o ORDER BY id"],
    ["row comparisons", "SELECT id FROM orders WHERE (id, note) > (10, 'a') ORDER BY id"],
    [
      "row locks",
      "BEGIN;\nSELECT id FROM orders ORDER BY id FOR UPDATE SKIP LOCKED;\nSELECT id FROM notes FOR SHARE;\nROLLBACK",
    ],
    [
      "a sequence",
      "CREATE SEQUENCE counted START 5;\nSELECT nextval('counted'), currval('counted');\nDROP SEQUENCE counted",
    ],
    ["quoted identifiers and escapes", `SELECT 1 AS "Ä b", U&"\\0061" FROM (SELECT 2 AS a) x`],
    [
      "literals of all kinds",
      "SELECT 'it''s', E'a\\tb', $$a'b$$, $x$ $$ $x$, U&'\\0041', 0x1F, 1_000, 1e3",
    ],
    ["comments", "SELECT 1 /* one /* two */ */ + 1 -- three"],
    ["operators by name", "SELECT 1 OPERATOR(pg_catalog.+) 2, - 3, @ -5"],
    [
      "a big statement",
      `SELECT ${Array.from({ length: 400 }, (_, at) => `${at} AS c${at}`).join(", ")}`,
    ],
    ["a deep statement", `SELECT ${"(".repeat(200)}1${")".repeat(200)}`],
    [
      "facts of the session",
      "SELECT current_schema, pg_typeof(1), version() IS NOT NULL, current_setting('server_version_num')::integer > 150000",
    ],
    [
      "privileges",
      "SELECT has_table_privilege('orders', 'SELECT'), pg_table_is_visible('orders'::regclass)",
    ],
    [
      "names as oids",
      "SELECT 'orders'::regclass, to_regclass('nosuch'), 'now'::regproc, 'integer'::regtype",
    ],
    [
      "the information schema",
      "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'orders' ORDER BY ordinal_position",
    ],
    ["what psql asks", "\\dt\n\\dv\n\\df name_of\n\\d customers\n\\dn\n\\di"],
    [
      "descriptions of objects",
      "SELECT pg_get_viewdef('noted'::regclass), pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'pay_cap'",
    ],
    [
      "INSERT of several rows",
      "BEGIN;\nINSERT INTO notes (id, body) VALUES (601, 'a'), (602, DEFAULT) RETURNING *;\nROLLBACK",
    ],
    [
      "INSERT from a query",
      "BEGIN;\nINSERT INTO notes (id, body) SELECT id + 700, note FROM orders RETURNING id, body;\nROLLBACK",
    ],
    ["INSERT of defaults", "BEGIN;\nINSERT INTO orders DEFAULT VALUES;\nROLLBACK"],
    [
      "UPDATE by a join",
      "BEGIN;\nUPDATE orders o SET note = c.name FROM customers c WHERE c.id = o.customer_id RETURNING o.id, o.note;\nROLLBACK",
    ],
    [
      "UPDATE of several columns",
      "BEGIN;\nUPDATE orders SET (note, customer_id) = ('x', 1) WHERE id = 10 RETURNING *;\nROLLBACK",
    ],
    [
      "DELETE by a join",
      "BEGIN;\nDELETE FROM orders USING customers c WHERE c.id = customer_id AND c.name = 'Ann' RETURNING orders.id;\nROLLBACK",
    ],
    [
      "writes in a CTE",
      "BEGIN;\nWITH d AS (DELETE FROM orders RETURNING id, note) INSERT INTO notes (id, body) SELECT id + 800, note FROM d RETURNING id;\nROLLBACK",
    ],
    [
      "MERGE",
      "BEGIN;\nMERGE INTO notes n USING orders o ON n.id = o.id WHEN NOT MATCHED THEN INSERT (id, body) VALUES (o.id, o.note) WHEN MATCHED THEN DO NOTHING;\nROLLBACK",
    ],
    [
      "ON CONFLICT DO NOTHING",
      "BEGIN;\nINSERT INTO orders VALUES (10, 1, 'again') ON CONFLICT DO NOTHING;\nROLLBACK",
    ],
    [
      "a masked column is written",
      "BEGIN;\nINSERT INTO customers (id, name, email) VALUES (50, 'New', 'new@x.example') RETURNING id, name;\nUPDATE customers SET email = 'other@x.example' WHERE id = 50;\nDELETE FROM customers WHERE id = 50;\nROLLBACK",
    ],
    [
      "a lookup in UPDATE and DELETE",
      `BEGIN;\nUPDATE customers SET city = 'Rom' WHERE email = '${ann}' RETURNING id;\nDELETE FROM orders USING customers c WHERE c.id = customer_id AND c.email = '${ann}';\nROLLBACK`,
    ],
    [
      "a lookup by a number and by a date",
      "SELECT name FROM pay WHERE salary = 4321;\nSELECT name FROM pay WHERE hired = '2001-02-03'",
    ],
    [
      "a lookup through a join's ON",
      `SELECT o.note FROM orders o JOIN customers c ON c.id = o.customer_id AND c.email = '${ann}'`,
    ],
    ["a plan of a lookup", `EXPLAIN (COSTS OFF) SELECT id FROM customers WHERE email = '${ann}'`],
    [
      "a plan that runs",
      "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) SELECT id FROM orders",
    ],
    ["a plan of a write", "EXPLAIN (COSTS OFF) UPDATE customers SET city = 'x' WHERE id = 1"],
    [
      "plain columns beside classified ones",
      "SELECT id, name FROM pay WHERE cap IS NULL ORDER BY id",
    ],
    [
      "a write beside a check",
      "BEGIN;\nUPDATE pay SET name = 'Anna' WHERE id = 1 RETURNING id, name;\nROLLBACK",
    ],
    [
      "a row that refers to another",
      "BEGIN;\nINSERT INTO wearers (id) VALUES (1) RETURNING id;\nROLLBACK",
    ],
    [
      "COPY of a query as CSV",
      "COPY (SELECT id, name FROM customers ORDER BY id) TO STDOUT (FORMAT csv, HEADER)",
    ],
    ["COPY of some columns", "COPY pay (id, name) TO STDOUT"],
    [
      "COPY in as CSV",
      "BEGIN;\nCOPY notes (id, body) FROM STDIN (FORMAT csv);\n950,x\n\\.\nSELECT body FROM notes WHERE id = 950;\nROLLBACK",
    ],
    ["\\copy", "\\copy (SELECT id FROM orders ORDER BY id) to stdout"],
    [
      "a transaction's characteristics",
      "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY;\nSHOW transaction_isolation;\nCOMMIT",
    ],
    [
      "SET LOCAL",
      "BEGIN;\nSET LOCAL statement_timeout = '9s';\nSHOW statement_timeout;\nCOMMIT;\nSHOW statement_timeout",
    ],
    [
      "RESET and DISCARD",
      "SET DateStyle = 'German';\nSELECT '2026-01-02'::date;\nRESET DateStyle;\nDISCARD ALL;\nSELECT '2026-01-02'::date",
    ],
    ["LISTEN and NOTIFY", "LISTEN here;\nUNLISTEN here;\nNOTIFY nobody, 'x'"],
    ["a temporary table", "CREATE TEMP TABLE tmp (a integer) ON COMMIT DROP"],
    [
      "ALTER TABLE",
      "CREATE TABLE altered (a integer);\nALTER TABLE altered ADD COLUMN b text DEFAULT 'x', ADD CONSTRAINT c CHECK (a > 0);\nINSERT INTO altered VALUES (1);\nINSERT INTO altered VALUES (-1);\nTABLE altered;\nDROP TABLE altered",
    ],
    [
      "an index and its use",
      "CREATE TABLE indexed (a integer);\nCREATE UNIQUE INDEX ON indexed (a);\nINSERT INTO indexed VALUES (1);\nINSERT INTO indexed VALUES (1);\nDROP TABLE indexed",
    ],
    [
      "a view of one's own",
      "CREATE VIEW own AS SELECT id, name FROM customers;\nSELECT name FROM own ORDER BY id;\nDROP VIEW own",
    ],
    [
      "a materialised view of one's own",
      "CREATE MATERIALIZED VIEW own AS SELECT count(*) FROM orders;\nREFRESH MATERIALIZED VIEW own;\nTABLE own;\nDROP MATERIALIZED VIEW own",
    ],
    [
      "CREATE TABLE AS",
      "CREATE TABLE copied AS SELECT id, note FROM orders;\nSELECT count(*) FROM copied;\nDROP TABLE copied",
    ],
    [
      "a partitioned table of one's own",
      "CREATE TABLE parted (a integer) PARTITION BY RANGE (a);\nCREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (10);\nINSERT INTO parted VALUES (5);\nSELECT tableoid::regclass, a FROM parted;\nDROP TABLE parted",
    ],
    [
      "an enum and a composite type",
      "CREATE TYPE colour AS ENUM ('red', 'blue');\nSELECT 'blue'::colour > 'red'::colour, enum_range(NULL::colour);\nDROP TYPE colour",
    ],
    [
      "comments on objects",
      "COMMENT ON TABLE notes IS 'some notes';\nSELECT obj_description('notes'::regclass);\nCOMMENT ON TABLE notes IS NULL",
    ],
    [
      "TRUNCATE of one's own",
      "CREATE TABLE emptied AS SELECT 1 AS a;\nTRUNCATE emptied;\nTABLE emptied;\nDROP TABLE emptied",
    ],
    ["VACUUM and ANALYZE", "VACUUM orders;\nANALYZE orders"],
    ["LOCK TABLE", "BEGIN;\nLOCK TABLE orders IN SHARE MODE;\nROLLBACK"],
    [
      "errors by their codes",
      "\\set VERBOSITY sqlstate\nSELECT 1 / 0;\nSELECT nosuch();\nSELECT * FROM nosuch;\nINSERT INTO orders VALUES (10);\nSELECT 'x'::date;\nSELECT 1 +",
    ],
    [
      "languages that are not there",
      "CREATE FUNCTION spoken() RETURNS integer LANGUAGE nosuch AS 'x';\nDO LANGUAGE nosuch 'x'",
    ],
    [
      "names that were taken back",
      "BEGIN;\nCREATE TABLE gone (a integer);\nROLLBACK;\nSELECT * FROM gone",
    ],
    [
      "what may fail, over what is nobody's secret",
      "SELECT format('%I%*s', note, id - 5, id), split_part(note, 'r', id - 9), substring(note FROM 'r.*'), to_char(id, '9V99'), id::numeric(3) FROM orders ORDER BY id",
    ],
    [
      "COALESCE before what a subquery computes",
      "SELECT COALESCE(c.manager, s.x) FROM customers c, (SELECT 10 / n AS x FROM generate_series(1, 1) n) s ORDER BY c.id",
    ],
  ]),
];
