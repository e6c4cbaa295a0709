"""User SQL on SQLite -> rows of `cf_outbox`, or an error in the user's statement.

In comes a resource of the catalogue and what `mirror.capture.rules` says of it, out go CREATE
TRIGGER and CREATE VIEW statements. The triggers run for each row.

Read the files in `templates/` first: each is a whole statement, or a part of one, with `$names` for
what is generated. `triggers` (UPDATE, DELETE) and `insert` fill them in; `expressions` has the
conditions and values of single columns, `parts` what both use, `views` the views.
"""

from __future__ import annotations

import sqlalchemy as sa

from cfsync.mirror.capture.sqlite.triggers import triggers
from cfsync.mirror.capture.sqlite.views import VIEWS
from cfsync.mirror.capture.views import NAMES
from cfsync.mirror.db.quoting import ident
from cfsync.resources import RESOURCES


def statements(_conn: sa.Connection) -> list[str]:
    """All that creates the triggers and views, in order."""
    return [*(t for r in RESOURCES.values() for t in triggers(r)), *VIEWS]


def drops(conn: sa.Connection) -> list[str]:
    """What removes the triggers and views of an earlier version."""
    names = conn.exec_driver_sql(
        "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name GLOB 'cf_*'"
    ).scalars()
    found = [f"DROP TRIGGER {ident(name)}" for name in names]
    return [*found, *(f"DROP VIEW IF EXISTS {ident(name)}" for name in NAMES)]
