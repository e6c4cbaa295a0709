"""How far the backfill of the account and the running passes have come."""

from __future__ import annotations

from collections.abc import Sequence

import htpy as h

from cfsync.resources import RESOURCES
from cfsync.sync.inspection.status import Status
from cfsync.sync.walk_progress import WalkState
from cfsync.web.console.html.parts import charts
from cfsync.web.console.html.parts.words import took, words


def progress(status: Status, walks: Sequence[WalkState]) -> h.Node:
    """A line for the backfill of all lists, and for each walk that runs in this process."""
    read, wanted = first_reading(status)
    is_first = 0 < read < wanted
    if not (is_first or walks):
        return None
    return h.section(".card.progress", aria_label="Under way")[
        is_first and _line("Backfill", read / wanted, f"{read} of {wanted} lists are complete"),
        (_walk(walk) for walk in walks),
    ]


def first_reading(status: Status) -> tuple[int, int]:
    """How many lists were read as a whole, and how many can be; paused ones, too. Those that are
    left out can't, nor those below a resource that has no records.
    """
    read: list[bool] = []
    empty = RESOURCES.keys() - status.resources.keys()
    for name, r in status.resources.items():  # parents first
        resource = RESOURCES[name]
        is_closed = r.left_out or (not r.rows and resource.nested and resource.parent in empty)
        is_read = r.lag_s is not None and not r.unfinished
        if r.enabled and not is_closed:
            read.append(is_read)
        if not r.rows and (is_closed or is_read or not r.enabled):
            empty.add(name)
    return sum(read), len(read)


def _walk(walk: WalkState) -> h.Element:
    parts = [f"{walk.fraction:.0%} read" if walk.fraction else "under way"]
    parts.append(f"{walk.records:,} records, {walk.per_second:,.0f} a second")
    if walk.left_s is not None:
        parts.append(f"about {took(walk.left_s)} left" if walk.left_s >= 1 else "almost done")
    name = f"{words(walk.resource).capitalize()}, {walk.pass_name}"
    return _line(name, walk.fraction, " · ".join(parts))


def _line(name: str, share: float | None, text: str) -> h.Element:
    return h.p[
        h.b[name],
        charts.meter(share or 0.0, "ok", 240),
        h.span[text],
    ]
