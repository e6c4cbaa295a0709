"""What `doctor` says of odd fields: a line for each table and kind of oddity."""

from __future__ import annotations

from typing import Any

from cfsync.mirror.reports import status
from cfsync.sync.inspection.probes import Check

NAMED = 3
"""Fields that a line names; the others are only counted."""


def drift(notes: status.Rows) -> list[Check]:
    """Fields of the API that the catalogue doesn't know or whose values no column holds, and those
    that a trigger of the user's changes. Pure.
    """
    said = {
        "unknown": "is new in the API: kept in cf_base.body, and no column yet",
        "converted": "is shown as another JSON type: converted, and sent in the form shown",
        "foreign": "names a workspace that is not mirrored, or not the one that lists it: left out",
        "ahead": "lay in the future: read, and no measure of what pulls have read",
        "tidied": "is changed by your trigger when cfsync writes it: let that ask cf_is_writing",
        "null_left": "kept its value in an INSERT of a known id; use UPDATE to set it to NULL",
        "unholdable": "had a value that the column can't hold: NULL there, kept in cf_base.body",
    }
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for note in notes:
        groups.setdefault((note["resource"], note["kind"]), []).append(note)
    texts = [
        f"{_fields(found)} {said.get(kind) or _gone(found)}, as in {found[0]['record_id']}"
        for (_, kind), found in groups.items()
    ]
    fits = [Check("schema drift", "ok", "every field is known and fits")]
    return [Check("schema drift", "note", text) for text in texts] or fits


def _gone(notes: status.Rows) -> str:
    since = min(note["seen_at"] for note in notes)
    return f"has not been shown since {since}: the mirror keeps the last value"


def _fields(notes: status.Rows) -> str:
    """The fields of one table that notes of one kind are about."""
    table, names = notes[0]["resource"], [note["field"] for note in notes]
    if len(names) == 1:
        return f"{table}.{names[0]}"
    more = f" and {len(names) - NAMED} more in cf_notes" if len(names) > NAMED else ""
    return f"{table}: each of {len(names)} fields ({', '.join(names[:NAMED])}{more})"
