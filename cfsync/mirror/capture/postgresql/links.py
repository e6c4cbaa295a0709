"""Views of links on PostgreSQL: the links of a statement become UPDATEs of the records' sets, whose
triggers apply all the rules.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from cfsync.mirror.capture.links import Words, given, read_only, writable
from cfsync.mirror.capture.postgresql.expressions import table_in
from cfsync.mirror.capture.postgresql.parts import folding, refusing, row_options, templates
from cfsync.mirror.capture.rules import SqlState
from cfsync.mirror.capture.templates import branches
from cfsync.mirror.db.quoting import ident, literal
from cfsync.mirror.views.model import Links, View

_MOST = 50_000
"""The length of the text in which links wait. Each link copies it."""


def triggers(schema: str, without: Collection[str]) -> list[str]:
    """The statements of the views that read none of the tables `without`."""
    return [t for view, links in writable(without) for t in _triggers(view, links, schema)]


def _triggers(view: View, links: Links, schema: str) -> list[str]:
    words, columns = Words(view, links), [ident(c) for c in given(links)]
    # NULL in a column that is filled in is no change.
    new = [f"NEW.{c}" for c in columns[:2]] + [f"coalesce(NEW.{c}, OLD.{c})" for c in columns[2:]]
    return templates.statements(
        "links",
        schema=ident(schema),
        name=view.name,
        view=ident(view.name),
        table=ident(links.resource),
        field=ident(links.field),
        members=ident(links.members),
        record=ident(links.record),
        member=ident(links.member),
        by_name=ident(links.name),
        function=ident(f"cf_{view.name}"),
        at_end=ident(f"cf_{view.name}_end"),
        options=row_options(),
        **{"raise": templates.render("raise")},
        open_path=literal(f"pg_catalog, {ident(schema)}, pg_temp"),
        close_path=folding(schema)["close_path"],
        new=", ".join(new),
        old=", ".join(f"OLD.{c}" for c in columns),
        update=refusing(words.update, SqlState.IMPOSSIBLE),
        refusals=branches(_refusals(view, links, schema)),
        unknown_name=refusing(words.unknown_name, SqlState.UNKNOWN),
        ambiguous_name=refusing(words.ambiguous_name, SqlState.WRONG_VALUE),
        most=str(_MOST),
    )


def _refusals(view: View, links: Links, schema: str) -> Iterator[tuple[str, str]]:
    words = Words(view, links)
    record, member, name = (f"NEW.{c}" for c in map(ident, given(links)[:3]))
    for column in read_only(view, links):
        refusal = refusing(words.read_only(column), SqlState.READ_ONLY)
        yield f"NEW.{ident(column)} IS NOT NULL", refusal
    missing = f"{record} IS NULL OR {member} IS NULL AND {name} IS NULL"
    yield missing, refusing(words.incomplete, SqlState.MISSING)
    of = f"i.resource = {literal(links.resource)} AND i.local_id = {record}"
    real = f"SELECT i.id FROM {table_in(schema, 'cf_ids')} i WHERE {of}"
    told = f"{literal(words.real_id + ' ')} || ({real})"
    named = f"jsonb_build_array({literal(SqlState.UNKNOWN)}, {told})"
    yield f"NOT FOUND AND EXISTS ({real})", named
    yield "NOT FOUND", refusing(words.unknown_record, SqlState.UNKNOWN)
    yield "NEW.workspace_id <> workspace", refusing(words.other_workspace, SqlState.UNKNOWN)
