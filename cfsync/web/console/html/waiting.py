"""What waits for a person: conflicts, refused and held edits, held deletions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import htpy as h

from cfsync.mirror.bookkeeping.conflicts import Conflict
from cfsync.mirror.bookkeeping.outbox import Edit
from cfsync.mirror.bookkeeping.tombstones import Tombstone
from cfsync.web.console.html.cards import Titles, conflict, edit
from cfsync.web.console.html.layout import Shell, button, page
from cfsync.web.console.html.words import (
    age,
    link,
    patch,
    plural,
    prose,
    when,
    without_command,
    words,
)

GROUPS = 5
"""Fields, and records, of which all conflicts can be settled at once."""

SAMPLES = 3
"""Edits of a group that are shown."""


@dataclass(frozen=True, slots=True)
class Group:
    """Edits that wait for the same reason."""

    resource: str
    op: str
    reason: str
    edits: Sequence[Edit]


@dataclass(frozen=True, slots=True)
class Waiting:
    """What the page shows."""

    conflicts: Sequence[Conflict]
    parked: Sequence[Edit]
    held: Sequence[Group]
    #: Resource -> deletions that a guard holds.
    deletions: Mapping[str, Sequence[Tombstone]]
    #: What is in no other part: (resource, reason, the command that helps).
    others: Sequence[tuple[str, str, str]]
    titles: Titles
    now: str

    @property
    def is_empty(self) -> bool:
        parts = (self.conflicts, self.parked, self.held, self.deletions, self.others)
        return not any(parts)


def waiting(shell: Shell, found: Waiting) -> h.Element:
    can_act = not shell.read_only
    nothing = "No conflict is open, every edit was taken, and no deletion is in doubt."
    return page(
        shell,
        "Waiting for you",
        h.h1["Waiting for you"],
        found.is_empty and h.section(".empty")[h.b["Nothing waits for you."], h.p[nothing]],
        bool(found.conflicts) and _conflicts(found, can_act=can_act),
        bool(found.parked) and _parked(found, can_act=can_act),
        bool(found.held) and _held(found, can_act=can_act),
        bool(found.deletions) and _deletions(found, can_act=can_act),
        bool(found.others) and _others(found),
        here="waiting",
    )


def _section(key: str, title: str, count: int, hint: str, *body: h.Node) -> h.Element:
    head = h.h2[title, h.span(".count")[f"{count:,}"]]
    return h.section(id=key, aria_label=title)[head, h.p(".hint")[hint], body]


def _conflicts(found: Waiting, *, can_act: bool) -> h.Element:
    hint = (
        "Both sides have changed the same thing. One value counts by the rule of the list; the"
        " other one is kept until you decide."
    )
    shown = (conflict(c, found.titles, found.now, can_act=can_act) for c in found.conflicts)
    many = can_act and _many(found.conflicts)
    return _section("conflict", "Conflicts", len(found.conflicts), hint, many, shown)


def _many(found: Sequence[Conflict]) -> list[h.Element]:
    """Buttons that settle several conflicts alike: all, those about one field of many records, and
    those about many fields of one record.
    """
    last = max(c.id for c in found)
    fields = Counter((c.resource, c.field) for c in found if c.field)
    records = Counter((c.resource, c.record_id) for c in found)
    kinds: list[tuple[str, int, dict[str, object]]] = [("all", len(found), {})]
    kinds += [
        (f"{words(name)}, {field}", n, {"resource": name, "field": field})
        for (name, field), n in fields.most_common(GROUPS)
    ]
    kinds += [
        (f"{words(name)} #{record}", n, {"resource": name, "record": record})
        for (name, record), n in records.most_common(GROUPS)
    ]
    return [
        h.div(".many")[
            h.b[f"{text} ({n:,})"],
            button("/conflicts/all", "local", "Use my database", kind="quiet", given=given),
            button("/conflicts/all", "remote", "Use ClickFunnels", kind="quiet", given=given),
        ]
        for text, n, about in kinds
        if n > 1
        for given in [about | {"last": last}]
    ]


def _parked(found: Waiting, *, can_act: bool) -> h.Element:
    hint = (
        "ClickFunnels did not take these. Change the row, try again, or drop the edit: the row then"
        " shows what ClickFunnels has."
    )
    shown = (edit(e, found.titles, found.now, can_act=can_act) for e in found.parked)
    return _section("parked", "Refused edits", len(found.parked), hint, shown)


def _held(found: Waiting, *, can_act: bool) -> h.Element:
    count = sum(len(group.edits) for group in found.held)
    hint = "A guard stopped these before they were sent. Nothing of them has reached ClickFunnels."
    shown = (_group(g, found.now, can_act=can_act) for g in found.held)
    return _section("held", "Held edits", count, hint, shown)


def _group(g: Group, now: str, *, can_act: bool) -> h.Element:
    count, some = len(g.edits), g.edits[:SAMPLES]
    more = count - len(some)
    is_mass = count > 1
    to = f"/held/{g.resource}" if is_mass else f"/edits/{g.edits[0].seq}"
    send = f"Send all {count:,}" if is_mass else "Send it"
    given = {"op": g.op, "reason": g.reason, "last": g.edits[-1].seq} if is_mass else None
    return h.article(".edit")[
        h.header[
            h.span(".who")[h.b[plural(count, g.op)], " of ", words(g.resource)],
            h.span(".since")[when(now, g.edits[0].captured_at)],
        ],
        h.div(".row")[
            h.div[
                (
                    h.div(".sample")[link(e.resource, e.record_id), patch(e.patch, e.op)]
                    for e in some
                ),
                more > 0 and h.small[f"… and {more:,} more"],
            ],
            h.p(".err")[without_command(g.reason)],
        ],
        can_act
        and h.footer[
            button(to, "approve", send, given=given),
            button(to, "discard", "Drop", kind="quiet", given=given),
            h.small[prose("`cfsync revert` takes a push back. What is dropped was never sent.")],
        ],
    ]


def _deletions(found: Waiting, *, can_act: bool) -> h.Element:
    count = sum(map(len, found.deletions.values()))
    hint = (
        "These records are missing in ClickFunnels, too many at once to be believed. Those that you"
        " approve are asked for once more by the next sweep before their rows go."
    )
    shown = (_missing(found, name, can_act=can_act) for name in found.deletions)
    return _section("deletion", "Held deletions", count, hint, shown)


def _missing(found: Waiting, name: str, *, can_act: bool) -> h.Element:
    stones = found.deletions[name]
    picks = h.div(".picks")[
        (
            h.label(".pick")[
                can_act
                and h.input(type="checkbox", name="id", value=str(s.record_id), checked=True),
                h.span[
                    link(name, s.record_id, found.titles.get((name, s.record_id), "")),
                    h.small[f" #{s.record_id}"],
                ],
            ]
            for s in stones
        )
    ]
    buttons = h.footer[
        h.button(".danger", name="choice", value="approve")["Delete the picked rows"],
        h.button(".quiet", name="choice", value="reject")["Keep the picked rows"],
    ]
    return h.article(".edit")[
        h.header[
            h.span(".who")[h.b[f"{len(stones):,} {words(name)}"], " missing"],
            h.span(".since")[f"since {age(found.now, stones[0].first_seen)}"],
        ],
        h.form(method="post", action=f"/deletions/{name}")[picks, buttons] if can_act else picks,
    ]


def _others(found: Waiting) -> h.Element:
    hint = "For these there is a command, and no button."
    rows = h.ul(".hits")[
        (
            h.li[h.b[words(resource)], f": {without_command(reason)} ", h.code[command]]
            for resource, reason, command in found.others
        )
    ]
    return _section("refused", "More", len(found.others), hint, h.div(".card")[rows])
