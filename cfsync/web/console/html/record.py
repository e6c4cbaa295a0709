"""One record: its values and where they come from, what it waits for, its history, what belongs to
it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import htpy as h

from cfsync.mirror.bookkeeping.outbox import OutboxState
from cfsync.mirror.capture.rules import updatable
from cfsync.mirror.reports.related import title
from cfsync.resources import Resource
from cfsync.sync.inspection.changes import AsOf
from cfsync.sync.inspection.explain import Explanation, Origin
from cfsync.times import later
from cfsync.web.console.html.parts.cards import conflict, edit
from cfsync.web.console.html.parts.gone import Reading, gone
from cfsync.web.console.html.parts.history import history
from cfsync.web.console.html.parts.layout import Shell, page
from cfsync.web.console.html.parts.words import (
    SHORT,
    chip,
    link,
    moment,
    plural,
    value,
    when,
    with_times,
    without_command,
    words,
)

_EARLIER = {"an hour ago": 3_600.0, "a day ago": 86_400.0, "a week ago": 604_800.0}
"""Text of a link to the record as it was -> how many seconds before."""

SOURCES = {
    "ClickFunnels": "as ClickFunnels has it",
    "edit": "edited here, and not confirmed yet",
    "drift": "changed here while edits were not captured",
    "copy": "a copy of another record's value",
    "path": "from the list that shows the record",
}
"""`Origin.source` -> what it says."""

_STATES = {"mirrored": "ok", "unsent": "pending", "deleted here": "held"}


@dataclass(frozen=True, slots=True)
class RecordPage:
    """What the page shows."""

    explained: Explanation
    reading: Reading
    #: The earlier time that was asked for, canonical text where it is a time; '': none.
    asked: str
    #: The record at that time.
    then: AsOf | None
    #: Why it can't be told how it was; '' if nothing was asked, or it can.
    then_problem: str
    #: Whether empty fields are shown.
    everything: bool

    @property
    def now(self) -> str:
        return self.reading.now


def record(shell: Shell, resource: Resource, found: RecordPage) -> h.Element:
    known = found.explained
    name = found.reading.title
    titles = {(resource.name, known.id): name}
    can_act = not shell.read_only
    return page(
        shell,
        name or f"{words(resource.name)} {known.id}",
        _head(resource, known, name, can_act=can_act),
        _times(found),
        found.then_problem and h.p(".flash.bad", role="status")[with_times(found.then_problem)],
        h.div(".two")[
            h.div[_then(resource, found)]
            if found.then
            else h.div[
                (conflict(c, titles, found.now, can_act=can_act) for c in known.conflicts),
                (
                    edit(e, titles, found.now, can_act=can_act)
                    for e in known.edits
                    if e.seq in _in_cards(known)
                ),
                _waits(known),
                _fields(resource, found)
                if known.fields
                else gone(resource, known, found.reading, can_act=can_act),
            ],
            h.aside[
                history(found.now, known.changes, known.decisions, found.reading.decided),
                _related(found),
            ],
        ],
        here=resource.name,
    )


def _head(resource: Resource, known: Explanation, name: str, *, can_act: bool) -> h.Element:
    here = f"/records/{resource.name}"
    was = known.local_id and f" (was {known.local_id} here)"
    can_edit = can_act and bool(known.fields and updatable(resource))
    return h.header(".head")[
        h.div[
            h.p(".crumb")[h.a(href=here)[words(resource.name)], " / ", f"#{known.id}", was],
            h.h1[name or f"#{known.id}", chip(known.state, _STATES.get(known.state, "off"))],
        ],
        can_edit and h.a(".button.main", href=f"{here}/{known.id}/edit")["Edit"],
    ]


def _in_cards(known: Explanation) -> set[int]:
    """The numbers of the edits that have a card: those about which no conflict decides, and whose
    card says why they wait.
    """
    if any(c.is_about_record for c in known.conflicts):
        return {e.seq for e in known.edits if e.state == OutboxState.PARKED}
    states = (OutboxState.PARKED, OutboxState.HELD, OutboxState.PENDING)
    return {e.seq for e in known.edits if e.state in states}


def _waits(known: Explanation) -> h.Node:
    in_cards = tuple(
        f"edit {e.seq} ("
        for e in known.edits
        if e.seq in _in_cards(known) and e.state != OutboxState.PENDING
    )
    others = [w for w in known.waits if not w.startswith(("conflict", *in_cards))]
    if not others:
        return None
    return h.section(".card.waits")[
        h.header[h.h2["Waits"]], h.ul[(h.li[without_command(text)] for text in others)]
    ]


def _fields(resource: Resource, found: RecordPage) -> h.Element:
    known = found.explained
    shown = [f for f in known.fields if found.everything or _tells(f)]
    hidden = len(known.fields) - len(shown)
    read = (
        ["last read by ", h.b[known.lane], " ", when(found.now, known.read_at)]
        if known.lane
        else []
    )
    changed = known.updated_at and [
        " · changed in ClickFunnels ",
        when(found.now, known.updated_at),
    ]
    return h.section(".card.flush")[
        h.header[h.h2["Fields"], h.small[read, changed]],
        h.table(".fields")[h.tbody[(_field(resource, found, f) for f in shown)]],
        hidden > 0 and h.p(".more")[h.a(href="?all=1")[plural(hidden, "empty field")]],
    ]


def _tells(f: Origin) -> bool:
    return not _is_empty(f.value) or bool(f.edits or f.conflicts)


def _field(resource: Resource, found: RecordPage, f: Origin) -> h.Element:
    differs = f.source in ("edit", "drift")
    source = h.span(class_=f"src src-{f.source.lower()}", title=SOURCES[f.source])[f.source]
    sent = f.batch and h.small(title="The push that sent it")[f" push {f.batch}"]
    about = [
        [" ", h.a(".chip.conflict", href=f"#c{number}")[f"conflict {number}"]]
        for number in f.conflicts
    ]
    remote = differs and h.div(".remote")["in ClickFunnels: ", value(f.remote)]
    return h.tr(class_={"differs": differs})[
        h.th(scope="row")[f.field],
        h.td[_shown(resource, found, f.field, f.value), remote],
        h.td[source, sent, about],
    ]


def _shown(resource: Resource, found: RecordPage, name: str, given: Any) -> h.Node:
    """A value of a field: ids as links, times by the clock."""
    spec = resource.by_name[name]
    if spec.ref and type(given) is int:
        return _named(found, spec.ref, given)
    if spec.ref and isinstance(given, list):
        return [
            [place > 0 and ", ", _named(found, spec.ref, v) if type(v) is int else value(v)]
            for place, v in enumerate(given)
        ]
    if spec.type == "timestamp" and given:
        return [moment(given), h.small[" · ", when(found.now, given)]]
    return value(given)


def _named(found: RecordPage, resource: str, record_id: int) -> h.Node:
    """A link to a record by its name, where that is known, and its id."""
    named = (r.records for r in found.reading.related if r.resource == resource)
    name = next((title(one) for some in named for one in some if one["id"] == record_id), "")
    number = h.small[f" #{record_id}"] if name else None
    return [link(resource, record_id, name or str(record_id)), number]


def _times(found: RecordPage) -> h.Element:
    """Links and a form to the record as it was."""
    form = h.form(method="get")[
        h.label(for_="as-of")["or at", h.span(".zone")[" (UTC)"]],
        h.input(
            "#as-of",
            type="datetime-local",
            name="as_of",
            value=found.asked[:16],
            data_utc=found.asked,
            required=True,
        ),
        h.button(".quiet")["Show"],
    ]
    earlier = {text: later(found.now, -back_s) for text, back_s in _EARLIER.items()}
    if found.reading.known_since:
        earlier["as far back as is known"] = found.reading.known_since
    return h.section(".times", aria_label="Earlier")[
        h.span["As it was"],
        h.span(".ranges")[
            (
                h.a(href="?" + urlencode({"as_of": at}))[text]
                for text, at in earlier.items()
                if found.reading.known_since and found.reading.known_since <= at
            )
        ],
        form,
    ]


def _then(resource: Resource, found: RecordPage) -> h.Node:
    """The record at the time that was asked for, beside what it is now."""
    assert found.then is not None
    at, was = found.then.as_of, found.then.record
    back = h.a(href="?")["Back to now"]
    head = h.header[h.h2["As it was at ", moment(at)], back]
    if was is None:
        return h.section(".card")[head, h.p["The mirror had no such record then."]]
    now = {f.field: f.value for f in found.explained.fields}
    names = [n for n in was if not (_is_empty(was[n]) and _is_empty(now.get(n)))]
    return h.section(".card.flush.then")[
        head,
        h.table(".fields")[
            h.tbody[(_was(resource, found, name, (was[name], now.get(name))) for name in names)]
        ],
    ]


def _was(resource: Resource, found: RecordPage, name: str, pair: tuple[Any, Any]) -> h.Element:
    given, now = pair
    differs = given != now
    return h.tr(class_={"differs": differs})[
        h.th(scope="row")[name],
        h.td[_shown(resource, found, name, given)],
        h.td[differs and [h.small["now "], value(now, SHORT) if now is not None else "empty"]],
    ]


def _is_empty(given: Any) -> bool:
    return given in (None, "", [], {})


def _related(found: RecordPage) -> h.Node:
    if not found.reading.related:
        return None
    return h.section(".card")[
        h.header[h.h2["Related"]],
        (
            h.div(".related")[
                h.h3[words(r.resource), h.span(".count")[f" {r.count:,}"]],
                h.ul(".hits")[(h.li[link(r.resource, one["id"], _name(one))] for one in r.records)],
            ]
            for r in found.reading.related
            if r.resource != "workspaces"
        ),
    ]


def _name(one: Mapping[str, Any]) -> str:
    return title(one) or str(one.get("of") or "") or f"#{one['id']}"
