"""A record that the mirror has no row of: how it came to be gone, and what brings it back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import htpy as h

from cfsync.mirror.reports.related import Related
from cfsync.mirror.user_decisions.undelete import How, Undelete
from cfsync.resources import Resource
from cfsync.sync.inspection.explain import Explanation
from cfsync.web.console.html.parts.history import Decided
from cfsync.web.console.html.parts.layout import button
from cfsync.web.console.html.parts.words import link, when, without_command


@dataclass(frozen=True, slots=True)
class Reading:
    """What a page about a record shows beside its explanation."""

    #: What a person calls it, or called it last; '': nothing says it.
    title: str
    related: Sequence[Related]
    #: How it can be brought back; None: its row is there.
    undelete: Undelete | None
    #: The record that was made of it; None: none was.
    successor: int | None
    #: What the decisions about it were about.
    decided: Decided
    now: str
    #: Since when it can be told how it was; None: it can't.
    known_since: str | None


def gone(resource: Resource, known: Explanation, reading: Reading, *, can_act: bool) -> h.Element:
    deletion = known.deletion
    told: h.Node = "The mirror has no row of it."
    if deletion is not None:
        where = "here" if deletion.side == "local" else "in ClickFunnels"
        who = f" by {deletion.author}" if deletion.author else ""
        told = [f"It was {deletion.cause} {where}{who}, ", when(reading.now, deletion.at), "."]
    back = _way_back(resource, known.id, reading, can_act=can_act)
    return h.section(".card")[h.header[h.h2["Gone"]], h.p[told], back]


def _way_back(resource: Resource, record_id: int, reading: Reading, *, can_act: bool) -> h.Node:
    """The button that brings it back; else what it has become, or why nothing brings it back."""
    planned = reading.undelete
    if planned is None:
        return None
    if planned.how != How.REFUSE:
        path = f"/undelete/{resource.name}/{record_id}"
        return can_act and h.div(".many")[button(path, "undelete", "Undelete")]
    if reading.successor is not None:
        return h.p["It was brought back as ", link(resource.name, reading.successor), "."]
    return h.p(".hint")[f"It can't be brought back: {without_command(planned.reason or '')}."]
