import { ann, backwards, told, tell, showing, type Leak } from "./case.ts";

/** A classified column itself, by other ways, and expressions that keep what it says. */
export const columns: readonly Leak[] = [
  // The column itself.
  { idea: "the column", script: "SELECT email FROM customers", shows: ann },
  { idea: "a star", script: "SELECT * FROM customers", shows: ann },
  {
    idea: "a star of an alias",
    script: "SELECT c.* FROM customers AS c JOIN orders AS o ON o.customer_id = c.id",
    shows: ann,
  },
  {
    idea: "a column list in the alias",
    script: "SELECT d FROM customers AS c (a, b, d, e, f)",
    shows: ann,
  },
  { idea: "TABLE", script: "TABLE customers UNION ALL TABLE customers", shows: ann },
  { idea: "ONLY", script: "SELECT email FROM ONLY customers", shows: ann },
  {
    idea: "a qualified name between two tables of one name",
    script:
      "SELECT public.customers.email FROM other.customers RIGHT JOIN public.customers USING (id)",
    shows: ann,
  },
  {
    idea: "the database's name before it",
    script:
      "SELECT max(:db.public.customers.email) FROM :db.public.customers GROUP BY :db.public.customers.id",
    shows: ann,
  },
  {
    idea: "quotes and escapes in the name",
    script: `SELECT U&"\\0065mail" FROM "customers" ORDER BY U&"!0069d" UESCAPE '!' DESC`,
    shows: ann,
  },
  {
    idea: "a comment inside",
    script: "SELECT/**/email/*x*/FROM/* /* ' */ */customers--'\nWHERE/**/1=id",
    shows: ann,
  },
  {
    idea: "another search_path",
    script: "SET search_path = other, public;\nSELECT email FROM public.customers",
    shows: ann,
  },
  {
    idea: "a name that search_path moves",
    script:
      "SET search_path = other;\nSELECT email FROM customers;\nSET search_path = public;\nSELECT email FROM customers",
    shows: ann,
  },
  // Expressions that keep what it says.
  { idea: "another case", script: "SELECT upper(email) FROM customers", shows: ann.toUpperCase() },
  {
    idea: "backwards",
    script: "SELECT reverse(email) FROM customers",
    shows: backwards,
  },
  { idea: "a piece", script: "SELECT substr(email, 1, 10) FROM customers", shows: "canary-ann" },
  { idea: "left", script: "SELECT left(card_number, 12) FROM customers", shows: "492900001111" },
  {
    idea: "cut off at the at",
    script: "SELECT split_part(email, '@', 2) FROM customers",
    shows: "secret.example",
  },
  {
    idea: "as bytes",
    script: "SELECT encode(convert_to(email, 'UTF8'), 'hex') FROM customers",
    shows: Buffer.from(ann).toString("hex"),
  },
  { idea: "a cast to varchar", script: "SELECT email::varchar(100) FROM customers", shows: ann },
  { idea: "another collation", script: `SELECT email COLLATE "C" FROM customers`, shows: ann },
  {
    idea: "CASE",
    script: `SELECT CASE WHEN email LIKE 'canary-ann%' THEN ${tell} END FROM customers`,
    shows: told,
  },
  { idea: "COALESCE", script: "SELECT COALESCE(email, '') FROM customers", shows: ann },
  { idea: "NULLIF", script: "SELECT NULLIF(email, '') FROM customers", shows: ann },
  {
    idea: "GREATEST",
    script: "SELECT GREATEST(email, '') FROM customers WHERE id = 1",
    shows: ann,
  },
  { idea: "max", script: "SELECT min(email) FROM customers", shows: ann },
  { idea: "a concatenation", script: "SELECT 'x' || email || 'y' FROM customers", shows: ann },
  {
    idea: "letter by letter",
    script:
      "SELECT string_agg(chr(ascii(substr(email, n, 1))), '' ORDER BY n) FROM customers, generate_series(1, 25) n WHERE id = 1",
    shows: ann,
  },
  {
    idea: "a hash to be looked up",
    script: "SELECT md5(email) FROM customers WHERE id = 1",
    shows: "7114fc1274a5",
  },
  {
    idea: "a number in it",
    script: "SELECT card_number::bigint + 1 FROM customers",
    shows: "4929000011112223",
  },
  {
    idea: "split into rows",
    script: "SELECT regexp_split_to_table(email, '-') FROM customers",
    shows: "ann@secret.example",
  },
  { idea: "unnest", script: "SELECT unnest(ARRAY[email]) FROM customers", shows: ann },
  // Queries within queries.
  {
    idea: "a subquery in FROM",
    script: "SELECT x FROM (SELECT email AS x FROM customers) s",
    shows: ann,
  },
  {
    idea: "a scalar subquery",
    script: "SELECT (SELECT email FROM customers WHERE id = 1)",
    shows: ann,
  },
  { idea: "a CTE", script: "WITH s AS (SELECT email FROM customers) SELECT * FROM s", shows: ann },
  {
    idea: "a CTE that takes another table's name",
    script: "WITH orders AS (SELECT email AS note FROM customers) SELECT note FROM orders",
    shows: ann,
  },
  {
    idea: "a recursive CTE",
    script:
      "WITH RECURSIVE r(n, e) AS (SELECT 1, email FROM customers WHERE id = 1 UNION ALL SELECT n + 1, e FROM r WHERE n < 3) SELECT e FROM r",
    shows: ann,
  },
  {
    idea: "UNION under another name",
    script: "SELECT city FROM customers UNION ALL SELECT email FROM customers",
    shows: ann,
  },
  {
    idea: "INTERSECT as an oracle",
    script: `SELECT ${tell} WHERE EXISTS (SELECT email FROM customers INTERSECT SELECT 'canary-an' || 'n@secret.example')`,
    shows: told,
  },
  { idea: "VALUES", script: "VALUES ((SELECT email FROM customers WHERE id = 1))", shows: ann },
  {
    idea: "LATERAL",
    script: "SELECT l.e FROM customers c, LATERAL (SELECT c.email AS e) l",
    shows: ann,
  },
  {
    idea: "a natural join",
    script: "SELECT email FROM customers NATURAL JOIN (SELECT 1 AS id) x",
    shows: ann,
  },
  {
    idea: "JOIN USING on it",
    script: "SELECT email FROM customers JOIN customers c2 USING (email)",
    shows: ann,
  },
  {
    idea: "a window",
    script: "SELECT first_value(email) OVER (ORDER BY id) FROM customers",
    shows: ann,
  },
  { idea: "lag", script: "SELECT lag(email) OVER (ORDER BY id) FROM customers", shows: ann },
  // More ways to write it.
  ...showing([
    [
      "a join's alias for its columns",
      "SELECT j.e FROM (customers a JOIN orders b ON b.id = 10) AS j (i, n, e)",
      ann,
    ],
    [
      "a column beside the alias of USING",
      "SELECT a.email, u.id FROM customers a JOIN customers b USING (id) AS u",
      ann,
    ],
    ["a parenthesised ONLY", "SELECT email FROM ONLY (customers) ORDER BY id LIMIT 1", ann],
    [
      "the old star for children",
      "SELECT a.email FROM customers * AS a, customers * AS b WHERE a.id = b.id",
      ann,
    ],
    ["TABLE inside FROM", "SELECT t.email FROM (TABLE customers) t", ann],
    ["a number as text", "SELECT 'is' || ':' || salary::text FROM pay", "is:4321"],
    [
      "a number rounded",
      "SELECT 'is' || ':' || round(rate) || amount FROM pay WHERE id = 1",
      "is:444321",
    ],
    ["a date's year", "SELECT 'is' || ':' || extract(year FROM hired) FROM pay", "is:2001"],
    ["an interval's days", "SELECT 'is' || ':' || bonus FROM pay", "is:1 day"],
    ["an element of an array", "SELECT 'is' || ':' || tags[2] FROM pay", "is:b"],
    ["a slice of an array", "SELECT 'is' || ':' || tags[2:3]::text FROM pay", "is:{b,c}"],
    ["the length of an array", "SELECT 'is' || ':' || cardinality(tags) FROM pay", "is:3"],
    ["a boolean as words", "SELECT 'is' || ':' || vip FROM pay WHERE id = 1", "is:true"],
    ["a field of a document", "SELECT doc ->> 'k' FROM pay", "canary-doc"],
    ["a subscript of a document", "SELECT doc['k'] FROM pay", "canary-doc"],
    ["a path into a document", "SELECT doc #>> '{k}' FROM pay", "canary-doc"],
    ["a column generated from it", "SELECT loud_code FROM pay", "CANARY-CODE"],
    [
      "a child's column in its parent",
      "SELECT p.tableoid::regclass || ':' || p.body FROM papers p",
      "papers_secret:canary-paper",
    ],
    ["overlay", "SELECT overlay(email PLACING '' FROM 1 FOR 0) FROM customers", ann],
    ["regexp_replace", "SELECT regexp_replace(email, 'x', 'x') FROM customers", ann],
    ["translate", "SELECT translate(email, 'c', 'k') FROM customers", "kanary-ann"],
    ["rpad", "SELECT rpad(email, 60, '.') FROM customers", `${ann}...`],
    ["quote_literal", "SELECT quote_literal(email) FROM customers", `'${ann}'`],
    [
      "another transfer of bytes",
      "SELECT decode(encode(email::bytea, 'base64'), 'base64') FROM customers",
      Buffer.from(ann).toString("hex"),
    ],
    [
      "an aggregate of a subquery's column, of the outer level",
      "SELECT (SELECT max(c.email) FROM orders LIMIT 1) FROM customers c",
      "canary-cleo",
    ],
    [
      "a statistic's middle",
      "SELECT 'is' || ':' || percentile_disc(0.9) WITHIN GROUP (ORDER BY salary) FROM pay",
      "is:4321",
    ],
    [
      "the most frequent one",
      "SELECT mode() WITHIN GROUP (ORDER BY email) FROM customers WHERE id = 1",
      ann,
    ],
    [
      "nth_value over a frame",
      "SELECT nth_value(email, 1) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) FROM customers",
      ann,
    ],
    [
      "a window under a name",
      "SELECT last_value(email) OVER w FROM customers WINDOW w AS (PARTITION BY id)",
      ann,
    ],
    ["any_value", "SELECT any_value(email) FROM customers WHERE id = 1", ann],
    ["EXCEPT ALL", "SELECT email FROM customers EXCEPT ALL SELECT name FROM customers", ann],
    [
      "a CTE that is materialised",
      "WITH s AS MATERIALIZED (SELECT email AS e FROM customers) SELECT x.e FROM s x, s y",
      ann,
    ],
    [
      "a CTE inside a CTE",
      "WITH a AS (WITH b AS (SELECT email FROM customers) SELECT * FROM b) SELECT * FROM a",
      ann,
    ],
    [
      "a row taken apart in VALUES",
      "SELECT v.* FROM customers c CROSS JOIN LATERAL (VALUES (c.*)) v",
      ann,
    ],
    [
      "VALUES in a join",
      "SELECT v.e FROM customers c CROSS JOIN LATERAL (VALUES (c.email)) v (e)",
      ann,
    ],
    [
      "a column of several rows of VALUES",
      "SELECT e FROM (VALUES ('x'), ((SELECT email FROM customers WHERE id = 1))) v (e)",
      ann,
    ],
    [
      "a subquery that LIMIT cuts",
      "SELECT e FROM (SELECT email AS e FROM customers ORDER BY id LIMIT 1 OFFSET 0) s",
      ann,
    ],
    [
      "a name that a subquery's star does not give, but one further out has",
      `SELECT (SELECT "?column?" FROM (SELECT (SELECT * FROM (SELECT 7 AS seven) q)) s) FROM (SELECT email AS "?column?" FROM customers) c`,
      ann,
    ],
    [
      "a name that a subquery's VALUES do not give",
      `SELECT (SELECT "?column?" FROM (SELECT (VALUES (7))) s) FROM (SELECT email AS "?column?" FROM customers) c`,
      ann,
    ],
    ["a column under two masks", "SELECT card_number FROM customers WHERE id = 1", "2222"],
    [
      "columns of different masks in one",
      "SELECT email FROM customers UNION ALL SELECT card_number FROM customers",
      "2222",
    ],
    ["a column that a child alone generates from it", "SELECT g, b FROM elders", "canary-young"],
    ["that child's column", "SELECT a.g FROM youngers a WHERE a.b IS NOT NULL", "canary-young"],
    [
      "two scalar subqueries as one row",
      "SELECT (SELECT ROW(email, id) FROM customers WHERE id = 1)::text",
      ann,
    ],
  ]),
];
