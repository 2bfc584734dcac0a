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
ANALYZE;
