"""Activity: the last passes, pushes and decisions, and the history of both sides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

import htpy as h

from cfsync.mirror.bookkeeping.outbox import Edit, OutboxState
from cfsync.mirror.reports.decisions import Decision
from cfsync.mirror.reports.history import Row
from cfsync.mirror.user_decisions.batches import Part
from cfsync.web.console.html.parts.cards import discard
from cfsync.web.console.html.parts.history import decisions
from cfsync.web.console.html.parts.layout import Shell, button, page
from cfsync.web.console.html.parts.passes import passes
from cfsync.web.console.html.parts.tables import table
from cfsync.web.console.html.parts.words import (
    chip,
    dot,
    link,
    list_link,
    patch,
    plural,
    state_chip,
    when,
    without_command,
    words,
)

ALIKE = 4
"""From so many on, changes that are alike are shown as one line."""

FOLDED = 20
"""How many of these can be unfolded."""

LINES = 60
"""Lines of changes that are shown."""

READ = 1_000
"""Changes that are read for them, where some are alike."""

PASSES = ("pull", "push", "events", "sweep", "census", "backfill", "verify", "recover")


@dataclass(frozen=True, slots=True)
class Activity:
    """What the page shows."""

    #: Rows of `cf_runs`, newest first.
    passes: Sequence[Mapping[str, Any]]
    #: The pass that they are limited to; `failed`: those that failed; '': all.
    which: str
    #: Rows of `cf_feed`, newest first; None: no history is kept.
    changes: Sequence[Mapping[str, Any]] | None
    #: The side to which they are limited; '': both.
    side: str
    #: How many edits wait for the next push, and the newest of them.
    to_send: tuple[int, Sequence[Edit]]
    #: The last pushes that sent something, newest first, each in parts.
    pushes: Sequence[Sequence[Part]]
    #: The last decisions, newest first.
    decisions: Sequence[Decision]
    #: Resource -> why its edits are not sent, of those of which they aren't.
    unsent: Mapping[str, str]
    #: Section -> behind what it begins, of those that don't begin with the newest.
    before: Mapping[str, str]
    #: Section -> behind what its next page begins, of those with more.
    older: Mapping[str, str]
    now: str

    def lines(self, section: str) -> int | None:
        """How many lines a section has; None for changes where none are kept."""
        some = {
            "passes": self.passes,
            "edits": self.to_send[1],
            "pushes": self.pushes,
            "decisions": self.decisions,
            "changes": self.changes,
        }[section]
        return None if some is None else len(some)


def activity(shell: Shell, found: Activity) -> h.Element:
    can_act = not shell.read_only
    which = _choice(found, "pass", found.which, ("", *PASSES, "failed"))
    side = _choice(found, "side", found.side, ("", "clickfunnels", "local"))
    return page(
        shell,
        "Activity",
        h.h1["Activity"],
        h.div("#live")[
            _section(found, "passes", passes(found.passes, found.now, found.which), which),
            _section(found, "edits", _to_send(found, can_act=can_act)),
            _section(found, "pushes", _pushes(found, can_act=can_act)),
            _section(found, "decisions", decisions(found.now, found.decisions)),
            _section(found, "changes", changes(found.now, found.changes, found.side), side),
        ],
        here="activity",
    )


TITLES = {
    "passes": "Passes",
    "edits": "To be sent",
    "pushes": "Pushes",
    "decisions": "Decisions",
    "changes": "Changes",
}


def _section(found: Activity, name: str, body: h.Node, choice: h.Node = None) -> h.Node:
    """A part of the page, with the way to what is older, and back to the newest."""
    is_empty = found.lines(name) == 0
    if is_empty and name in found.before:
        body = h.p(".hint")["Nothing older."]
    elif is_empty and name not in ("passes", "changes"):  # these say that there is none
        return None
    newest = name in found.before and _address(found, name, {name: ""})
    older = name in found.older and _address(found, name, {name: found.older[name]})
    return h.section(".card", id=name)[
        h.header[h.h2[TITLES[name]], choice],
        body,
        (newest or older)
        and h.p(".pager")[
            newest and h.a(".button.quiet", href=newest)[f"Newest {name}"],
            older and h.a(".button.quiet", href=older)[f"Older {name} →"],
        ],
    ]


def _address(found: Activity, section: str, given: Mapping[str, str]) -> str:
    """The address of the page with something else in a section, and all others as they are."""
    values = {"pass": found.which, "side": found.side, **found.before, **given}
    query = urlencode({name: value for name, value in values.items() if value})
    return f"/activity?{query}#{section}"


def _to_send(found: Activity, *, can_act: bool) -> h.Node:
    """Edits that wait for the next push, each with a button."""
    count, some = found.to_send
    heads = dict.fromkeys(("made", "record", "by", "what", ""), "")
    edits = (_unsent(e, found, can_act=can_act) for e in some)
    return [
        count > len(some) and h.p(".hint")[f"{len(some):,} of {count:,} edits"],
        table("To be sent", heads, edits, "feed"),
    ]


def _unsent(e: Edit, found: Activity, *, can_act: bool) -> h.Element:
    can_discard = can_act and e.state == OutboxState.PENDING
    unsent = found.unsent.get(e.resource)
    why = without_command(e.error) if e.error else unsent and f"not sent: {unsent}"
    return h.tr(id=f"e{e.seq}")[
        h.td[when(found.now, e.captured_at)],
        h.td[words(e.resource), " ", link(e.resource, e.record_id)],
        h.td(".by")[e.author or dot()],
        h.td[patch(e.patch, e.op), why and h.small[why]],
        h.td(".n")[discard(e) if can_discard else state_chip(e.state)],
    ]


def _pushes(found: Activity, *, can_act: bool) -> h.Element:
    heads = dict.fromkeys(("push", "sent", "by", "what it sent", ""), "")
    return table(
        "Pushes",
        heads,
        (_push(parts, found.now, can_act=can_act) for parts in found.pushes),
        "pushes",
    )


def _push(parts: Sequence[Part], now: str, *, can_act: bool) -> h.Element:
    number = parts[0].batch
    sent = Counter[tuple[str, str, str]]()
    for p in parts:
        sent[p.op, p.resource, p.state] += p.records
    told = [
        [f"{plural(n, op)} of {words(name)} ", state_chip(state)]
        for (op, name, state), n in sent.items()
    ]
    can_revert = can_act and any(p.state == OutboxState.DONE for p in parts)
    by = sorted({who for p in parts if (who := p.db_user or p.application)})
    return h.tr[
        h.th(scope="row")[str(number)],
        h.td[when(now, max((p.last for p in parts if p.last), default=None))],
        h.td(".by")[", ".join(by) or dot()],
        h.td[told],
        h.td(".n")[can_revert and button(f"/revert/{number}", "revert", "Revert", kind="quiet")],
    ]


def _choice(found: Activity, name: str, chosen: str, among: Sequence[str]) -> h.Element:
    """What a section can be limited to; it begins with the newest again."""
    section = {"pass": "passes", "side": "changes"}[name]
    names = {"": "all", "clickfunnels": "in ClickFunnels", "local": "here"}
    return h.span(".ranges")[
        (
            h.a(
                href=_address(found, section, {name: one, section: ""}),
                class_={"here": one == chosen},
            )[names.get(one, one)]
            for one in among
        )
    ]


def changes(now: str, found: Sequence[Mapping[str, Any]] | None, side: str = "") -> h.Node:
    """Changes as a table; of several alike, that somebody has made at once, it shows one line."""
    if found is None:
        return h.p(".hint")["No history is kept: retention.changes is 0."]
    if not found:
        return h.p(".hint")[_NONE[side]]
    heads = dict.fromkeys(("when", "record", "where", "what", ""), "")
    lines = folded(found)
    shown = (
        _several(now, line, is_cut=len(found) == READ and line is lines[-1])
        if len(line) > 1
        else _change(now, line[0])
        for line in lines[:LINES]
    )
    return table("Changes", heads, shown, "feed")


_NONE = {
    "": "No change yet. What a backfill brings doesn't count as a change.",
    "clickfunnels": "No change in ClickFunnels yet. What a backfill brings doesn't count as one.",
    "local": "No change was made here yet.",
}
"""The side to which changes are limited -> what is said where there are none."""


def folded(found: Sequence[Row]) -> list[list[Row]]:
    """Changes by the line in which they are shown."""
    lines = list[list[Row]]()
    for _, alike in groupby(found, key=_alike):
        group = [*alike]
        lines += [group] if len(group) >= ALIKE else [[one] for one in group]
    return lines


def fills(found: Sequence[Mapping[str, Any]]) -> bool:
    """Whether these LINES + ALIKE changes are enough: none of them are shown as one."""
    return all(len([*group]) < ALIKE for _, group in groupby(found, key=_alike))


def _alike(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """What changes have in common that are shown as one: all but the record, values and seconds."""
    return row["at"][:16], row["resource"], row["op"], row["side"], _who(row), *row["patch"]


def _who(row: Mapping[str, Any]) -> str:
    return str(row["db_user"] or ("SQL" if row["source"] == "user" else row["source"]))


def _several(now: str, rows: Sequence[Mapping[str, Any]], *, is_cut: bool) -> h.Element:
    """Changes that are alike; the first of them are folded away. `is_cut`: there may be more."""
    newest, name = rows[0], rows[0]["resource"]
    count = f"at least {len(rows):,}" if is_cut else f"{len(rows):,}"
    told = ", ".join(newest["patch"]) if newest["op"] == "update" else newest["op"]
    more = len(rows) - FOLDED
    return h.tr(id=f"n{rows[-1]['seq']}")[
        h.td[when(now, newest["at"])],
        h.td[list_link(name, f"{count} {words(name)}")],
        h.td(".by")[_where(newest)],
        h.td[
            h.details[
                h.summary[h.code[told]],
                h.ul(".alike")[
                    (
                        h.li[link(name, r["record_id"]), patch(r["patch"], r["op"])]
                        for r in rows[:FOLDED]
                    ),
                    more > 0 and h.li(".hint")[f"and {more:,} more"],
                ],
            ]
        ],
        h.td(".n")[h.small[f"{newest['op']} {rows[-1]['seq']} to {newest['seq']}"]],
    ]


def _where(row: Mapping[str, Any]) -> h.Node:
    side = "ClickFunnels" if row["side"] == "clickfunnels" else "here"
    return [chip(side, str(row["side"])), h.small[f" {_who(row)}"]]


def _change(now: str, row: Mapping[str, Any]) -> h.Element:
    record = row["record_id"] and link(row["resource"], row["record_id"])
    return h.tr(id=f"n{row['seq']}")[
        h.td[when(now, row["at"])],
        h.td[words(row["resource"]), " ", record],
        h.td(".by")[_where(row)],
        h.td[patch(row["patch"], row["op"])],
        h.td(".n")[h.small[f"{row['op']} {row['seq']}"]],
    ]
