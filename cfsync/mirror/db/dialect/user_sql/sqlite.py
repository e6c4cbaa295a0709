"""A person's statement on an SQLite file.

To read, the file is opened read-only, and SQLite asks `_may_read` about each thing that a statement
does before it runs: only reading is allowed. So nothing can be attached, not even the file with the
secrets, and no other file can be written.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

from cfsync.errors import CfsyncError, MirrorError, UsageError
from cfsync.mirror.db.dialect.sqlite.file import FAILURES, SQLiteFile
from cfsync.mirror.db.dialect.user_sql import ONE, READ_ONLY, Answer, BeforeCommit, Edits
from cfsync.mirror.db.errors import Busy

_READS = {
    sqlite3.SQLITE_SELECT,
    sqlite3.SQLITE_READ,
    sqlite3.SQLITE_RECURSIVE,
}
_DESCRIBES = {
    "collation_list",
    "database_list",
    "foreign_key_list",
    "function_list",
    "index_info",
    "index_list",
    "index_xinfo",
    "table_info",
    "table_list",
    "table_xinfo",
}
"""The pragmas that only tell something."""
_LOADS_CODE = {"load_extension", "fts3_tokenizer"}
_ENDS_IT = {
    sqlite3.SQLITE_TRANSACTION,
    sqlite3.SQLITE_SAVEPOINT,
    sqlite3.SQLITE_ATTACH,
    sqlite3.SQLITE_DETACH,
}
"""What would end the transaction of a statement, or leave the file."""
_STEPS = 100_000
"""So many instructions of SQLite's run between two looks at whether the person has interrupted."""

_EDITS = (
    "SELECT resource, count(*), min(captured_at) FROM cf_outbox WHERE seq > ?"
    " GROUP BY resource ORDER BY resource"
)


@contextmanager
def run(place: SQLiteFile, statement: str, before_commit: BeforeCommit | None) -> Iterator[Answer]:
    try:
        with closing(_connect(place, "rw" if before_commit else "ro")) as conn:
            if before_commit:
                yield from _edit(conn, statement, before_commit)
            else:
                yield from _read(conn, statement)
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise _explained(error, str(place), write=bool(before_commit)) from error


def _connect(place: SQLiteFile, mode: str) -> sqlite3.Connection:
    conn = sqlite3.connect(f"{place.file.as_uri()}?mode={mode}", uri=True, isolation_level=None)
    conn.text_factory = lambda text: text.decode(errors="replace")
    conn.execute("PRAGMA busy_timeout = 10000")
    conn.execute("PRAGMA foreign_keys = ON")
    conn.set_progress_handler(lambda: 0, _STEPS)
    return conn


def _read(conn: sqlite3.Connection, statement: str) -> Iterator[Answer]:
    conn.execute("PRAGMA query_only = ON")
    conn.set_authorizer(_may_read)
    yield _answer(conn.execute(statement))


def _edit(
    conn: sqlite3.Connection, statement: str, before_commit: BeforeCommit
) -> Iterator[Answer]:
    conn.execute("BEGIN IMMEDIATE")
    (last,) = conn.execute("SELECT coalesce(max(seq), 0) FROM cf_outbox").fetchone()
    conn.set_authorizer(_may_write)
    cursor = conn.execute(statement)
    answer = _answer(cursor)
    yield answer
    for _ in answer.rows:
        pass
    conn.set_authorizer(None)
    answer.edits = [Edits(*row) for row in conn.execute(_EDITS, (last,))]
    if cursor.rowcount or not answer.edits:  # else the triggers of a view have made the edits
        answer.changed = cursor.rowcount
    before_commit(answer)
    conn.execute("COMMIT")


def _answer(cursor: sqlite3.Cursor) -> Answer:
    return Answer([name for name, *_ in cursor.description or ()], cursor)


def _may_read(action: int, first: str | None, second: str | None, *_: object) -> int:
    if action in _READS:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_PRAGMA and first in _DESCRIBES:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_FUNCTION and second not in _LOADS_CODE:
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


def _may_write(action: int, *_: object) -> int:
    return sqlite3.SQLITE_DENY if action in _ENDS_IT else sqlite3.SQLITE_OK


def _explained(error: Exception, where: str, *, write: bool) -> CfsyncError:
    name = getattr(error, "sqlite_errorname", "")
    if name == "SQLITE_INTERRUPT":
        raise KeyboardInterrupt from error
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return Busy(f"{where} is locked by another program; end its long transactions")
    if "one statement" in str(error):
        return UsageError(ONE)
    denied = name == "SQLITE_AUTH" or str(error).startswith("not authorized")
    if (denied or name == "SQLITE_READONLY") and not write:
        return UsageError(READ_ONLY)
    if denied:
        return UsageError("the statement is a transaction of its own and reaches no other file")
    begins = next((begins for begins in FAILURES if name.startswith(begins)), None)
    if begins:
        return MirrorError(FAILURES[begins].format(where=where))
    return UsageError(str(error))
