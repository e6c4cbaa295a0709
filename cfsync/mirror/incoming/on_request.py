"""Fields that ClickFunnels shows on request alone: lists leave them out (`Resource.on_request`).

A record that a list shows is completed with what the mirror read before, as long as the record has
not changed since. Otherwise it is read by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from cfsync.decode import decode_record
from cfsync.mirror.bookkeeping.bases import Base
from cfsync.records import Record
from cfsync.resources.model import Resource
from cfsync.values import json_of


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
