"""User SQL on PostgreSQL -> rows of `cf_outbox`, or an error in the user's statement.

In comes a resource of the catalogue and what `mirror.capture.rules` says of it, out go CREATE
FUNCTION, CREATE TRIGGER and CREATE VIEW statements. The triggers run once for each statement, over
its transition tables `cf_old` and `cf_new`.

Read the files in `templates/` first: each is a function with its trigger, or a part of one, with
`$names` for what is generated. `triggers` (UPDATE, DELETE) and `insert` fill them in; `expressions`
has the conditions and values of single columns, `parts` what both use, `views` the views.
"""

from __future__ import annotations

import sqlalchemy as sa

from cfsync.mirror.capture.postgresql.parts import templates
from cfsync.mirror.capture.postgresql.triggers import common, triggers
from cfsync.mirror.capture.postgresql.views import VIEWS
from cfsync.mirror.capture.views import NAMES
from cfsync.mirror.db.quoting import ident
from cfsync.resources import RESOURCES


def statements(conn: sa.Connection) -> list[str]:
    """All that creates the functions, triggers and views, in order."""
    schema = str(conn.exec_driver_sql("SELECT current_schema()").scalar())
    tables = [t for r in RESOURCES.values() for t in triggers(r, schema)]
    return [*common(schema), *tables, *VIEWS, _grant()]


def drops(conn: sa.Connection) -> list[str]:
    """What removes the triggers and functions of an earlier version.

    The views stay and are replaced in place: users build views on them.
    """
    triggers = conn.exec_driver_sql(
        "SELECT concat('DROP TRIGGER ', quote_ident(tgname), ' ON ', tgrelid::regclass)"
        " FROM pg_trigger WHERE NOT tgisinternal AND starts_with(tgname, 'cf_') AND tgrelid IN"
        " (SELECT oid FROM pg_class WHERE relnamespace = current_schema()::regnamespace)"
    ).scalars()
    functions = conn.exec_driver_sql(
        "SELECT concat('DROP FUNCTION ', oid::regprocedure) FROM pg_proc"
        " WHERE starts_with(proname, 'cf_') AND pronamespace = current_schema()::regnamespace"
    ).scalars()
    return [*triggers, *functions]


def _grant() -> str:
    return templates.render(
        "grant", tables=", ".join(map(ident, RESOURCES)), views=", ".join(map(ident, NAMES))
    )
