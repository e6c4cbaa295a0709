"""User SQL on SQLite -> rows of `cf_outbox`, or an error in the user's statement.

In comes a resource of the catalogue and what `mirror.capture.rules` says of it, out go CREATE
TRIGGER and CREATE VIEW statements. The triggers run for each row.

Read the files in `templates/` first: each is a whole statement, or a part of one, with `$names` for
what is generated. `triggers` (UPDATE, DELETE) and `insert` fill them in; `expressions` has the
conditions and values of single columns, `parts` what both use, `own_columns` the triggers for
columns that the user has added, `views` the views.
"""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from cfsync.mirror.capture.sqlite import own_columns
from cfsync.mirror.capture.sqlite.triggers import triggers
from cfsync.mirror.capture.sqlite.views import NAMES, VIEWS
from cfsync.mirror.db import dialect
from cfsync.mirror.db.quoting import ident, literal
from cfsync.mirror.db.tables import TABLES
from cfsync.records import PROVISIONAL_FROM
from cfsync.resources import RESOURCES

_TABLES = ", ".join(f"({literal(name)})" for name in RESOURCES)
_FIRST_IDS = (
    f"DELETE FROM sqlite_sequence WHERE name IN (VALUES {_TABLES}) AND seq < {PROVISIONAL_FROM}",
    f"INSERT INTO sqlite_sequence (name, seq) SELECT column1, {PROVISIONAL_FROM}"
    f" FROM (VALUES {_TABLES}) WHERE column1 NOT IN (SELECT name FROM sqlite_sequence)",
)
"""Provisional ids begin where they should, also after a table was rebuilt."""
_VIEWS = ", ".join(map(literal, NAMES))

OBJECTS = f"""
SELECT type || ' ' || name || CASE type WHEN 'trigger' THEN ' on ' || tbl_name ELSE '' END, sql
FROM sqlite_master
WHERE type = 'trigger' AND name GLOB 'cf_*' AND name NOT GLOB '{own_columns.PREFIX}*'
  OR type = 'view' AND name IN ({_VIEWS})
"""
"""The triggers and views that are there: (name, text)."""

_OWN_TRIGGERS = f"""
SELECT name, sql FROM sqlite_master
WHERE type = 'trigger' AND name GLOB '{own_columns.PREFIX}*'
"""

COLUMNS = """
SELECT m.name, c.name, CASE
    WHEN c.pk THEN 'key'
    WHEN c.type LIKE '%INT%' THEN 'integer'
    WHEN c.type LIKE '%CHAR%' OR c.type LIKE '%CLOB%' OR c.type LIKE '%TEXT%' THEN 'text'
    ELSE upper(c.type) END,
  upper(c.type) || ' ' || coalesce(c.dflt_value, '')
  || CASE WHEN m.sql LIKE '%AUTOINCREMENT%' THEN ' AUTOINCREMENT' ELSE '' END
FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'
"""
"""The columns that are there: (table, column, kind, default). The kind is what SQLite makes of the
declared type.
"""


ID_DEFAULT = "default"
"""AUTOINCREMENT comes back with a new table only."""


def statements(_conn: sa.Connection, *, without: Collection[str] = ()) -> list[str]:
    """All that creates the triggers and views, in order; no trigger on the tables `without`."""
    resources = [r for r in RESOURCES.values() if r.name not in without]
    return [*(t for r in resources for t in triggers(r)), *VIEWS, *_FIRST_IDS]


def own_column_triggers(conn: sa.Connection, without: Collection[str]) -> list[str]:
    """What fits the triggers for columns that the user has added to those of now, not on the tables
    `without`; none where they fit.
    """
    columns = dialect.named(conn.dialect.name).own_columns
    resources = [r for r in RESOURCES.values() if r.name not in without]
    wanted = [t for r in resources for t in own_columns.triggers(r, columns(conn, TABLES[r.name]))]
    found: dict[str, str] = dict(conn.exec_driver_sql(_OWN_TRIGGERS).all())
    if sorted(found.values()) == sorted(wanted):
        return []
    return [*(f"DROP TRIGGER {ident(name)}" for name in found), *wanted]


def restore_ids(_conn: sa.Connection, _tables: Collection[str]) -> list[str]:
    """None: see `ID_DEFAULT`."""
    return []


def drops(conn: sa.Connection) -> list[str]:
    """What removes the triggers and views of an earlier version."""
    names = conn.exec_driver_sql(
        "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name GLOB 'cf_*'"
    ).scalars()
    found = [f"DROP TRIGGER {ident(name)}" for name in names]
    return [*found, *(f"DROP VIEW IF EXISTS {ident(name)}" for name in NAMES)]
