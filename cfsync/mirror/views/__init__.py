"""The views beside the tables: rows for what is nested, answers to questions, what waits.

In comes the catalogue, out go the statements that make the views; `mirror.capture` runs them with
the triggers. A view is data (`model.View`), one definition for all databases.

Read `model` first, then `lines` (what lies in JSON, a row each), `links` (tags, which can be
written), `sales` and `progress` (answers to questions), `confirmed` (records as ClickFunnels has
them), `waiting` and `feed` (the history).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from cfsync.mirror.db.dialect.view_sql import ViewSql
from cfsync.mirror.views import confirmed, feed, lines, links, progress, sales, waiting
from cfsync.mirror.views.model import View

VIEWS: Mapping[str, View] = {
    view.name: view
    for module in (lines, links, sales, progress, confirmed, waiting, feed)
    for view in module.VIEWS
}
"""Name -> view, in the order in which they are made and described."""


def statements(sql: ViewSql, *, without: Collection[str] = ()) -> dict[str, str]:
    """Name -> the statement that makes the view. None of them reads one of the tables `without`."""
    return {
        name: view.statement(sql)
        for name, view in VIEWS.items()
        if not view.tables.intersection(without)
    }
