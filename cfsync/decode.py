"""From the JSON object of an answer, or a body that the mirror kept, to a `Record`. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson

from cfsync.errors import BadAnswer
from cfsync.json_types import is_converted
from cfsync.records import Listing, Record, is_provisional
from cfsync.resources import ALL, Resource
from cfsync.resources.keys import number_of
from cfsync.values import Unholdable, as_is, decode, decoder


@dataclass(frozen=True, slots=True)
class _Plan:
    """How records of one resource are decoded, worked out once."""

    #: Decoders of the fields that a body may show.
    decoders: Mapping[str, Callable[[Any], Any]]
    #: Field -> the types of values that it takes without decoding, if the body is plain.
    as_is: Mapping[str, frozenset[type]]
    #: (column, the field of the object or objects whose id it holds, what reads them)
    derived: tuple[tuple[str, str, Callable[[Any], Any]], ...]
    #: (column, the field whose text it holds)
    texts: tuple[tuple[str, str], ...]
    #: Fields that are kept in `cf_secrets`.
    secrets: tuple[str, ...]
    #: Path columns that hold the record's own id.
    own_id: tuple[str, ...]
    #: The column with the parent's id, if there is one.
    parent: str | None
    #: Whether there is a `workspace_id`, which the listing may give.
    workspace: bool


def decode_record(
    resource: Resource, body: Mapping[str, Any], listing: Listing | None = None
) -> Record:
    """The record in `body`. Ids of its parents that the body lacks are taken from `listing`. A
    value of another JSON type is converted where nothing is lost; one that its column can't hold is
    None, and its field is in `noted`. Raises BadAnswer without a usable id.
    """
    plan = _plan(resource.name)
    id_ = number_of(resource, body) if resource.key else body.get("id")
    if type(id_) is not int or id_ <= 0 or is_provisional(id_):
        raise BadAnswer(f"a record of {resource.name} without a usable id")
    secrets: dict[str, str] = {}
    unholdable: list[str] = []
    if plan.secrets:
        body, secrets, unholdable = _without_secrets(plan.secrets, body)
    text, is_plain = _json_text(body)
    shown = _with_number(plan, body, id_) if resource.key else body
    values, noted, unknown, converted = _values(plan, shown, plan.as_is if is_plain else {})
    _fill_in_path(plan, values, id_, listing)
    return Record(
        resource=resource.name,
        id=id_,
        updated_at=values.get("updated_at"),
        values=values,
        body=text,
        noted=(*noted, *unholdable),
        unknown=tuple(unknown),
        converted=converted,
        secrets=secrets,
        deleted=bool(body.get("deleted_at")),
    )


@cache
def _plan(name: str) -> _Plan:
    resource = ALL[name]
    shown = [f for f in resource.columns if f.path or not f.write_only]
    return _Plan(
        decoders={f.name: decoder(f) for f in shown},
        as_is={f.name: as_is(f) for f in shown},
        derived=tuple(
            (f.name, f.derived, _ids if f.type == "json" else _id)
            for f in resource.columns
            if f.derived and f.type != "text"
        ),
        texts=tuple(
            (f.name, f.derived) for f in resource.columns if f.derived and f.type == "text"
        ),
        secrets=resource.secrets,
        own_id=tuple(f.name for f in resource.columns if f.path and f.ref == name),
        parent=resource.parent_field,
        workspace="workspace_id" in resource.by_name,
    )


def _with_number(plan: _Plan, body: Mapping[str, Any], id_: int) -> dict[str, Any]:
    """A record that a text tells apart, with a number for its id."""
    return {**body, "id": id_, **{name: body.get(source) for name, source in plan.texts}}


def _values(
    plan: _Plan, body: Mapping[str, Any], as_is: Mapping[str, frozenset[type]]
) -> tuple[dict[str, Any], list[str], list[str], dict[str, Any]]:
    """The canonical values, the names of unholdable ones, the names of unknown fields, and what was
    sent for the converted ones.
    """
    values: dict[str, Any] = {}
    noted: list[str] = []
    unknown: list[str] = []
    converted: dict[str, Any] = {}
    types_of, nothing = as_is.get, frozenset[type]()
    for name, value in body.items():
        if type(value) in types_of(name, nothing):
            values[name] = value
        elif name not in plan.decoders:
            unknown.append(name)
        elif value is None:
            values[name] = None
        else:
            try:
                values[name] = plan.decoders[name](value)
            except Unholdable:
                values[name] = None
                noted.append(name)
                continue
            if is_converted(value, values[name]):
                converted[name] = value
    for name, source, ids_of in plan.derived:
        if source in body:
            try:
                values[name] = ids_of(body[source])
            except (TypeError, KeyError, IndexError, Unholdable):
                values[name] = None
                noted.append(name)
    return values, noted, unknown, converted


def _ids(objects: Any) -> list[int]:
    """The sorted ids of a list of objects; none for null."""
    return sorted({decode("integer", o["id"]) for o in objects or ()})


def _id(record: Any) -> int | None:
    """The id of an object; None for null."""
    return None if record is None else decode("integer", record["id"])


def _fill_in_path(plan: _Plan, values: dict[str, Any], id_: int, listing: Listing | None) -> None:
    """Fill in path columns that the body lacks or has an unholdable value for: without them no pass
    would find the record below its parent again.
    """
    known = dict.fromkeys(plan.own_id, id_)
    if listing is not None and plan.workspace and listing.workspace_id is not None:
        known["workspace_id"] = listing.workspace_id
    if listing is not None and plan.parent:
        known[plan.parent] = listing.parent_id
    for name, value in known.items():
        if values.get(name) is None:
            values[name] = value


def _without_secrets(
    names: tuple[str, ...], body: Mapping[str, Any]
) -> tuple[Mapping[str, Any], dict[str, str], list[str]]:
    """The body without its secrets, the secrets, and the names of unholdable ones."""
    secrets: dict[str, str] = {}
    unholdable: list[str] = []
    for name in names:
        try:
            if (value := decode("text", body.get(name))) is not None:
                secrets[name] = value
        except Unholdable:
            unholdable.append(name)
    return {k: v for k, v in body.items() if k not in names}, secrets, unholdable


def _json_text(body: Mapping[str, Any]) -> tuple[str, bool]:
    """The body as text, and whether it is plain: no column is unable to hold one of its characters
    or numbers.
    """
    try:
        text = orjson.dumps(body).decode()
    except TypeError:  # a lone surrogate, an integer over 64 bits
        return json.dumps(body, separators=(",", ":")), False
    return text, "\\u0000" not in text
