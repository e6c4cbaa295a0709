"""How what was done is taken back, in sentences that name what the console has, or the SQL or
command where it has nothing. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cfsync.mirror.bookkeeping.outbox import Edit, Op
from cfsync.resources import RESOURCES
from cfsync.web.console.html.parts.words import mention

_UNTIL = "Discard, on Activity, until the push; afterwards"
UPDATE = f"{_UNTIL} Revert, beside the push there."
REVIVE = "Undelete, on the page of each record, makes a new one of what it held."
DELETE = f"{_UNTIL} {REVIVE}"

NAMED = 5
"""Ids that a statement names."""


def create(resource: str) -> str:
    """Of a new record."""
    kind = RESOURCES[resource]
    if kind.delete:
        return f"{_UNTIL} Revert, beside the push there, which can delete what the push created."
    return f"{_UNTIL} it can't be deleted: {kind.refuse_delete}."


def by_sql(records: Iterable[tuple[str, int]]) -> str:
    """Of rows that are here again."""
    ids: dict[str, list[int]] = {}
    for resource, record_id in records:
        ids.setdefault(resource, []).append(record_id)
    told = "; ".join(f"`DELETE FROM {name} WHERE {_among(some)}`" for name, some in ids.items())
    return f"by SQL, as the console deletes nothing: {told}."


def _among(ids: Sequence[int]) -> str:
    if len(ids) == 1:
        return f"id = {ids[0]}"
    more = ", …" if len(ids) > NAMED else ""
    return f"id IN ({', '.join(map(str, ids[:NAMED]))}{more})"


def field(resource: str, record_id: int, name: str) -> str:
    """Of a choice between values."""
    where = mention(resource, record_id)
    return f"Edit, on the page of {where}: its history has the other value of {name}."


FIELDS = "Edit, on the page of each record: its history has the other value."


def sent(found: Sequence[Edit]) -> str:
    """Of edits that the next push sends."""
    told = [UPDATE] if any(e.op == Op.UPDATE for e in found) else []
    told += dict.fromkeys(create(e.resource) for e in found if e.op == Op.INSERT)
    if any(e.op == Op.DELETE for e in found):
        told += [f"Of a deleted record: {DELETE}" if told else DELETE]
    return " ".join(told)


def discarded(found: Sequence[Edit]) -> str:
    """Of edits that are never sent."""
    told = []
    if any(e.op == Op.UPDATE for e in found):
        records = {(e.resource, e.record_id) for e in found if e.op == Op.UPDATE}
        where = mention(*records.pop()) if len(records) == 1 else "each record"
        told.append(f"Edit, on the page of {where}: its history has what is discarded.")
    if any(e.op == Op.INSERT for e in found):
        told.append("Undelete, on the page of each row that is deleted.")
    if deletes := [(e.resource, e.record_id) for e in found if e.op == Op.DELETE]:
        told.append(f"Of a deleted row: {by_sql(deletes)}" if told else by_sql(deletes))
    return " ".join(told)
