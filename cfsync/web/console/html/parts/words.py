"""Times, values and links, as the pages show them."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import quote

import htpy as h

from cfsync.resources import RESOURCES
from cfsync.times import seconds

SHORT = 60
"""Characters of a value in a table."""

LONG = 400
"""Characters of a value that are shown before the rest is folded away."""

MARKED = 300
"""Characters of two texts in which the differences are marked: to find them takes the time of one
length times the other.
"""

_LONG_UNITS = ((365.25 * 86_400, "years"), (30.44 * 86_400, "months"))
_UNITS = ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "min"), (60, "min", 1, "s"))


def words(name: str) -> str:
    """`order_invoices` as people read it."""
    return name.replace("_", " ")


def plural(n: int, one: str) -> str:
    """`1 edit`, `1,200 edits`."""
    return f"{n:,} {one}{'' if n == 1 else 's'}"


def took(seconds: float) -> str:
    """A duration in two units: `3 min 20 s`."""
    for size, unit, small, finer in _UNITS:
        if seconds >= size:
            whole, rest = divmod(round(seconds), size)
            part = rest // small
            return f"{whole} {unit}" + (f" {part} {finer}" if part and whole < 10 else "")
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"


def age(now: str, then: str | None) -> str:
    """`3 min 20 s ago`, `4 years ago`; `never` for None."""
    if then is None:
        return "never"
    passed = max(0.0, seconds(then, now))
    for size, unit in _LONG_UNITS:
        if passed >= 2 * size:
            return f"{passed / size:.0f} {unit} ago"
    return f"{took(passed)} ago"


def when(now: str, then: str | None) -> h.Node:
    """A moment as an age; the exact one is its tooltip."""
    return h.time(datetime=then, title=exact(then))[age(now, then)] if then else "never"


def moment(then: str | None) -> h.Node:
    """A moment by the clock: UTC, which the script turns into the viewer's zone."""
    return h.time(".clock", datetime=then, title=exact(then))[f"{exact(then)}"] if then else dot()


def exact(then: str | None) -> str:
    return "" if then is None else f"{then[:10]} {then[11:19]} UTC"


def dot() -> h.Node:
    """What stands where there is nothing."""
    return h.span(".none")["·"]


def number(text: h.Node) -> h.Element:
    """A cell of a table that is aligned to the right."""
    return h.td(".n")[dot() if text is None else text]


def value(given: Any, limit: int = LONG) -> h.Node:
    """A canonical value of a field. What is longer than `limit` is folded away."""
    if given is None:
        return h.span(".null")["empty"]
    if isinstance(given, bool):
        return "yes" if given else "no"
    if isinstance(given, (dict, list)):
        return _json(given)
    text = str(given)
    if len(text) <= limit:
        return text
    return h.details[h.summary[text[:limit] + "…"], h.p(".whole-text")[text]]


def _json(given: Any) -> h.Node:
    flat = json.dumps(given, ensure_ascii=False, default=str)
    if len(flat) <= SHORT:
        return h.code[flat]
    whole = json.dumps(given, ensure_ascii=False, indent=1, default=str)
    return h.details[h.summary[h.code[flat[: SHORT - 4] + "…"]], h.pre[whole]]


def cell(given: Any) -> str:
    """A value in a cell of a table, in one line."""
    text = json.dumps(given, ensure_ascii=False) if isinstance(given, (dict, list)) else str(given)
    return text if len(text) <= SHORT else text[: SHORT - 1] + "…"


LINKED: h.Context[Collection[str]] = h.Context("linked", default=frozenset(RESOURCES))
"""The lists to which a page has links: the others are not mirrored."""


@LINKED.consumer
def link(linked: Collection[str], resource: str, record_id: int, text: str = "") -> h.Node:
    """A link to a record, by its name where it has one; its name alone where its list is not
    mirrored.
    """
    text = text or f"#{record_id}"
    if resource not in linked:
        return h.span(title=f"{words(resource)} are not mirrored")[text]
    return h.a(href=f"/records/{quote(resource)}/{record_id}")[text]


@LINKED.consumer
def list_link(linked: Collection[str], resource: str, text: str) -> h.Node:
    """A link to a list that is mirrored."""
    return h.a(href=f"/records/{quote(resource)}")[text] if resource in linked else text


def named_link(resource: str, record_id: int, title: str) -> h.Node:
    """A record by its kind, its name and its id."""
    number = h.small[f" #{record_id}"] if title else None
    kind = h.span(".res")[words(resource)]
    return h.span(".who")[kind, " ", link(resource, record_id, title), number]


def chip(text: str, kind: str = "") -> h.Element:
    """A small label."""
    return h.span(class_=["chip", kind])[text]


LANES = {
    "backfill": "reads a whole list for the first time",
    "pull": "reads what is new in a list, every minute or so",
    "events": "reads the records that ClickFunnels' webhooks and its log of events name",
    "sweep": "reads a whole list and compares it, which finds deletions",
    "census": "finds what has changed from all ids in a few answers",
    "push": "sends the edits that were made here",
    "verify": "compares records, and changes nothing",
    "recover": "looks up what a restored backup may have sent",
    "failed": "passes that an error ended",
}
"""Pass, by which news come too -> what it does."""


def lane(kind: str, text: str) -> h.Element:
    """A pass by its colour; what it does is its tooltip."""
    return h.span(class_=f"k k-{kind}", title=LANES.get(kind))[text]


def state_chip(state: str) -> h.Element:
    """The state of an edit as a label, named as on the page of what waits."""
    return chip("refused" if state == "parked" else state, state)


def marked(before: Any, after: Any) -> h.Node:
    """A text with what differs from the one before it marked, where they are much alike."""
    if not (isinstance(before, str) and isinstance(after, str) and before):
        return value(after)
    if max(len(before), len(after)) > MARKED:
        return value(after)
    parts = difflib.SequenceMatcher(None, before, after, autojunk=False)
    if parts.ratio() < 0.6:
        return value(after)
    return [
        after[start:end] if kind == "equal" else h.mark[after[start:end]]
        for kind, _, _, start, end in parts.get_opcodes()
        if start < end
    ]


_MENTION = re.compile(r"\[([a-z_]+)/(\d+)\]")


def mention(resource: str, record_id: int) -> str:
    """A record, in a sentence for `prose`."""
    return f"[{resource}/{record_id}]"


def prose(text: str) -> h.Node:
    """A sentence; what stands between backticks in it is a command, and what `mention` returns a
    link to a record.
    """
    parts = text.split("`")
    return [h.code[part] if place % 2 else _linked(part) for place, part in enumerate(parts)]


def _linked(text: str) -> h.Node:
    parts = _MENTION.split(text)
    links = (
        link(name, int(number), f"{words(name)} #{number}")
        for name, number in zip(parts[1::3], parts[2::3], strict=True)
    )
    return [parts[0], ([one, after] for one, after in zip(links, parts[3::3], strict=True))]


_TIME = re.compile(r"(\d{4}-\d\d-\d\dT[\d:.]+Z)")


def with_times(text: str) -> h.Node:
    """A sentence; moments in it are shown by the clock of the viewer."""
    return [moment(p) if _TIME.fullmatch(p) else p for p in _TIME.split(text)]


_COMMAND = re.compile(r"[:;] (?=(?:see |run )?cfsync |push again|--)")


def without_command(reason: str) -> str:
    """A reason for which something waits, without the command that a button stands for."""
    return _COMMAND.split(reason)[0]


def patch(changed: Mapping[str, Any], op: str) -> h.Node:
    """`{field: [old, new]}` of an edit or a change, a line each. That `updated_at` moves with other
    fields goes without saying.
    """
    if op == "delete":
        return h.p["deleted"]
    if len(changed) > 1:
        changed = {name: pair for name, pair in changed.items() if name != "updated_at"}
    return h.ul(".changes")[
        (
            h.li[
                h.code[name],
                " ",
                op != "insert" and [h.del_[value(pair[0], SHORT)], " → "],
                h.ins[value(pair[1], SHORT)],
            ]
            for name, pair in changed.items()
            if op != "insert" or pair[1] is not None
        )
    ]
