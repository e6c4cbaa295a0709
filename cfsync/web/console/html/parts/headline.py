"""The headline of the overview: how it stands, and what to do about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

import htpy as h

from cfsync.mirror.coordination.pauses import Trouble
from cfsync.sync.inspection.outage import Outage, by_reason, outage
from cfsync.sync.inspection.status import Status
from cfsync.web.console.html.parts.progress import first_reading
from cfsync.web.console.html.parts.words import age, moment, plural, prose, took, words

LINES = 6
"""Lines of problems that are shown; the others are counted."""

NAMES = 3
"""Lists that a sentence names; the others are counted."""


def headline(status: Status, problems: Sequence[str]) -> h.Element:
    """`problems`: why the mirror may be out of date, a line each."""
    out = outage(status)
    paused = [name for name, r in status.resources.items() if r.enabled and name in status.paused]
    state, title = _title(status, problems, out, paused)
    lines = [*_lines(status, problems, out), _paused(status, paused)]
    told = [h.p[line] for line in (*lines[:LINES], _more(lines), _ages(status, paused)) if line]
    return h.section(class_=["hero", state])[
        h.span(".dot"),
        h.div[h.h1[title], told, h.p[prose(edits(status))]],
        h.span(".asof")["as of ", h.time(".clock", datetime=status.at)[f"{status.at[11:19]} UTC"]],
    ]


def _title(
    status: Status, problems: Sequence[str], out: Outage | None, paused: Sequence[str]
) -> tuple[str, str]:
    """The state, which gives the colour, and the title."""
    read, wanted = first_reading(status)
    enabled = sum(1 for r in status.resources.values() if r.enabled)
    troubles = [t for t in status.troubles if t.resource not in status.paused]
    if out:
        return "bad", "ClickFunnels can't be reached"
    if any(t.kind == "token" for t in troubles) and problems:
        return "bad", "The token is refused"
    if problems:
        return "bad", "Out of date"
    if paused and len(paused) == enabled:
        return "warn", "Everything is paused"
    if troubles:
        return "warn", _in_trouble(troubles)
    if read < wanted:
        return "warn", "Not everything is read yet" if read else "Nothing was read yet"
    if paused:
        return "warn", f"Up to date, but {_are_paused(paused)}"
    return "ok", "Up to date with ClickFunnels"


def _in_trouble(troubles: Sequence[Trouble]) -> str:
    reading = list(dict.fromkeys(t.resource for t in troubles if t.name != "push"))
    if all(t.kind == "limit" for t in troubles):
        return "ClickFunnels asks to wait"
    if reading:
        return f"{_names(reading)} can't be read now".capitalize()
    return f"Edits of {_names(list(dict.fromkeys(t.resource for t in troubles)))} can't be sent now"


def _names(names: Sequence[str]) -> str:
    """`contacts and orders`; many are counted."""
    shown = [words(name) for name in names]
    if len(shown) > NAMES:
        return f"{len(shown):,} lists"
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))


def _are_paused(names: Sequence[str]) -> str:
    if len(names) == 1:
        return f"the list {words(names[0])} is paused"
    return f"{'the lists ' if len(names) <= NAMES else ''}{_names(names)} are paused"


def _lines(status: Status, problems: Sequence[str], out: Outage | None) -> Iterator[h.Node]:
    """What is wrong, a line each."""
    if out:
        since = ["Since ", moment(out.since), f", {age(status.at, out.since)}: {out.reason}. "]
        yield [since, "It is tried again every minute." if _daemon_runs(status) else None]
    yield from map(prose, problems)
    for reason, troubles in by_reason(status.troubles).items():
        if not (out and all(t.kind == "server" for t in troubles)):
            which = [t for t in troubles if t.resource not in status.paused]
            passes = Counter(t.name for t in which)
            if which:
                lists = _names(list(dict.fromkeys(t.resource for t in which)))
                yield f"{' and '.join(passes)} of {lists}: {reason}"


def _paused(status: Status, paused: Sequence[str]) -> h.Node:
    if not paused:
        return None
    since = age(status.at, min(status.paused[name] for name in paused))
    what, whose = _names(paused), "its edits wait" if len(paused) == 1 else "their edits wait"
    if len(paused) == sum(1 for r in status.resources.values() if r.enabled):
        what, whose = "all lists", "no edit is sent"
    press, then = ("Resume", ", beside it, ") if len(paused) == 1 else ("Resume all", " ")
    told = f"Paused {since}: {what}. Nothing is read, and {whose}. Press "
    return [told, h.b[press], f"{then}to go on."]


def _more(lines: Sequence[h.Node]) -> h.Node:
    hidden = len(lines) - LINES
    return prose(f"And {hidden:,} more: `cfsync status`.") if hidden > 0 else None


def _ages(status: Status, paused: Collection[str]) -> h.Node:
    """How old the contacts are, and the oldest list, of those that aren't paused, unless all
    are.
    """
    read = {n: r.lag_s for n, r in status.resources.items() if r.enabled and r.lag_s is not None}
    lags: Mapping[str, float] = {n: lag for n, lag in read.items() if n not in paused} or read
    if not lags:
        return None if paused else prose("The daemon, or `cfsync backfill`, copies all records.")
    oldest = max(lags, key=lambda name: lags[name])
    first = "contacts" if "contacts" in lags else min(lags, key=lambda name: lags[name])
    return [
        f"{words(first).capitalize()} are as of ",
        h.b[f"{took(lags[first])} ago"],
        f"; the oldest list, {words(oldest)}, is as of ",
        h.b[f"{took(lags[oldest])} ago"],
        ".",
    ]


def edits(status: Status) -> str:
    """How many edits are on their way to ClickFunnels, and how many wait for something."""
    found: Counter[str] = Counter()
    for name, r in status.resources.items():
        n = r.edits.get("pending", 0) + r.edits.get("sending", 0)
        found[_whereabouts(status, name)] += n
    told = [f"{plural(n, 'edit')} {_FORMS[where][n != 1]}." for where, n in found.items() if n]
    return " ".join(told) or "No edit is on its way."


_FORMS = {
    "off": ("stays here: sending is off for its list", "stay here: sending is off for their lists"),
    "paused": ("waits until its list is resumed", "wait until their lists are resumed"),
    "out": ("waits until ClickFunnels can be reached", "wait until ClickFunnels can be reached"),
    "alone": ("waits for `cfsync push`: no daemon runs", "wait for `cfsync push`: no daemon runs"),
    "": ("on the way to ClickFunnels",) * 2,
}
"""What keeps an edit -> what is said of one, and of more."""


def _whereabouts(status: Status, name: str) -> str:
    r = status.resources[name]
    if not (r.push and r.enabled):
        return "off"
    if name in status.paused:
        return "paused"
    if not _daemon_runs(status):
        return "alone"
    return "out" if outage(status) else ""


def _daemon_runs(status: Status) -> bool:
    return any(d.runs for d in status.daemons)
