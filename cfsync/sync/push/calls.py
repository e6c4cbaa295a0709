"""The calls that an edit takes, with as few fields as possible. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from cfsync.errors import ApiError, Refused
from cfsync.mirror.bookkeeping.outbox import Op, Sent
from cfsync.mirror.outgoing.claims import Claim
from cfsync.records import is_provisional
from cfsync.resources import items
from cfsync.resources.model import Resource, action_key

Kind = Literal["create", "upsert", "update", "members", "act", "delete"]


@dataclass(frozen=True, slots=True)
class Call:
    """One step of an edit, which is acknowledged or parked by itself.

    `members` changes a set (such as a contact's tags) by adding and removing single members.
    `act` calls `action`, and `action` is None for all other kinds.
    """

    kind: Kind
    fields: Sent
    action: str | None = None

    @property
    def values(self) -> dict[str, Any]:
        return {name: new for name, (_, new) in self.fields.items()}


def update_calls(
    resource: Resource, base: Mapping[str, Any], send: Mapping[str, Any]
) -> list[Call]:
    """The calls that change an existing record from `base` to `send`.

    One update carries all plain fields; then comes one call for each set and each action.
    """
    sent = {n: items.as_sent(resource.by_name[n].items, value) for n, value in send.items()}
    pairs = {name: (base.get(name), value) for name, value in sent.items()}
    plain = {n: p for n, p in pairs.items() if _is_plain(resource, n)}
    calls = [Call("update", plain)] if plain else []
    for name, pair in pairs.items():
        field = resource.by_name[name]
        if field.via:
            calls.append(Call("members", {name: pair}))
        elif field.actions:
            calls.append(Call("act", {name: pair}, field.actions[action_key(pair[1])]))
    return calls


def refused_alone(call: Call, error: ApiError) -> dict[str, str]:
    """The fields of a refused update that ClickFunnels names, each with its words, where it would
    take the others: it names no other field, and not all of those that were sent.
    """
    named = error.fields if isinstance(error, Refused) and call.kind == "update" else {}
    return dict(named) if named.keys() < call.fields.keys() else {}


def without(call: Call, names: Collection[str]) -> Call:
    """The call without some of its fields."""
    return replace(call, fields={n: p for n, p in call.fields.items() if n not in names})


def _is_plain(resource: Resource, name: str) -> bool:
    field = resource.by_name[name]
    return not field.via and not field.actions


def create_call(resource: Resource, row: Mapping[str, Any]) -> Call:
    """The create or upsert for an inserted row, with the fields that the API takes on creation."""
    fields = {
        f.name: (None, items.as_sent(f.items, row[f.name]))
        for f in resource.columns
        if f.create and row.get(f.name) is not None
    }
    upsert = resource.insert == "upsert" and resource.upsert_key in fields
    return Call("upsert" if upsert else "create", fields)


def left_over(resource: Resource, row: Mapping[str, Any], call: Call) -> dict[str, Any]:
    """The values of an inserted row that its create could not carry and an update must send."""
    return {
        f.name: row[f.name]
        for f in resource.columns
        if (f.update or f.actions)
        and f.name not in call.fields
        and row.get(f.name) is not None
        and (not f.actions or action_key(row[f.name]) in f.actions)
    }


def calls_of(claim: Claim) -> list[Call]:
    """The calls that a claim takes."""
    match claim.op:
        case Op.DELETE:
            return [Call("delete", {})] if not is_provisional(claim.record_id) else []
        case Op.UPDATE:
            return update_calls(claim.resource, claim.base, claim.send)
        case Op.INSERT:
            create = create_call(claim.resource, claim.row)
            rest = left_over(claim.resource, claim.row, create)
            return [create, *update_calls(claim.resource, {}, rest)]
