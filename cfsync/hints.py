"""Events -> hints. An event only says "look at this record"; pure, for both ways they come."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

import orjson

from cfsync.errors import BadAnswer
from cfsync.records import Record
from cfsync.resources import ALL, RESOURCES, Resource
from cfsync.values import BIGINT, Unholdable, decode

KINDS: Mapping[str, Resource] = {
    event.rpartition(".")[0]: resource for resource in ALL.values() for event in resource.events
}
"""'courses/enrollment' -> the resource; so an event type that is new is understood too."""

LONGEST = 200
"""Characters of an event's id or type."""

HINTED: tuple[str, ...] = tuple(
    dict.fromkeys(r.name if r.name in RESOURCES else str(r.parent) for r in KINDS.values())
)
"""Mirrored resources that events are about."""


@dataclass(frozen=True, slots=True)
class Hint:
    """`resource` and `record_id` are None where the event is about nothing that is mirrored.
    `updated_at`: the record's own, as the event shows it; None: whatever the mirror has, look.
    `body`: the record as JSON text, where it came along.
    """

    event_id: str
    event_type: str
    workspace_id: int
    resource: str | None = None
    record_id: int | None = None
    updated_at: str | None = None
    body: str | None = None


def of_delivery(raw: bytes, workspace_id: int) -> Hint:
    """From the body of a delivery. Raises BadAnswer where it is no event."""
    try:
        payload = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise BadAnswer("a delivery that is not JSON") from None
    if not isinstance(payload, dict):
        raise BadAnswer("a delivery that is no event")
    event_id = _word(payload.get("event_id")) or f"body:{hashlib.sha256(raw).hexdigest()}"
    return _hint(event_id, payload.get("event_type"), payload, workspace_id)


def of_log(event: Record, workspace_id: int) -> Hint:
    """From a record of the events log; its `uuid` is what deliveries call `event_id`."""
    values = event.values
    event_id = _word(values.get("uuid")) or f"log:{event.id}"
    return _hint(event_id, values.get("event_type_id"), values, workspace_id)


def _hint(event_id: str, event_type: Any, event: Mapping[str, Any], workspace_id: int) -> Hint:
    blank = Hint(event_id, _word(event_type), workspace_id)
    kind, _, verb = blank.event_type.rpartition(".")
    resource, data = KINDS.get(kind), event.get("data")
    shown = data if isinstance(data, dict) else {}
    if resource is None:
        return blank
    if resource.name not in RESOURCES:
        return _about_parent(blank, resource, shown)
    if not _is_id(subject := event.get("subject_id")):
        return blank
    is_whole = verb != "deleted" and shown.get("id") == subject
    return Hint(
        event_id,
        blank.event_type,
        workspace_id,
        resource.name,
        subject,
        _updated_at(shown) if is_whole else None,
        _text(shown) if is_whole else None,
    )


def _word(value: Any) -> str:
    """A name as every database can keep it, also in a key; '' for anything else."""
    text = str(value) if type(value) in (str, int) else ""
    return text if len(text) <= LONGEST and text.isprintable() else ""


def _about_parent(blank: Hint, resource: Resource, shown: Mapping[str, Any]) -> Hint:
    """What is no table of its own is shown by the record that it hangs below."""
    parent_id = shown.get(resource.parent_field or "")
    if resource.parent is None or not _is_id(parent_id):
        return blank
    return Hint(blank.event_id, blank.event_type, blank.workspace_id, resource.parent, parent_id)


def _text(shown: Mapping[str, Any]) -> str | None:
    try:
        return orjson.dumps(shown).decode()
    except TypeError:  # what JSON of this kind can't hold comes by being read
        return None


def _is_id(value: Any) -> TypeGuard[int]:
    return type(value) is int and 0 < value < BIGINT


def _updated_at(shown: Mapping[str, Any]) -> str | None:
    try:
        found: str | None = decode("timestamp", shown.get("updated_at"))
    except Unholdable:
        return None
    return found
