"""Views of links on SQLite: an INSERT or a DELETE is an UPDATE of the record's set, whose trigger
applies all the rules.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from cfsync.mirror.capture.links import Words, given, read_only, writable
from cfsync.mirror.capture.sqlite.parts import raising, templates
from cfsync.mirror.capture.templates import branches
from cfsync.mirror.db.quoting import ident, literal
from cfsync.mirror.views.model import Links, View


def triggers(without: Collection[str]) -> list[str]:
    """The CREATE TRIGGER statements of the views that read none of the tables `without`."""
    return [t for view, links in writable(without) for t in _triggers(view, links)]


def _triggers(view: View, links: Links) -> list[str]:
    words = Words(view, links)
    return templates.statements(
        "links",
        name=view.name,
        view=ident(view.name),
        table=ident(links.resource),
        field=ident(links.field),
        members=ident(links.members),
        record=ident(links.record),
        member=ident(links.member),
        by_name=ident(links.name),
        refusals=branches(_refusals(view, links)),
        unknown_name=raising(words.unknown_name),
        ambiguous_name=raising(words.ambiguous_name),
        update=raising(words.update),
        is_other=" OR ".join(_differs(c, links) for c in given(links)),
    )


def _differs(column: str, links: Links) -> str:
    """Whether an UPDATE changes a column. NULL in one that is filled in is no change."""
    new, old = f"NEW.{ident(column)}", f"OLD.{ident(column)}"
    if column in (links.record, links.member):
        return f"{new} IS NOT {old}"
    return f"coalesce({new}, {old}) IS NOT {old}"


def _refusals(view: View, links: Links) -> Iterator[tuple[str, str]]:
    words = Words(view, links)
    record, member, name = (f"NEW.{c}" for c in map(ident, given(links)[:3]))
    for column in read_only(view, links):
        yield f"NEW.{ident(column)} IS NOT NULL", raising(words.read_only(column))
    missing = f"{record} IS NULL OR {member} IS NULL AND {name} IS NULL"
    yield missing, raising(words.incomplete)
    of = f"resource = {literal(links.resource)} AND local_id = {record}"
    is_real = f"r.id IS NULL AND EXISTS (SELECT 1 FROM cf_ids WHERE {of})"
    yield is_real, raising(f"{words.real_id} in cf_ids")
    yield "r.id IS NULL", raising(words.unknown_record)
    yield "NEW.workspace_id <> r.workspace_id", raising(words.other_workspace)
