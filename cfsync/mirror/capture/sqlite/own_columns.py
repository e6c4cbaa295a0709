"""INSERT OR REPLACE on SQLite keeps what is in columns that the user has added.

Triggers of their own do it, beside those of `insert`: these columns come, change and go while
cfsync runs, and the capture stays as it is. No trigger can name a column that is not there, so
each pass compares the triggers with the columns.
"""

from __future__ import annotations

from cfsync.mirror.capture.sqlite.parts import BY_USER, correct_row, names, note_policy, templates
from cfsync.mirror.db.dialect.base import OwnColumns
from cfsync.mirror.db.quoting import ident, literal
from cfsync.resources.model import Resource

PREFIX = "cf_own_"
"""How the names of these triggers begin."""


def triggers(resource: Resource, own: OwnColumns) -> list[str]:
    """The CREATE TRIGGER statements of one table; none where the user has added nothing."""
    if not own:
        return []
    kept = ["id", *(name for name, _ in own)]  # the id says that the row is being replaced
    pieces = {
        **names(resource),
        "by_user": BY_USER,
        "all_kept": ", ".join(_kept_as(resource, name) for name in kept),
    }
    before = templates.render(
        "before_insert_own",
        **{**pieces, "trigger": ident(f"{PREFIX}{resource.name}_before_insert")},
        note_policy=note_policy(resource),
        keep="\n".join(_keep(resource, name) for name in kept),
    )
    after = templates.render(
        "after_insert_own",
        **{**pieces, "trigger": ident(f"{PREFIX}{resource.name}_after_insert")},
        is_replacement=f"EXISTS ({_kept(resource, 'id')})",
        put_back=correct_row(resource, {n: _value(resource, n, d) for n, d in own}, "1"),
    )
    return [before, after]


def _kept_as(resource: Resource, column: str) -> str:
    return literal(f"{resource.name}.{column}")


def _keep(resource: Resource, column: str) -> str:
    pieces = {"kept_as": _kept_as(resource, column), "column": ident(column)}
    return templates.render("keep_own", **names(resource), **pieces)


def _kept(resource: Resource, column: str) -> str:
    which = f"resource = {_kept_as(resource, column)} AND record_id = NEW.id"
    return f"SELECT patch FROM cf_replaced WHERE {which}"


def _value(resource: Resource, column: str, default: str | None) -> str:
    """What the row had, where the statement gives nothing or the default."""
    now = ident(column)
    is_left_out = f"{now} IS NULL OR {now} IS ({default or 'NULL'})"
    return f"CASE WHEN {is_left_out} THEN ({_kept(resource, column)}) ELSE {now} END"
