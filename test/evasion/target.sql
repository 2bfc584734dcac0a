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
CREATE TABLE rooms (id integer PRIMARY KEY);
INSERT INTO rooms VALUES (1);
CREATE TABLE hoard (id integer, treasure text);
CREATE TABLE vault (id integer PRIMARY KEY, treasure text, room integer DEFAULT 1 REFERENCES rooms ON DELETE CASCADE) INHERITS (hoard);
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
-- Classified values of other types, and what is compared with them.
CREATE TABLE pay (
  id integer PRIMARY KEY,
  name text,
  salary integer,
  cap integer,
  rate double precision,
  amount numeric,
  bonus interval,
  tags text[],
  vip boolean,
  hired date,
  doc jsonb,
  code text,
  loud_code text GENERATED ALWAYS AS (upper(code)) STORED,
  CONSTRAINT pay_cap CHECK (cap IS NULL OR cap <= salary)
);
INSERT INTO pay (id, name, salary, rate, amount, bonus, tags, vip, hired, doc, code) VALUES
  (1, 'Ann', 4321, 43.5, 4321, '1 day', '{a,b,c}', true, '2001-02-03', '{"k": "canary-doc", "n": [1, 2, 3]}', 'canary-code'),
  (2, 'Bob', 1234, 12.5, 1234, '2 days', '{d}', false, '2004-05-06', '{"k": "canary-other", "n": []}', NULL);
CREATE UNIQUE INDEX pay_code ON pay (lower(code));
CREATE TABLE teams (id integer PRIMARY KEY, team integer, code text, UNIQUE (team, code));
INSERT INTO teams VALUES (1, 1, 'canary-same'), (2, 2, 'canary-same'), (3, 3, 'canary-else');
CREATE TABLE badges (code text PRIMARY KEY);
INSERT INTO badges VALUES ('canary-badge');
CREATE TABLE wearers (id integer, code text REFERENCES badges);
CREATE TABLE guarded (id integer, secret text);
INSERT INTO guarded VALUES (1, 'canary-a'), (2, 'canary-b');
ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
ALTER TABLE guarded FORCE ROW LEVEL SECURITY;
CREATE POLICY by_secret ON guarded USING (secret LIKE 'canary-a%') WITH CHECK (true);
-- What keeps rows apart by something else than equal values, and what rows from before break.
CREATE TABLE spans (id integer, span int4range, EXCLUDE USING gist (span WITH &&));
INSERT INTO spans VALUES (1, '[4100,4200)');
CREATE TABLE passes (id integer, code text, lost boolean NOT NULL DEFAULT true, room integer);
CREATE UNIQUE INDEX ON passes (left(code, 8));
CREATE UNIQUE INDEX ON passes (room) WHERE lost;
INSERT INTO passes VALUES (1, 'canary-pass', true, 1), (2, 'other-pass', false, 2);
CREATE TABLE shelves (id integer, code text, place integer) PARTITION BY LIST (place);
CREATE TABLE shelves_1 (dropped integer, place integer, id integer, code text);
ALTER TABLE shelves_1 DROP COLUMN dropped;
CREATE UNIQUE INDEX ON shelves_1 (left(code, 8));
INSERT INTO shelves_1 (place, id, code) VALUES (1, 1, 'canary-shelf');
ALTER TABLE shelves ATTACH PARTITION shelves_1 FOR VALUES IN (1);
CREATE TABLE exams (id integer, mark integer, note text);
INSERT INTO exams VALUES (1, 5, ''), (2, 1, '');
ALTER TABLE exams ADD CHECK (mark > 3) NOT VALID;
CREATE TABLE folded (id integer, code text, note text);
CREATE UNIQUE INDEX ON folded (lower(code)) WHERE id > 0;
CREATE TABLE papers (id integer, body text);
CREATE TABLE papers_secret () INHERITS (papers);
INSERT INTO papers_secret VALUES (1, 'canary-paper');
CREATE TABLE slots (id integer, s text[]);
INSERT INTO slots VALUES (1, '{}');
CREATE FUNCTION there(text) RETURNS integer LANGUAGE sql STRICT AS 'INSERT INTO notes (body) VALUES (''there''); SELECT 1';
CREATE FUNCTION fixed_mail(integer) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT email FROM customers WHERE id = $1';
-- Code that empties the vault, and ways to it.
CREATE FUNCTION steal(integer) RETURNS integer LANGUAGE plpgsql AS 'BEGIN DELETE FROM public.vault; RETURN 1; END';
CREATE DOMAIN stealing AS integer CHECK (steal(VALUE) = 1);
CREATE TYPE trap AS (a integer, b stealing);
CREATE TABLE boxes (id integer, ds stealing[], t trap);
INSERT INTO boxes VALUES (1);
CREATE FUNCTION ring() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM public.vault; RETURN NULL; END';
CREATE TABLE bell (id integer, rung text);
CREATE TRIGGER ring AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON bell EXECUTE FUNCTION ring();
CREATE TABLE checked (n integer CHECK (steal(n) = 1));
CREATE TABLE defaulted (id integer, n integer DEFAULT steal(1));
CREATE FUNCTION steal_contact(contact) RETURNS macaddr LANGUAGE plpgsql AS 'BEGIN DELETE FROM public.vault; RETURN NULL; END';
CREATE CAST (contact AS macaddr) WITH FUNCTION steal_contact(contact);
CREATE FUNCTION steal_state(integer, integer) RETURNS integer LANGUAGE plpgsql AS 'BEGIN DELETE FROM public.vault; RETURN 1; END';
CREATE AGGREGATE steal_all(integer) (SFUNC = steal_state, STYPE = integer);
CREATE OPERATOR @@@ (RIGHTARG = integer, FUNCTION = steal);
CREATE PROCEDURE steal_by_call() LANGUAGE plpgsql AS 'BEGIN DELETE FROM public.vault; END';
CREATE VIEW thief AS SELECT steal(id) AS n FROM orders;
CREATE TABLE guarded_by_theft (id integer);
INSERT INTO guarded_by_theft VALUES (1);
ALTER TABLE guarded_by_theft ENABLE ROW LEVEL SECURITY;
ALTER TABLE guarded_by_theft FORCE ROW LEVEL SECURITY;
CREATE POLICY by_theft ON guarded_by_theft USING (steal(id) = 1);
REFRESH MATERIALIZED VIEW cities;
ANALYZE;
CREATE STATISTICS stealing_statistics ON (steal(id)) FROM notes;
-- Documents, in which only some paths are classified.
CREATE TABLE tickets (
  id integer PRIMARY KEY,
  doc jsonb,
  raw json,
  who text GENERATED ALWAYS AS (upper(doc #>> '{customer,email}')) STORED,
  status text GENERATED ALWAYS AS (doc ->> 'status') STORED
);
INSERT INTO tickets (id, doc, raw) SELECT (d ->> 'no')::integer, d, d FROM (VALUES
  (jsonb '{"no": 1, "status": "open", "tags": ["x", "y"], "customer": {"name": "Ann", "email": "canary-ann@secret.example"}, "items": [{"sku": "s1", "code": "canary-one"}, {"sku": "s2", "code": "canary-two"}]}'),
  (jsonb '{"no": 2, "status": "shut", "tags": [], "customer": {"name": "Bob"}, "items": []}')) v (d);
CREATE VIEW ticket_customers AS SELECT id, doc -> 'customer' AS customer, raw -> 'customer' -> 'name' AS name FROM tickets;
CREATE TYPE buyer AS (name text, email text);
CREATE FUNCTION mail_in(jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$SELECT $1 #>> '{customer,email}'$$;
CREATE FUNCTION status_in(jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$SELECT $1 ->> 'status'$$;
-- What catalogs and views of the server's activity keep.
CREATE STATISTICS team_codes (mcv) ON team, code FROM teams;
CREATE STATISTICS long_codes ON (code || '/long') FROM teams;
ANALYZE teams;
SELECT lo_from_bytea(4242, 'canary-large');
DO 'BEGIN PERFORM ''canary-asked''; END';
CREATE DOMAIN priced AS integer DEFAULT steal(1);
CREATE TABLE goods (id integer, n priced);
CREATE TABLE elders (id integer, a text, b text, g text GENERATED ALWAYS AS (b) STORED);
CREATE TABLE youngers (id integer, a text, b text, g text GENERATED ALWAYS AS (a) STORED);
-- From 16 on a child may compute it from something else.
DO 'BEGIN IF current_setting(''server_version_num'')::integer >= 160000 THEN ALTER TABLE youngers INHERIT elders; END IF; END';
INSERT INTO youngers (id, a, b) VALUES (1, 'canary-young', 'plain');
