"""Notices capture that is gone, and puts it back: each pass begins with it.

A program that rebuilds a table, or a person who switches triggers off, leaves edits uncaptured
without any error. What the catalogue lacks is put back where the role may do so (on PostgreSQL the
owner's may). What was changed in the meantime is no edit: a sweep finds it, see
`cfsync.mirror.incoming.drift`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress

import structlog

from cfsync.errors import MirrorError
from cfsync.mirror import capture
from cfsync.mirror.bookkeeping import meta
from cfsync.mirror.capture import installed
from cfsync.mirror.db.engine import Mirror, Tx
from cfsync.mirror.db.errors import Away
from cfsync.resources import RESOURCES, Resource

log = structlog.get_logger()

NAMED = 3
"""Missing objects that a line names; the others are only counted."""
NEW_IDS = "build the table anew with id INTEGER PRIMARY KEY AUTOINCREMENT (docs/troubleshooting.md)"


def describe(lost: Sequence[str]) -> str:
    """One line about what is missing, with what to do; '' where nothing is. Pure."""
    if not lost:
        return ""
    more = f" and {len(lost) - NAMED} more" if len(lost) > NAMED else ""
    named = f"{', '.join(lost[:NAMED])}{more}"
    if settings := [name for name in lost if name.startswith(installed.SETTING)]:
        return f"edits are not captured: {settings[0]}: reset it"
    if broken := unusable(lost):
        return broken
    if not installed.restorable(lost):
        return f"{named}: INSERTs are refused; {NEW_IDS}"
    return f"edits may not be captured: missing, off or changed: {named}: run cfsync migrate"


def unusable(lost: Sequence[str], tables: Collection[str] = RESOURCES) -> str:
    """One line about the first of these tables that has lost columns; '' where none has. Pure."""
    for table, columns in installed.unusable_tables(lost).items():
        if table in tables:
            return (
                f"the table {table} no longer has {', '.join(columns[:NAMED])} as cfsync made it:"
                " put the table back from a backup, or give a new database in database.url"
            )
    return ""


def unusable_now(tx: Tx) -> str:
    """As `unusable`, of the whole mirror: what an error may mean that nothing else explains."""
    return unusable(installed.lost(tx.conn))


def problem(tx: Tx) -> str:
    """One line about what is missing in the mirror; '' where nothing is."""
    return describe(installed.lost(tx.conn))


def restored(tx: Tx) -> int:
    """How often a pass has put back what was missing."""
    return int(meta.get(tx.conn, meta.CAPTURE_RESTORED) or 0)


async def ensure_capture(mirror: Mirror, resources: Iterable[Resource]) -> str:
    """Put back what is missing of the capture. Returns a line for the pass's report, '' where
    there is nothing to say. Raises MirrorError where a table of these resources has lost columns.
    """
    lost, is_current = await mirror.read(_state)
    if not is_current:
        with suppress(Away):  # somebody uses the tables: the next pass tries again
            await mirror.write(_learn_own_columns)
    if not lost:
        return ""
    try:
        back = await mirror.write(_put_back)
    except Away:
        back = []  # somebody uses the tables: the next pass tries again
    except MirrorError as error:
        back, reason = [], str(error)
        await mirror.write(_note_lost, lost, reason)
    if broken := unusable(lost, [resource.name for resource in resources]):
        raise MirrorError(broken)
    if not back:
        return describe(lost)
    names = ", ".join(back[:NAMED])
    return (
        f"{len(back)} triggers and functions were missing or off ({names}) and were put back:"
        " cfsync sweep finds what was changed meanwhile"
    )


def _state(tx: Tx) -> tuple[list[str], bool]:
    """What is lost, and whether the triggers fit the columns that the user has added."""
    lost = installed.lost(tx.conn)
    return lost, not capture.for_own_columns(tx.conn, lost)


def _learn_own_columns(tx: Tx) -> None:
    for statement in capture.for_own_columns(tx.conn, installed.lost(tx.conn)):
        tx.conn.exec_driver_sql(statement)


def _put_back(tx: Tx) -> list[str]:
    """Returns what was put back."""
    lost = installed.lost(tx.conn)
    if not capture.install(tx.conn):
        _note_lost(tx, lost)
        return []
    left = installed.lost(tx.conn)
    back = [name for name in lost if name not in left]
    meta.increment(tx.conn, meta.CAPTURE_RESTORED)
    tx.warnings.append(("capture.restored", {"objects": back}))
    _note_lost(tx, left)
    return back


def _note_lost(tx: Tx, lost: Sequence[str], reason: str = "") -> None:
    """Log what can't be put back, once."""
    text = json.dumps(lost)
    if meta.get(tx.conn, meta.CAPTURE_LOST) == text:
        return
    meta.put(tx.conn, meta.CAPTURE_LOST, text)
    if lost:
        tx.warnings.append(("capture.lost", {"objects": list(lost), "reason": reason}))
