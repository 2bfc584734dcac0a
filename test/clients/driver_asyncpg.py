import asyncio
import datetime
import decimal
import hashlib
import io
import os
import ssl
import uuid

import asyncpg
from steps import step


async def connect():
    # It cannot verify by a file that libpq's variables name when the host is an address; so it is told.
    ca = os.environ.get("PGSSLROOTCERT")
    return await asyncpg.connect(ssl=ssl.create_default_context(cafile=ca) if ca else False)


async def main():
    conn = await connect()
    print(conn.get_server_version().major, conn.get_settings().client_encoding)
    if "PLAIN" in os.environ:
        return
    await conn.execute("DROP SCHEMA IF EXISTS asyncpg CASCADE; CREATE SCHEMA asyncpg; CREATE TABLE asyncpg.t (id int PRIMARY KEY, name text, at timestamptz)")
    with step("parameters, all binary"):
        print(await conn.fetchrow(
            "SELECT $1::int8, $2::text, $3::bool, $4::float8, $5::numeric, $6::text, $7::bytea, $8::timestamptz, $9::date, $10::jsonb, $11::int[], $12::text[], $13::uuid, $14::interval",
            7, None, True, 1.5, decimal.Decimal("12345678901234567890.12"), "naïve ' \\ €", b"\x00\xff",
            datetime.datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=datetime.timezone.utc), datetime.date(1999, 12, 31),
            '{"a": [1, null]}', [1, 2, None], ["a,b", 'q"'], uuid.UUID(int=5), datetime.timedelta(hours=26),
        ))
    with step("an enum, a composite, a domain, a range"):
        await conn.execute("CREATE TYPE asyncpg.mood AS ENUM ('sad', 'ok'); CREATE TYPE asyncpg.pair AS (a int, b text); CREATE DOMAIN asyncpg.small AS int CHECK (value < 10)")
        print(await conn.fetchrow("SELECT 'ok'::asyncpg.mood, ROW(1, 'x')::asyncpg.pair, 3::asyncpg.small, int4range(1, 5), $1::asyncpg.mood[]", ["sad"]))
    with step("a prepared statement"):
        statement = await conn.prepare("SELECT $1::int + 1 AS n, $2::text AS t")
        print([await statement.fetchrow(n, "x") for n in range(3)], [a.name for a in statement.get_attributes()])
    with step("executemany"):
        await conn.executemany("INSERT INTO asyncpg.t VALUES ($1, $2)", [(n, f"n{n}") for n in range(500)])
        print(await conn.fetchval("SELECT count(*) FROM asyncpg.t"))
    for text in ("SELECT 1/0", "SELEKT 1", "INSERT INTO asyncpg.t VALUES (1)", "SELECT nothing FROM asyncpg.t"):
        with step(text):
            await conn.fetch(text)
    with step("a transaction that fails, and its savepoint"):
        async with conn.transaction():
            try:
                async with conn.transaction():
                    await conn.fetch("SELECT 1/0")
            except asyncpg.DivisionByZeroError as error:
                print(error.sqlstate)
            print(await conn.fetchval("SELECT 5"))
    with step("a cursor"):
        async with conn.transaction():
            print(sum([row["id"] async for row in conn.cursor("SELECT id FROM asyncpg.t", prefetch=37)]))
            cursor = await conn.cursor("SELECT id FROM asyncpg.t ORDER BY id")
            await cursor.forward(10)
            print(await cursor.fetch(2))
    with step("COPY"):
        print(await conn.copy_records_to_table("t", schema_name="asyncpg", columns=["id", "name"], records=[(n, "x") for n in range(1000, 3000)]))
        out = io.BytesIO()
        print(await conn.copy_from_query("SELECT id, name FROM asyncpg.t ORDER BY id", output=out, format="csv"))
        print(hashlib.md5(out.getvalue()).hexdigest())
    with step("LISTEN and NOTIFY"):
        heard = asyncio.Queue()
        await conn.add_listener("asyncpg_channel", lambda _c, _pid, channel, payload: heard.put_nowait((channel, payload)))
        await conn.execute("NOTIFY asyncpg_channel, 'hello'")
        print(await asyncio.wait_for(heard.get(), 5))
        await conn.remove_listener("asyncpg_channel", print)
    with step("cancel by time-out"):
        await conn.execute("SELECT pg_sleep(60)", timeout=0.5)
    with step("after the cancel"):
        print(await conn.fetchval("SELECT 6"))
    with step("large rows"):
        row = await conn.fetchrow("SELECT repeat('ab', 4000000), md5($1)", "y" * 900_000)
        print(hashlib.md5(row[0].encode()).hexdigest(), row[1])
    with step("reset, as a pool does it"):
        await conn.execute("SET statement_timeout = 5000")
        await conn.reset()
        print(await conn.fetchval("SHOW statement_timeout"))
    with step("the session ends"):
        await conn.fetch("SELECT pg_terminate_backend(pg_backend_pid())")
    with step("reconnect"):
        conn = await connect()
        print(await conn.fetchval("SELECT current_database()"))
        await conn.close()


asyncio.run(main())
