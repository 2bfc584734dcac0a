#!/bin/sh
# psql, pgbench, pg_dump and pg_restore. WORK is an empty folder.
step() { echo "-- $1"; }
quiet() { psql --no-psqlrc -qAt "$@"; }

quiet -c "SHOW server_version_num" | cut -c 1-2
[ -z "$PLAIN" ] || exit 0
cd "$WORK" || exit 1
quiet -c "SET client_min_messages = warning" -c "DROP SCHEMA IF EXISTS psql CASCADE" -c "CREATE SCHEMA psql"
printf '1,"x,y",\n2,"it""s",5\n' >in.csv

step "a script"
psql --no-psqlrc -v schema=psql 2>&1 <<'SQL'
\set VERBOSITY verbose
\set SHOW_CONTEXT always
CREATE TABLE :"schema".t (id int PRIMARY KEY, name text, n numeric DEFAULT 1.50);
CREATE INDEX ON psql.t (name);
COMMENT ON TABLE psql.t IS 'a table';
\copy psql.t FROM in.csv WITH (FORMAT csv)
\copy (SELECT * FROM psql.t ORDER BY id) TO STDOUT
COPY psql.t (id, name) FROM STDIN;
3	three
4	\N
\.
TABLE psql.t;
\d psql.t
\dt+ psql.*
\du shop_app
\dn psql
\df psql.*
\l shop
\gset
SELECT 7 AS seven \gset
\echo :seven
SELECT :seven + 1 AS n, current_setting('server_encoding') \gdesc
SELECT format('SELECT %s AS made', n) FROM generate_series(1, 2) n \gexec
SELECT 1 AS a \; SELECT 2 AS b;
\if true
SELECT 'then';
\endif
SELECT 1/0;
\set VERBOSITY default
SELEKT 1;
\set VERBOSITY verbose
INSERT INTO psql.t VALUES (1);
SELECT nothing FROM psql.t;
\errverbose
\set VERBOSITY default
BEGIN;
SAVEPOINT a;
SELECT 1/0;
SELECT 1;
ROLLBACK TO a;
SELECT count(*) FROM psql.t;
COMMIT;
DO $$ BEGIN RAISE NOTICE 'seen %', 1; END $$;
\set FETCH_COUNT 10
SELECT sum(n) OVER () FROM generate_series(1, 25) n;
\unset FETCH_COUNT
\x
TABLE psql.t LIMIT 1;
\x
PREPARE plus AS SELECT $1::int + 1;
EXECUTE plus(1);
DEALLOCATE plus;
EXECUTE plus(1);
DECLARE c CURSOR WITH HOLD FOR SELECT id FROM psql.t ORDER BY id;
FETCH 2 FROM c;
MOVE 1 FROM c;
FETCH 5 FROM c;
CLOSE c;
LISTEN psql_channel;
EXPLAIN (COSTS off) SELECT * FROM psql.t WHERE id = 1;
\lo_list
\timing off
\encoding
SHOW search_path;
\c shop
SELECT current_database(), current_user;
SELECT pg_terminate_backend(pg_backend_pid());
SELECT 'again';
SQL
echo "ended with $?"

step "one transaction, stopped at an error"
psql --no-psqlrc -q1v ON_ERROR_STOP=1 -c "CREATE TABLE psql.gone ()" -c "SELECT 1/0" 2>&1
echo "ended with $?"
quiet -c "SELECT to_regclass('psql.gone') IS NULL"

step "Ctrl-C"
psql --no-psqlrc -c "SELECT pg_sleep(60)" 2>&1 &
asleep="SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"
until [ "$(quiet -c "$asleep")" = 1 ]; do sleep 0.1; done
kill -INT $!
wait $!
echo "ended with $?"

step "pgbench"
quiet -c "SET client_min_messages = error" -c "DROP TABLE IF EXISTS pgbench_accounts, pgbench_branches, pgbench_history, pgbench_tellers"
pgbench -i -I tgGvpf -s 1 -q 2>&1 | grep -vE "[0-9.]+ s[,)]|elapsed"
for mode in simple extended prepared; do
  pgbench -M $mode -c 3 -j 1 -t 20 -n 2>&1 | grep -E "processed|failed|^ERROR"
done
quiet -c "SELECT count(*), sum(delta) IS NOT NULL FROM pgbench_history"

step "pg_dump and pg_restore"
quiet -c "CREATE VIEW psql.v AS SELECT name FROM psql.t" -c "CREATE FUNCTION psql.f(int) RETURNS int LANGUAGE sql AS 'SELECT \$1 + 1'" -c "CREATE SEQUENCE psql.s" -c "CREATE TYPE psql.mood AS ENUM ('ok')" -c "CREATE TABLE psql.parts (id int) PARTITION BY RANGE (id)" -c "CREATE TABLE psql.part1 PARTITION OF psql.parts FOR VALUES FROM (0) TO (10)" -c "INSERT INTO psql.parts VALUES (3)"
plain() { pg_dump -n psql "$@" 2>&1 | grep -vE '^\\(un)?restrict|^-- (Dumped|Started|Completed)'; }
plain | tee before.sql
plain --inserts --data-only
pg_dump -Fc -n psql -f dump.custom 2>&1; echo "ended with $?"
pg_dump -Fd -j 2 -n psql -f dump.directory 2>&1; echo "ended with $?"
for archive in dump.custom dump.directory; do
  quiet -c "SET client_min_messages = warning" -c "DROP SCHEMA psql CASCADE"
  pg_restore -d "$PGDATABASE" $archive 2>&1; echo "ended with $?"
  plain >after.sql
  cmp before.sql after.sql && echo "restored as it was"
done
pg_restore -l dump.custom | grep -vE "^;" | cut -d ' ' -f 4-
