"""The overview: is it up to date, what waits, what moved, each list, the last passes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import htpy as h

from cfsync.config import Settings
from cfsync.sync.inspection.status import Status
from cfsync.sync.inspection.timeline import Span, Timeline
from cfsync.sync.walk_progress import WalkState
from cfsync.web.console.html.parts import charts
from cfsync.web.console.html.parts.headline import edits, headline
from cfsync.web.console.html.parts.layout import Shell, page
from cfsync.web.console.html.parts.list_rows import lists
from cfsync.web.console.html.parts.passes import passes
from cfsync.web.console.html.parts.progress import progress
from cfsync.web.console.html.parts.words import lane, plural, prose, took

RANGES = {
    "1h": (3_600.0, 12),
    "24h": (86_400.0, 72),
    "7d": (604_800.0, 84),
    "90d": (7_776_000.0, 90),
}
"""Name -> how many seconds back, and in how many spans."""

WAITS = {
    "conflict": ("conflict", "both sides changed the same thing"),
    "parked": ("refused edit", "ClickFunnels did not accept it"),
    "held": ("held edit", "too many at once, or in conflict"),
    "deletion": ("held deletion", "too many gone at once"),
    "refused": ("refused row", "a constraint or trigger of your own refuses it"),
}
"""Kind of `cf_waiting` -> what one of it is called, and why it waits."""


@dataclass(frozen=True, slots=True)
class Overview:
    """What the page shows."""

    status: Status
    timeline: Timeline
    range_name: str
    #: Kind of what waits -> how much of it.
    waiting: Mapping[str, int]
    #: Why the mirror may be out of date, a line each.
    problems: Sequence[str]
    #: The last passes, as rows of `cf_runs`.
    passes: Sequence[Mapping[str, Any]]


def overview(
    shell: Shell, found: Overview, settings: Settings, walks: Sequence[WalkState]
) -> h.Element:
    """The page. `walks`: those that run in this process."""
    live = h.div("#live")[
        headline(found.status, found.problems),
        progress(found.status, walks),
        _waiting(found.waiting),
        _tiles(found),
        _moved(found),
        lists(found.status, found.timeline, settings),
        h.section(".card")[
            h.header[h.h2["Last passes"], h.a(href="/activity")["All passes"]],
            passes(found.passes, found.status.at),
        ],
    ]
    return page(shell, "Overview", live, here="overview")


def _waiting(waiting: Mapping[str, int]) -> h.Node:
    return (
        bool(waiting)
        and h.section(".waiting", aria_label="Waiting for you")[
            (_card(kind, n, *WAITS.get(kind, (kind, ""))) for kind, n in waiting.items())
        ]
    )


def _card(kind: str, n: int, one: str, why: str) -> h.Element:
    named = h.span[one if n == 1 else f"{one}s"]
    return h.a(href=f"/waiting#{kind}", class_=f"w-{kind}")[h.b[f"{n:,}"], named, h.small[why]]


def _tiles(found: Overview) -> h.Element:
    spans, status = found.timeline.spans, found.status
    news, sent = [s.all_news for s in spans], [s.sent for s in spans]
    asked = sum(s.requests for s in spans)
    delays = [s.p50_ms for s in spans if s.p50_ms is not None]
    half = took(sorted(delays)[len(delays) // 2] / 1000) if delays else "–"
    limit = status.budget.get("learned") or status.budget.get("rate")
    of = f"{limit:.0f} a second are allowed" if limit else "no limit is known yet"
    rows = sum(r.rows for r in status.resources.values())
    tables = sum(1 for r in status.resources.values() if r.rows)
    return h.section(".tiles", aria_label="Figures")[
        _tile(
            "News from ClickFunnels",
            f"{sum(news):,}",
            "records new, changed or gone",
            charts.spark(news, "pull"),
        ),
        _tile("Edits sent", f"{sum(sent):,}", prose(edits(status)), charts.spark(sent, "push")),
        _tile(
            "Delay",
            half,
            "half of the changes came within it" if delays else "nothing has come in this time yet",
            charts.spark([float(d) for d in delays], "events"),
        ),
        _tile("Requests", f"{asked:,}", of, charts.spark([s.requests for s in spans], "sweep")),
        _tile("Records", f"{rows:,}", f"in {plural(tables, 'table')}", None),
    ]


def _tile(name: str, figure: str, more: h.Node, picture: h.Node) -> h.Element:
    return h.div(".tile")[h.h2[name], h.b[figure], h.small[more], picture]


def _moved(found: Overview) -> h.Element:
    spans = found.timeline.spans
    moved = _series(spans, lambda s: {k: n for k, n in s.news.items() if k != "backfill"})
    moved["push"] = [s.sent for s in spans]
    done = _series(spans, lambda s: s.passes)
    done["failed"] = [s.failed for s in spans]
    kinds = {k: v for k, v in done.items() if any(v)}
    return h.section(".card")[
        h.header[
            h.h2["What moved"], _legend(moved, {"push": "edits sent"}, "news by "), _ranges(found)
        ],
        charts.stacked(
            _bars("Records that came and edits that went over time", found.timeline, moved)
        ),
        h.header(".second")[h.h2["Passes that did something"], _legend(kinds, {}, "")],
        charts.stacked(_bars("Passes over time", found.timeline, kinds)),
    ]


def _series(spans: Sequence[Span], of: Any) -> dict[str, list[int]]:
    lanes = dict.fromkeys(lane for span in spans for lane in of(span))
    return {lane: [of(span).get(lane, 0) for span in spans] for lane in lanes}


def _bars(name: str, line: Timeline, series: Mapping[str, Sequence[int]]) -> charts.Bars:
    by_day = line.step_s >= 86_400
    tips = []
    for place in range(len(line.spans)):
        parts = [f"{n[place]:,} {kind}" for kind, n in series.items() if n[place]]
        tips.append(", ".join(parts) or "nothing")
    return charts.Bars(name, [s.at for s in line.spans], series, tips, by_day=by_day)


def _legend(series: Mapping[str, object], names: Mapping[str, str], before: str) -> h.Element:
    return h.span(".legend")[(lane(kind, names.get(kind, before + kind)) for kind in series)]


def _ranges(found: Overview) -> h.Element:
    return h.span(".ranges", role="group", aria_label="Range")[
        (
            h.a(href=f"/?range={name}", class_={"here": name == found.range_name})[name]
            for name in RANGES
        )
    ]
