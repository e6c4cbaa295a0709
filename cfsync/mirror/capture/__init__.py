"""User SQL -> rows of the outbox, or an error in the user's own statement.

In comes the catalogue, out go triggers, functions and views in the database. All of them are
replaced whenever their text has changed, as `digests` tells.

Read `rules` first (what SQL may do to each table, for every database), then the package of a
database (`sqlite`, `postgresql`), which turns the rules into statements: `templates/*.sql` show
whole triggers. `templates` fills them in, `installed` finds what is no longer there, `comments`
puts comments on tables and columns. The views are defined in `mirror.views`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from itertools import chain

import sqlalchemy as sa

import cfsync
from cfsync.mirror.capture import installed
from cfsync.mirror.capture.digests import DIGESTS
from cfsync.mirror.db import dialect
from cfsync.mirror.db.schema_checks import refuse_taken
from cfsync.mirror.progress import meta


def install(conn: sa.Connection) -> bool:
    """Bring them up to date in the caller's transaction, and put back what is missing, but not on
    tables that have lost columns. Returns whether anything was replaced. Those of a newer version
    stay as they are. Raises MirrorError if something else has the name of a view.
    """
    lost = installed.lost(conn)
    if _is_current(conn, lost):
        return False
    relations = dialect.named(conn.dialect.name).relations(conn)
    refuse_taken(installed.foreign_views(conn, relations), "the database")
    database, broken = installed.database(conn), installed.unusable_tables(lost)
    back = (
        *database.restore_ids(conn, installed.without_ids(lost)),
        *database.raise_counters(conn, installed.with_low_counters(lost)),
        *installed.restore_keys(lost),
        *(database.restore_mark() if any(n.startswith(installed.MARK) for n in lost) else ()),
    )
    made = database.statements(database.schema(conn), broken)
    for statement in chain(database.drops(conn), made, back):  # one at a time: all are large
        conn.exec_driver_sql(statement)
    for statement in for_own_columns(conn, lost):
        conn.exec_driver_sql(statement)
    meta.put(conn, meta.CAPTURE, f"{cfsync.__version__} {_digest(conn)}")
    installed.note(conn)
    return True


def is_current(conn: sa.Connection) -> bool:
    """Whether `install` would replace nothing."""
    return _is_current(conn, installed.lost(conn))


def _is_current(conn: sa.Connection, lost: Iterable[str]) -> bool:
    return (_is_newer(conn) or not installed.restorable(lost)) and not is_older(conn)


def is_older(conn: sa.Connection) -> bool:
    """Whether they are absent or of an earlier version. Those of a newer one serve this one too."""
    digest = (meta.get(conn, meta.CAPTURE) or "").rpartition(" ")[2]
    return not _is_newer(conn) and digest != _digest(conn)


def for_own_columns(conn: sa.Connection, lost: Iterable[str]) -> list[str]:
    """The statements that fit the triggers to the columns that the user has added by now; none
    where they do. `lost`: as `installed.lost` finds it.
    """
    if _is_newer(conn):
        return []
    broken = installed.unusable_tables(lost)
    found: list[str] = installed.database(conn).own_column_triggers(conn, broken)
    return found


def _is_newer(conn: sa.Connection) -> bool:
    version = (meta.get(conn, meta.CAPTURE) or "").partition(" ")[0]
    return _numbers(version) > _numbers(cfsync.__version__)


def _digest(conn: sa.Connection) -> str:
    """Of their text here: they name the schema that holds them."""
    schema = installed.database(conn).schema(conn)
    return hashlib.sha256(f"{DIGESTS[conn.dialect.name]} {schema}".encode()).hexdigest()


def _numbers(version: str) -> list[int]:
    return [int(n) for n in re.findall(r"\d+", version)]
