"""How far the backfill of the account and the running passes have come."""

from __future__ import annotations

from collections.abc import Sequence

import htpy as h

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
    """How many lists were read as a whole, and how many there are; paused ones, too."""
    lists = [r for r in status.resources.values() if r.enabled]
    return sum(r.lag_s is not None and not r.unfinished for r in lists), len(lists)


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
