"""Comments on tables, columns and views, for the databases that have them.

A comment is written where there is none, or an earlier one of cfsync's; a user's own one stays.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping

import sqlalchemy as sa

from cfsync.mirror.capture import installed, rules
from cfsync.mirror.progress import meta
from cfsync.mirror.views import VIEWS
from cfsync.resources import RESOURCES
from cfsync.resources.model import Field, Resource

Comments = Mapping[tuple[str, str], str]
"""(table or view, column; empty: the table itself) -> comment."""

OF_EVERY_TABLE = {
    "cf_rev": "integer; grows each time cfsync writes the row; save it as you read it",
    "cf_synced_at": "timestamp; when cfsync last wrote the row; NULL: not in ClickFunnels yet",
}

OWN = {
    "cf_outbox": "one row for each edit made by SQL",
    "cf_changes": "one row for each change of a record; read it through the view cf_feed",
    "cf_conflicts": "one row for each field that both sides changed, or that has drifted",
    "cf_tombstones": "one row for each record that is gone, or suspected to be",
    "cf_base": "one row for each record, as last read from ClickFunnels",
    "cf_ids": "one row for each provisional id that has become a real one",
    "cf_runs": "one row for each pass that has ended, if it did something",
    "cf_checkpoints": "one row for each list, and how far it has been read",
    "cf_events": "one row for each event that ClickFunnels sent, or its log named",
    "cf_found": "one row for each way of reading, and how soon it brought changes",
    "cf_notes": "one row for each field that is unknown, or whose value no column can hold",
    "cf_budget": "one row for each number of the learned rate limit",
    "cf_leases": "one row for each pass that one daemon of several may run",
    "cf_daemons": "one row for each daemon that runs, or ran last",
    "cf_meta": "one row for each fact about the mirror itself",
    "cf_schema": "the schema's version",
    "cf_horizons": "what keeps cf_feed in order",
    "cf_samples": "one row for each five minutes, resource and lane: what passes did",
}
"""cfsync's tables beside those of records -> what they hold, as docs/tables.md says it."""


def put(conn: sa.Connection) -> None:
    """Bring the comments up to date in the caller's transaction."""
    database = installed.database(conn)
    found: Comments = database.comments(conn)
    wanted = words() if found else {}
    ours = set(json.loads(meta.get(conn, meta.COMMENTS) or "[]"))
    changed = {
        place: text
        for place, text in wanted.items()
        if place in found and found[place] != text and _may_replace(found[place], ours)
    }
    for statement in database.comment_statements(changed):
        conn.exec_driver_sql(statement)
    if changed:
        meta.put(
            conn, meta.COMMENTS, json.dumps(sorted(ours | set(map(_digest, changed.values()))))
        )


def _may_replace(text: str, ours: set[str]) -> bool:
    return not text or _digest(text) in ours


def _digest(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()[:8]


def words() -> Comments:
    """All comments, from the catalogue. Pure."""
    found = {(name, ""): f"cfsync's own, never to be written: {what}" for name, what in OWN.items()}
    for name, resource in RESOURCES.items():
        found[name, ""] = _of_table(resource)
        insertable = {f.name for f in rules.insertable(resource)}
        updatable = {f.name for f in rules.updatable(resource)}
        for field in resource.columns:
            given = [
                w for w, n in (("INSERT", insertable), ("UPDATE", updatable)) if field.name in n
            ]
            written = f"can be written by {' and '.join(given)}" if given else "read-only"
            found[name, field.name] = "; ".join([field.type, *remarks(field), written])
        found |= {(name, column): what for column, what in OF_EVERY_TABLE.items()}
    for name, view in VIEWS.items():
        without = f" Left out: {view.without}." if view.without else ""
        written = " INSERT adds one, DELETE takes one away." if view.links else ""
        found[name, ""] = f"One row for each {view.row.replace('`', '')}.{without}{written}"
        origins = view.origins()
        for c in view.columns:
            found[name, c.name] = "; ".join(filter(None, [c.type, origins[c.name]]))
    return found


def _of_table(resource: Resource) -> str:
    insert = "creates a record" if resource.insert else f"refused: {resource.refuse_insert}"
    update = "changes the record" if list(rules.updatable(resource)) else "refused"
    delete = "deletes the record" if resource.delete else f"refused: {resource.refuse_delete}"
    return f"INSERT: {insert}. UPDATE: {update}. DELETE: {delete}."


def remarks(field: Field) -> Iterator[str]:
    """What is particular about a column."""
    if field.ref and field.name != "id":
        yield f"{'ids' if field.type == 'json' else 'id'} of {field.ref}"
    if field.merge == "quote":
        yield "copy of other records"
    if field.merge == "map":
        yield "merged key by key"
    if field.merge == "set":
        yield "merged as a set"
    if field.actions:
        yield ", ".join(f"{_value(field, v)}: {action}" for v, action in field.actions.items())
    if field.on_request:
        yield "read where api.expand names the table"
    if field.write_only and field.derived is None:
        yield "NULL except between your write and its push"


def _value(field: Field, value: str) -> str:
    return value if field.type == "boolean" else f"'{value}'"
