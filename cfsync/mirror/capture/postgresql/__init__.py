"""User SQL on PostgreSQL -> rows of `cf_outbox`, or an error in the user's statement.

In comes a resource of the catalogue and what `mirror.capture.rules` says of it, out go CREATE
FUNCTION, CREATE TRIGGER and CREATE VIEW statements. The triggers run once for each statement, over
its transition tables `cf_old` and `cf_new`.

Read the files in `templates/` first: each is a function with its trigger, or a part of one, with
`$names` for what is generated. `triggers` (UPDATE, DELETE) and `insert` fill them in; `expressions`
has the conditions and values of single columns, `parts` what both use, `links` the triggers of
views. The views are defined in `mirror.views`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

import sqlalchemy as sa

from cfsync.mirror.capture.links import writable
from cfsync.mirror.capture.postgresql import links
from cfsync.mirror.capture.postgresql.parts import templates
from cfsync.mirror.capture.postgresql.triggers import common, history, triggers
from cfsync.mirror.capture.rules import IS_WRITING, without_references
from cfsync.mirror.db import dialect
from cfsync.mirror.db.quoting import ident, literal
from cfsync.mirror.db.tables import VIEW_NAMES
from cfsync.mirror.views import statements as view_statements
from cfsync.mirror.views.feed import FEED
from cfsync.records import PROVISIONAL_FROM
from cfsync.resources import RESOURCES

_LAST_ID = 949_999_999_999_999
"""The last id that the database gives itself."""
_VIEWS = ", ".join(map(literal, VIEW_NAMES))
_HERE = "current_schema()::regnamespace"

OBJECTS = f"""
SELECT concat('trigger ', tgname, ' on ', relname),
  concat_ws(' ', tgenabled IN ('O', 'A'), tgtype, proname, pronamespace = {_HERE}, tgoldtable,
    tgnewtable, tgqual IS NOT NULL, (
    SELECT string_agg(attname, ',' ORDER BY attname) FROM pg_depend
    JOIN pg_attribute ON attrelid = refobjid AND attnum = refobjsubid
    WHERE classid = 'pg_trigger'::regclass AND objid = t.oid AND refobjsubid > 0))
FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid JOIN pg_proc p ON p.oid = tgfoid
WHERE NOT tgisinternal AND starts_with(tgname, 'cf_') AND relnamespace = {_HERE}
UNION ALL
SELECT concat('function ', proname), concat(md5(prosrc), prosecdef, proconfig,
  prorettype = 'trigger'::regtype AND has_function_privilege('public', oid, 'EXECUTE'))
FROM pg_proc WHERE starts_with(proname, 'cf_') AND pronamespace = {_HERE}
UNION ALL
SELECT concat('view ', relname), ''
FROM pg_class WHERE relkind = 'v' AND relname IN ({_VIEWS}) AND relnamespace = {_HERE}
UNION ALL
SELECT concat('setting ', setting, ' of ', coalesce('role ' || rolname, 'the database')), ''
FROM pg_db_role_setting s LEFT JOIN pg_roles r ON r.oid = setrole, unnest(setconfig) setting
WHERE setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
  AND setting ~ '^session_replication_role=' AND setting !~ '=(origin|local)$'
UNION ALL
SELECT concat('foreign trigger ', tgname, ' on ', relname), ''
FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid
WHERE NOT tgisinternal AND starts_with(relname, 'cf_') AND relnamespace = {_HERE}
  AND NOT starts_with(tgname, 'cf_history')
UNION ALL
SELECT concat('foreign rule ', rulename, ' on ', relname), ''
FROM pg_rewrite w JOIN pg_class c ON c.oid = ev_class
WHERE relkind IN ('r', 'p') AND starts_with(relname, 'cf_') AND relnamespace = {_HERE}
"""
"""The triggers, functions and views that are there, the settings that switch triggers off, and the
triggers and rules of others on cfsync's own tables: (name, text). (pg_get_triggerdef would wait for
a program that locks the table.)
"""

_SEQUENCES = f"""
SELECT c.relname, s.oid::regclass::text
FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
JOIN pg_class c ON c.oid = d.refobjid
JOIN pg_attribute a ON a.attrelid = c.oid AND attnum = refobjsubid AND attname = 'id'
WHERE deptype = 'i' AND classid = 'pg_class'::regclass AND refclassid = 'pg_class'::regclass
  AND c.relnamespace = {_HERE}
  AND CASE s.relkind WHEN 'S' THEN has_sequence_privilege(s.oid, 'SELECT') END
ORDER BY c.relname
"""
"""The sequences of ids: (table, sequence)."""

COLUMNS = f"""
SELECT relname, attname, format_type(atttypid, atttypmod),
  concat(attidentity, pg_get_expr(adbin, adrelid))
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND attnum > 0 AND NOT attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND adnum = attnum
WHERE relkind IN ('r', 'p') AND relnamespace = {_HERE}
"""
"""The columns that are there: (table, column, type, default)."""

_KEYLESS = f"""
SELECT relname, (
  SELECT quote_ident(conname) FROM pg_constraint WHERE conrelid = c.oid AND contype = 'p')
FROM pg_class c JOIN pg_attribute a ON attrelid = c.oid AND attname = 'id'
WHERE relkind IN ('r', 'p') AND relnamespace = {_HERE} AND NOT EXISTS (
  SELECT FROM pg_index WHERE indrelid = c.oid AND indisprimary AND indisvalid AND indimmediate
    AND indnkeyatts = 1 AND indkey[0] = attnum)
ORDER BY relname
"""
"""The tables with an `id` that is not their primary key: (table, its other primary key)."""

_DOUBLED = 4
"""Doubled ids that are looked for."""


ID_DEFAULT = "identity"


def schema(conn: sa.Connection) -> str:
    """The name of the schema that holds the mirror."""
    return str(conn.exec_driver_sql("SELECT current_schema()").scalar())


def statements(schema: str, without: Collection[str] = ()) -> Iterator[str]:
    """All that creates the functions, triggers and views, in order; nothing of the tables
    `without`.
    """
    names = [name for name in RESOURCES if name not in without]
    yield from common(schema)
    yield from history(schema)
    for name in names:
        yield from triggers(without_references(RESOURCES[name], without), schema)
    views = view_statements(dialect.named("postgresql").views, without=without)
    yield from views.values()
    yield from links.triggers(schema, without)
    readable = [name for name in views if name != FEED.name]
    yield _grant(names, readable, (view.name for view, _ in writable(without)))


def own_column_triggers(_conn: sa.Connection, _without: Collection[str]) -> list[str]:
    """None: there is no INSERT OR REPLACE."""
    return []


def restore_ids(conn: sa.Connection, tables: Collection[str]) -> list[str]:
    """What gives `id` its identity again, behind every provisional id that was ever used."""
    return [t for name in tables for t in _restore_id(conn, name)]


def low_counters(conn: sa.Connection) -> list[str]:
    """The tables whose next id is none that a new row may have: it was used, or is no provisional
    one. It reads no table that a program may have locked.
    """
    selects = [
        f"SELECT {literal(table)} AS name, last_value + is_called::int AS next FROM {sequence}"
        for table, sequence in conn.exec_driver_sql(_SEQUENCES)
        if table in RESOURCES and RESOURCES[table].insert
    ]
    if not selects:
        return []
    found = conn.exec_driver_sql(
        f"SELECT name FROM ({' UNION ALL '.join(selects)}) s"
        f" WHERE next NOT BETWEEN {PROVISIONAL_FROM + 1} AND {_LAST_ID}"
        " OR EXISTS (SELECT FROM cf_ids WHERE resource = name AND local_id = next)"
        " OR EXISTS (SELECT FROM cf_outbox WHERE resource = name AND record_id = next)"
    )
    return list(found.scalars())


def keyless_tables(conn: sa.Connection) -> list[tuple[str, str, list[int]]]:
    """The tables whose `id` is not their primary key, and what keeps it from becoming that: the
    name of another primary key, and the ids that several rows have.
    """
    found = conn.exec_driver_sql(_KEYLESS).all()
    return [(t, other or "", _doubled_ids(conn, t)) for t, other in found if t in RESOURCES]


def _doubled_ids(conn: sa.Connection, table: str) -> list[int]:
    sql = f"SELECT id FROM {ident(table)} GROUP BY id HAVING count(*) > 1 ORDER BY id"
    return list(conn.exec_driver_sql(f"{sql} LIMIT {_DOUBLED}").scalars())


def may_restore(conn: sa.Connection) -> bool:
    """Whether this role may put back what is missing: whether it owns the tables."""
    sql = "SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass('cf_outbox')"
    return bool(conn.exec_driver_sql(sql).scalar())


def raise_counters(conn: sa.Connection, tables: Collection[str]) -> list[str]:
    """What puts the counters of ids behind every provisional id that was ever used."""
    return [
        f"ALTER TABLE {ident(name)} ALTER COLUMN id RESTART WITH {_first_id(conn, name)}"
        for name in tables
    ]


def restore_mark() -> list[str]:
    """Nothing: a setting marks the daemon's writes."""
    return []


def _restore_id(conn: sa.Connection, table: str) -> list[str]:
    first = _first_id(conn, table)
    column = f"ALTER TABLE {ident(table)} ALTER COLUMN id"
    return [
        f"{column} DROP IDENTITY IF EXISTS",
        f"{column} DROP DEFAULT",
        f"{column} SET NOT NULL",
        f"{column} ADD GENERATED BY DEFAULT AS IDENTITY (START WITH {first} MAXVALUE {_LAST_ID})",
    ]


def _first_id(conn: sa.Connection, table: str) -> int:
    """The first id behind every one that the database has given, or may have."""
    name, resource = ident(table), literal(table)
    used = conn.exec_driver_sql(
        f"SELECT max(id) FROM (SELECT id FROM {name} UNION ALL SELECT local_id FROM cf_ids"
        f" WHERE resource = {resource} UNION ALL SELECT record_id FROM cf_outbox"
        f" WHERE resource = {resource}) ids WHERE id <= {_LAST_ID}"
    ).scalar()
    return max(PROVISIONAL_FROM, used or 0) + 1


def comments(conn: sa.Connection) -> dict[tuple[str, str], str]:
    """The comment of each table, view and column; empty where there is none."""
    rows = conn.exec_driver_sql(
        "SELECT relname, coalesce(attname, ''), coalesce(description, '') FROM pg_class c"
        " CROSS JOIN LATERAL (SELECT 0 AS attnum, NULL::name AS attname UNION ALL"
        "  SELECT attnum, attname FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0) a"
        " LEFT JOIN pg_description d ON d.objoid = c.oid AND objsubid = a.attnum"
        "  AND classoid = 'pg_class'::regclass"
        f" WHERE relkind IN ('r', 'p', 'v') AND relnamespace = {_HERE}"
    )
    return {(table, column): text for table, column, text in rows}


def comment_statements(comments: Mapping[tuple[str, str], str]) -> list[str]:
    """What puts comments on tables, views and columns."""
    return [
        f"COMMENT ON COLUMN {ident(table)}.{ident(column)} IS {literal(text)}"
        if column
        else f"COMMENT ON {'VIEW' if table in VIEW_NAMES else 'TABLE'} {ident(table)}"
        f" IS {literal(text)}"
        for (table, column), text in comments.items()
    ]


def drops(conn: sa.Connection) -> list[str]:
    """What removes the triggers and functions of an earlier version.

    The views, and the function for users' triggers, stay and are replaced in place: users build on
    them.
    """
    triggers = conn.exec_driver_sql(
        "SELECT concat('DROP TRIGGER ', quote_ident(tgname), ' ON ', tgrelid::regclass)"
        " FROM pg_trigger WHERE NOT tgisinternal AND starts_with(tgname, 'cf_') AND tgrelid IN"
        " (SELECT oid FROM pg_class WHERE relnamespace = current_schema()::regnamespace)"
    ).scalars()
    functions = conn.exec_driver_sql(
        "SELECT concat('DROP FUNCTION ', oid::regprocedure) FROM pg_proc"
        " WHERE starts_with(proname, 'cf_') AND pronamespace = current_schema()::regnamespace"
        f" AND proname <> {literal(IS_WRITING)}"
    ).scalars()
    return [*triggers, *functions]


def _grant(tables: Iterable[str], views: Iterable[str], written: Iterable[str]) -> str:
    return templates.render(
        "grant",
        tables=", ".join(map(ident, [*tables, *written])),
        views=", ".join(map(ident, views)),
    )
