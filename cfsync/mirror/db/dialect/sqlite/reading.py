"""A connection that only reads, for now and then: it leaves out the file's triggers.

SQLite parses the whole schema for each connection, and keeps it in memory: 2.3 MB of text in some
400 triggers take 20 MB and most of the time to open one. It offers no way to leave them out. But a
statement that is longer than the connection's limit is not parsed, and with `writable_schema` the
others are used all the same. Where that doesn't work, all is parsed as usual.

After another connection has changed the schema, all of it is parsed; a long view then still shows
what it was when the connection was opened.
"""

from __future__ import annotations

import sqlite3

LONGEST = 2_500
"""Bytes of a statement of the schema that is parsed: any table of ours, and few triggers."""

_LEFT_OUT = f"""SELECT type, sql FROM sqlite_schema
  WHERE length(CAST(sql AS BLOB)) > {LONGEST} AND type <> 'trigger'"""


def prepare(connection: sqlite3.Connection) -> None:
    """Read the schema, and let nothing be written any more."""
    connection.execute("PRAGMA busy_timeout = 10000")
    _read_schema(connection)
    # 1 MB of pages in memory is enough
    connection.executescript("PRAGMA cache_size = -1000; PRAGMA query_only = ON")


def _read_schema(connection: sqlite3.Connection) -> None:
    usual = connection.setlimit(sqlite3.SQLITE_LIMIT_SQL_LENGTH, LONGEST)
    connection.execute("PRAGMA writable_schema = ON")
    try:
        left_out = connection.execute(_LEFT_OUT).fetchall()
    except sqlite3.DatabaseError:  # a library that doesn't allow it
        left_out = [("table", "")]
    connection.setlimit(sqlite3.SQLITE_LIMIT_SQL_LENGTH, usual)
    if any(kind != "view" for kind, _ in left_out):
        connection.execute("PRAGMA writable_schema = RESET")  # reads it anew, all of it
        return
    connection.execute("PRAGMA writable_schema = OFF")
    for _, text in left_out:
        connection.execute(text.replace("CREATE VIEW", "CREATE TEMP VIEW", 1))
