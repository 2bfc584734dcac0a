import {
  ann,
  loud,
  showing,
  stealing,
  working,
  type Control,
  type Evasion,
  type Leak,
} from "./case.ts";

/** Code that DDL keeps for other statements, and what follows DDL in the same text. */
export const storedCode: readonly Leak[] = showing([
  [
    "a function with a body of statements",
    "CREATE FUNCTION mine() RETURNS SETOF text LANGUAGE sql BEGIN ATOMIC SELECT email FROM customers; END;\nSELECT mine()",
    ann,
  ],
  [
    "a function that is one expression",
    "CREATE FUNCTION mine(i integer) RETURNS text LANGUAGE sql RETURN (SELECT email FROM customers WHERE id = i);\nSELECT mine(1)",
    ann,
  ],
  [
    "a function whose text names the schema",
    "CREATE FUNCTION mine(OUT a integer, OUT b text) RETURNS SETOF record LANGUAGE sql AS 'SELECT id, email FROM public.customers';\nSELECT b FROM mine()",
    ann,
  ],
  [
    "a function that keeps what others hand it",
    "CREATE FUNCTION kept(t text) RETURNS text LANGUAGE sql BEGIN ATOMIC INSERT INTO notes (body) VALUES (t); SELECT t; END;\nDO 'BEGIN PERFORM kept(email) FROM customers; END';\nSELECT body FROM notes",
    ann,
  ],
  [
    "a procedure that copies",
    "CREATE PROCEDURE copies() LANGUAGE sql BEGIN ATOMIC INSERT INTO notes (body) SELECT email FROM customers; END;\nCALL copies();\nSELECT body FROM notes",
    ann,
  ],
  [
    "a built-in trigger that copies words",
    "ALTER TABLE customers ADD COLUMN v tsvector;\nCREATE TRIGGER words BEFORE UPDATE ON customers FOR EACH ROW EXECUTE FUNCTION tsvector_update_trigger('v', 'pg_catalog.simple', 'email');\nUPDATE customers SET email = email WHERE id = 1;\nSELECT v FROM customers WHERE id = 1",
    "canary-ann",
  ],
  [
    "a trigger that looks when to run",
    "CREATE TRIGGER looks BEFORE UPDATE ON customers FOR EACH ROW WHEN (OLD.email LIKE 'canary-a%') EXECUTE FUNCTION suppress_redundant_updates_trigger();\nUPDATE customers SET name = name WHERE id = 1",
    "UPDATE 0",
  ],
  [
    "a policy that looks into another table",
    "BEGIN;\nCREATE POLICY p ON orders USING (EXISTS (SELECT FROM customers c WHERE c.id = customer_id AND c.email LIKE 'canary-a%'));\nALTER TABLE orders ENABLE ROW LEVEL SECURITY;\nALTER TABLE orders FORCE ROW LEVEL SECURITY;\nSELECT 'ROWS' || count(*) FROM orders;\nROLLBACK",
    "ROWS1",
  ],
  [
    "a policy that is altered to look",
    "CREATE POLICY p ON orders USING (true);\nALTER POLICY p ON orders USING ((SELECT c.email FROM customers c WHERE c.id = customer_id) < 'canary-b');\nALTER TABLE orders ENABLE ROW LEVEL SECURITY;\nALTER TABLE orders FORCE ROW LEVEL SECURITY;\nSELECT 'ROWS' || count(*) FROM orders",
    "ROWS1",
  ],
  [
    "a domain that tells what does not fit",
    "CREATE DOMAIN fitting AS text CHECK (VALUE NOT LIKE 'canary-a%');\nSELECT email::fitting FROM customers",
    "violates check constraint",
  ],
  [
    "a table that the same text fills and shows",
    "CREATE TABLE loot (e text)\\; INSERT INTO loot SELECT email FROM customers\\; SELECT e FROM loot",
    ann,
  ],
  [
    "a column that the same text adds and fills",
    "ALTER TABLE orders ADD COLUMN mail text\\; UPDATE orders SET mail = email FROM customers c WHERE c.id = customer_id;\nSELECT mail FROM orders",
    ann,
  ],
  [
    "a table of the same text that hides another",
    "CREATE SCHEMA front\\; SET search_path = front, public\\; CREATE TABLE front.notes (email text)\\; INSERT INTO notes SELECT email FROM customers\\; SELECT email FROM notes",
    ann,
  ],
  [
    "a key of the same text that finds it",
    "CREATE TABLE found (e text REFERENCES customers (email), n integer)\\; INSERT INTO found (e) VALUES ('can' || 'ary-ann@secret.example')",
    "INSERT 0 1",
  ],
  [
    "a column that the same text renames",
    "ALTER TABLE customers RENAME email TO e\\; SELECT e FROM customers",
    ann,
  ],
  [
    "two columns that the same text swaps",
    "ALTER TABLE customers RENAME name TO n\\; ALTER TABLE customers RENAME email TO name\\; SELECT name FROM customers",
    ann,
  ],
  [
    "a table that the same text renames",
    "ALTER TABLE customers RENAME TO c2\\; SELECT email FROM c2",
    ann,
  ],
  [
    "a table of the same text that goes by another name",
    "CREATE TABLE loot (e text)\\; ALTER TABLE loot RENAME TO stash\\; INSERT INTO stash SELECT email FROM customers\\; SELECT upper(e) FROM stash",
    loud,
  ],
  [
    "a table that the same text renames from before another",
    "CREATE SCHEMA front;\nCREATE TABLE front.customers (id integer);\nSET search_path = front, public;\nALTER TABLE customers RENAME TO aside\\; SELECT customers::text FROM customers",
    ann,
  ],
  [
    "a sequence that goes with its column from before a table",
    "CREATE SCHEMA front;\nCREATE TABLE front.kept (a integer, id integer);\nCREATE SEQUENCE front.customers OWNED BY front.kept.id;\nSET search_path = front, public;\nALTER TABLE kept DROP COLUMN id\\; SELECT customers::text FROM customers",
    ann,
  ],
  [
    "another type in the same text, by the column",
    "ALTER TABLE pay ALTER name TYPE text USING code\\; SELECT name FROM pay",
    "canary-code",
  ],
  [
    "a default of the same text that reads it",
    "ALTER TABLE orders ALTER note SET DEFAULT email_of(1)\\; INSERT INTO orders (id) VALUES (12) RETURNING note",
    ann,
  ],
]);

export const storedCodeThefts: readonly Evasion[] = stealing([
  [
    "a function that empties it by its body",
    "CREATE FUNCTION empties() RETURNS void LANGUAGE sql BEGIN ATOMIC DELETE FROM vault; END;\nSELECT empties()",
  ],
  [
    "a trigger of one's own with a function that is there",
    "CREATE TRIGGER rings AFTER INSERT ON notes EXECUTE FUNCTION ring();\nINSERT INTO notes (body) VALUES ('x')",
  ],
  [
    "a policy that calls",
    "CREATE POLICY calls ON notes WITH CHECK (steal(number) = 1);\nALTER TABLE notes ENABLE ROW LEVEL SECURITY;\nALTER TABLE notes FORCE ROW LEVEL SECURITY;\nINSERT INTO notes (number) VALUES (1)",
  ],
  [
    "a domain of one's own that calls",
    "CREATE DOMAIN called AS integer CHECK (steal(VALUE) > 0);\nSELECT 1::called",
  ],
  [
    "a domain's default that calls",
    "CREATE DOMAIN fallen AS integer DEFAULT steal(1);\nCREATE TABLE falls (a fallen, b text);\nINSERT INTO falls (b) VALUES ('x')",
  ],
  [
    "a domain that is altered to call",
    "CREATE DOMAIN later AS integer;\nALTER DOMAIN later ADD CHECK (steal(VALUE) >= 1) NOT VALID;\nSELECT 1::later",
  ],
  [
    "a table of the same text whose default calls",
    "CREATE TABLE calls (n integer DEFAULT steal(1), b text)\\; INSERT INTO calls (b) VALUES ('x')",
  ],
  [
    "a key of the same text that cascades",
    "ALTER TABLE rooms ADD COLUMN floor integer\\; DELETE FROM rooms",
  ],
  [
    "a table that the same text renames, and that cascades",
    "ALTER TABLE rooms RENAME TO halls\\; DELETE FROM halls",
  ],
  [
    "a default of the same text that calls",
    "CREATE TABLE calls (n integer, b text)\\; ALTER TABLE calls ALTER n SET DEFAULT steal(1)\\; INSERT INTO calls (b) VALUES ('x')",
  ],
  [
    "another type of the same text that calls",
    "CREATE TABLE calls (n integer)\\; INSERT INTO calls VALUES (1)\\; ALTER TABLE calls ALTER n TYPE bigint USING steal(n)\\; SELECT 1",
  ],
]);

export const storedCodeControls: readonly Control[] = working([
  [
    "functions of one expression",
    "CREATE FUNCTION adds(a integer, b integer DEFAULT 2) RETURNS integer LANGUAGE sql IMMUTABLE RETURN a + b;\nSELECT adds(1, 2), adds(3, 4);\nDROP FUNCTION adds",
  ],
  [
    "functions whose body is text",
    "CREATE OR REPLACE FUNCTION doubled(text) RETURNS text LANGUAGE sql STRICT AS 'SELECT $1 || $1';\nSELECT doubled('ab'), doubled(NULL);\nDROP FUNCTION doubled(text)",
  ],
  [
    "functions that read",
    "CREATE FUNCTION notes_of(i integer) RETURNS TABLE (n text) LANGUAGE sql STABLE BEGIN ATOMIC SELECT note FROM orders WHERE id = i; END;\nSELECT n FROM notes_of(10);\nDROP FUNCTION notes_of",
  ],
  [
    "triggers of built-in functions",
    "CREATE TRIGGER same BEFORE UPDATE ON orders FOR EACH ROW WHEN (NEW.note IS NOT NULL) EXECUTE FUNCTION suppress_redundant_updates_trigger();\nUPDATE orders SET note = note;\nDROP TRIGGER same ON orders",
  ],
  [
    "policies over what is not classified",
    "CREATE POLICY late ON orders FOR SELECT USING (id > 10);\nALTER POLICY late ON orders USING (note <> 'x');\nDROP POLICY late ON orders",
  ],
  [
    "domains that check",
    "CREATE DOMAIN brief AS text DEFAULT 'x' NOT NULL CHECK (length(VALUE) < 5);\nALTER DOMAIN brief SET DEFAULT 'y';\nSELECT 'abc'::brief;\nSELECT 'abcdef'::brief;\nDROP DOMAIN brief",
  ],
  [
    "a migration in one text",
    "CREATE TABLE made (id serial PRIMARY KEY, body text NOT NULL DEFAULT 'x', at timestamptz DEFAULT now(), order_id integer REFERENCES orders (id))\\; CREATE INDEX ON made (body)\\; COMMENT ON TABLE made IS 'made'\\; INSERT INTO made (body, order_id) VALUES ('a', 10), ('b', NULL)\\; UPDATE made SET body = 'c' WHERE id = 1;\nSELECT id, body, order_id FROM made ORDER BY id;\nDROP TABLE made",
  ],
  [
    "a column that is added and filled in one text",
    "ALTER TABLE orders ADD COLUMN extra text DEFAULT 'e'\\; UPDATE orders SET extra = 'x' WHERE id = 10;\nSELECT id, extra FROM orders ORDER BY id;\nALTER TABLE orders DROP COLUMN extra",
  ],
  [
    "a migration of a table that is there, in one text",
    "CREATE TABLE moved (id integer, a text, b text, c integer DEFAULT 1);\nINSERT INTO moved VALUES (1, '7', 'b');\nALTER TABLE moved ADD COLUMN d text DEFAULT 'd', DROP COLUMN b, ADD PRIMARY KEY (id)\\; ALTER TABLE moved RENAME COLUMN c TO e\\; ALTER TABLE moved ALTER a TYPE integer USING a::integer, ALTER e SET NOT NULL, ALTER e SET DEFAULT 2\\; INSERT INTO moved (id, a) VALUES (2, 8)\\; CREATE INDEX ON moved (e)\\; SELECT a, e FROM moved ORDER BY id;\nTABLE moved;\nDROP TABLE moved",
  ],
  [
    "tables that change their names in one text",
    "CREATE TABLE first_name (id integer PRIMARY KEY, a text);\nALTER TABLE first_name RENAME TO last_name\\; CREATE TABLE first_name (id integer REFERENCES last_name)\\; INSERT INTO last_name VALUES (1, 'a')\\; INSERT INTO first_name VALUES (1)\\; SELECT a FROM last_name;\nALTER TABLE first_name RENAME TO f\\; SELECT id FROM f;\nDROP TABLE f, last_name",
  ],
  [
    "constraints that come and go in one text",
    "CREATE TABLE bound (id integer, at integer, CONSTRAINT u UNIQUE (id));\nINSERT INTO bound VALUES (1, 1);\nALTER TABLE bound DROP CONSTRAINT u, ADD CONSTRAINT p PRIMARY KEY (id)\\; ALTER TABLE bound RENAME CONSTRAINT p TO q\\; ALTER TABLE bound ADD FOREIGN KEY (at) REFERENCES orders (id) NOT VALID\\; DELETE FROM bound\\; ALTER TABLE bound ADD COLUMN more integer, ADD CHECK (more > 0)\\; SELECT 'still';\nDROP TABLE bound",
  ],
]);
