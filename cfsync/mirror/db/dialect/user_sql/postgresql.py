"""A person's statement on a PostgreSQL server.

To read, it runs in a READ ONLY transaction, which can't be made another one once something has been
read in it, as the query of a cursor, which can be nothing but a query, and over the protocol that
takes one statement at a time. What a function does outside of the database (end another session,
write a file of the server's) is a matter of the role's rights.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from cfsync.errors import CfsyncError, UsageError
from cfsync.mirror.db.dialect.postgresql import session
from cfsync.mirror.db.dialect.postgresql.server import OPTIONS, PostgreSQLServer
from cfsync.mirror.db.dialect.user_sql import (
    ONE,
    READ_ONLY,
    Answer,
    BeforeCommit,
    Edits,
    JsonText,
)
from cfsync.mirror.db.errors import Away, Busy
from cfsync.times import time_text

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[Any]

_CHUNK = 1_000
"""Rows that are fetched at a time."""
_BUSY = {"40001", "40P01", "55P03"}
_WRITES = re.compile(
    r"[\s(]*(alter|analyze|begin|call|cluster|comment|commit|copy|create|delete|do|drop|end|execute"
    r"|grant|insert|lock|merge|notify|reindex|reset|revoke|rollback|set|start|truncate|update"
    r"|vacuum)\b",
    re.IGNORECASE,
)
"""How statements begin for which there is a better word than the syntax error that follows."""
_TELLS = re.compile(r"\s*(explain|show)\b", re.IGNORECASE)
"""How statements begin that are no query of a cursor, and can't hold anything but a query."""
_EDITS = (
    "SELECT resource, count(*), min(captured_at) FROM cf_outbox"
    " WHERE seq > %s AND xmin = pg_current_xact_id()::xid GROUP BY resource ORDER BY resource"
)


@contextmanager
def run(
    place: PostgreSQLServer, statement: str, before_commit: BeforeCommit | None
) -> Iterator[Answer]:
    import psycopg

    try:
        with psycopg.connect(place.conninfo, **OPTIONS) as conn:
            _prepare(conn, read_only=not before_commit)
            if before_commit:
                yield from _edit(conn, statement, before_commit)
            else:
                yield from _read(conn, statement)
            # Some things get through a READ ONLY transaction, such as a table that EXPLAIN makes.
            conn.rollback()
    except psycopg.Error as error:
        raise _explained(error, str(place)) from error


def _prepare(conn: Connection, *, read_only: bool) -> None:
    """Begin the transaction, and read something in it."""
    from psycopg.types.json import set_json_loads

    set_json_loads(lambda text: JsonText(text if isinstance(text, str) else text.decode()), conn)
    pins = session.pins(conn)
    conn.read_only = read_only
    conn.execute(pins)
    conn.execute(session.TAKE_ANY_TIME)


def _read(conn: Connection, statement: str) -> Iterator[Answer]:
    if _TELLS.match(statement):
        with conn.cursor() as cursor:
            rows = cursor.stream(statement)
            first = list(islice(rows, 1))
            yield Answer(_names(cursor), chain(first, rows))
        return
    if _WRITES.match(statement):
        raise UsageError(READ_ONLY)
    # The binary format is only had over the protocol that takes one statement.
    conn.execute(f"DECLARE cfsync_rows NO SCROLL CURSOR FOR {statement}", binary=True)
    with conn.cursor() as cursor:
        cursor.execute(f"FETCH {_CHUNK} FROM cfsync_rows")
        yield Answer(_names(cursor), _fetched(cursor))


def _edit(conn: Connection, statement: str, before_commit: BeforeCommit) -> Iterator[Answer]:
    (last,) = conn.execute("SELECT coalesce(max(seq), 0) FROM cf_outbox").fetchone() or (0,)
    with conn.cursor() as cursor:
        cursor.execute(statement, binary=True)
        names = _names(cursor)
        answer = Answer(names, iter(cursor) if names else iter(()), cursor.rowcount)
        yield answer
    found = conn.execute(_EDITS, [last]).fetchall()
    answer.edits = [Edits(name, count, time_text(since)) for name, count, since in found]
    before_commit(answer)
    conn.commit()


def _names(cursor: psycopg.Cursor[Any]) -> list[str]:
    return [column.name for column in cursor.description or ()]


def _fetched(cursor: psycopg.Cursor[Any]) -> Iterator[Any]:
    while rows := cursor.fetchall():
        yield from rows
        cursor.execute(f"FETCH {_CHUNK} FROM cfsync_rows")


def _explained(error: psycopg.Error, where: str) -> CfsyncError:
    state, words = error.sqlstate or "", error.diag.message_primary
    if not state and not words:
        words = next(iter(str(error).splitlines()), None)
        return Away(f"{where} can't be used: {words or type(error).__name__}")
    if state in _BUSY:
        return Busy(f"{where}: {words}")
    if "multiple commands" in (words or ""):
        return UsageError(ONE)
    if state == "25006":
        return UsageError(READ_ONLY)
    hint = f" ({error.diag.message_hint})" if error.diag.message_hint else ""
    return UsageError(f"{words}{hint}")
