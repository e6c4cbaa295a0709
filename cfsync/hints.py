"""From an event to a hint: "read this record again". Pure, for both ways in which events arrive."""

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

SUBJECTS: Mapping[str, Resource] = {
    event.rpartition(".")[0]: resource for resource in ALL.values() for event in resource.events
}
"""The part of an event's type before the verb ('courses/enrollment') -> the resource it is about.
A type with a new verb is understood too.
"""

MAX_NAME = 200
"""The most characters of an event's id or type."""

WITH_EVENTS: tuple[str, ...] = tuple(
    dict.fromkeys(r.name if r.name in RESOURCES else str(r.parent) for r in SUBJECTS.values())
)
"""The names of the mirrored resources that events are about."""


@dataclass(frozen=True, slots=True)
class Hint:
    """What one event says."""

    #: The same for each delivery of the event and for its entry in the events log.
    event_id: str
    #: As in `contact.updated`; '' where it is unusable.
    event_type: str
    workspace_id: int
    #: The resource of the record to read again; None for an event about nothing that is mirrored.
    resource: str | None = None
    #: Its id; None as above.
    record_id: int | None = None
    #: The record's own, as the event shows it; None: read the record whatever the mirror has.
    updated_at: str | None = None
    #: The record as JSON text, if the event holds it.
    body: str | None = None


def from_delivery(raw: bytes, workspace_id: int) -> Hint:
    """The hint in the body of a delivery. Raises BadAnswer where it is no event."""
    try:
        payload = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise BadAnswer("a delivery that is not JSON") from None
    if not isinstance(payload, dict):
        raise BadAnswer("a delivery that is no event")
    event_id = _name(payload.get("event_id")) or f"body:{hashlib.sha256(raw).hexdigest()}"
    return _hint(event_id, payload.get("event_type"), payload, workspace_id)


def from_log(event: Record, workspace_id: int) -> Hint:
    """The hint in a record of the events log, whose `uuid` is what deliveries call `event_id`."""
    values = event.values
    event_id = _name(values.get("uuid")) or f"log:{event.id}"
    return _hint(event_id, values.get("event_type_id"), values, workspace_id)


def _hint(event_id: str, event_type: Any, event: Mapping[str, Any], workspace_id: int) -> Hint:
    blank = Hint(event_id, _name(event_type), workspace_id)
    kind, _, verb = blank.event_type.rpartition(".")
    resource, data = SUBJECTS.get(kind), event.get("data")
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


def _name(value: Any) -> str:
    """A name that both databases can keep, in a key too; '' for anything else."""
    text = str(value) if type(value) in (str, int) else ""
    return text if len(text) <= MAX_NAME and text.isprintable() else ""


def _about_parent(blank: Hint, resource: Resource, shown: Mapping[str, Any]) -> Hint:
    """A hint to read the parent of a record that has no table: the parent shows it."""
    parent_id = shown.get(resource.parent_field or "")
    if resource.parent is None or not _is_id(parent_id):
        return blank
    return Hint(blank.event_id, blank.event_type, blank.workspace_id, resource.parent, parent_id)


def _text(shown: Mapping[str, Any]) -> str | None:
    try:
        return orjson.dumps(shown).decode()
    except TypeError:  # orjson can't write it; the record is read instead
        return None


def _is_id(value: Any) -> TypeGuard[int]:
    return type(value) is int and 0 < value < BIGINT


def _updated_at(shown: Mapping[str, Any]) -> str | None:
    try:
        found: str | None = decode("timestamp", shown.get("updated_at"))
    except Unholdable:
        return None
    return found
