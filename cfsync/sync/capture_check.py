"""Notices capture that is gone, and puts it back: each pass begins with it.

A program that rebuilds a table, or a person who switches triggers off, leaves edits uncaptured
without any error. What the catalogue lacks is put back where the role may do so (on PostgreSQL the
owner's may). What was changed in the meantime is no edit: a sweep finds it, see
`cfsync.mirror.incoming.drift`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog

from cfsync.errors import MirrorError
from cfsync.mirror import capture
from cfsync.mirror.capture import installed
from cfsync.mirror.db.engine import Mirror, Tx
from cfsync.mirror.db.errors import Away
from cfsync.mirror.progress import meta
from cfsync.resources import RESOURCES

log = structlog.get_logger()

NAMED = 3
"""Missing objects that a line names; the others are only counted."""
RESTORE = (
    "put the table back from a backup, or give a new database in database.url and run cfsync"
    " backfill"
)
NEW_IDS = "build the table anew with id INTEGER PRIMARY KEY AUTOINCREMENT (docs/troubleshooting.md)"


def describe(lost: Sequence[str], *, may: bool = True) -> str:
    """One line about what is missing, with what to do; '' where nothing is. `may`: whether a pass
    of this role may put it back. Pure.
    """
    if not lost:
        return ""
    named = _named(lost)
    if settings := [name for name in lost if name.startswith(installed.SETTING)]:
        return f"edits are not captured: {settings[0]}: reset it"
    if broken := unusable(lost):
        return broken
    if foreign := [n for n in lost if n.startswith(installed.FOREIGN)]:
        name = foreign[0].removeprefix(installed.FOREIGN).strip()
        return f"edits may be lost: the {name} is not cfsync's: drop it"
    if keyless := installed.keyless_tables(lost):
        return "; ".join(_keyless(*table, may) for table in keyless.items())
    if all(n.startswith(installed.COUNTER) for n in lost):
        return f"INSERTs are refused: reset: {named}: {_mender(may)}"
    if not installed.restorable(lost):
        return f"{named}: INSERTs are refused; {NEW_IDS}"
    return f"edits may not be captured: missing, off or changed: {named}: {_mender(may)}"


def _mender(may: bool) -> str:
    """Who puts it back, and when."""
    if may:
        return "the next pass puts it back, or cfsync migrate now"
    return "run cfsync migrate as the owner of the tables"


def _keyless(table: str, obstacles: Sequence[str], may: bool) -> str:
    add = installed.add_key(table)
    other = [n.rpartition(": ")[2] for n in obstacles if n.startswith(installed.OTHER_KEY)]
    doubled = [n.rpartition(": ")[2] for n in obstacles if n.startswith(installed.DOUBLED)]
    says = f"{table}.id is no longer the primary key:"
    if doubled:
        says = (
            f"{table}.id is no longer the primary key, and several rows have the ids {doubled[0]}:"
            " delete all but one row of each, then"
        )
    if other:
        add = add.replace("ADD", f"DROP CONSTRAINT {other[0]}, ADD")
        return f"{says} as the owner of the tables: {add}"
    return f"{says} {_mender(may)} ({add}); until then the table is left out"


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{', '.join(names[:NAMED])}{more}"


def unusable(lost: Iterable[str]) -> str:
    """One line about the tables that are missing or have lost columns; '' where none has. Pure."""
    lost = list(lost)
    tables = installed.unusable_tables(lost)
    lines = [_broken(*table) for table in tables.items()]
    return f"{_named(lines)}: {_remedy(tables, installed.add_columns(lost))}" if lines else ""


def _remedy(tables: Mapping[str, Sequence[str]], adds: Mapping[tuple[str, str], str]) -> str:
    """What puts the tables right: their columns added again, unless a table or its key is gone."""
    columns = [(table, name) for table, names in tables.items() for name in names]
    if any(name == "id" for _, name in columns) or set(columns) != adds.keys():
        return RESTORE
    names = " ".join(tables)
    resolve = [f"cfsync conflicts resolve {t} --field {c} --remote" for t, c in columns]
    return (
        f"{_named(list(adds.values()))}, then cfsync pull {names}, cfsync sweep {names} and"
        f" {_named(resolve)}"
    )


def _broken(table: str, columns: Sequence[str]) -> str:
    if set(columns) == set(installed.columns_of(table)):
        return f"the table {table} is missing"
    return f"the table {table} no longer has {_named(columns)} as cfsync made it"


def unusable_resources(lost: Iterable[str]) -> set[str]:
    """The resources whose table is missing or has lost columns, and those below them; those whose
    table has lost its key. Pure.
    """
    lost = list(lost)
    found = set(installed.unusable_tables(lost))
    for resource in RESOURCES.values():  # parents first
        if resource.parent in found:
            found.add(resource.name)
    return found | set(installed.keyless_tables(lost))


def diagnosis(tx: Tx) -> str:
    """What an error may mean that nothing else explains, in a line; '' where nothing is missing
    that cfsync itself reads.
    """
    try:
        installed.refuse_incomplete(tx.conn, tx.dialect)
    except MirrorError as error:
        return str(error)
    lost = installed.lost(tx.conn)
    needed = (installed.KEY, installed.OTHER_KEY, installed.DOUBLED, "view ")
    found = [name for name in lost if name.startswith(needed)]
    return unusable(lost) or describe(found, may=installed.may_restore(tx.conn))


def lost(tx: Tx) -> list[str]:
    """What is missing in the mirror, as `installed.lost` names it."""
    return installed.lost(tx.conn)


def problem(tx: Tx) -> str:
    """One line about what is missing in the mirror; '' where nothing is."""
    return _line(tx, installed.lost(tx.conn))


def _line(tx: Tx, lost: Sequence[str]) -> str:
    return describe(lost, may=not lost or installed.may_restore(tx.conn))


def restored(tx: Tx) -> int:
    """How often a pass has put back what was missing."""
    return int(meta.get(tx.conn, meta.CAPTURE_RESTORED) or 0)


@dataclass(frozen=True, slots=True)
class Ensured:
    """What came of putting back what was missing."""

    #: A line for the pass's report; '' where there is nothing to say.
    line: str = ""
    #: The resources of which the mirror can take nothing.
    unusable: Collection[str] = ()


async def ensure_capture(mirror: Mirror) -> Ensured:
    """Put back what is missing of the capture."""
    lost, is_current = await mirror.read(_state)
    if not is_current:
        with suppress(Away):  # somebody uses the tables: the next pass tries again
            await mirror.write(_learn_own_columns)
    if not lost:
        return Ensured()
    try:
        left, may = await mirror.write(_put_back), True
    except Away:
        left, may = lost, True  # somebody uses the tables: the next pass tries again
    except MirrorError as error:
        left, may = lost, False
        await mirror.write(_note_lost, lost, str(error))
    lines = [_put_back_line([n for n in lost if n not in left]), describe(left, may=may)]
    return Ensured("; ".join(filter(None, lines)), unusable_resources(left))


def _put_back_line(back: Sequence[str]) -> str:
    if not back:
        return ""
    return (
        f"{len(back)} triggers, functions, keys or counters were missing, off or reset"
        f" ({', '.join(back[:NAMED])}) and were put back: cfsync sweep finds what was changed"
        " meanwhile"
    )


def _state(tx: Tx) -> tuple[list[str], bool]:
    """What is lost, and whether the triggers fit the columns that the user has added."""
    lost = installed.lost(tx.conn)
    return lost, not capture.for_own_columns(tx.conn, lost)


def _learn_own_columns(tx: Tx) -> None:
    for statement in capture.for_own_columns(tx.conn, installed.lost(tx.conn)):
        tx.conn.exec_driver_sql(statement)


def _put_back(tx: Tx) -> list[str]:
    """Returns what is still missing."""
    lost = installed.lost(tx.conn)
    if not capture.install(tx.conn):
        _note_lost(tx, lost)
        return lost
    left = installed.lost(tx.conn)
    meta.increment(tx.conn, meta.CAPTURE_RESTORED)
    back = [name for name in lost if name not in left]
    tx.warnings.append(("capture.restored", {"objects": back}))
    _note_lost(tx, left)
    return left


def _note_lost(tx: Tx, lost: Sequence[str], reason: str = "") -> None:
    """Log what can't be put back, once. `reason`: the database's words; '': those for a person."""
    text = json.dumps(lost)
    if meta.get(tx.conn, meta.CAPTURE_LOST) == text:
        return
    meta.put(tx.conn, meta.CAPTURE_LOST, text)
    if lost:
        tx.warnings.append(
            ("capture.lost", {"objects": list(lost), "reason": reason or describe(lost)})
        )
