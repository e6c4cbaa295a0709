"""Moves a mirror: all of it or nothing, and only one of the two databases is ever in use.

1. Nobody else writes to the source from here on, and no push runs.
2. Tables, rows, counters and triggers are made in one transaction of the target, and compared.
3. The source is closed: marked, and its triggers refuse every write. This is committed first.
4. The target is committed.

A process that is killed before 3 leaves the source as it was, and the target empty. One that is
killed between 3 and 4 leaves a closed source and an empty target: the same move is then begun
again. That looks the same as a target that was moved to, used and emptied since, so what it makes
must be recovered, like a restored backup, before anything is sent.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from cfsync.errors import MirrorError, UsageError
from cfsync.mirror import migrate
from cfsync.mirror.bookkeeping.outbox import OPEN_STATES
from cfsync.mirror.capture import installed
from cfsync.mirror.db import crash_points
from cfsync.mirror.db.connect import place_of
from cfsync.mirror.db.dialect.move_method import MoveSource, MoveTarget
from cfsync.mirror.db.dialect.place import Place
from cfsync.mirror.db.errors import NO_MIRROR
from cfsync.mirror.db.tables import OUTBOX, SCHEMA_VERSION
from cfsync.mirror.moving import rows
from cfsync.mirror.moving.rows import Copied, Watch
from cfsync.mirror.progress import meta
from cfsync.mirror.row_progress import RowProgress, untold
from cfsync.times import time_text


@dataclass(frozen=True, slots=True)
class Moved:
    """A mirror that was moved."""

    #: The file's absolute path.
    source: str
    #: The database's name.
    target: str
    #: Rows that were copied and compared; 0: an earlier move has done all of it.
    rows: int
    #: Edits that ClickFunnels has not confirmed, which wait there as they did here.
    open_edits: int
    #: What stays behind: tables, columns, views, indexes and triggers of the user's own.
    left_behind: list[str]
    #: It must be recovered before anything is sent.
    is_unsafe: bool = False


@dataclass(frozen=True, slots=True)
class _Ends:
    source: Place
    target: Place
    leaves: MoveSource
    takes_in: MoveTarget


def own_objects(source_url: str, target_url: str) -> list[str] | None:
    """What would stay behind; None: it was moved there already. Raises MirrorError and UsageError
    where the mirror can't be moved.
    """
    ends = _ends(source_url, target_url)
    with _source(ends) as source:
        earlier = _check_source(ends, source)
        with ends.target.migration() as target:
            if earlier and _came_by(ends.target, target) == earlier:
                return None
            ends.takes_in.refuse_filled(target)
        return ends.leaves.own_objects(source)


def move(
    source_url: str,
    target_url: str,
    now: datetime,
    is_stopped: Callable[[], bool] = lambda: False,
    progress: RowProgress = untold,
) -> Moved:
    """Move the mirror to an empty database of another kind. `progress` is told how many rows are
    copied, then compared, and of how many. Raises MirrorError, UsageError, and Interrupted where it
    is stopped.
    """
    ends = _ends(source_url, target_url)
    with _source(ends) as source:
        return _move(ends, source, now, Watch(is_stopped, progress))


@contextmanager
def _source(ends: _Ends) -> Iterator[sa.Connection]:
    with ends.leaves.alone() as source:
        try:
            yield source
        except sa.exc.DBAPIError as error:
            is_here = isinstance(error.orig, source.dialect.loaded_dbapi.Error)
            where = ends.source if is_here else ends.target
            raise where.dialect.explained(error, str(where)) or error from error


def _ends(source_url: str, target_url: str) -> _Ends:
    source, target = place_of(source_url), place_of(target_url)
    leaves, takes_in = source.move_source(), target.move_target()
    if leaves is None or takes_in is None:
        raise UsageError(
            "a mirror moves from SQLite to PostgreSQL; to go from server to server, use"
            " cfsync backup and cfsync restore"
        )
    source.prepare(must_exist=True)
    target.prepare(must_exist=True)
    return _Ends(source, target, leaves, takes_in)


def _move(ends: _Ends, source: sa.Connection, now: datetime, watch: Watch) -> Moved:
    earlier = _check_source(ends, source)
    left_behind = ends.leaves.own_objects(source)
    edits = _open_edits(source)
    with ends.target.migration() as target:
        if earlier and _came_by(ends.target, target) == earlier:
            return Moved(str(ends.source), str(ends.target), 0, edits, left_behind)
        ends.takes_in.refuse_filled(target)
        copied = _fill(ends, source, target, watch)
        mark = {"id": secrets.token_hex(8), "to": str(ends.target), "at": time_text(now)}
        meta.put(target, meta.MOVED_HERE, mark["id"])
        if earlier:
            meta.put(target, meta.RESTORED, "1")
        meta.put(source, meta.MOVED_AWAY, json.dumps(mark))
        ends.leaves.close(source, migrate.moved_words(str(ends.source), mark))
        crash_points.reached("before_commit", "move")
        source.commit()
        crash_points.reached("after_commit", "move")
    return Moved(str(ends.source), str(ends.target), copied.rows, edits, left_behind, bool(earlier))


def _check_source(ends: _Ends, source: sa.Connection) -> str | None:
    """The id of an earlier move to the same target. Raises MirrorError where the mirror can't move
    as it is.
    """
    if SCHEMA_VERSION not in ends.source.dialect.relations(source):
        raise MirrorError(f"{NO_MIRROR} {ends.source}: run cfsync backfill")
    migrate.refuse_outdated(source, ends.source)
    mark = migrate.moved_away(source)
    if mark is None:
        return None
    if mark["to"] != str(ends.target):
        raise MirrorError(migrate.moved_words(str(ends.source), mark))
    return mark["id"]


def _came_by(place: Place, conn: sa.Connection) -> str | None:
    """The id of the move by which a mirror came to be in the target."""
    has_mirror = SCHEMA_VERSION in place.dialect.relations(conn)
    return meta.get(conn, meta.MOVED_HERE) if has_mirror else None


def _open_edits(source: sa.Connection) -> int:
    found = sa.select(sa.func.count()).select_from(OUTBOX).where(OUTBOX.c.state.in_(OPEN_STATES))
    return int(source.execute(found).scalar_one())


def _fill(ends: _Ends, source: sa.Connection, target: sa.Connection, watch: Watch) -> Copied:
    """Make the mirror in the target's transaction, and compare it."""
    ends.target.dialect.take_any_time(target)
    copied = Copied()

    def fill() -> None:
        copied.digests |= rows.copy(source, target, ends.takes_in, watch).digests
        ends.takes_in.set_counters(target, ends.leaves.counters(source))

    migrate.create(target, ends.target, fill)
    rows.compare(target, copied, watch)
    if lost := installed.lost(target):
        raise MirrorError(f"{ends.target} has not all that it should have: {', '.join(lost)}")
    return copied
