"""Brings the schema up to date, checks it, and ties the mirror to the teams of its records."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

import cfsync
from cfsync.errors import MirrorError
from cfsync.mirror import capture
from cfsync.mirror.capture import comments, installed
from cfsync.mirror.db.connect import place_of
from cfsync.mirror.db.dialect.base import Dialect
from cfsync.mirror.db.dialect.place import Place
from cfsync.mirror.db.engine import Mirror, Tx
from cfsync.mirror.db.schema_checks import refuse_foreign
from cfsync.mirror.db.tables import SCHEMA_VERSION
from cfsync.mirror.progress import meta


def _migrations() -> Path:
    """Inside the package where it is installed, beside it in a checkout."""
    package = Path(cfsync.__file__).parent
    inside = package / "migrations"
    return inside if (inside / "env.py").exists() else package.parent / "migrations"


REVISIONS = tuple(sorted(file.name[:4] for file in _migrations().glob("versions/[0-9]*.py")))
"""The revisions in `migrations/versions`, oldest first, by the numbers that their files begin with:
only `migrate` itself needs Alembic, which takes long to load.
"""


@dataclass(frozen=True, slots=True)
class MigrateResult:
    """What a migration did."""

    #: The file's absolute path, or the database's name.
    place: str
    #: The revision that the schema had; None: the database was empty.
    before: str | None
    #: The revision that it has now.
    after: str
    #: Triggers, functions and views were replaced.
    recaptured: bool
    #: What a migration can't put back, as `installed.lost` names it.
    lost: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether there was anything to do."""
        return self.recaptured or self.before != self.after


def migrate(url: str, begin: Callable[[], None] = lambda: None) -> MigrateResult:
    """Bring the mirror at `url` up to date, creating an SQLite file that is absent. `begin` is
    called before the first change, if there is any.

    Takes a lock: a second migration waits and finds nothing to do. All of it happens or nothing.
    Raises MirrorError, also for a schema that is newer than this program.
    """
    place = place_of(url)
    place.prepare(must_exist=False)
    try:
        with place.migration() as conn:
            return _upgrade(conn, place, begin=begin)
    except sa.exc.DBAPIError as error:
        raise place.dialect.explained(error, str(place)) or error from error


def create(conn: sa.Connection, place: Place, fill: Callable[[], None]) -> None:
    """Make a mirror in the caller's transaction. `fill` is called once there are tables, before
    there are triggers.
    """
    _upgrade(conn, place, fill=fill)


def _upgrade(
    conn: sa.Connection,
    place: Place,
    *,
    begin: Callable[[], None] = lambda: None,
    fill: Callable[[], None] = lambda: None,
) -> MigrateResult:
    before = _revision(conn, place.dialect)
    _refuse_newer(before, str(place))
    if before is None:
        refuse_foreign(place.dialect.relations(conn), str(place))
    else:
        if before == REVISIONS[-1]:
            installed.refuse_incomplete(conn, place.dialect)
        _refuse_moved(conn, str(place))
    if before != REVISIONS[-1] or not capture.is_current(conn):
        begin()
    if before != REVISIONS[-1]:
        _run_migrations_from(conn, before)
    place.dialect.create_secrets(conn)
    fill()
    installed.refuse_incomplete(conn, place.dialect)
    recaptured = capture.install(conn)
    comments.put(conn)
    return MigrateResult(str(place), before, REVISIONS[-1], recaptured, tuple(installed.lost(conn)))


def _run_migrations_from(conn: sa.Connection, before: str | None) -> None:
    """Run the revisions after the given one. Columns that were right before are right after, also
    those of another type.
    """
    lost = installed.lost(conn) if before else []
    _run_migrations(conn)
    if before:
        installed.note_new_types(conn, lost)


def _run_migrations(conn: sa.Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_migrations()).replace("%", "%%"))
    config.attributes.update(connection=conn, version_table=SCHEMA_VERSION)
    command.upgrade(config, "head")


def _revision(conn: sa.Connection, dialect: Dialect) -> str | None:
    if SCHEMA_VERSION not in dialect.relations(conn):
        return None
    return conn.exec_driver_sql(f"SELECT version_num FROM {SCHEMA_VERSION}").scalar()


def _refuse_newer(revision: str | None, place: str) -> None:
    if revision is not None and revision not in REVISIONS:
        raise MirrorError(f"{place} was made by a newer cfsync ({revision}): upgrade cfsync")


async def check(mirror: Mirror) -> None:
    """Raise MirrorError for a schema that is newer than this program, or older."""
    await mirror.read(_check, str(mirror.place))


def _check(tx: Tx, place: str) -> None:
    _refuse_outdated(tx.conn, tx.dialect, place)
    _refuse_moved(tx.conn, place)


def refuse_outdated(conn: sa.Connection, place: Place) -> None:
    """Raise MirrorError for a schema that is newer than this program, or older."""
    _refuse_outdated(conn, place.dialect, str(place))


def _refuse_outdated(conn: sa.Connection, dialect: Dialect, place: str) -> None:
    revision = _revision(conn, dialect)
    _refuse_newer(revision, place)
    if revision == REVISIONS[-1]:
        installed.refuse_incomplete(conn, dialect)
    if revision != REVISIONS[-1] or capture.is_older(conn):
        raise MirrorError(f"{place} has an older schema: run cfsync migrate")


def moved_away(conn: sa.Connection) -> dict[str, str] | None:
    """Where the mirror was moved to: see `meta.MOVED_AWAY`; None: it is here."""
    mark = meta.get(conn, meta.MOVED_AWAY)
    return json.loads(mark) if mark else None


def moved_words(place: str, mark: Mapping[str, str]) -> str:
    """What is wrong with a mirror that was moved away, and what to do."""
    return (
        f"{place} was moved to {mark['to']} at {mark['at']}: set database.url to that; if the move"
        " did not end well, run cfsync move again"
    )


def _refuse_moved(conn: sa.Connection, place: str) -> None:
    if mark := moved_away(conn):
        raise MirrorError(moved_words(place, mark))


def claim_teams(tx: Tx, team_ids: Collection[int]) -> None:
    """Tie the mirror to the teams that the token shows. Any in common is the same account, and new
    ones are added. Raises MirrorError where none is.
    """
    known = meta.team_ids(tx.conn)
    if known and not known & set(team_ids):
        raise MirrorError(
            f"this mirror holds team {_list(known)} and the token shows team {_list(team_ids)}:"
            " use another database.url or token"
        )
    if not set(team_ids) <= known:
        meta.save_team_ids(tx.conn, known | set(team_ids))


def _list(ids: Collection[int]) -> str:
    return ", ".join(map(str, sorted(ids))) or "(none)"
