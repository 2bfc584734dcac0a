"""Logs in with libpq 18 and OAUTHBEARER. libpq asks this program for the token, by its hook; TOKEN has it, or is empty.

Prints the discovery URL and the scope that libpq was told of, then `user|row` or the error. libpq keeps the hook's
answer to a first, empty response: it asks the server where to get a token, and connects again.
"""

import ctypes
import glob
import os
import sys

import psycopg
import psycopg_binary

[path] = glob.glob(os.path.join(os.path.dirname(psycopg_binary.__file__), "..", "psycopg_binary.libs", "libpq-*"))
libpq = ctypes.CDLL(path)

BEARER_TOKEN = 1


class BearerRequest(ctypes.Structure):
    """PGoauthBearerRequest of PostgreSQL 18."""

    _fields_ = [
        ("configuration", ctypes.c_char_p),
        ("scope", ctypes.c_char_p),
        ("poll", ctypes.c_void_p),
        ("cleanup", ctypes.c_void_p),
        ("token", ctypes.c_char_p),
        ("user", ctypes.c_void_p),
    ]


token = os.environ["TOKEN"].encode()


@ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(BearerRequest))
def hook(kind, _connection, request):
    if kind != BEARER_TOKEN:
        return 0
    asked = request.contents
    print("asked", (asked.configuration or b"").decode(), (asked.scope or b"").decode())
    if not token:
        return -1
    asked.token = token
    return 1


libpq.PQsetAuthDataHook(hook)
try:
    with psycopg.connect(sys.argv[1], autocommit=True) as conn:
        print(conn.execute("SELECT name, email FROM customers WHERE id = 1").fetchone())
except psycopg.Error as error:
    print(str(error).strip())
