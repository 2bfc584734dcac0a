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
  CREATE FUNCTION mail(int) RETURNS text LANGUAGE sql AS 'SELECT email FROM customers WHERE id = $1';
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
  ANALYZE;`;

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
  "TABLE customers",
  "SELECT id FROM customers WHERE (id, name) IN (SELECT id, name FROM staff)",
  "SELECT id FROM customers WHERE id = ANY (ARRAY[1, 2]) AND NOT id > ALL (SELECT customer_id FROM orders)",
  "SELECT o.note, s.total FROM orders o, LATERAL (SELECT sum(total) AS total FROM orders x WHERE x.customer_id = o.customer_id) s",
  "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY salary) FROM staff",
  "SELECT mode() WITHIN GROUP (ORDER BY email) FROM customers",
  "SELECT concat_ws(':', id, email), format('%s', email) FROM customers",
  "SELECT overlay(email PLACING 'x' FROM 1 FOR 1), position('@' IN email), trim(email) FROM customers",
];

/** Known only to 17 and 18, or with that syntax only there. */
export const tracedFrom18: readonly string[] = [
  "UPDATE customers SET name = 'x' RETURNING old.email, new.name, old.*",
  "MERGE INTO customers c USING orders o ON c.id = o.customer_id AND o.total > 6 WHEN MATCHED THEN UPDATE SET balance = 1 RETURNING merge_action(), c.email, o.note",
  "INSERT INTO customers (id, name) VALUES (9, 'x') RETURNING WITH (NEW AS n) n.email, n.name",
  "DELETE FROM archive RETURNING old.secret",
];

/** Each must be opaque or ask `execute`: it is not traced. */
export const untraced: readonly string[] = [
  "SELECT * FROM contacts",
  "SELECT mail(1)",
  "SELECT id FROM customers WHERE mail(id) = 'x'",
  "INSERT INTO audited VALUES (1, 'x') RETURNING v",
  "SELECT query_to_xml('select * from customers', true, true, '')",
  "SELECT pg_read_file('/etc/passwd')",
  "SELECT lo_get(1)",
  "SELECT * FROM pg_stat_get_activity(NULL)",
  "SELECT table_to_xml('customers', true, true, '')",
  "SELECT ts_stat('select to_tsvector(email) from customers')",
  "DO 'BEGIN END'",
  "PREPARE p AS SELECT email FROM customers",
  "EXECUTE p",
  "DECLARE c CURSOR FOR SELECT email FROM customers",
  "FETCH ALL FROM c",
  "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
  "SELECT (c).* FROM customers c",
  "SELECT email(c) FROM customers c",
  "SELECT pg_sleep(salary) FROM staff",
  "SELECT dblink('x', 'y')",
  "SELECT cursor_to_xml('c', 1, true, true, '')",
  "SELECT ts_rewrite('a'::tsquery, 'SELECT t, s FROM x')",
  "SELECT currtid2('customers', '(0,1)')",
  "CREATE TEMP TABLE t AS SELECT email FROM customers; SELECT * FROM t",
];
