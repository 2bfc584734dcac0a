"""libpq 18 by direct TLS (`sslnegotiation=direct`, ALPN) and protocol 3.2, whose keys for cancelling are long.

Prints what was agreed, what a statement gives, that the key's process id is the backend's, and that a cancel reaches it.
The environment has the rest of libpq's settings.
"""

import ctypes
import glob
import os
import threading

import psycopg
import psycopg_binary

[path] = glob.glob(os.path.join(os.path.dirname(psycopg_binary.__file__), "..", "psycopg_binary.libs", "libpq-*"))
libpq = ctypes.CDLL(path)
libpq.PQsslAttribute.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
libpq.PQsslAttribute.restype = ctypes.c_char_p

settings = "sslnegotiation=direct min_protocol_version=3.2 max_protocol_version=3.2"
with psycopg.connect(settings, autocommit=True) as conn:
    attribute = lambda name: libpq.PQsslAttribute(conn.pgconn.pgconn_ptr, name)
    print(attribute(b"protocol").decode(), attribute(b"alpn").decode(), conn.info.full_protocol_version)
    print(conn.execute("SELECT email FROM customers WHERE id = %s", (1,)).fetchone())
    print(conn.execute("SELECT pg_backend_pid()").fetchone()[0] == conn.info.backend_pid)

    ended = threading.Event()

    def cancel():
        """Again, as long as nothing was cancelled: the first may come before the statement."""
        while not ended.wait(0.3):
            conn.cancel_safe(timeout=60)

    canceller = threading.Thread(target=cancel)
    canceller.start()
    try:
        conn.execute("SELECT count(*) FROM generate_series(1, 1000000000000)")
    except psycopg.errors.QueryCanceled as error:
        print(error.sqlstate)
    finally:
        ended.set()
        canceller.join()
    print(conn.execute("SELECT 'goes on'").fetchone())
