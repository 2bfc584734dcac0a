import { ann, backwards, loud, showing, stealing, working } from "./case.ts";

/** What a session makes for itself, and what its open transaction has changed. */
export const transactions = showing([
  [
    "a plan from before an earlier schema hid its table",
    "CREATE SCHEMA ahead;\nSET search_path = ahead, public;\nPREPARE p AS SELECT upper(email) FROM customers;\nEXECUTE p;\nCREATE TABLE ahead.customers (id integer, email text);\nEXECUTE p",
    loud,
  ],
  [
    "a plan from before a temporary table hid its table",
    "CREATE TEMP TABLE warm (id integer);\nPREPARE p AS SELECT upper(email) FROM customers;\nCREATE TEMP TABLE customers (id integer, email text);\nEXECUTE p",
    loud,
  ],
  [
    "a plan that is stored from before",
    "CREATE TEMP TABLE warm (id integer);\nPREPARE p AS SELECT reverse(email) AS e FROM customers;\nCREATE TEMP TABLE customers (id integer, email text);\nCREATE TEMP TABLE loot AS EXECUTE p;\nSELECT e FROM loot",
    backwards,
  ],
  [
    "a column that a child keeps when its parent lets it go",
    "ALTER TABLE customers_vip ALTER COLUMN email SET STORAGE MAIN;\nALTER TABLE ONLY customers DROP COLUMN email CASCADE;\nSELECT email FROM customers_vip",
    "canary-cleo",
  ],
  [
    "renaming and reading in one transaction",
    "BEGIN;\nALTER TABLE customers RENAME COLUMN email TO moved;\nSELECT moved FROM customers;\nROLLBACK",
    ann,
  ],
  [
    "swapping two columns in one transaction",
    "BEGIN;\nALTER TABLE customers RENAME name TO spare;\nALTER TABLE customers RENAME email TO name;\nALTER TABLE customers RENAME spare TO email;\nSELECT name FROM customers;\nROLLBACK",
    ann,
  ],
  [
    "swapping two tables in one transaction",
    "BEGIN;\nALTER TABLE customers RENAME TO clients;\nALTER TABLE other.customers SET SCHEMA public;\nSELECT email FROM clients;\nROLLBACK",
    ann,
  ],
  [
    "detaching and reading in one transaction",
    "BEGIN;\nALTER TABLE events DETACH PARTITION events_2026;\nSELECT email FROM events_2026;\nROLLBACK",
    "canary-event",
  ],
  [
    "a parent that is made and shown in one transaction",
    "BEGIN;\nCREATE TABLE above (email text);\nALTER TABLE customers INHERIT above;\nSELECT email FROM above;\nROLLBACK",
    ann,
  ],
  [
    "a view that is made and read in one transaction",
    "BEGIN;\nCREATE VIEW seen AS SELECT email AS e FROM customers;\nSELECT e FROM seen;\nROLLBACK",
    ann,
  ],
  [
    "a view that is replaced between two readings",
    "BEGIN;\nCREATE VIEW seen AS SELECT id, name AS e FROM customers;\nSELECT e FROM seen;\nCREATE OR REPLACE VIEW seen AS SELECT id, email AS e FROM customers;\nSELECT e FROM seen;\nROLLBACK",
    ann,
  ],
  [
    "a table filled in the transaction that makes it",
    "BEGIN;\nCREATE TABLE loot (e text);\nINSERT INTO loot SELECT email FROM customers;\nSELECT e FROM loot;\nROLLBACK",
    ann,
  ],
  [
    "a temporary table that a savepoint takes back",
    "BEGIN;\nSAVEPOINT s;\nCREATE TEMP TABLE customers (id integer, email text);\nSELECT email FROM customers;\nROLLBACK TO s;\nSELECT upper(email) FROM customers;\nROLLBACK",
    loud,
  ],
  [
    "a temporary table that goes with its transaction",
    "BEGIN;\nCREATE TEMP TABLE customers (id integer, email text) ON COMMIT DROP;\nSELECT email FROM customers;\nCOMMIT;\nSELECT upper(email) FROM customers",
    loud,
  ],
  [
    "a temporary table that goes within a query string",
    "BEGIN;\nCREATE TEMP TABLE customers (id integer, email text);\nSELECT email FROM customers;\nROLLBACK\\; SELECT upper(email) FROM customers",
    loud,
  ],
  [
    "a temporary table that DISCARD takes",
    "CREATE TEMP TABLE customers (id integer, email text);\nSELECT email FROM customers;\nDISCARD TEMP;\nSELECT upper(email) FROM customers",
    loud,
  ],
  [
    "a temporary table behind the one that it is called like",
    "CREATE TEMP TABLE customers (id integer, email text);\nSELECT email FROM customers;\nSET search_path = pg_catalog, public, pg_temp;\nSELECT lower(email) FROM customers",
    ann,
  ],
  [
    "a temporary table filled by UPDATE",
    "CREATE TEMP TABLE bag (e text);\nINSERT INTO bag VALUES ('x');\nUPDATE bag SET e = c.email FROM customers c WHERE c.id = 1;\nSELECT e FROM bag",
    ann,
  ],
  [
    "a temporary table filled by a CTE",
    "CREATE TEMP TABLE bag (e text);\nWITH w AS (INSERT INTO bag SELECT email FROM customers RETURNING 1) SELECT count(*) FROM w;\nSELECT e FROM bag",
    ann,
  ],
  [
    "a temporary table filled by its default",
    "CREATE TEMP TABLE bag (id integer, e text DEFAULT email_of(1));\nINSERT INTO bag (id) VALUES (1);\nSELECT e FROM bag",
    ann,
  ],
  [
    "a temporary table under a classified one",
    "CREATE TEMP TABLE heir () INHERITS (customers);\nINSERT INTO heir SELECT * FROM ONLY customers;\nSELECT email FROM heir",
    ann,
  ],
  [
    "a temporary table of rows",
    "CREATE TEMP TABLE bag AS SELECT c AS row FROM customers c;\nSELECT (row).email FROM bag",
    ann,
  ],
  [
    "a temporary view over a temporary view",
    "CREATE TEMP VIEW one AS SELECT id, email AS e FROM customers;\nCREATE TEMP VIEW two AS SELECT reverse(e) AS e FROM one;\nSELECT e FROM two",
    backwards,
  ],
  [
    "an operator in pg_temp",
    "CREATE FUNCTION pg_temp.show(text) RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN reverse($1); END';\nCREATE OPERATOR pg_temp.!!! (RIGHTARG = text, FUNCTION = pg_temp.show);\nSELECT OPERATOR(pg_temp.!!!) email FROM customers",
    backwards,
  ],
  [
    "a domain in pg_temp",
    "CREATE DOMAIN pg_temp.tells AS text CHECK (shout(VALUE) IS NULL);\nSELECT email::pg_temp.tells FROM customers",
    backwards,
  ],
  [
    "a cursor from before its table was hidden",
    "BEGIN;\nDECLARE c CURSOR FOR SELECT upper(email) FROM customers;\nCREATE TEMP TABLE customers (id integer, email text);\nSELECT email FROM customers;\nFETCH ALL FROM c;\nROLLBACK",
    loud,
  ],
]);

export const transactionThefts = stealing([
  ["dropping what it descends from", "DROP TABLE hoard CASCADE"],
  [
    "under a temporary table's name, once that is gone",
    "CREATE TEMP TABLE vault (id integer);\nDELETE FROM vault;\nDROP TABLE vault;\nDELETE FROM vault",
  ],
  [
    "under a temporary table's name that a savepoint took back",
    "BEGIN;\nSAVEPOINT s;\nCREATE TEMP TABLE vault (id integer);\nDELETE FROM vault;\nROLLBACK TO s;\nDELETE FROM vault;\nCOMMIT",
  ],
  [
    "a view that is made and emptied in one transaction",
    "BEGIN;\nCREATE VIEW way AS SELECT * FROM vault;\nDELETE FROM way;\nCOMMIT",
  ],
  [
    "a foreign key that is made and followed in one transaction",
    "BEGIN;\nCREATE TABLE lead (id integer PRIMARY KEY);\nINSERT INTO lead VALUES (1);\nALTER TABLE vault DROP CONSTRAINT vault_room_fkey, ADD FOREIGN KEY (room) REFERENCES lead ON DELETE CASCADE;\nDELETE FROM lead;\nCOMMIT",
  ],
]);

export const transactionControls = working([
  [
    "a table made, filled, changed and read in one transaction",
    "BEGIN;\nCREATE TABLE fresh (id integer PRIMARY KEY, word text DEFAULT 'w');\nINSERT INTO fresh VALUES (1, 'a'), (2, DEFAULT);\nUPDATE fresh SET word = word || '!' WHERE id = 1;\nSELECT f.word, c.name FROM fresh f JOIN customers c USING (id) ORDER BY id;\nROLLBACK",
  ],
  [
    "a column that is added and read in one transaction",
    "BEGIN;\nALTER TABLE notes ADD COLUMN extra integer DEFAULT 5;\nINSERT INTO notes (body) VALUES ('b') RETURNING extra;\nALTER TABLE notes RENAME COLUMN extra TO more;\nSELECT more FROM notes;\nROLLBACK",
  ],
  [
    "a view that is made and read in one transaction",
    "BEGIN;\nCREATE VIEW names AS SELECT id, name FROM customers;\nSELECT name FROM names ORDER BY id;\nROLLBACK;\nSELECT 1",
  ],
  [
    "what a savepoint takes back",
    "BEGIN;\nCREATE TABLE kept (id integer);\nSAVEPOINT s;\nCREATE TABLE gone (id integer);\nINSERT INTO gone VALUES (1);\nROLLBACK TO s;\nINSERT INTO kept VALUES (2) RETURNING id;\nSELECT count(*) FROM kept;\nROLLBACK",
  ],
  [
    "masks in a transaction with DDL stay where nothing is masked",
    "BEGIN;\nCREATE TABLE beside (id integer);\nSELECT id, name, city FROM customers ORDER BY id;\nSELECT who FROM roster_names ORDER BY no;\nROLLBACK",
  ],
  [
    "a temporary table of a query",
    "CREATE TEMP TABLE few AS SELECT id, name FROM customers WHERE city = 'Berlin';\nSELECT * FROM few;\nSELECT f.name, o.note FROM few f JOIN orders o ON o.customer_id = f.id;\nSELECT count(*) FROM pg_temp.few",
  ],
  [
    "SELECT INTO and changes of a temporary table",
    "SELECT id, body INTO TEMP drafts FROM notes;\nINSERT INTO drafts VALUES (7, 'seven'), (8, 'eight');\nUPDATE drafts SET body = upper(body) WHERE id = 8 RETURNING *;\nDELETE FROM drafts WHERE id = 7;\nTABLE drafts",
  ],
  [
    "a temporary view",
    "CREATE TEMP VIEW cities_here AS SELECT DISTINCT city FROM customers;\nSELECT city FROM cities_here ORDER BY 1",
  ],
  [
    "a temporary table that goes with its transaction",
    "BEGIN;\nCREATE TEMP TABLE brief (id integer) ON COMMIT DROP;\nINSERT INTO brief VALUES (3);\nSELECT id FROM brief;\nCOMMIT;\nSELECT id FROM brief",
  ],
  [
    "a temporary table that is emptied with its transaction",
    "CREATE TEMP TABLE emptied (id integer) ON COMMIT DELETE ROWS;\nBEGIN;\nINSERT INTO emptied VALUES (3);\nSELECT id FROM emptied;\nCOMMIT;\nSELECT count(*) FROM emptied",
  ],
  [
    "a prepared statement over a temporary table",
    "CREATE TEMP TABLE counted (id integer);\nPREPARE p AS SELECT count(*) FROM counted;\nEXECUTE p;\nINSERT INTO counted VALUES (1);\nEXECUTE p;\nALTER TABLE counted ADD COLUMN more text;\nEXECUTE p",
  ],
  [
    "a cursor over a temporary table",
    "BEGIN;\nCREATE TEMP TABLE steps AS SELECT 1 AS id;\nDECLARE c CURSOR FOR SELECT id FROM steps;\nFETCH c;\nCLOSE c;\nCOMMIT",
  ],
  [
    "a temporary table that hides another, and then not",
    "CREATE TEMP TABLE orders AS SELECT 'mine' AS note;\nSELECT note FROM orders;\nSET search_path = public, pg_temp;\nSELECT note FROM orders ORDER BY 1;\nRESET search_path;\nDROP TABLE orders;\nSELECT note FROM orders ORDER BY 1",
  ],
  [
    "DROP … CASCADE of what views read",
    "CREATE TABLE ground (id integer);\nCREATE VIEW floor AS SELECT id FROM ground;\nCREATE VIEW roof AS SELECT id FROM floor;\nDROP TABLE ground CASCADE;\nSELECT id FROM roof",
  ],
  [
    "a column that goes with a view",
    "BEGIN;\nCREATE TABLE ground (id integer, word text);\nCREATE VIEW words AS SELECT word FROM ground;\nALTER TABLE ground DROP COLUMN word CASCADE;\nSELECT * FROM ground;\nROLLBACK",
  ],
]);
