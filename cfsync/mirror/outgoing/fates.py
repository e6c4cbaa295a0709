"""What became of each value that a call has sent, as the answer shows. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from cfsync.mirror.bookkeeping.outbox import Sent
from cfsync.records import ABSENT, Record
from cfsync.resources import Resource
from cfsync.resources.model import Field
from cfsync.values import equal

Fate = Literal["applied", "normalised", "ignored", "later"]


def fate(field: Field, before: Any, sent: Any, answered: Any) -> Fate:
    """What became of one sent value. A field that is never shown counts as applied."""
    if answered is ABSENT or equal(field, answered, sent):
        return "applied"
    if not equal(field, answered, before):
        return "normalised"
    return "later" if field.later else "ignored"


def fates(resource: Resource, sent: Sent, answer: Record) -> dict[str, Fate]:
    """What became of each field that was sent."""
    return {
        name: fate(resource.by_name[name], before, value, answer.values.get(name, ABSENT))
        for name, (before, value) in sent.items()
    }


def other_forms(
    resource: Resource, sent: Sent, answer: Record, ends: Mapping[str, Fate]
) -> dict[str, tuple[Any, Any]]:
    """Field -> (value sent, value shown), of the values that ClickFunnels stores in another form. A
    value that it seems to have ignored may have the form of the one that was there.
    """
    return {
        name: (sent[name][1], answer.values[name])
        for name, end in ends.items()
        if end == "normalised"
        or (end == "ignored" and _has_forms(resource.by_name[name], answer.values[name]))
    }


def _has_forms(field: Field, shown: Any) -> bool:
    """Whether values of a field are written in several ways, and one is shown."""
    several = field.type not in ("boolean", "integer") and field.merge == "value"
    return several and not field.actions and shown is not None
