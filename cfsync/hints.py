"""From an event to a hint: "read this record again". Pure, for both ways in which events arrive."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson

from cfsync.errors import BadAnswer
from cfsync.records import Record
from cfsync.resources import ALL, RESOURCES, Resource
from cfsync.values import BIGINT, Unholdable, decode

_MIRRORED = {r.name: r for r in RESOURCES.values() if not r.scope}

_ABOUT: tuple[Resource, ...] = (
    *_MIRRORED.values(),
    *(r for r in ALL.values() if not r.mirrored and r.parent in _MIRRORED),
)
"""The resources that an event can be about: those of the mirror, and those that a record of the
mirror shows.
"""


def _key(name: str) -> str:
    """'Courses::Enrollment', 'courses/enrollment' -> 'courses_enrollment'."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return re.sub(r"[^a-z0-9.]+", "_", words.lower())


def _singular(key: str) -> str:
    return "_".join(word.removesuffix("s") for word in key.split("_"))


def _subjects() -> Mapping[str, Resource]:
    exact = {_key(r.body_key): r for r in _ABOUT}
    exact |= {_key(event.rpartition(".")[0]): r for r in _ABOUT for event in r.events}
    return {_singular(key): resource for key, resource in exact.items()} | exact


SUBJECTS: Mapping[str, Resource] = _subjects()
"""What an event names, as `_key` writes it ('courses_enrollment') -> the resource it is about.
Documents write the same name in the singular and in the plural; the exact one wins.
"""

MAX_NAME = 200
"""The most characters of an event's id or type."""

WITH_EVENTS: tuple[str, ...] = tuple(dict.fromkeys(r.shown_in for r in _ABOUT if r.events))
"""The names of the mirrored resources that the API documents events of."""

FOLLOWED: tuple[str, ...] = tuple(_MIRRORED)
"""The names of the mirrored resources that an event's subject may name."""


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
    resource = _named(_name(event.get("subject_type"))) or subject_of(blank.event_type)
    data, subject = event.get("data"), _id(event.get("subject_id"))
    shown = data if isinstance(data, dict) else {}
    if resource is None:
        return blank
    if not resource.mirrored:
        return _about_parent(blank, resource, shown)
    if subject is None:
        return blank
    is_deletion = blank.event_type.rpartition(".")[2] == "deleted"
    is_whole = not is_deletion and shown.get("id") == subject
    return replace(
        blank,
        resource=resource.name,
        record_id=subject,
        updated_at=_updated_at(shown) if is_whole else None,
        body=_text(shown) if is_whole else None,
    )


def subject_of(event_type: str) -> Resource | None:
    """The resource that events of a type are about, as far as the type's name tells: one with a new
    verb ('order.refunded', 'subscription.plan.changed') is understood too.
    """
    kind = event_type.rpartition(".")[0]
    while kind and (found := _named(kind)) is None:
        kind = kind.rpartition(".")[0]
    return found if kind else None


def _named(name: str) -> Resource | None:
    key = _key(name)
    return SUBJECTS.get(key) or SUBJECTS.get(_singular(key))


def _name(value: Any) -> str:
    """A name that both databases can keep, in a key too; '' for anything else."""
    text = str(value) if type(value) in (str, int) else ""
    return text if len(text) <= MAX_NAME and text.isprintable() else ""


def _about_parent(blank: Hint, resource: Resource, shown: Mapping[str, Any]) -> Hint:
    """A hint to read the parent of a record that has no table: the parent shows it."""
    parent_id = _id(shown.get(resource.parent_field or ""))
    if parent_id is None:
        return blank
    return replace(blank, resource=resource.parent, record_id=parent_id)


def _text(shown: Mapping[str, Any]) -> str | None:
    try:
        return orjson.dumps(shown).decode()
    except TypeError:  # orjson can't write it; the record is read instead
        return None


def _id(value: Any) -> int | None:
    """An id, also as text; None for anything else."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < MAX_NAME:
        value = int(value)
    return value if type(value) is int and 0 < value < BIGINT else None


def _updated_at(shown: Mapping[str, Any]) -> str | None:
    try:
        found: str | None = decode("timestamp", shown.get("updated_at"))
    except Unholdable:
        return None
    return found
