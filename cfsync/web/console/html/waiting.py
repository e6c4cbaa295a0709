"""What waits for a person: conflicts, refused and held edits, held deletions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import htpy as h

from cfsync.mirror.bookkeeping.conflicts import Conflict
from cfsync.mirror.bookkeeping.outbox import Edit
from cfsync.mirror.reports.waiting import ConflictGroup, DeletionGroup, EditGroup
from cfsync.web.console.html.parts.cards import Titles, conflict, edit
from cfsync.web.console.html.parts.layout import Shell, button, page
from cfsync.web.console.html.parts.words import (
    age,
    link,
    patch,
    plural,
    when,
    without_command,
    words,
)

REASON = 120
"""Characters of a reason that are shown beside the buttons for all edits with it."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What the page shows: the oldest of each kind."""

    #: Kind of `cf_waiting` -> how much of it waits, of those with any.
    counts: Mapping[str, int]
    conflicts: Sequence[Conflict]
    #: Those that can be resolved alike.
    conflict_groups: Sequence[ConflictGroup]
    #: The number of the newest conflict.
    newest_conflict: int
    parked: Sequence[Edit]
    #: Those that can be decided alike.
    parked_groups: Sequence[EditGroup]
    #: The number of the newest refused edit.
    newest_parked: int
    #: How many groups there are, and the oldest of them.
    held: tuple[int, Sequence[EditGroup]]
    deletions: Sequence[DeletionGroup]
    #: What is in no other part: (resource, reason, the command that helps).
    others: Sequence[tuple[str, str, str]]
    #: How many lines of it there are.
    other_lines: int
    titles: Titles
    now: str


def waiting(shell: Shell, found: Waiting) -> h.Element:
    can_act = not shell.read_only
    nothing = "No conflict is open, every edit was taken, and no deletion is in doubt."
    return page(
        shell,
        "Waiting for you",
        h.h1["Waiting for you"],
        not found.counts and h.section(".empty")[h.b["Nothing waits for you."], h.p[nothing]],
        bool(found.conflicts) and _conflicts(found, can_act=can_act),
        bool(found.parked) and _parked(found, can_act=can_act),
        bool(found.held[1]) and _held(found, can_act=can_act),
        bool(found.deletions) and _deletions(found, can_act=can_act),
        bool(found.others) and _others(found),
        here="waiting",
    )


def _section(key: str, title: str, count: int, hint: str, *body: h.Node) -> h.Element:
    head = h.h2[title, h.span(".count")[f"{count:,}"]]
    return h.section(id=key, aria_label=title)[head, h.p(".hint")[hint], body]


def _more(more: int, what: str, command: str) -> h.Node:
    """What is not shown, and the command that lists it."""
    return more > 0 and h.p(".hint.more")[f"and {plural(more, what)} more: ", h.code[command]]


def _conflicts(found: Waiting, *, can_act: bool) -> h.Element:
    hint = (
        "Both sides have changed the same thing. One value is in use by the rule of the list; the"
        " other one is kept until you decide."
    )
    count = found.counts["conflict"]
    shown = (conflict(c, found.titles, found.now, can_act=can_act) for c in found.conflicts)
    more = _more(count - len(found.conflicts), "conflict", "cfsync conflicts list")
    return _section(
        "conflict", "Conflicts", count, hint, can_act and _many(found, count), shown, more
    )


def _many(found: Waiting, count: int) -> list[h.Element]:
    """Buttons that resolve several conflicts alike: all, those about one field of many records, and
    those about many fields of one record.
    """
    kinds: list[tuple[str, int, dict[str, object]]] = [("all", count, {})]
    for group in found.conflict_groups:
        name = words(group.resource)
        about: dict[str, object] = {"resource": group.resource}
        if group.field is not None:
            kinds.append((f"{name}, {group.field}", group.count, about | {"field": group.field}))
        else:
            kinds.append(
                (f"{name} #{group.record_id}", group.count, about | {"record": group.record_id})
            )
    return [
        h.div(".many")[
            h.b[f"{text} ({n:,})"],
            button("/conflicts/all", "local", "Use my database", kind="quiet", given=given),
            button("/conflicts/all", "remote", "Use ClickFunnels", kind="quiet", given=given),
        ]
        for text, n, about in kinds
        if n > 1
        for given in [about | {"last": found.newest_conflict}]
    ]


def _parked(found: Waiting, *, can_act: bool) -> h.Element:
    hint = (
        "ClickFunnels did not take these. Change the row, retry, or discard the edit: the row then"
        " shows what ClickFunnels has."
    )
    shown = (edit(e, found.titles, found.now, can_act=can_act) for e in found.parked)
    count, command = found.counts["parked"], "cfsync outbox list --state parked"
    more = _more(count - len(found.parked), "refused edit", command)
    many = can_act and _many_parked(found, count)
    return _section("parked", "Refused edits", count, hint, many, shown, more)


def _many_parked(found: Waiting, count: int) -> list[h.Element]:
    """Buttons that decide about all refused edits, and about those with the same reason."""
    kinds: list[tuple[h.Node, int, str, dict[str, object]]] = [("all", count, "all", {})]
    for g in found.parked_groups:
        about: dict[str, object] = {"op": g.op, "reason": g.reason}
        name = f"{words(g.resource)}, {without_command(g.reason)[:REASON]}"
        kinds += [(name, g.count, g.resource, about)] if g.count < count else []
    return [
        h.div(".many")[
            h.b[f"{text} ({n:,})"],
            button(f"/parked/{which}", "retry", "Retry", kind="quiet", given=given),
            button(f"/parked/{which}", "discard", "Discard", kind="quiet", given=given),
        ]
        for text, n, which, about in kinds
        if n > 1
        for given in [about | {"last": found.newest_parked}]
    ]


def _held(found: Waiting, *, can_act: bool) -> h.Element:
    groups, some = found.held
    hint = "A guard stopped these before they were sent. Nothing of them has reached ClickFunnels."
    shown = (_group(g, found, can_act=can_act) for g in some)
    more = _more(groups - len(some), "group", "cfsync outbox list --state held")
    return _section("held", "Held edits", found.counts["held"], hint, shown, more)


def _group(g: EditGroup, found: Waiting, *, can_act: bool) -> h.Element:
    count, more = g.count, g.count - len(g.first)
    is_mass = count > 1
    to = f"/held/{g.resource}" if is_mass else f"/edits/{g.first[0].seq}"
    approve = f"Approve all {count:,}" if is_mass else "Approve"
    given = {"op": g.op, "reason": g.reason, "last": g.last} if is_mass else None
    return h.article(".edit")[
        h.header[
            h.span(".who")[h.b[plural(count, g.op)], " of ", words(g.resource)],
            h.span(".since")[when(found.now, g.first[0].captured_at)],
        ],
        h.div(".row")[
            h.div[
                (h.div(".sample")[_linked(e, found.titles), patch(e.patch, e.op)] for e in g.first),
                more > 0 and h.small[f"… and {more:,} more"],
            ],
            h.p(".err")[without_command(g.reason)],
        ],
        can_act
        and h.footer[
            button(to, "approve", approve, given=given),
            button(to, "discard", "Discard", kind="quiet", given=given),
            h.small["The next push sends what you approve. What you discard is never sent."],
        ],
    ]


def _linked(e: Edit, titles: Titles) -> h.Node:
    return link(e.resource, e.record_id, titles.get((e.resource, e.record_id), ""))


def _deletions(found: Waiting, *, can_act: bool) -> h.Element:
    hint = (
        "These records are missing in ClickFunnels, too many at once to be believed. Those that you"
        " approve are asked for once more by the next sweep before their rows go; those that you"
        " reject keep their rows."
    )
    shown = (_missing(found, group, can_act=can_act) for group in found.deletions)
    return _section("deletion", "Held deletions", found.counts["deletion"], hint, shown)


def _missing(found: Waiting, group: DeletionGroup, *, can_act: bool) -> h.Element:
    name, stones = group.resource, group.first
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
        h.button(".danger", name="choice", value="approve")["Approve the picked"],
        h.button(".quiet", name="choice", value="reject")["Reject the picked"],
    ]
    return h.article(".edit")[
        h.header[
            h.span(".who")[h.b[plural(group.count, "record")], f" of {words(name)} missing"],
            h.span(".since")[f"since {age(found.now, stones[0].first_seen)}"],
        ],
        h.form(method="post", action=f"/deletions/{name}")[picks, buttons] if can_act else picks,
        group.count > len(stones) and _all_missing(group, can_act=can_act),
    ]


def _all_missing(group: DeletionGroup, *, can_act: bool) -> h.Node:
    """What is not shown of a group, and buttons that decide about all of it."""
    to, all_of_it = f"/deletions/{group.resource}", f"all {group.count:,}"
    given = {"last": group.last}
    return [
        _more(group.count - len(group.first), "deletion", "cfsync deletions list"),
        can_act
        and h.footer[
            button(to, "approve", f"Approve {all_of_it}", kind="danger", given=given),
            button(to, "reject", f"Reject {all_of_it}", kind="quiet", given=given),
        ],
    ]


def _others(found: Waiting) -> h.Element:
    hint = "For these there is a command, and no button."
    rows = h.ul(".hits")[
        (
            h.li[h.b[words(resource)], f": {without_command(reason)} ", h.code[command]]
            for resource, reason, command in found.others
        )
    ]
    command = "cfsync sql \"SELECT * FROM cf_waiting WHERE kind = 'refused'\""
    more = _more(found.other_lines - len(found.others), "line", command)
    return _section("refused", "More", found.counts["refused"], hint, h.div(".card")[rows], more)
