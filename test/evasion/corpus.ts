/** An idea how to see a masked value, or to change the vault. */
export interface Evasion {
  readonly idea: string;
  /** Lines for psql, or statements for a driver with bound parameters. */
  readonly script:
    | string
    | readonly { readonly text: string; readonly values?: readonly unknown[] }[];
}

/**
 * `shows` is what a bare PostgreSQL lets out (in rows, errors or notices) and the gateway must not; it never
 * stands in the script itself.
 */
export interface Leak extends Evasion {
  readonly shows: string;
}

const ann = "canary-ann@secret.example";
/** Wrote as an oracle writes: the words are put together by the target only when the guess is right. */
const told = "LEAKED";
const tell = `'LEA' || 'KED'`;

export const leaks: readonly Leak[] = [
  // The column itself, by other ways.
  { idea: "the column", script: "SELECT email FROM customers", shows: ann },
  { idea: "an alias", script: "SELECT email AS name FROM customers", shows: ann },
  { idea: "a star", script: "SELECT * FROM customers", shows: ann },
  { idea: "a star of an alias", script: "SELECT c.* FROM customers AS c", shows: ann },
  {
    idea: "a column list in the alias",
    script: "SELECT d FROM customers AS c (a, b, d, e, f)",
    shows: ann,
  },
  { idea: "TABLE", script: "TABLE customers", shows: ann },
  { idea: "ONLY", script: "SELECT email FROM ONLY customers", shows: ann },
  {
    idea: "a qualified name",
    script: "SELECT public.customers.email FROM public.customers",
    shows: ann,
  },
  {
    idea: "the database's name before it",
    script: "SELECT email FROM :db.public.customers",
    shows: ann,
  },
  {
    idea: "quotes and escapes in the name",
    script: `SELECT U&"\\0065mail" FROM "customers"`,
    shows: ann,
  },
  { idea: "a comment inside", script: "SELECT/**/email/*x*/FROM/**/customers", shows: ann },
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
  // Rows as wholes.
  { idea: "the whole row", script: "SELECT customers FROM customers", shows: ann },
  { idea: "the whole row as text", script: "SELECT customers::text FROM customers", shows: ann },
  { idea: "a field of the whole row", script: "SELECT (c).email FROM customers c", shows: ann },
  { idea: "row_to_json", script: "SELECT row_to_json(c) FROM customers c", shows: ann },
  {
    idea: "to_jsonb of a star",
    script: "SELECT to_jsonb(x) FROM (SELECT * FROM customers) x",
    shows: ann,
  },
  { idea: "json_agg", script: "SELECT json_agg(c) FROM customers c", shows: ann },
  { idea: "ROW()", script: "SELECT ROW(id, email) FROM customers", shows: ann },
  {
    idea: "a cast to a composite type",
    script: "SELECT (ROW(id, email)::contact).email FROM customers",
    shows: ann,
  },
  { idea: "an array of it", script: "SELECT ARRAY(SELECT email FROM customers)", shows: ann },
  { idea: "array_agg", script: "SELECT array_agg(email) FROM customers", shows: ann },
  { idea: "string_agg", script: "SELECT string_agg(email, '; ') FROM customers", shows: ann },
  { idea: "xmlforest", script: "SELECT xmlforest(email) FROM customers", shows: ann },
  {
    idea: "query_to_xml",
    script: "SELECT query_to_xml('SELECT email FROM customers', true, false, '')",
    shows: ann,
  },
  { idea: "table_to_xml", script: "SELECT table_to_xml('customers', true, false, '')", shows: ann },
  {
    idea: "jsonb_object_agg",
    script: "SELECT jsonb_object_agg(id, email) FROM customers",
    shows: ann,
  },
  { idea: "format", script: "SELECT format('%s', email) FROM customers", shows: ann },
  { idea: "concat with a whole row", script: "SELECT concat(c) FROM customers c", shows: ann },
  // Expressions that keep what it says.
  { idea: "another case", script: "SELECT upper(email) FROM customers", shows: ann.toUpperCase() },
  {
    idea: "backwards",
    script: "SELECT reverse(email) FROM customers",
    shows: Array.from(ann).toReversed().join(""),
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
  // Other relations that hold or show it.
  { idea: "a partition", script: "SELECT email FROM events_2026", shows: "canary-event" },
  { idea: "the partitioned table", script: "SELECT email FROM events", shows: "canary-event" },
  { idea: "an inheritance child", script: "SELECT email FROM customers_vip", shows: "canary-cleo" },
  { idea: "a view", script: "SELECT contact FROM contacts", shows: ann },
  { idea: "a materialised view", script: "SELECT contact FROM contacts_copy", shows: ann },
  {
    idea: "a temporary view",
    script: "CREATE TEMP VIEW t AS SELECT email FROM customers;\nSELECT * FROM t",
    shows: ann,
  },
  {
    idea: "a view of one's own",
    script:
      "CREATE VIEW mine AS SELECT email AS m FROM customers;\nSELECT m FROM mine;\nDROP VIEW mine",
    shows: ann,
  },
  {
    idea: "statistics",
    script:
      "SELECT most_common_vals, histogram_bounds::text FROM pg_stats WHERE tablename = 'customers'",
    shows: ann,
  },
  { idea: "a SQL function", script: "SELECT email_of(1)", shows: ann },
  { idea: "a function in FROM", script: "SELECT email FROM all_customers()", shows: ann },
  { idea: "a method-style call", script: "SELECT (all_customers()).email", shows: ann },
  // Laundering.
  {
    idea: "CREATE TABLE AS",
    script:
      "CREATE TABLE loot AS SELECT email AS e FROM customers;\nSELECT e FROM loot;\nDROP TABLE loot",
    shows: ann,
  },
  {
    idea: "SELECT INTO a temporary table",
    script: "SELECT email AS e INTO TEMP loot FROM customers;\nSELECT e FROM loot",
    shows: ann,
  },
  {
    idea: "INSERT … SELECT",
    script: "INSERT INTO notes (body) SELECT email FROM customers;\nSELECT body FROM notes",
    shows: ann,
  },
  {
    idea: "UPDATE … FROM",
    script:
      "INSERT INTO notes (body) VALUES ('x');\nUPDATE notes SET body = email FROM customers c WHERE c.id = 1;\nSELECT body FROM notes",
    shows: ann,
  },
  {
    idea: "another column of the same row",
    script: "UPDATE customers SET city = email WHERE id = 2;\nSELECT city FROM customers",
    shows: "canary-bob",
  },
  {
    idea: "the name of a setting",
    script: "SELECT set_config('my.loot', email, false) FROM customers WHERE id = 1;\nSHOW my.loot",
    shows: ann,
  },
  {
    idea: "application_name",
    script:
      "SELECT set_config('application_name', email, false) FROM customers WHERE id = 1;\nSHOW application_name",
    shows: ann,
  },
  {
    idea: "pg_notify",
    script: "LISTEN loot;\nSELECT pg_notify('loot', email) FROM customers WHERE id = 1;\nSELECT 1",
    shows: ann,
  },
  {
    idea: "a large object",
    script:
      "SELECT lo_from_bytea(424242, email::bytea) FROM customers WHERE id = 1;\nSELECT convert_from(lo_get(424242), 'UTF8')",
    shows: ann,
  },
  {
    idea: "MERGE",
    script:
      "MERGE INTO notes n USING customers c ON false WHEN NOT MATCHED THEN INSERT (body) VALUES (c.email);\nSELECT body FROM notes",
    shows: ann,
  },
  {
    idea: "ON CONFLICT DO UPDATE",
    script:
      "INSERT INTO notes (id, body) VALUES (900, 'x');\nINSERT INTO notes (id, body) SELECT 900, email FROM customers WHERE id = 1 ON CONFLICT (id) DO UPDATE SET body = excluded.body;\nSELECT body FROM notes",
    shows: ann,
  },
  // What writes give back.
  {
    idea: "UPDATE … RETURNING",
    script: "UPDATE customers SET city = city RETURNING email",
    shows: ann,
  },
  {
    idea: "UPDATE … RETURNING *",
    script: "UPDATE customers SET city = city RETURNING *",
    shows: ann,
  },
  {
    idea: "INSERT … RETURNING a subquery",
    script:
      "INSERT INTO notes (body) VALUES ('x') RETURNING (SELECT email FROM customers WHERE id = 1)",
    shows: ann,
  },
  {
    idea: "a writing CTE",
    script: "WITH u AS (UPDATE customers SET city = city RETURNING email) SELECT * FROM u",
    shows: ann,
  },
  {
    idea: "DELETE … RETURNING, taken back",
    script:
      "BEGIN;\nDELETE FROM orders USING customers c WHERE c.id = customer_id RETURNING c.email;\nROLLBACK",
    shows: ann,
  },
  {
    idea: "RETURNING old and new",
    script: "BEGIN;\nUPDATE customers SET city = 'x' WHERE id = 1 RETURNING old.email;\nROLLBACK",
    shows: ann,
  },
  // COPY, cursors, prepared statements.
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
  // The classification's own footing.
  {
    idea: "renaming the column",
    script:
      "BEGIN;\nALTER TABLE customers RENAME COLUMN email TO e2;\nCOMMIT;\nSELECT e2 FROM customers;\nALTER TABLE customers RENAME COLUMN e2 TO email",
    shows: ann,
  },
  {
    idea: "renaming the table",
    script:
      "ALTER TABLE customers RENAME TO c2;\nSELECT email FROM c2;\nALTER TABLE c2 RENAME TO customers",
    shows: ann,
  },
  {
    idea: "moving the table",
    script:
      "ALTER TABLE orders SET SCHEMA other;\nDROP TABLE other.customers;\nALTER TABLE customers SET SCHEMA other;\nSELECT email FROM other.customers",
    shows: ann,
  },
  {
    idea: "renaming the schema",
    script:
      "ALTER SCHEMA public RENAME TO p2;\nSELECT email FROM p2.customers;\nALTER SCHEMA p2 RENAME TO public",
    shows: ann,
  },
  {
    idea: "detaching a partition",
    script: "ALTER TABLE events DETACH PARTITION events_2026;\nSELECT email FROM events_2026",
    shows: "canary-event",
  },
  {
    idea: "leaving the inheritance",
    script: "ALTER TABLE customers_vip NO INHERIT customers;\nSELECT email FROM customers_vip",
    shows: "canary-cleo",
  },
  {
    idea: "a generated column",
    script:
      "ALTER TABLE customers ADD COLUMN leak text GENERATED ALWAYS AS (email) STORED;\nSELECT leak FROM customers;\nALTER TABLE customers DROP COLUMN leak",
    shows: ann,
  },
  {
    idea: "a unique index that names what is double",
    script: "CREATE UNIQUE INDEX ON customers (left(email, 7))",
    shows: "=(canary-)",
  },
  {
    idea: "a constraint that fails",
    script: "ALTER TABLE customers ADD CONSTRAINT c CHECK (email NOT LIKE 'canary-a%')",
    shows: "is violated by some row",
  },
  {
    idea: "a foreign key that finds it",
    script:
      "CREATE TABLE fk (e text REFERENCES customers (email));\nINSERT INTO fk VALUES ('can' || 'ary-ann@secret.example');\nDROP TABLE fk",
    shows: "INSERT 0 1",
  },
  {
    idea: "a row-security policy over it",
    script: `BEGIN;\nCREATE POLICY p ON customers USING (email LIKE 'canary-a%');\nALTER TABLE customers ENABLE ROW LEVEL SECURITY;\nALTER TABLE customers FORCE ROW LEVEL SECURITY;\nSELECT 'ROWS' || count(*) FROM ONLY customers;\nROLLBACK`,
    shows: "ROWS1",
  },
  {
    idea: "another type, failing on a value",
    script:
      "ALTER TABLE customers ALTER COLUMN card_number TYPE integer USING card_number::integer",
    shows: "4929000011112222",
  },
  // Oracles.
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
  // Errors and notices.
  { idea: "a failing cast", script: "SELECT email::integer FROM customers", shows: ann },
  {
    idea: "a failing cast in WHERE",
    script: "SELECT id FROM customers WHERE email::integer = 1",
    shows: ann,
  },
  {
    idea: "a division by its length",
    script: "SELECT 1 / (length(email) - 25) FROM customers WHERE id = 1",
    shows: "division by zero",
  },
  {
    idea: "a failing check names the row",
    script: "UPDATE customers SET balance = -1 WHERE id = 1",
    shows: ann,
  },
  {
    idea: "NOT NULL names the row",
    script: "UPDATE customers SET name = NULL WHERE id = 1",
    shows: ann,
  },
  {
    idea: "a duplicate names the key",
    script:
      "INSERT INTO customers (id, name, email) SELECT 77, 'x', email FROM customers WHERE id = 1",
    shows: ann,
  },
  {
    idea: "a notice of a function",
    script: "SELECT shout(email) FROM customers",
    shows: Array.from(ann).toReversed().join(""),
  },
  {
    idea: "a notice of an operator",
    script: "SELECT id FROM customers WHERE email === 'x'",
    shows: Array.from(ann).toReversed().join(""),
  },
  {
    idea: "a notice of a domain's check",
    script: "SELECT email::telling FROM customers",
    shows: Array.from(ann).toReversed().join(""),
  },
  {
    idea: "an operator of one's own under a usual name",
    script:
      "CREATE OPERATOR public.= (LEFTARG = text, RIGHTARG = text, FUNCTION = public.same);\nSET search_path = public, pg_catalog;\nSELECT id FROM customers WHERE email = 'x';\nDROP OPERATOR public.= (text, text)",
    shows: Array.from(ann).toReversed().join(""),
  },
  {
    idea: "EXPLAIN ANALYZE counts",
    script:
      "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT id FROM customers WHERE email LIKE 'canary-a%' LIMIT 3",
    shows: "rows=1",
  },
  {
    idea: "a DO block",
    script:
      "DO $$ DECLARE e text; BEGIN SELECT reverse(email) INTO e FROM customers WHERE id = 1; RAISE NOTICE '%', e; END $$",
    shows: Array.from(ann).toReversed().join(""),
  },
  {
    idea: "dblink-like dynamic SQL",
    script:
      "SELECT * FROM xmltable('/table/row' PASSING query_to_xml('SELECT email FROM customers', false, false, '') COLUMNS email text)",
    shows: ann,
  },
];

/** Each empties or changes the vault on a bare PostgreSQL. */
export const thefts: readonly Evasion[] = [
  { idea: "DELETE", script: "DELETE FROM vault" },
  { idea: "TRUNCATE", script: "TRUNCATE vault CASCADE" },
  { idea: "DROP", script: "DROP TABLE vault CASCADE" },
  {
    idea: "DELETE in a CTE",
    script: "WITH d AS (DELETE FROM vault RETURNING 1) SELECT count(*) FROM d",
  },
  { idea: "DELETE through a view", script: "DELETE FROM vault_view" },
  { idea: "a function that deletes", script: "SELECT empty_vault()" },
  { idea: "DO", script: "DO 'BEGIN DELETE FROM vault; END'" },
  {
    idea: "EXPLAIN ANALYZE of a DELETE",
    script: "EXPLAIN ANALYZE DELETE FROM vault",
  },
  {
    idea: "PREPARE and EXECUTE",
    script: "PREPARE d AS DELETE FROM vault;\nEXECUTE d",
  },
  { idea: "behind a harmless statement", script: "SELECT 1\\; DELETE FROM vault" },
  {
    idea: "MERGE … DELETE",
    script: "MERGE INTO vault v USING (SELECT 1) x ON true WHEN MATCHED THEN DELETE",
  },
  {
    idea: "MERGE … UPDATE",
    script:
      "MERGE INTO vault v USING (SELECT 1) x ON true WHEN MATCHED THEN UPDATE SET treasure = NULL",
  },
  { idea: "dropping its schema", script: "ALTER TABLE vault SET SCHEMA other" },
  {
    idea: "renaming it first",
    script: "ALTER TABLE vault RENAME TO v2;\nDELETE FROM v2",
  },
  {
    idea: "ON CONFLICT DO UPDATE",
    script: "INSERT INTO vault VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET treasure = NULL",
  },
  {
    idea: "in a transaction with a savepoint",
    script: "BEGIN;\nSAVEPOINT s;\nDELETE FROM vault;\nRELEASE s;\nCOMMIT",
  },
  {
    idea: "a trigger of one's own",
    script:
      "CREATE FUNCTION t() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM vault; RETURN NEW; END';\nCREATE TRIGGER t BEFORE INSERT ON notes FOR EACH ROW EXECUTE FUNCTION t();\nINSERT INTO notes (body) VALUES ('x')",
  },
  {
    idea: "a rule of one's own",
    script:
      "CREATE RULE r AS ON INSERT TO notes DO ALSO DELETE FROM vault;\nINSERT INTO notes (body) VALUES ('x')",
  },
  {
    idea: "a default of one's own",
    script:
      "ALTER TABLE notes ALTER COLUMN number SET DEFAULT empty_vault();\nINSERT INTO notes (body) VALUES ('x')",
  },
  {
    idea: "by a statement of a driver",
    script: [{ text: "DELETE FROM vault WHERE id = ANY($1)", values: [[1, 2]] }],
  },
];

/** What must keep working, with what it answers. */
export interface Control {
  readonly what: string;
  readonly script: string;
}

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
];
