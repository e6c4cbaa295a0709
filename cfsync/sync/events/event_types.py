"""Which types of events an endpoint of ours asks for."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from cfsync.api import Api
from cfsync.errors import BadAnswer, Forbidden, NotFound
from cfsync.hints import subject_of
from cfsync.resources import ALL

PATH = "/webhooks/outgoing/event_types"


async def offered(api: Api) -> frozenset[str] | None:
    """The types of events that ClickFunnels offers; None where it doesn't say."""
    try:
        answer = await api.raw("GET", PATH)
    except (Forbidden, NotFound, BadAnswer):
        return None
    return _names(answer.data) or None


def _names(data: Any) -> frozenset[str]:
    """The names in a list of types, which an object may wrap. Pure."""
    if isinstance(data, dict):
        data = next((value for value in data.values() if isinstance(value, list)), [])
    found = (entry.get("id") if isinstance(entry, dict) else entry for entry in data or ())
    return frozenset(name for name in found if isinstance(name, str))


def documented(wanted: Collection[str]) -> list[str]:
    """The documented types of events about records of these resources. Pure."""
    return sorted({event for r in ALL.values() if r.shown_in in wanted for event in r.events})


def useful(types: Collection[str] | None, wanted: Collection[str]) -> list[str]:
    """Of the types that are offered (None: not known), those about records of these resources, also
    undocumented ones whose name tells so. Pure.
    """
    known = documented(wanted)
    if types is None:
        return known
    return sorted(t for t in types if t in known or _is_about(t, wanted))


def not_offered(types: Collection[str] | None, wanted: Collection[str]) -> list[str]:
    """The documented types that ClickFunnels doesn't offer, as far as it says which. Pure."""
    return [] if types is None else [t for t in documented(wanted) if t not in types]


def _is_about(event_type: str, wanted: Collection[str]) -> bool:
    resource = subject_of(event_type)
    return resource is not None and resource.shown_in in wanted
