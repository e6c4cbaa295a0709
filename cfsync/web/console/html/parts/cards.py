"""Cards: a conflict, or an edit that waits, with what can be chosen."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import htpy as h

from cfsync.merge import Winner
from cfsync.mirror.bookkeeping.conflicts import Conflict, ConflictKind
from cfsync.mirror.bookkeeping.outbox import Edit, Op, OutboxState
from cfsync.web.console.forms import SEEN, digest
from cfsync.web.console.html.parts.layout import button
from cfsync.web.console.html.parts.words import (
    marked,
    named_link,
    patch,
    prose,
    state_chip,
    value,
    when,
    without_command,
)

Titles = Mapping[tuple[str, int], str]
"""(resource, id) -> what a person calls the record."""


def conflict(c: Conflict, titles: Titles, now: str, *, can_act: bool) -> h.Element:
    """A conflict with its sides and what can be chosen."""
    what: h.Node = {
        ConflictKind.DELETED_REMOTELY: "deleted in ClickFunnels while it was edited here",
        ConflictKind.DELETED_HERE: "deleted here, changed in ClickFunnels since",
    }.get(c.kind, "inserted here while edits were not captured")
    if c.field:
        how = "was changed on both sides"
        if c.kind == ConflictKind.DRIFT:
            how = "was changed here while edits were not captured"
        what = [h.code[c.field], f" {how}"]
    head = h.header[
        named_link(c.resource, c.record_id, titles.get((c.resource, c.record_id), "")),
        h.span(".what")[what],
        h.span(".since")[when(now, c.found_at)],
    ]
    sides = _field_sides(c, can_act=can_act) if c.field else _record_sides(c, can_act=can_act)
    kind = "conflict" if c.field else "conflict whole"
    return h.article(id=f"c{c.id}", class_=kind)[head, h.div(".sides")[sides]]


_WHOLE = {
    ConflictKind.DELETED_REMOTELY: (
        ("the row, with your edit", "Create it again in ClickFunnels"),
        ("deleted", "Delete the row here"),
    ),
    ConflictKind.DELETED_HERE: (
        ("deleted", "Delete it in ClickFunnels too"),
        ("the record, changed since", "Bring the row back"),
    ),
    ConflictKind.DRIFT: (
        ("the row", "Create it in ClickFunnels"),
        ("nothing", "Delete the row here"),
    ),
}
"""Kind -> for each side what it has, and what choosing it does."""


def _record_sides(c: Conflict, *, can_act: bool) -> list[h.Node]:
    (here, use_here), (there, use_there) = _WHOLE[c.kind]
    sides = (
        ("In your database", here, "local", use_here),
        ("In ClickFunnels", there, "remote", use_there),
    )
    return [
        h.div(".side")[
            h.p(".name")[name],
            h.p(".value")[text],
            can_act and _choose(c, choice, act, kind="danger" if "Delete" in act else "main"),
        ]
        for name, text, choice, act in sides
    ]


def _choose(c: Conflict, choice: str, text: str, *, kind: str) -> h.Element:
    return button(f"/conflicts/{c.id}", choice, text, kind=kind, given={SEEN: seen(c)})


def seen(c: Conflict) -> str:
    """The digest of what a conflict shows. Pure."""
    return digest(json.dumps([c.kind, c.local, c.remote], sort_keys=True, default=str))


def _field_sides(c: Conflict, *, can_act: bool) -> list[h.Node]:
    rule = {Winner.LOCAL: "your database is used", Winner.CLICKFUNNELS: "ClickFunnels is used"}
    before = h.div(".side.base")[
        h.p(".name")["Before"],
        h.p(".value")[value(c.base)],
        h.div(".do")[h.small[rule.get(c.winner, "neither is used yet")]],
    ]
    return [
        before,
        _side(c, "local", "In your database", can_act=can_act),
        _side(c, "remote", "In ClickFunnels", can_act=can_act),
        can_act and _another_value(c),
    ]


def _another_value(c: Conflict) -> h.Element:
    return h.form(".one.other", method="post", action=f"/conflicts/{c.id}")[
        h.input(type="hidden", name=SEEN, value=seen(c)),
        h.input(
            type="text", name="value", required=True, aria_label=f"Another value for {c.field}"
        ),
        h.button(".quiet", name="choice", value="value")["Use another value"],
        h.small["the next push sends it"],
    ]


_IN_USE = {True: "it stays as it is", False: "nothing is sent"}
_OTHERWISE = {True: "the next push sends it", False: "written here; nothing is sent"}
"""What choosing a side does: whether that is the mirror's -> in words."""


def _side(c: Conflict, choice: str, name: str, *, can_act: bool) -> h.Element:
    is_local = choice == "local"
    counts = c.winner == (Winner.LOCAL if is_local else Winner.CLICKFUNNELS)
    text, kind = ("Keep using this", "quiet") if counts else ("Use this", "main")
    then = _IN_USE[is_local] if counts else _OTHERWISE[is_local]
    return h.div(class_=["side", {"now": counts}])[
        h.p(".name")[name, counts and h.span(".force")["✓ in use"]],
        h.p(".value")[marked(*((c.remote, c.local) if is_local else (c.local, c.remote)))],
        can_act and h.div(".do")[_choose(c, choice, text, kind=kind), h.small[then]],
    ]


def edit(e: Edit, titles: Titles, now: str, *, can_act: bool) -> h.Element:
    """An edit that waits, and what can be done about it."""
    tries = f" · {e.attempts} tries" if e.attempts > 1 else None
    return h.article(".edit", id=f"e{e.seq}")[
        h.header[
            named_link(e.resource, e.record_id, titles.get((e.resource, e.record_id), "")),
            h.span(".what")[f"{e.op}, edit {e.seq}", e.author and f" by {e.author}"],
            state_chip(e.state),
            h.span(".since")[when(now, e.sent_at or e.captured_at), tries],
        ],
        h.div(".row")[
            patch(e.patch, e.op), bool(e.error) and h.p(".err")[without_command(e.error or "")]
        ],
        can_act and e.state in _BUTTONS and h.footer[_BUTTONS[e.state](e)],
    ]


def _of_refused(e: Edit) -> list[h.Node]:
    then, retry = (
        "Retry: the next push sends it again.",
        button(f"/edits/{e.seq}", "retry", "Retry"),
    )
    if e.may_exist:  # whether it is there has to be said, or a retry makes another one
        adopt = f"`cfsync outbox adopt {e.seq} ID`"
        another = f"`cfsync outbox retry {e.seq} --make-another`"
        then = f"Look in ClickFunnels. If it is there: {adopt}; if it is not: {another}."
    return [
        e.op != "delete"
        and h.a(".button.quiet", href=f"/records/{e.resource}/{e.record_id}/edit")[
            "Change the row"
        ],
        not e.may_exist and retry,
        button(f"/edits/{e.seq}", "discard", "Discard", kind="quiet"),
        h.small[prose(f"{then} Discard: {_DISCARDED[e.op]}.")],
    ]


_DISCARDED: Mapping[str, str] = {
    Op.INSERT: "the row is deleted here",
    Op.UPDATE: "the row is as in ClickFunnels",
    Op.DELETE: "the row is here again",
}
"""Statement -> what discarding its edit does."""


def _of_held(e: Edit) -> list[h.Node]:
    return [
        button(f"/edits/{e.seq}", "approve", "Approve"),
        button(f"/edits/{e.seq}", "discard", "Discard", kind="quiet"),
        h.small[f"Approve: the next push sends it. Discard: {_DISCARDED[e.op]}."],
    ]


def _of_pending(e: Edit) -> list[h.Node]:
    return [discard(e), h.small[f"Discard: {_DISCARDED[e.op]}."]]


def discard(e: Edit) -> h.Element:
    """The button that discards an edit which waits for the next push."""
    given = {"back": "activity"}
    return button(f"/edits/{e.seq}", "discard", "Discard", kind="quiet", given=given)


_BUTTONS: Mapping[OutboxState, Callable[[Edit], list[h.Node]]] = {
    OutboxState.PARKED: _of_refused,
    OutboxState.HELD: _of_held,
    OutboxState.PENDING: _of_pending,
}
"""What can be done about an edit in a state."""
