import datetime
import decimal
import hashlib
import logging
import os
import threading
import uuid

import psycopg
from psycopg.types.json import Jsonb
from steps import step

conn = psycopg.connect("", autocommit=True)
print(conn.info.server_version // 10000, conn.info.encoding, conn.info.parameter_status("integer_datetimes"))
if "PLAIN" in os.environ:
    raise SystemExit

conn.execute("DROP SCHEMA IF EXISTS psycopg3 CASCADE")
conn.execute("CREATE SCHEMA psycopg3")
conn.execute("CREATE TABLE psycopg3.t (id int PRIMARY KEY, name text, n numeric, at timestamptz, doc jsonb, bits bytea, tags text[])")

values = (
    7, None, True, 1.5, decimal.Decimal("12345678901234567890.12"), "naïve 'quote' \\ \n €", b"\x00\xff\\",
    datetime.datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=datetime.timezone.utc), datetime.date(1999, 12, 31),
    Jsonb({"a": [1, None, "x"]}), [1, 2, 3], ["a,b", 'q"', None], uuid.UUID(int=5),
)
for binary in (False, True):
    with step(f"parameters, binary={binary}"):
        with conn.cursor(binary=binary) as cur:
            cur.execute(f"SELECT {','.join(['%b' if binary else '%s'] * len(values))}", values)
            print(cur.fetchone(), [d.type_code for d in cur.description])
with step("prepared, reused"):
    for n in range(8):
        row = conn.execute("SELECT %s::int + 1, current_user", (n,), prepare=True).fetchone()
    print(row)
with step("executemany, RETURNING"):
    with conn.cursor() as cur:
        cur.executemany("INSERT INTO psycopg3.t (id, name) VALUES (%s, %s) RETURNING id", [(n, f"n{n}") for n in range(50)], returning=True)
        print(cur.rowcount)
with step("division"):
    conn.execute("SELECT 1/0")
with step("syntax"):
    conn.execute("SELEKT 1")
with step("unique"):
    conn.execute("INSERT INTO psycopg3.t (id) VALUES (1)")
with step("error in a transaction, savepoint"):
    with conn.transaction():
        try:
            with conn.transaction():
                conn.execute("SELECT * FROM psycopg3.nothing")
        except psycopg.errors.UndefinedTable as error:
            print(error.sqlstate, error.diag.message_primary, error.diag.statement_position)
        print(conn.execute("SELECT count(*) FROM psycopg3.t").fetchone())
with step("failed transaction"):
    conn.execute("BEGIN")
    for text in ("SELECT 1/0", "SELECT 1", "ROLLBACK"):
        try:
            conn.execute(text)
        except psycopg.Error as error:
            print(error.sqlstate)
        print(conn.info.transaction_status.name)
with step("COPY in and out"):
    with conn.cursor() as cur:
        with cur.copy("COPY psycopg3.t (id, name, tags) FROM STDIN") as copy:
            for n in range(100, 2100):
                copy.write_row((n, "x" * 50, ["a", None]))
        with cur.copy("COPY (SELECT id, name FROM psycopg3.t WHERE id >= 2095 ORDER BY id) TO STDOUT (FORMAT binary)") as copy:
            copy.set_types(["int4", "text"])
            print(list(copy.rows()))
        try:
            with cur.copy("COPY psycopg3.t (id) FROM STDIN") as copy:
                copy.write("1\n")
                raise ValueError("given up")
        except ValueError:
            print(conn.execute("SELECT count(*) FROM psycopg3.t").fetchone())
# What it logs of a pipeline depends on how many answers came at once.
logging.getLogger("psycopg").setLevel(logging.CRITICAL)
with step("pipeline with an error"):
    with conn.pipeline() as pipe:
        first = conn.execute("SELECT 1")
        conn.execute("SELECT 1/0")
        last = conn.execute("SELECT 3")
        pipe.sync()
with step("after the pipeline"):
    print(conn.execute("SELECT 4").fetchone())
with step("server-side cursor"):
    with conn.transaction(), conn.cursor("held") as cur:
        cur.itersize = 300
        cur.execute("SELECT id FROM psycopg3.t ORDER BY id")
        print(sum(row[0] for row in cur), cur.scroll(0, mode="absolute") or cur.fetchmany(2))
with step("rows one by one"):
    with conn.cursor() as cur:
        print(sum(1 for _ in cur.stream("SELECT generate_series(1, 5000)")))
with step("large rows"):
    row = conn.execute("SELECT repeat('ab', 4000000), md5(%s)", ("y" * 900_000,)).fetchone()
    print(hashlib.md5(row[0].encode()).hexdigest(), row[1])
with step("LISTEN and NOTIFY"):
    conn.execute("LISTEN psycopg3_channel")
    conn.execute("NOTIFY psycopg3_channel, 'hello'")
    print([(one.channel, one.payload) for one in conn.notifies(timeout=5, stop_after=1)])
with step("cancel"):
    timer = threading.Timer(0.5, conn.cancel)
    timer.start()
    conn.execute("SELECT pg_sleep(60)")
with step("notices"):
    notices = []
    conn.add_notice_handler(lambda diag: notices.append((diag.severity, diag.message_primary)))
    conn.execute("DO $$ BEGIN RAISE NOTICE 'seen %', 1; RAISE WARNING 'too'; END $$")
    print(notices)
with step("the session ends"):
    conn.execute("SELECT pg_terminate_backend(pg_backend_pid())")
print(conn.broken)
with step("reconnect"):
    print(psycopg.connect("").execute("SELECT current_database()").fetchone())
