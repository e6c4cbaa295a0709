"""A connection that only reads, for now and then: it leaves out the file's triggers.

SQLite parses the whole schema for each connection, and keeps it in memory: 2.3 MB of text in some
400 triggers take 20 MB and most of the time to open one. It offers no way to leave them out. But a
statement that is longer, or has a deeper expression, than the connection's limits is not parsed,
and with `writable_schema` the others are used all the same. Views that this leaves out are made
again, as temporary ones. Where it leaves out a table, or doesn't work, all is parsed as usual.

After another connection has changed the schema, all of it is parsed; a view that was made again
then still shows what it was when the connection was opened. A view that is not ours can't be read
here if it reads one of ours that was made again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

LONGEST = 2_500
"""Bytes of a statement of the schema that is parsed: any table of ours, half of the triggers."""

DEEPEST = 5
"""Levels of an expression in such a statement: our tables and indexes have 2, nearly all triggers
more.
"""

_LIMITS = {
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: LONGEST,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: DEEPEST,
}
_RELATIONS = "SELECT type, name, sql FROM sqlite_schema WHERE type IN ('table', 'view')"


def prepare(connection: sqlite3.Connection) -> None:
    """Read the schema, and let nothing be written any more."""
    connection.execute("PRAGMA busy_timeout = 10000")
    _read_schema(connection)
    connection.execute("PRAGMA query_only = ON")


def _read_schema(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA writable_schema = ON")
    try:
        with _limited(connection):
            # The first that needs the schema; the system keeps pages, too.
            connection.execute("PRAGMA cache_size = -250")
        # Before SQLite 3.37 there is no such pragma: then everything seems to be left out.
        parsed = {name for _, name, *_ in connection.execute("PRAGMA table_list")}
        left_out = [one for one in connection.execute(_RELATIONS) if one[1] not in parsed]
    except sqlite3.DatabaseError:  # a library that doesn't allow it
        left_out = [("table", "", "")]
    if any(kind != "view" for kind, _, _ in left_out):
        connection.execute("PRAGMA writable_schema = RESET")  # reads it anew, all of it
        return
    connection.execute("PRAGMA writable_schema = OFF")
    for _, _, text in left_out:
        connection.execute(text.replace("CREATE VIEW", "CREATE TEMP VIEW", 1))


@contextmanager
def _limited(connection: sqlite3.Connection) -> Iterator[None]:
    usual = {what: connection.setlimit(what, limit) for what, limit in _LIMITS.items()}
    try:
        yield
    finally:
        for what, limit in usual.items():
            connection.setlimit(what, limit)
