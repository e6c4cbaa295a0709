"""User SQL on SQLite -> rows of `cf_outbox`, or an error in the user's statement.

In comes a resource of the catalogue and what `mirror.capture.rules` says of it, out go CREATE
TRIGGER and CREATE VIEW statements. The triggers run for each row.

Read the files in `templates/` first: each is a whole statement, or a part of one, with `$names` for
what is generated. `triggers` (UPDATE, DELETE) and `insert` fill them in; `expressions` has the
conditions and values of single columns, `json_forms` those of JSON, `parts` what both use,
`own_columns` the triggers for columns that the user has added, `links` those of views.
`mirror.views` has the views.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import sqlalchemy as sa

from cfsync.mirror.capture.rules import IS_WRITING, column_names, without_references
from cfsync.mirror.capture.sqlite import links, own_columns
from cfsync.mirror.capture.sqlite.parts import NOW, templates
from cfsync.mirror.capture.sqlite.triggers import triggers
from cfsync.mirror.db import dialect
from cfsync.mirror.db.quoting import ident, literal
from cfsync.mirror.db.tables import VIEW_NAMES
from cfsync.mirror.history import starts
from cfsync.mirror.views import statements as view_statements
from cfsync.records import PROVISIONAL_FROM
from cfsync.resources import RESOURCES

_COUNTED = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%AUTOINCREMENT%'"
_NAMES = (*VIEW_NAMES, IS_WRITING)
_VIEWS = ", ".join(map(literal, _NAMES))
_TYPED = "(SELECT mark > 0 UNION ALL SELECT mark FROM cf_writer WHERE 0)"
_WRITING = f"CREATE VIEW {IS_WRITING} AS SELECT {_TYPED} AS is_writing FROM cf_writer"

OBJECTS = f"""
SELECT type || ' ' || name || CASE type WHEN 'trigger' THEN ' on ' || tbl_name ELSE '' END, sql
FROM sqlite_master
WHERE type = 'trigger' AND name GLOB 'cf_*' AND name NOT GLOB '{own_columns.PREFIX}*'
  OR type = 'view' AND name IN ({_VIEWS})
UNION ALL
SELECT 'foreign trigger ' || name || ' on ' || tbl_name, ''
FROM sqlite_master WHERE type = 'trigger' AND tbl_name GLOB 'cf_*' AND name NOT GLOB 'cf_history*'
UNION ALL
SELECT 'mark of cf_writer', '' FROM (SELECT count(*) AS rows, max(mark) AS mark FROM cf_writer)
WHERE rows <> 1 OR mark NOT IN (0, 1)
"""
"""The triggers and views that are there, and what is wrong with others: (name, text)."""

_OWN_TRIGGERS = f"""
SELECT name, sql FROM sqlite_master
WHERE type = 'trigger' AND name GLOB '{own_columns.PREFIX}*'
"""

_DEFAULTS = """
SELECT m.name, c.name, c.dflt_value FROM sqlite_master m, pragma_table_info(m.name) c
WHERE m.type = 'table'
"""

COLUMNS = """
SELECT m.name, c.name, CASE
    WHEN c.pk THEN 'key'
    WHEN c.type LIKE '%INT%' THEN 'integer'
    WHEN c.type LIKE '%CHAR%' OR c.type LIKE '%CLOB%' OR c.type LIKE '%TEXT%' THEN 'text'
    ELSE 'number' END,
  upper(c.type) || ' ' || coalesce(c.dflt_value, '')
  || CASE WHEN m.sql LIKE '%AUTOINCREMENT%' THEN ' AUTOINCREMENT' ELSE '' END
FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'
"""
"""The columns that are there: (table, column, kind, default). The kind is what SQLite makes of the
declared type. Programs that rebuild a table declare money and booleans as REAL: it holds the same.
"""


ID_DEFAULT = "default"
"""AUTOINCREMENT comes back with a new table only."""


def schema(_conn: sa.Connection) -> str:
    """None has a name."""
    return ""


def statements(_schema: str, without: Collection[str] = ()) -> Iterator[str]:
    """All that creates the triggers and views, in order. No trigger is on one of the tables
    `without`, or reads it.
    """
    yield from templates.statements(
        "history",
        now=NOW,
        is_kept=starts.IS_KEPT.format(cf_meta="cf_meta"),
        keep=templates.render("keep_edit"),
    )
    for resource in RESOURCES.values():
        if resource.name not in without:
            yield from triggers(without_references(resource, without))
    yield from view_statements(dialect.named("sqlite").views).values()
    yield from links.triggers(without)
    yield _WRITING


def own_column_triggers(conn: sa.Connection, without: Collection[str]) -> list[str]:
    """What fits the triggers for columns that the user has added to those of now, not on the tables
    `without`; none where they fit.
    """
    own: dict[str, list[tuple[str, str | None]]] = {}
    for table, column, default in conn.exec_driver_sql(_DEFAULTS):
        if table in RESOURCES and column not in column_names(RESOURCES[table]):
            own.setdefault(table, []).append((column, default))
    resources = [r for r in RESOURCES.values() if r.name not in without]
    wanted = [t for r in resources for t in own_columns.triggers(r, own.get(r.name, []))]
    found: dict[str, str] = dict(conn.exec_driver_sql(_OWN_TRIGGERS).all())
    if sorted(found.values()) == sorted(wanted):
        return []
    return [*(f"DROP TRIGGER {ident(name)}" for name in found), *wanted]


def restore_ids(_conn: sa.Connection, _tables: Collection[str]) -> list[str]:
    """None: see `ID_DEFAULT`."""
    return []


def low_counters(conn: sa.Connection) -> list[str]:
    """The tables whose next id is none that a new row may have: it was used, or is no provisional
    one.
    """
    counted = set(conn.exec_driver_sql(_COUNTED).scalars())
    tables = [r.name for r in RESOURCES.values() if r.insert and r.name in counted]
    selects = (
        f"SELECT {literal(name)} AS name, 1 + max(coalesce((SELECT seq FROM sqlite_sequence"
        f" WHERE name = {literal(name)}), 0), coalesce((SELECT max(id) FROM {ident(name)}), 0))"
        " AS next"
        for name in tables
    )
    if not tables:
        return []
    found = conn.exec_driver_sql(
        f"SELECT name FROM ({' UNION ALL '.join(selects)}) WHERE next <= {PROVISIONAL_FROM}"
        " OR EXISTS (SELECT 1 FROM cf_ids WHERE resource = name AND local_id = next)"
        " OR EXISTS (SELECT 1 FROM cf_outbox WHERE resource = name AND record_id = next)"
    )
    return list(found.scalars())


def keyless_tables(_conn: sa.Connection) -> list[tuple[str, str, list[int]]]:
    """None: only a new table can have a primary key again, so its `id` counts as lost."""
    return []


def may_restore(_conn: sa.Connection) -> bool:
    """Whoever can write the file may put back what is missing."""
    return True


def raise_counters(_conn: sa.Connection, tables: Collection[str]) -> list[str]:
    """What puts the counters of ids behind every provisional id that was ever used."""
    return [t for name in tables for t in _raise_counter(name)]


def _raise_counter(table: str) -> tuple[str, str]:
    name = literal(table)
    return (
        f"DELETE FROM sqlite_sequence WHERE name = {name}",
        f"INSERT INTO sqlite_sequence (name, seq) SELECT {name}, max({PROVISIONAL_FROM},"
        f" coalesce((SELECT max(id) FROM {ident(table)}), 0),"
        f" coalesce((SELECT max(local_id) FROM cf_ids WHERE resource = {name}), 0),"
        f" coalesce((SELECT max(record_id) FROM cf_outbox WHERE resource = {name}), 0))",
    )


def restore_mark() -> list[str]:
    """What gives `cf_writer` its one row again."""
    return ["DELETE FROM cf_writer", "INSERT INTO cf_writer (mark) VALUES (0)"]


def comments(_conn: sa.Connection) -> dict[tuple[str, str], str]:
    """None: SQLite has no comments."""
    return {}


def comment_statements(_comments: Mapping[tuple[str, str], str]) -> list[str]:
    """None: SQLite has no comments."""
    return []


def drops(conn: sa.Connection) -> list[str]:
    """What removes the triggers and views of an earlier version."""
    names = conn.exec_driver_sql(
        "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name GLOB 'cf_*'"
    ).scalars()
    found = [f"DROP TRIGGER {ident(name)}" for name in names]
    return [*found, *(f"DROP VIEW IF EXISTS {ident(name)}" for name in _NAMES)]
