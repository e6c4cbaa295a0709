"""The table of lists on the overview: how fresh each is, what came, what waits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import htpy as h

from cfsync.config import Settings
from cfsync.mirror.bookkeeping.outbox import TO_SEND_STATES
from cfsync.sync import health_rule
from cfsync.sync.inspection.status import ResourceStatus, Status
from cfsync.sync.inspection.timeline import Timeline
from cfsync.web.console.html.parts import charts
from cfsync.web.console.html.parts.layout import button
from cfsync.web.console.html.parts.tables import table
from cfsync.web.console.html.parts.words import chip, dot, lane, number, plural, took, when, words

LISTS = 12
"""Lists that are shown at least."""

_HEAD = {
    "list": "",
    "rows": "n",
    "fresh": "",
    "news": "",
    "found by": "",
    "delay": "n",
    "edits": "",
    "conflicts": "n",
    "deletions": "n",
    "swept": "n",
    "": "",
}
"""Heads of columns, with their class."""

_LANES = ("pull", "events", "sweep", "push")


def lists(status: Status, timeline: Timeline, settings: Settings) -> h.Element:
    """Lists with something to tell, and the largest ones; the others are folded away."""
    shown = {n: r for n, r in status.resources.items() if r.enabled}
    order = sorted(shown, key=lambda name: (not _tells(status, timeline, name), -shown[name].rows))
    first = max(LISTS, sum(1 for name in order if _tells(status, timeline, name)))

    def as_table(names: Sequence[str]) -> h.Element:
        rows = (_list(status, timeline, settings, name) for name in names)
        return table("Lists", _HEAD, rows, "lists")

    rest = order[first:]
    return h.section("#lists.card")[
        h.header[
            h.h2["Lists"],
            h.span(".legend")[(lane(kind, kind) for kind in _LANES)],
            not settings.web.read_only and _pause_all(status),
        ],
        as_table(order[:first]),
        bool(rest)
        and h.details(".rest")[
            h.summary[f"{plural(len(rest), 'more list')}, quiet"], as_table(rest)
        ],
    ]


def _tells(status: Status, timeline: Timeline, name: str) -> bool:
    r = status.resources[name]
    return bool(timeline.news_of.get(name) or r.edits or r.conflicts or name in status.paused)


def _pause_all(status: Status) -> h.Element:
    if status.paused:
        return button("/pause/all", "resume", "Resume all", kind="quiet")
    return button("/pause/all", "pause", "Pause all", kind="quiet")


def _list(status: Status, timeline: Timeline, settings: Settings, name: str) -> h.Element:
    r = status.resources[name]
    paused = name in status.paused
    lanes = {lane: n for lane, n in r.found.items() if lane != "backfill"}
    held = {k: n for k, n in r.deletions.items() if k in ("candidate", "held", "approved")}
    delays = [half for d in r.delays.values() if (half := d.get("p50")) is not None]
    cells: Iterator[h.Node] = iter(
        (
            number(f"{r.rows:,}"),
            _fresh(r, settings.resource(name).pull_every, paused=paused),
            h.td[_news(timeline, name)],
            h.td[charts.shares(lanes) if lanes else dot()],
            number(took(min(delays)) if delays else None),
            h.td[_edits(r)],
            number(
                h.a(".chip.conflict", href="/waiting#conflict")[r.conflicts]
                if r.conflicts
                else None
            ),
            number(_held(held) if held else None),
            number(when(status.at, r.swept_at) if r.swept_at else None),
            h.td(".act")[not settings.web.read_only and _pause(name, paused=paused)],
        )
    )
    title = h.th(scope="row")[h.a(href=f"/records/{name}")[words(name)]]
    return h.tr(class_={"paused": paused})[title, cells]


def _news(line: Timeline, name: str) -> h.Node:
    news = line.news_of.get(name)
    return charts.spark(news, "pull", 80, 18) if news else dot()


def _edits(r: ResourceStatus) -> h.Node:
    """Those to be sent, and those that wait for a person, as their cards count them."""
    shown = [chip(f"{r.edits[s]:,} {s}", s) for s in TO_SEND_STATES if s in r.edits]
    for kind, word in (("parked", "refused"), ("held", "held")):
        if n := r.waiting.get(kind):
            shown.append(h.a(class_=["chip", kind], href=f"/waiting#{kind}")[f"{n:,} {word}"])
    return shown or dot()


def _held(held: Mapping[str, int]) -> h.Element:
    text = ", ".join(f"{n:,} {state}" for state, n in held.items())
    return h.a(".chip.held", href="/waiting#deletion")[text]


def _fresh(r: ResourceStatus, every_s: float, *, paused: bool) -> h.Element:
    if paused:
        return h.td(".fresh")[h.span(".dot.off"), "paused"]
    if r.lag_s is None:
        return h.td(".fresh")[h.span(".dot"), _unread(r)]
    allowed = health_rule.late_after(every_s)
    state = "ok" if r.lag_s <= allowed else "bad"
    return h.td(".fresh", title=f"late after {took(allowed)}")[
        h.span(class_=f"dot {state}"), took(r.lag_s), charts.meter(r.lag_s / allowed, state)
    ]


def _unread(r: ResourceStatus) -> h.Node:
    if r.left_out:
        return h.span(title="not in this account or not for this token")["left out"]
    return "backfill" if r.unfinished else "no backfill yet"


def _pause(name: str, *, paused: bool) -> h.Element:
    choice = "resume" if paused else "pause"
    return h.form(".one", method="post", action=f"/pause/{name}")[
        h.button(".quiet", name="choice", value=choice, aria_label=f"{choice} {words(name)}")[
            choice.capitalize()
        ]
    ]
