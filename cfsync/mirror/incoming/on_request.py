"""Fields that ClickFunnels shows on request alone: lists leave them out (`Resource.on_request`).

A record that a list shows is completed with what the mirror read before, as long as the record has
not changed since. Otherwise it is read by itself. Where `api.expand` doesn't name the table, the
fields are not read at all, and what a row still holds of them is emptied: it may be old.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import sqlalchemy as sa

from cfsync.decode import decode_record
from cfsync.mirror.bookkeeping import outbox, rows
from cfsync.mirror.bookkeeping.bases import Base
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import TABLES
from cfsync.mirror.history.changes import Origin, Side, Source
from cfsync.records import Record
from cfsync.resources.model import Resource
from cfsync.values import json_of

BY_SETTING = Origin(Side.LOCAL, Source.SETTINGS, outbox.CFSYNC)


def complete(
    resource: Resource, records: Iterable[Record], known: Mapping[int, Base]
) -> tuple[list[Record], list[int]]:
    """The records with all their fields, and the ids of those that are to be read by themselves.
    Pure.
    """
    found, lacking = [], []
    for record in records:
        base = known.get(record.id)
        whole = record if record.whole else _completed(resource, record, base)
        if whole is None:
            lacking.append(record.id)
        else:
            found.append(whole)
    return found, lacking


def _completed(resource: Resource, record: Record, base: Base | None) -> Record | None:
    """The record with the fields of its base that the list leaves out; None where they are not
    known, or may have changed.
    """
    before, shown = json_of(base.body) if base else {}, json_of(record.body)
    names = resource.on_request
    if not names or not before.keys() >= {"updated_at", *names}:
        return None
    if shown.get("updated_at") != before["updated_at"]:
        return None
    # in the order of the base: a body that shows nothing new is the same text
    kept = {k: shown.get(k, v) for k, v in before.items() if k in shown or k in names}
    whole = decode_record(resource, kept | shown)
    values = {**record.values, **{name: whole.values[name] for name in names}}
    return replace(whole, values=values, secrets=record.secrets, deleted=record.deleted)


def empty_unread(tx: Tx, resource: Resource, records: Sequence[Record]) -> None:
    """Empty the fields on request in the rows of records that came without them, unless
    ClickFunnels has refused them. Neither side has changed them, and the history says so.
    """
    names, table = resource.on_request, TABLES[resource.name]
    unread = [r.id for r in records if not r.withheld and set(names) - r.values.keys()]
    if not unread:
        return
    filled = sa.or_(*(table.c[name].is_not(None) for name in names))
    found = tx.conn.scalars(sa.select(table.c.id).where(table.c.id.in_(unread), filled)).all()
    for record_id in found:
        rows.set_fields(tx, resource, record_id, dict.fromkeys(names), BY_SETTING)
    if found:
        tx.new_rev()  # the rows are written once more
