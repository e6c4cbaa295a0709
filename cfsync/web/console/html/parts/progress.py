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
    lists = [r for r in status.resources.values() if r.enabled]
    read = [r for r in lists if r.lag_s is not None and not r.unfinished]
    is_first = 0 < len(read) < len(lists)
    if not (is_first or walks):
        return None
    return h.section(".card.progress", aria_label="Under way")[
        is_first and _line("Backfill", len(read) / len(lists), _of(len(read), len(lists))),
        (_walk(walk) for walk in walks),
    ]


def _of(read: int, lists: int) -> str:
    return f"{read} of {lists} lists are complete"


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
