-- The same in the database behind the gateway and in the bare one.
CREATE TABLE customers (
  id integer PRIMARY KEY,
  name text NOT NULL,
  email text UNIQUE,
  card_number text,
  city text,
  balance integer DEFAULT 0 CHECK (balance >= 0),
  manager integer
);
INSERT INTO customers VALUES
  (1, 'Ann', 'canary-ann@secret.example', '4929000011112222', 'Berlin', 5, NULL),
  (2, 'Bob', 'canary-bob@secret.example', '4929000033334444', 'Bonn', 7, 1);
CREATE TABLE orders (
  id integer PRIMARY KEY,
  customer_id integer REFERENCES customers ON DELETE CASCADE,
  note text
);
INSERT INTO orders VALUES (10, 1, 'first'), (11, 2, 'second');
CREATE TABLE notes (id serial PRIMARY KEY, body text, number integer);
CREATE TABLE events (id integer, email text, at date) PARTITION BY RANGE (at);
CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
INSERT INTO events VALUES (1, 'canary-event@secret.example', '2026-05-05');
CREATE TABLE customers_vip (tier text) INHERITS (customers);
INSERT INTO customers_vip VALUES (3, 'Cleo', 'canary-cleo@secret.example', '4929000055556666', 'Ulm', 9, 1, 'gold');
CREATE VIEW contacts AS SELECT id, name, email AS contact FROM customers;
CREATE MATERIALIZED VIEW contacts_copy AS SELECT id, email AS contact FROM customers;
CREATE FUNCTION email_of(integer) RETURNS text LANGUAGE sql STABLE AS 'SELECT email FROM customers WHERE id = $1';
CREATE FUNCTION all_customers() RETURNS SETOF customers LANGUAGE sql STABLE AS 'SELECT * FROM customers';
CREATE FUNCTION shout(text) RETURNS text LANGUAGE plpgsql AS 'BEGIN RAISE NOTICE ''%'', reverse($1); RETURN NULL; END';
CREATE FUNCTION same(text, text) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RAISE NOTICE ''%'', reverse($1); RETURN true; END';
CREATE OPERATOR === (LEFTARG = text, RIGHTARG = text, FUNCTION = same);
CREATE DOMAIN telling AS text CHECK (shout(VALUE) IS NULL);
CREATE TYPE contact AS (id integer, email text);
CREATE SCHEMA other;
CREATE TABLE other.customers (id integer, email text);
CREATE TABLE vault (id integer PRIMARY KEY, treasure text);
INSERT INTO vault VALUES (1, 'gold'), (2, 'silver');
CREATE TABLE vault_keys (vault_id integer REFERENCES vault ON DELETE CASCADE ON UPDATE CASCADE, key text);
INSERT INTO vault_keys VALUES (1, 'k1');
CREATE FUNCTION empty_vault() RETURNS integer LANGUAGE sql AS 'DELETE FROM vault; SELECT 1';
CREATE VIEW vault_view AS SELECT * FROM vault;
-- What is traced: views, materialised views, functions written in SQL.
CREATE VIEW roster AS SELECT id, name, city, email, upper(email) AS loud FROM customers;
CREATE VIEW roster_names (no, who, mail) AS SELECT id, name, email FROM roster;
CREATE VIEW by_mail AS SELECT name FROM customers ORDER BY email;
CREATE VIEW guessed AS SELECT name FROM customers WHERE email LIKE 'canary-ann%';
CREATE VIEW wholes AS SELECT e AS row, e.id FROM events e;
CREATE VIEW every_word AS SELECT body AS word FROM notes UNION ALL SELECT email FROM customers;
CREATE VIEW events_view AS SELECT id, email, at FROM events;
CREATE VIEW vip_view AS SELECT id, email, tier FROM customers_vip;
CREATE RECURSIVE VIEW bosses (id, mail, name) AS SELECT id, email, name FROM customers WHERE manager IS NULL
  UNION ALL SELECT c.id, c.email, c.name FROM customers c JOIN bosses b ON c.manager = b.id;
CREATE VIEW noted AS SELECT id, body FROM notes;
CREATE VIEW vault_open AS SELECT id, treasure FROM vault WHERE id > 0;
CREATE VIEW vault_open_again AS SELECT id AS key FROM vault_open;
CREATE VIEW vault_trap AS SELECT 1 AS id;
CREATE RULE trap AS ON INSERT TO vault_trap DO INSTEAD DELETE FROM vault;
CREATE MATERIALIZED VIEW cities AS SELECT city, count(*) AS n FROM customers GROUP BY city;
CREATE FUNCTION name_of(integer) RETURNS text LANGUAGE sql STABLE AS 'SELECT name FROM customers WHERE id = $1';
CREATE FUNCTION roster_of(town text) RETURNS TABLE (who text, mail text) LANGUAGE sql STABLE
  AS 'SELECT name, email FROM customers WHERE city = town';
CREATE FUNCTION mail_atomic(integer) RETURNS text LANGUAGE sql
  BEGIN ATOMIC SELECT email FROM customers WHERE id = $1; END;
CREATE FUNCTION twice(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1 || $1';
CREATE FUNCTION sweep() RETURNS void LANGUAGE sql AS 'DELETE FROM vault';
CREATE FUNCTION sweep_deep() RETURNS bigint LANGUAGE sql AS 'WITH d AS (DELETE FROM vault RETURNING 1) SELECT count(*) FROM d';
REFRESH MATERIALIZED VIEW cities;
ANALYZE;
