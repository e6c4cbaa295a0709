"""What a database must hold, or must not, to be a mirror: errors for people where it doesn't."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from cfsync.errors import MirrorError
from cfsync.mirror.db.tables import SCHEMA_VERSION, TABLES, VIEW_NAMES, metadata


def refuse_incomplete(names: Collection[str], private: Collection[str] = ()) -> None:
    """Raise MirrorError if the table of the schema's revision or one of cfsync's own bookkeeping
    isn't among the names in a database that holds a mirror. `private`: as in `Dialect`.
    """
    wanted = {SCHEMA_VERSION, *own_names(), *private}
    if lost := sorted(wanted.difference(names)):
        raise MirrorError(
            f"the database no longer has {', '.join(lost)}: restore a backup and run cfsync"
            " recover, or give a new database in database.url and run cfsync backfill"
        )


def refuse_without_columns(found: Collection[tuple[str, str]]) -> None:
    """Raise MirrorError if a table of cfsync's own bookkeeping lacks a column. `found`: the columns
    of all tables: (table, column).
    """
    lost = [
        f"{table.name}.{column.name}"
        for table in sorted(_own_tables(), key=lambda table: table.name)
        for column in table.columns
        if (table.name, column.name) not in found
    ]
    if lost:
        raise MirrorError(
            f"the database no longer has the column {', '.join(lost)}: restore a backup and run"
            " cfsync recover, or give a new database in database.url and run cfsync backfill"
        )


def own_names() -> set[str]:
    """The names of the `cf_` tables beside those of the resources."""
    return {table.name for table in _own_tables()}


def _own_tables() -> list[sa.Table]:
    return [t for t in metadata.tables.values() if t.name.startswith("cf_") and not t.schema]


def refuse_foreign(names: Collection[str], place: str) -> None:
    """Raise MirrorError if any of the names in a database without the table of the schema's
    revision is one that the mirror needs: a mirror's that has lost it, or another program's.
    """
    if own_names().issubset(names):
        refuse_incomplete(names)
    refuse_taken({*TABLES, *VIEW_NAMES, *metadata.tables}.intersection(names), place)


def refuse_taken(names: Collection[str], place: str) -> None:
    """Raise MirrorError if there is any name that both the mirror and another program use."""
    if names:
        raise MirrorError(
            f"{place} has a table or view {min(names)} that cfsync did not make: rename it, or give"
            " another database in database.url"
        )
