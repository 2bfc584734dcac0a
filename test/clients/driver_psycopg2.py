import datetime
import decimal
import hashlib
import io
import os
import select
import threading

import psycopg2
import psycopg2.extensions
import psycopg2.extras
from steps import step

conn = psycopg2.connect("")
print(conn.server_version // 10000, conn.encoding)
if "PLAIN" in os.environ:
    raise SystemExit
conn.autocommit = True
cur = conn.cursor()
cur.execute("SET client_min_messages = warning; DROP SCHEMA IF EXISTS psycopg2 CASCADE; CREATE SCHEMA psycopg2; CREATE TABLE psycopg2.t (id int PRIMARY KEY, name text, bits bytea); RESET client_min_messages")


def show(text, values=None):
    cur.execute(text, values)
    print([tuple(bytes(v) if isinstance(v, memoryview) else v for v in row) for row in cur.fetchall()], [column.type_code for column in cur.description])


with step("parameters"):
    show(
        "SELECT %s, %s, %s, %s, %s, %s, %s::bytea, %s, %s, %s, %s",
        (7, None, True, 1.5, decimal.Decimal("12.30"), "naïve ' \\ €", psycopg2.Binary(b"\x00\xff"),
         datetime.datetime(2026, 1, 2, 3, 4, 5, 6), psycopg2.extras.Json({"a": [1, None]}), [1, 2], ["a,b", None]),
    )
with step("several statements"):
    show("SELECT 1; SELECT 2 AS two")
with step("executemany and execute_values"):
    cur.executemany("INSERT INTO psycopg2.t VALUES (%s, %s)", [(n, f"n{n}") for n in range(20)])
    psycopg2.extras.execute_values(cur, "INSERT INTO psycopg2.t (id, name) VALUES %s", [(n, "v") for n in range(20, 120)])
    show("SELECT count(*), sum(id) FROM psycopg2.t")
for text in ("SELECT 1/0", "SELEKT 1", "INSERT INTO psycopg2.t VALUES (1)", "SELECT nothing FROM psycopg2.t"):
    with step(text):
        cur.execute(text)
with step("a transaction that fails, and its savepoint"):
    conn.autocommit = False
    cur.execute("SAVEPOINT a")
    try:
        cur.execute("SELECT 1/0")
    except psycopg2.Error as error:
        print(error.pgcode, conn.get_transaction_status())
    try:
        cur.execute("SELECT 1")
    except psycopg2.Error as error:
        print(error.pgcode)
    cur.execute("ROLLBACK TO a")
    show("SELECT 5")
    conn.commit()
with step("a cursor on the server"):
    named = conn.cursor("held")
    named.itersize = 25
    named.execute("SELECT id FROM psycopg2.t ORDER BY id")
    print(sum(row[0] for row in named))
    named.close()
    conn.commit()
conn.autocommit = True
with step("COPY"):
    cur.copy_expert("COPY psycopg2.t (id, name) FROM STDIN (FORMAT csv)", io.StringIO("".join(f'{n},"x,y"\n' for n in range(1000, 4000))))
    out = io.StringIO()
    cur.copy_expert("COPY (SELECT * FROM psycopg2.t ORDER BY id) TO STDOUT", out)
    print(len(out.getvalue()), hashlib.md5(out.getvalue().encode()).hexdigest())
with step("COPY of what does not fit"):
    cur.copy_expert("COPY psycopg2.t (id) FROM STDIN", io.StringIO("1\nx\n"))
with step("LISTEN and NOTIFY"):
    cur.execute("LISTEN psycopg2_channel; NOTIFY psycopg2_channel, 'hello'")
    # It came with the answer, or it comes.
    if not conn.notifies:
        select.select([conn], [], [], 30)
        conn.poll()
    print([(one.channel, one.payload) for one in conn.notifies])
with step("cancel"):
    threading.Timer(0.5, conn.cancel).start()
    cur.execute("SELECT pg_sleep(60)")
# PostgreSQL sends the signal twice, to the process and to its group: on a busy machine the second comes late.
try:
    cur.execute("SELECT pg_sleep(0.5)")
except psycopg2.Error:
    pass
with step("notices"):
    cur.execute("DO $$ BEGIN RAISE NOTICE 'seen %', 1; END $$")
    print(conn.notices)
with step("large rows"):
    cur.execute("SELECT repeat('ab', 4000000), md5(%s)", ("y" * 900_000,))
    row = cur.fetchone()
    print(hashlib.md5(row[0].encode()).hexdigest(), row[1])
with step("the session ends"):
    try:
        cur.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    except psycopg2.OperationalError:
        # Its text says how TLS was closed: the gateway says goodbye, a backend that dies does not.
        print("ended")
print(conn.closed)
with step("reconnect"):
    cur = psycopg2.connect("").cursor()
    show("SELECT current_database()")
