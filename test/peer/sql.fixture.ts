/** A shop in which some columns are classified; `mark` goes into every classified value. */
export const classified = {
  "public.customers.email": ["pii"],
  "public.customers.card_number": ["pii", "pci"],
  "public.staff.salary": ["hr"],
  "public.archive.secret": ["pii"],
  "public.events.detail": ["pii"],
};

export const schema = (mark: string, base: number): string => `
  CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
  CREATE DOMAIN positive AS int CHECK (VALUE > 0);
  CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL, email varchar(200) UNIQUE, card_number text,
    balance numeric(10,2) DEFAULT 0, mood mood, visits positive, created timestamptz DEFAULT now(),
    initials text GENERATED ALWAYS AS (upper(left(name, 1))) STORED,
    domain text GENERATED ALWAYS AS (split_part(email, '@', 2)) STORED);
  CREATE TABLE orders (id serial PRIMARY KEY, customer_id int REFERENCES customers ON DELETE CASCADE, note text,
    total numeric, placed date, tags text[], doc jsonb);
  CREATE TABLE staff (id int PRIMARY KEY, name text, salary int, boss int);
  CREATE TABLE archive (id int, secret text);
  CREATE TABLE archive_old (extra text) INHERITS (archive);
  CREATE TABLE events (id int, day date, detail text) PARTITION BY RANGE (id);
  CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (100);
  CREATE TABLE notes (id int, body text);
  CREATE VIEW contacts AS SELECT id, email FROM customers;
  CREATE FUNCTION told(int) RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT email FROM customers WHERE id = $1); END';
  CREATE VIEW people AS SELECT id AS no, name, email AS mail, upper(email) AS loud, card_number FROM customers;
  CREATE VIEW renamed (a, b) AS SELECT id, email FROM customers; ALTER VIEW renamed RENAME COLUMN b TO c;
  CREATE VIEW nested AS SELECT p.mail AS m, p.loud, o.note FROM people p JOIN orders o ON o.customer_id = p.no;
  CREATE VIEW united AS SELECT id, email AS word FROM customers UNION ALL SELECT id, body FROM notes;
  CREATE VIEW counted AS SELECT boss, count(*) AS n, max(salary) AS top FROM staff GROUP BY boss;
  CREATE VIEW whole AS SELECT c, c.id AS n FROM customers c;
  CREATE VIEW quiet AS SELECT id, name FROM customers;
  CREATE VIEW chosen AS SELECT id, name FROM customers WHERE email LIKE '%ann%';
  CREATE VIEW sorted AS SELECT id FROM customers ORDER BY email;
  CREATE RECURSIVE VIEW chain (n, w) AS SELECT 1, email::text FROM customers WHERE id = 1
    UNION ALL SELECT n + 1, w FROM chain WHERE n < 3;
  CREATE VIEW joined AS SELECT * FROM customers JOIN staff USING (id, name);
  CREATE VIEW lateral_view AS SELECT c.id, l.part FROM customers c, LATERAL regexp_split_to_table(c.email, '@') l(part);
  CREATE VIEW turning AS SELECT 1 AS n; CREATE VIEW turned AS SELECT * FROM turning;
  CREATE OR REPLACE VIEW turning AS SELECT * FROM turned;
  CREATE VIEW inherited AS SELECT * FROM archive; CREATE VIEW parted AS SELECT * FROM events;
  CREATE VIEW guarded WITH (security_barrier, security_invoker) AS SELECT id, email FROM customers WHERE id > 1;
  CREATE VIEW listed AS SELECT id, body FROM notes WHERE id < 100 WITH CHECK OPTION;
  CREATE VIEW jsoned AS SELECT to_jsonb(c) AS doc, row_to_json(c) ->> 'email' AS e FROM customers c;
  CREATE VIEW valued AS VALUES (1, 'x'), (2, 'y');
  CREATE VIEW systemic AS SELECT ctid, tableoid::regclass::text AS t, secret FROM archive;
  CREATE MATERIALIZED VIEW copied AS SELECT id, email, left(card_number, 4) AS start FROM customers;
  CREATE VIEW mirror AS SELECT * FROM customers; CREATE VIEW mirrored AS SELECT * FROM mirror WHERE id > 0;
  CREATE MATERIALIZED VIEW mirror_copy AS SELECT * FROM mirrored;
  CREATE VIEW over_copy AS SELECT email AS e, start FROM copied;
  CREATE VIEW watched AS SELECT id, body FROM notes;
  CREATE FUNCTION instead() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
  CREATE TRIGGER instead INSTEAD OF INSERT ON watched FOR EACH ROW EXECUTE FUNCTION instead();
  CREATE VIEW ruled AS SELECT id, body FROM notes;
  CREATE RULE r AS ON DELETE TO ruled DO INSTEAD DELETE FROM customers;
  CREATE VIEW calling AS SELECT told(id) AS t FROM notes;
  CREATE FUNCTION mail(int) RETURNS text LANGUAGE sql AS 'SELECT email FROM customers WHERE id = $1';
  CREATE FUNCTION mail_twice(int) RETURNS text LANGUAGE sql AS 'SELECT mail($1) || mail($1)';
  CREATE FUNCTION everyone() RETURNS SETOF customers LANGUAGE sql STABLE AS 'SELECT * FROM customers';
  CREATE TYPE two AS (i int, j text); CREATE DOMAIN ordered_two AS two CHECK ((VALUE).i > 0);
  CREATE FUNCTION domain_row(t text) RETURNS ordered_two LANGUAGE sql AS 'SELECT ROW(1, t)::ordered_two';
  CREATE FUNCTION one_out(t text, OUT r two) LANGUAGE sql AS 'SELECT ROW(1, t)::two';
  CREATE FUNCTION as_row() RETURNS customers LANGUAGE sql STABLE AS 'SELECT c FROM customers c ORDER BY id LIMIT 1';
  CREATE FUNCTION contacts_from(first int) RETURNS TABLE (who text, at text) LANGUAGE sql STABLE
    AS 'SELECT name, email FROM customers WHERE id >= first';
  CREATE FUNCTION pair(OUT a text, OUT b int) LANGUAGE sql AS 'SELECT email::text, id FROM customers WHERE id = 2';
  CREATE FUNCTION pick(id int, OUT mail text) LANGUAGE sql AS 'SELECT email FROM customers c WHERE c.id = pick.id';
  CREATE FUNCTION hidden(name text) RETURNS text LANGUAGE sql AS 'SELECT name FROM customers WHERE id = 1';
  CREATE FUNCTION atom(int) RETURNS text LANGUAGE sql BEGIN ATOMIC SELECT email FROM customers WHERE id = $1; END;
  CREATE FUNCTION atom_definer(int) RETURNS text LANGUAGE sql SECURITY DEFINER
    BEGIN ATOMIC SELECT 1; SELECT email FROM customers WHERE id = $1; END;
  CREATE FUNCTION loud(t text) RETURNS text LANGUAGE sql RETURN upper(t);
  CREATE FUNCTION same(anyelement) RETURNS anyelement LANGUAGE sql AS 'SELECT $1';
  CREATE FUNCTION strictly(text) RETURNS int LANGUAGE sql STRICT AS 'SELECT 1';
  CREATE FUNCTION records() RETURNS SETOF record LANGUAGE sql AS 'SELECT id, email, name FROM customers';
  CREATE FUNCTION noted(text) RETURNS int LANGUAGE sql AS 'INSERT INTO notes VALUES (5, $1); SELECT 5';
  CREATE FUNCTION returned(text) RETURNS SETOF notes LANGUAGE sql AS 'INSERT INTO notes VALUES (6, $1) RETURNING *';
  CREATE FUNCTION silent() RETURNS void LANGUAGE sql AS 'DELETE FROM notes';
  CREATE FUNCTION positively(positive) RETURNS int LANGUAGE sql AS 'SELECT $1 + 1';
  CREATE FUNCTION of_row(customers) RETURNS text LANGUAGE sql AS 'SELECT $1.email::text';
  CREATE FUNCTION again(n int) RETURNS int LANGUAGE sql AS 'SELECT CASE WHEN n < 1 THEN 0 ELSE again(n - 1) END';
  CREATE FUNCTION definer(int) RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT email FROM customers WHERE id = $1';
  CREATE FUNCTION settled(int) RETURNS text LANGUAGE sql SET search_path = public AS 'SELECT email FROM customers WHERE id = $1';
  CREATE FUNCTION moving() RETURNS text LANGUAGE sql AS 'SELECT set_config(''search_path'', ''pg_catalog'', true)';
  CREATE FUNCTION defaulted(int DEFAULT 1) RETURNS text LANGUAGE sql AS 'SELECT email FROM customers WHERE id = $1';
  CREATE FUNCTION many(VARIADIC int[]) RETURNS text LANGUAGE sql AS 'SELECT email FROM customers WHERE id = $1[1]';
  CREATE FUNCTION atom_over_text(int) RETURNS text LANGUAGE sql SECURITY DEFINER
    BEGIN ATOMIC SELECT mail($1); END;
  CREATE VIEW by_atom AS SELECT id, atom(id) AS a, loud(name) AS l FROM customers;
  CREATE VIEW by_text AS SELECT id, mail(id) AS m FROM customers;
  CREATE FUNCTION noop() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
  CREATE TABLE audited (id int PRIMARY KEY, v text);
  CREATE TRIGGER watch BEFORE INSERT OR UPDATE ON audited FOR EACH ROW EXECUTE FUNCTION noop();
  INSERT INTO customers (id, name, email, card_number, balance, mood, visits, created) VALUES
    (1, 'Ann', '${mark}ann@${mark}.example', '${mark}4111', 10, 'ok', 3, '2024-01-01'),
    (2, 'Bob', '${mark}bob@${mark}.example', '${mark}4222', 20, 'sad', 1, '2024-02-01'),
    (3, 'Cyd', '${mark}cyd@${mark}.example', NULL, 30, NULL, 7, '2024-03-01');
  INSERT INTO orders (customer_id, note, total, placed, tags, doc) VALUES
    (1, 'first', 5, '2024-01-05', '{a,b}', '{"k": 1}'), (1, 'second', 7, '2024-02-05', '{b}', '{"k": 2}'),
    (2, 'third', 9, '2024-02-06', NULL, '{"k": {"z": 3}}');
  INSERT INTO staff VALUES (1, 'Eve', ${base + 1}, NULL), (2, 'Fay', ${base + 2}, 1);
  INSERT INTO archive VALUES (1, '${mark}old'); INSERT INTO archive_old VALUES (2, '${mark}older', 'x');
  INSERT INTO events VALUES (1, '2024-01-01', '${mark}event');
  INSERT INTO notes VALUES (1, 'hello');
  REFRESH MATERIALIZED VIEW copied; REFRESH MATERIALIZED VIEW mirror_copy; ANALYZE;`;

/** Each must be traced (not opaque), agree with RowDescription, and hide no classified value in a plain column. */
export const traced: readonly string[] = [
  "SELECT * FROM customers",
  "SELECT id, email FROM customers",
  "SELECT email AS name FROM customers",
  "SELECT c.email FROM customers AS c",
  "SELECT x FROM customers AS c(a, b, x)",
  "SELECT public.customers.email FROM public.customers",
  "SELECT upper(email) FROM customers",
  "SELECT email || '' FROM customers",
  "SELECT 'x' || email || card_number FROM customers",
  "SELECT substr(email, 1, 6), left(email, 9), right(card_number, 5) FROM customers",
  "SELECT reverse(email) FROM customers",
  "SELECT md5(email), length(email) FROM customers",
  "SELECT email::text, email::varchar(4), CAST(email AS bpchar) FROM customers",
  'SELECT email COLLATE "C" FROM customers',
  "SELECT COALESCE(card_number, email, 'none') FROM customers",
  "SELECT NULLIF(email, '') FROM customers",
  "SELECT GREATEST(email, card_number) FROM customers",
  "SELECT CASE WHEN id = 1 THEN email ELSE 'hidden' END FROM customers",
  "SELECT CASE id WHEN 1 THEN 'a' ELSE card_number END FROM customers",
  "SELECT ARRAY[email, name] FROM customers",
  "SELECT (ARRAY[email])[1] FROM customers",
  "SELECT ROW(id, email) FROM customers",
  "SELECT c FROM customers c",
  "SELECT customers FROM customers",
  "SELECT (c).email FROM customers c",
  "SELECT c::text FROM customers c",
  "SELECT to_json(c), row_to_json(c), to_jsonb(c) FROM customers c",
  "SELECT json_agg(c) FROM customers c",
  "SELECT jsonb_build_object('e', email) FROM customers",
  "SELECT json_object_agg(id, email) FROM customers",
  "SELECT array_agg(email), string_agg(email, ','), min(email), max(card_number) FROM customers",
  "SELECT count(email), count(DISTINCT email), count(*) FROM customers",
  "SELECT count(*) FILTER (WHERE email LIKE '%a%') FROM customers",
  "SELECT string_agg(name, ',' ORDER BY email) FROM customers",
  "SELECT first_value(email) OVER (ORDER BY id), lag(email) OVER w FROM customers WINDOW w AS (ORDER BY id)",
  "SELECT rank() OVER (ORDER BY email) FROM customers",
  "SELECT sum(salary), avg(salary), max(salary) - min(salary) FROM staff",
  "SELECT salary + 0, salary * 2, -salary, salary::text FROM staff",
  "SELECT sum(salary) OVER (PARTITION BY boss) FROM staff",
  "SELECT e FROM (SELECT email AS e FROM customers) s",
  "SELECT s.* FROM (SELECT * FROM customers) s",
  "SELECT (SELECT email FROM customers WHERE id = 1)",
  "SELECT (SELECT * FROM (SELECT name FROM customers LIMIT 1) n), (VALUES (1)), (SELECT 1 + 1)::text, (SELECT email FROM customers UNION ALL SELECT 'x' LIMIT 1)",
  "SELECT id FROM customers INTERSECT ALL SELECT customer_id FROM orders EXCEPT ALL SELECT 2",
  "SELECT name, (SELECT max(c.email) FROM customers c WHERE c.id = o.customer_id) FROM orders o JOIN staff ON true",
  "SELECT ARRAY(SELECT email FROM customers)",
  "SELECT EXISTS (SELECT email FROM customers WHERE id = 9)",
  "WITH x AS (SELECT email AS e, id FROM customers) SELECT e, id FROM x",
  "WITH x(a, b) AS MATERIALIZED (SELECT id, email FROM customers) SELECT b FROM x",
  "WITH x AS (SELECT email FROM customers), y AS (SELECT * FROM x) SELECT * FROM y",
  "WITH RECURSIVE t(n, e) AS (SELECT 1, email::text FROM customers WHERE id = 1 UNION ALL SELECT n + 1, e FROM t WHERE n < 3) SELECT * FROM t",
  "WITH RECURSIVE t(n, e) AS (SELECT 1, 'x'::text UNION ALL SELECT t.n + 1, c.email::text FROM t JOIN customers c ON c.id = t.n WHERE t.n < 3) SELECT e FROM t",
  "WITH RECURSIVE t(id, boss) AS (SELECT id, boss FROM staff WHERE id = 2 UNION SELECT s.id, s.boss FROM staff s JOIN t ON s.id = t.boss) SELECT * FROM t",
  "SELECT email FROM customers UNION ALL SELECT note FROM orders",
  "SELECT note FROM orders UNION ALL SELECT email FROM customers",
  "SELECT name FROM customers EXCEPT SELECT email FROM customers",
  "SELECT id, note FROM orders UNION ALL SELECT id, card_number FROM customers ORDER BY 1",
  "SELECT 'x' AS a UNION ALL SELECT email FROM customers",
  "VALUES (1, 'x'), (2, (SELECT email FROM customers WHERE id = 2))",
  "SELECT * FROM (VALUES (1, 'a'), (2, 'b')) v(i, t)",
  "SELECT c.name, o.note FROM customers c JOIN orders o ON o.customer_id = c.id",
  "SELECT * FROM customers c LEFT JOIN orders o ON o.customer_id = c.id AND o.total > 6",
  "SELECT * FROM orders o RIGHT JOIN customers c ON o.customer_id = c.id",
  "SELECT * FROM customers a JOIN customers b USING (id)",
  "SELECT * FROM customers a FULL JOIN staff b USING (id)",
  "SELECT id, a.name FROM customers a RIGHT JOIN staff b USING (id)",
  "SELECT * FROM (SELECT id, email FROM customers) a NATURAL JOIN (SELECT id, card_number FROM customers) b",
  "SELECT j.email FROM (customers c JOIN orders o ON o.customer_id = c.id) AS j(a1, a2, email)",
  "SELECT j.* FROM customers c JOIN orders o USING (id) AS j",
  "SELECT l.e FROM orders o, LATERAL (SELECT c.email AS e FROM customers c WHERE c.id = o.customer_id) l",
  "SELECT u.x FROM customers c, unnest(ARRAY[c.email, c.name]) AS u(x)",
  "SELECT r.part FROM customers c CROSS JOIN LATERAL regexp_split_to_table(c.email, '@') AS r(part)",
  "SELECT g, name FROM generate_series(1, 2) g JOIN customers ON id = g",
  "SELECT k, v FROM orders, jsonb_each_text(doc) AS j(k, v)",
  "SELECT * FROM jsonb_to_record('{\"a\": 1}') AS x(a int, b text)",
  "SELECT t, n FROM unnest(ARRAY['a', 'b']) WITH ORDINALITY AS u(t, n)",
  "SELECT email FROM customers GROUP BY email ORDER BY email",
  "SELECT DISTINCT left(card_number, 3) FROM customers",
  "SELECT DISTINCT ON (email) id FROM customers",
  "SELECT name, count(*) FROM customers GROUP BY 1 HAVING max(email) > 'a' ORDER BY 2 DESC, 1",
  "SELECT name FROM customers GROUP BY GROUPING SETS ((name), ())",
  "SELECT grouping(name), name FROM customers GROUP BY ROLLUP (name)",
  "SELECT id FROM customers ORDER BY email LIMIT 1",
  "SELECT id FROM customers WHERE email = 'nobody'",
  "SELECT id FROM customers WHERE email IN ('a', 'b') AND name = 'Ann'",
  "SELECT id FROM customers WHERE email LIKE '%ann%'",
  "SELECT id FROM customers WHERE card_number IS NULL",
  "SELECT id, secret FROM archive",
  "SELECT secret FROM ONLY archive",
  "SELECT secret, extra FROM archive_old",
  "SELECT detail FROM events_1",
  "SELECT * FROM events",
  "SELECT tableoid, ctid, xmin FROM events",
  "SELECT domain, initials FROM customers",
  "SELECT mood, visits FROM customers WHERE mood = 'ok' AND visits > 0",
  "SELECT tags[1], tags, doc -> 'k', doc ->> 'k', doc #>> '{k,z}' FROM orders",
  "SELECT date_trunc('month', placed), extract(year FROM placed), placed + 1, now() - interval '1 day' > '2020-01-01' FROM orders",
  "SELECT current_user, current_date, version(), pg_backend_pid() IS NOT NULL",
  "SELECT relname, nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE relname = 'orders'",
  "SELECT table_name, column_name FROM information_schema.columns WHERE table_name = 'orders'",
  "INSERT INTO notes SELECT id, name FROM customers RETURNING *",
  "INSERT INTO notes (id, body) VALUES (7, 'x'), (8, DEFAULT) RETURNING id, body || '!'",
  "INSERT INTO notes SELECT id, email FROM customers",
  "INSERT INTO customers (id, name, email) VALUES (1, 'Zed', 'z') ON CONFLICT (id) DO UPDATE SET name = excluded.name RETURNING email",
  "INSERT INTO customers AS c (id, name) VALUES (2, 'Zed') ON CONFLICT (id) DO UPDATE SET name = excluded.name || c.email RETURNING id",
  "INSERT INTO customers (id, name) VALUES (1, 'x') ON CONFLICT DO NOTHING RETURNING *",
  "UPDATE customers SET name = 'x' WHERE id = 1 RETURNING *",
  "UPDATE customers SET name = email RETURNING id",
  "UPDATE orders SET note = c.email FROM customers c WHERE c.id = orders.customer_id RETURNING orders.id, c.card_number",
  "UPDATE customers SET (name, balance) = ('x', 1) WHERE email = 'q'",
  "UPDATE notes SET (id, body) = (SELECT id, email FROM customers LIMIT 1)",
  "DELETE FROM customers WHERE id = 1 RETURNING email, upper(card_number)",
  "DELETE FROM orders USING customers c WHERE c.id = customer_id RETURNING c.email AS mail",
  "WITH d AS (DELETE FROM customers RETURNING email AS e) SELECT e FROM d",
  "WITH u AS (UPDATE staff SET salary = salary + 1 RETURNING *) SELECT name, salary FROM u",
  "WITH i AS (INSERT INTO notes SELECT 5, name FROM staff RETURNING body) SELECT * FROM i",
  "MERGE INTO notes n USING customers c ON n.id = c.id WHEN MATCHED THEN UPDATE SET body = c.name WHEN NOT MATCHED THEN INSERT VALUES (c.id, c.email)",
  "MERGE INTO staff s USING orders o ON s.id = o.customer_id AND o.total > 6 WHEN MATCHED AND s.salary > 3 THEN DELETE",
  "SELECT name FROM customers FOR UPDATE",
  "EXPLAIN SELECT email FROM customers",
  "SHOW server_version",
  "INSERT INTO notes SELECT id, email FROM customers RETURNING body, id",
  "UPDATE notes SET body = c.email FROM customers c RETURNING body, notes.*",
  "UPDATE customers SET name = card_number WHERE id = 1 RETURNING name, initials, *",
  "WITH w AS (INSERT INTO notes VALUES (1, (SELECT email FROM customers LIMIT 1)) RETURNING body AS b) SELECT b FROM w",
  "INSERT INTO staff (id, name) SELECT id, email FROM customers WHERE id < 3 ON CONFLICT (id) DO UPDATE SET name = excluded.name RETURNING name",
  "INSERT INTO staff (id, name) SELECT id, card_number FROM customers ON CONFLICT (id) DO UPDATE SET boss = 1 WHERE length(excluded.name) > 3 RETURNING id",
  "SELECT to_json(c.*), count(c.*) FROM customers c GROUP BY c.id",
  "SELECT * FROM orders o JOIN customers c ON o.customer_id = c.id JOIN staff s ON s.id = c.id",
  "SELECT COALESCE(email, (1 / id)::text) FROM customers",
  "SELECT x FROM (SELECT email FROM customers) x",
  "SELECT (x).email, x.email FROM (SELECT email, id FROM customers) x",
  "SELECT v FROM (VALUES (1)) v(a)",
  "SELECT id FROM customers ORDER BY lower(email) DESC NULLS LAST OFFSET 1",
  "SELECT id, (SELECT count(*) FROM orders o WHERE o.note = c.email) FROM customers c",
  "WITH a AS (SELECT email FROM customers), b AS (TABLE a UNION ALL TABLE a) SELECT upper(email) FROM b",
  "WITH t AS (SELECT * FROM customers) SELECT t FROM t",
  "WITH t AS (SELECT email AS id FROM customers) SELECT id FROM t",
  "SELECT email FROM (SELECT id AS email FROM customers) s",
  "SELECT s.email FROM (SELECT name AS email, email AS name FROM customers) s",
  "SELECT name FROM (SELECT name AS email, email AS name FROM customers) s",
  "SELECT a.x, b.x FROM (SELECT email AS x FROM customers) a, (SELECT name AS x FROM customers) b",
  "SELECT jsonb_agg(to_jsonb(c) - 'email') FROM customers c",
  "SELECT jsonb_object_agg(name, card_number) -> 'Ann' FROM customers",
  "SELECT string_to_array(email, '@'), (string_to_array(email, '@'))[1] FROM customers",
  "SELECT regexp_replace(email, '@.*', ''), split_part(email, '@', 1) FROM customers",
  "SELECT encode(email::text::bytea, 'hex'), convert_to(email, 'UTF8') FROM customers",
  "SELECT translate(email, 'canary', 'CANARY'), initcap(email), lpad(email, 50) FROM customers",
  "SELECT chr(ascii(email)), ascii(email) FROM customers",
  "SELECT array_to_string(ARRAY(SELECT email FROM customers ORDER BY id), ';')",
  "SELECT row_to_json(r) FROM (SELECT id, email FROM customers) r",
  "SELECT quote_literal(email), quote_nullable(card_number), to_jsonb(email) #>> '{}' FROM customers",
  "SELECT salary / 10, salary % 7, round(salary, -2), to_char(salary, '999999999') FROM staff",
  "SELECT s.name, s.salary FROM staff s LEFT JOIN staff b ON b.id = s.boss",
  "SELECT avg(salary) FILTER (WHERE boss IS NULL), array_agg(salary ORDER BY id) FROM staff",
  "SELECT width_bucket(salary, 0, 1000000000, 10), salary BETWEEN 1 AND 2 FROM staff",
  "TABLE customers",
  "SELECT id FROM customers WHERE (id, name) IN (SELECT id, name FROM staff)",
  "SELECT id FROM customers WHERE id = ANY (ARRAY[1, 2]) AND NOT id > ALL (SELECT customer_id FROM orders)",
  "SELECT o.note, s.total FROM orders o, LATERAL (SELECT sum(total) AS total FROM orders x WHERE x.customer_id = o.customer_id) s",
  "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY salary) FROM staff",
  "SELECT mode() WITHIN GROUP (ORDER BY email) FROM customers",
  "SELECT concat_ws(':', id, email), format('%s', email) FROM customers",
  "SELECT overlay(email PLACING 'x' FROM 1 FOR 1), position('@' IN email), trim(email) FROM customers",
];

/** The same of views: each column is what its definition computes. */
export const tracedViews: readonly string[] = [
  "SELECT * FROM contacts",
  "SELECT email AS x, upper(email) FROM contacts",
  "SELECT * FROM people",
  "SELECT mail FROM people WHERE mail = 'x'",
  "SELECT p FROM people p",
  "SELECT (p).mail FROM people p",
  "SELECT to_json(p) FROM people p",
  "SELECT * FROM renamed",
  "SELECT c FROM renamed",
  "SELECT * FROM nested",
  "SELECT * FROM united",
  "SELECT word FROM united ORDER BY id",
  "SELECT * FROM counted",
  "SELECT * FROM whole",
  "SELECT (c).email, (c).name FROM whole",
  "SELECT * FROM quiet",
  "SELECT * FROM chosen",
  "SELECT * FROM sorted",
  "SELECT * FROM chain",
  "SELECT * FROM joined",
  "SELECT * FROM lateral_view",
  "SELECT * FROM inherited",
  "SELECT * FROM parted",
  "SELECT * FROM guarded",
  "SELECT * FROM jsoned",
  "SELECT * FROM valued",
  "SELECT * FROM systemic",
  "SELECT ctid FROM systemic, (SELECT 1) x",
  "SELECT * FROM copied",
  "SELECT * FROM over_copy",
  "SELECT tableoid IS NULL FROM copied",
  "WITH v AS (SELECT * FROM people) SELECT loud FROM v",
  "SELECT a.email, b.mail FROM contacts a JOIN people b ON a.id = b.no",
  "INSERT INTO listed VALUES (7, 'x') RETURNING *",
  "INSERT INTO listed (id) VALUES (8) RETURNING id, body",
  "INSERT INTO listed SELECT id, email FROM customers RETURNING body",
  "INSERT INTO quiet VALUES (9, 'Zoe') RETURNING name",
  "INSERT INTO quiet VALUES (1, 'Zoe') ON CONFLICT (id) DO UPDATE SET name = excluded.name || '!' RETURNING *",
  "INSERT INTO quiet VALUES (1, 'Zoe') ON CONFLICT DO NOTHING RETURNING *",
  "UPDATE listed SET body = 'y' WHERE id = 1 RETURNING *",
  "UPDATE people SET name = mail WHERE no = 1 RETURNING *",
  "UPDATE people SET card_number = 'z' RETURNING card_number, mail",
  "UPDATE contacts SET email = 'new' WHERE id = 2 RETURNING email",
  "DELETE FROM people WHERE mail = 'q' RETURNING loud",
  "DELETE FROM contacts RETURNING *",
  "UPDATE notes n SET body = p.mail FROM people p WHERE p.no = n.id RETURNING n.body",
  "MERGE INTO listed l USING people p ON l.id = p.no WHEN MATCHED THEN UPDATE SET body = p.loud WHEN NOT MATCHED THEN INSERT VALUES (p.no, p.name)",
];

/** The same of functions written in SQL: a call is what its body is. */
export const tracedFunctions: readonly string[] = [
  "SELECT mail(1)",
  "SELECT upper(mail(id)) FROM customers",
  "SELECT id FROM customers WHERE mail(id) = 'x'",
  "SELECT mail_twice(2)",
  "SELECT id, email, name FROM everyone()",
  "SELECT * FROM everyone() e(a, b, c)",
  "SELECT e FROM everyone() e",
  "SELECT (e).card_number, e.name FROM everyone() e",
  "SELECT (everyone()).name",
  "SELECT (everyone()).*",
  "SELECT everyone()",
  "SELECT * FROM as_row()",
  "SELECT * FROM domain_row('x')",
  "SELECT d.* FROM customers c, domain_row(c.email) d",
  "SELECT * FROM one_out('x')",
  "SELECT o.j FROM customers c, one_out(c.email) o",
  "SELECT (as_row()).email",
  "SELECT * FROM contacts_from(2)",
  "SELECT who FROM contacts_from(2) WHERE at = 'x'",
  "SELECT c.who, o.note FROM orders o, contacts_from(o.customer_id) c",
  "SELECT * FROM pair()",
  "SELECT pair()",
  "SELECT pick(1)",
  "SELECT * FROM pick(2)",
  "SELECT hidden(email) FROM customers",
  "SELECT hidden('x')",
  "SELECT atom(1), atom(id) FROM customers",
  "SELECT atom_definer(1)",
  "SELECT loud(email), loud(name), loud('x') FROM customers",
  "SELECT same(email::text), same(1), same(salary) FROM customers, staff",
  "SELECT strictly(card_number), strictly(name) FROM customers",
  "SELECT * FROM records() AS r(a int, b varchar, c text)",
  "SELECT noted(name) FROM customers",
  "SELECT noted(email) FROM customers",
  "SELECT * FROM returned('x')",
  "SELECT * FROM customers c, returned(c.email)",
  "SELECT positively(3), positively(visits) FROM customers",
  "SELECT of_row(c) FROM customers c",
  "SELECT c.of_row FROM customers c",
  "SELECT * FROM by_atom",
  "SELECT * FROM ROWS FROM (everyone(), generate_series(1, 2)) WITH ORDINALITY",
  "SELECT * FROM ROWS FROM (records() AS (a int, b varchar, c text), unnest(ARRAY[1])) AS x(p, q, r, s)",
];

/** The same of constructors and forms of SQL's standard that few write. */
export const tracedForms: readonly string[] = [
  "SELECT (c).*, (c).id FROM customers c",
  "SELECT NULLIF(email, ''), NULLIF(id, 1), NULLIF(mood, 'ok'), NULLIF(1, 2.5), NULLIF('a', 'b'), NULLIF(visits, 3) FROM customers",
  "SELECT NULLIF(tags, '{}'), NULLIF(doc, '1'), NULLIF(placed, now()), NULLIF('x', note), NULLIF(NULL, id) FROM orders",
  "SELECT unnest(ARRAY[NULLIF(email, 'q')]), u.* FROM customers, unnest(ARRAY[NULLIF(name, 'q')], ARRAY[1]) u",
  "SELECT ((c).email), (customers).name FROM customers, customers c",
  "SELECT email(c), c.email FROM customers c",
  "SELECT (x.c).email FROM (SELECT c FROM customers c) x",
  "SELECT (x.c).* FROM (SELECT c FROM customers c) x",
  "SELECT (x).* FROM (SELECT id, email FROM customers) x",
  "SELECT ROW(c.*), ROW(c.id, c.email) FROM customers c",
  "SELECT JSON_OBJECT('a': email, 'b': id), JSON_OBJECT('n': name) FROM customers",
  "SELECT JSON_OBJECT(name: id RETURNING jsonb) FROM customers",
  "SELECT JSON_ARRAY(id, card_number ABSENT ON NULL), JSON_ARRAY(name) FROM customers",
  "SELECT JSON_ARRAY(SELECT email FROM customers), JSON_ARRAY(SELECT name FROM customers)",
  "SELECT JSON_OBJECTAGG(id: email), JSON_ARRAYAGG(name ORDER BY email) FROM customers",
  "SELECT JSON_ARRAYAGG(name) FILTER (WHERE card_number IS NULL) FROM customers",
  "SELECT email IS JSON, name IS JSON OBJECT FROM customers",
  "SELECT JSON_SCALAR(email), JSON_SERIALIZE(doc) FROM customers, orders",
  "SELECT JSON_VALUE(to_jsonb(c), '$.email'), JSON_QUERY(to_jsonb(c), '$'), JSON_EXISTS(to_jsonb(c), '$.email') FROM customers c",
  "SELECT JSON_VALUE(doc, '$.k' RETURNING text DEFAULT 'q' ON ERROR) FROM orders",
  "SELECT t.* FROM customers c, JSON_TABLE(to_jsonb(c), '$' COLUMNS (n FOR ORDINALITY, email text PATH '$.email', e bool EXISTS PATH '$.email')) t",
  "SELECT * FROM JSON_TABLE('{\"a\":[1,2]}'::jsonb, '$' COLUMNS (NESTED PATH '$.a[*]' COLUMNS (v int PATH '$')))",
  "SELECT xmlelement(NAME a, xmlattributes(email AS c), name), xmlforest(name, id) FROM customers",
  "SELECT xmlconcat(xmlforest(email), xmlforest(id)), xmlserialize(CONTENT xmlforest(card_number) AS text) FROM customers",
  "SELECT x.* FROM customers c, XMLTABLE('/r' PASSING xmlelement(NAME r, c.email) COLUMNS v text PATH '.', o FOR ORDINALITY) x",
  "SELECT name FROM customers ORDER BY email USING <",
  "SELECT name FROM customers ORDER BY name USING >",
  "SELECT id, name FROM customers UNION SELECT id, name FROM staff ORDER BY 1 USING <",
  "SELECT * FROM unnest(ARRAY[1, 2], ARRAY['a', 'b']) AS u(i, t)",
  "SELECT u.* FROM customers c, unnest(ARRAY[c.email], ARRAY[c.name]) u(a, b)",
  "SELECT * FROM ROWS FROM (unnest(ARRAY[1]), generate_series(1, 2)) AS x(a, b)",
  "SELECT name, count(*) FROM customers GROUP BY CUBE (name, mood) ORDER BY 1, 2",
  "SELECT sum(salary) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW), id FROM staff",
  "SELECT sum(id) OVER (ORDER BY salary RANGE BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE TIES) FROM staff",
  "SELECT tags[1:1][2], tags[1][1:2], (ARRAY[ARRAY[name]])[1][1], (ARRAY[name::name])[1:1][1] FROM orders, customers",
  "UPDATE orders SET tags[1] = 'z' WHERE id = 1 RETURNING tags",
  "UPDATE orders SET tags[2:3] = ARRAY['q', 'r'] RETURNING tags[1]",
  "UPDATE orders SET doc['k'] = to_jsonb(c.email) FROM customers c WHERE c.id = customer_id RETURNING doc",
];

/** Known only to 17 and 18, or with that syntax only there. */
export const tracedFrom18: readonly string[] = [
  "SELECT * FROM (SELECT email FROM customers), (SELECT 1 AS one)",
  "MERGE INTO notes n USING customers c ON n.id = c.id WHEN MATCHED THEN UPDATE SET body = c.email WHEN NOT MATCHED THEN INSERT VALUES (c.id, c.card_number) RETURNING *",
  "MERGE INTO notes n USING customers c ON n.id = c.id WHEN NOT MATCHED BY SOURCE AND body = 'x' AND id > 0 THEN DELETE WHEN NOT MATCHED AND name = 'x' AND id > 0 THEN INSERT VALUES (id, name)",
  "UPDATE customers SET name = 'x' RETURNING old.email, new.name, old.*",
  "MERGE INTO customers c USING orders o ON c.id = o.customer_id AND o.total > 6 WHEN MATCHED THEN UPDATE SET balance = 1 RETURNING merge_action(), c.email, o.note",
  "INSERT INTO customers (id, name) VALUES (9, 'x') RETURNING WITH (NEW AS n) n.email, n.name",
  "DELETE FROM archive RETURNING old.secret",
];

/** Each must be opaque or ask `execute`: it is not traced. */
export const untraced: readonly string[] = [
  "SELECT * FROM turning",
  "SELECT * FROM calling",
  "SELECT * FROM by_text",
  "SELECT again(3)",
  "SELECT definer(1)",
  "SELECT settled(1)",
  "SELECT atom_over_text(1)",
  "SELECT moving()",
  "SELECT defaulted()",
  "SELECT many(1, 2)",
  "INSERT INTO watched VALUES (1, 'x')",
  "DELETE FROM ruled",
  "UPDATE counted SET n = 1",
  "UPDATE united SET id = 1",
  "UPDATE people SET loud = 'x'",
  "SELECT * FROM quiet FOR UPDATE",
  "INSERT INTO audited VALUES (1, 'x') RETURNING v",
  "SELECT query_to_xml('select * from customers', true, true, '')",
  "SELECT pg_read_file('/etc/passwd')",
  "SELECT lo_get(1)",
  "SELECT * FROM pg_stat_get_activity(NULL)",
  "SELECT table_to_xml('customers', true, true, '')",
  "SELECT ts_stat('select to_tsvector(email) from customers')",
  "DO 'BEGIN END'",
  "EXECUTE p",
  "FETCH ALL FROM c",
  "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END'",
  "SELECT pg_sleep(salary) FROM staff",
  "SELECT cursor_to_xml('c', 1, true, true, '')",
  "SELECT ts_rewrite('a'::tsquery, 'SELECT t, s FROM x')",
  "SELECT currtid2('customers', '(0,1)')",
  "CREATE TEMP TABLE t AS SELECT email FROM customers; SELECT * FROM t",
];
