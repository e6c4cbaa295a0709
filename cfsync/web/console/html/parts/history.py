"""What was decided, and what has changed, by time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import htpy as h

from cfsync.mirror.bookkeeping.conflicts import Conflict
from cfsync.mirror.bookkeeping.outbox import Edit, OutboxState
from cfsync.mirror.reports.decisions import Decision
from cfsync.mirror.reports.history import Row
from cfsync.web.console.html.parts.tables import table
from cfsync.web.console.html.parts.words import SHORT, link, patch, value, when

Decided = Mapping[tuple[str, int | None], Conflict | Edit]
"""(what a decision is about, its number) -> that, with the values that it had."""


def history(
    now: str, changes: Sequence[Row], decisions: Sequence[Decision], decided: Decided
) -> h.Element:
    """Changes of a record, and decisions about it, the last one first."""
    dated = [(row["at"], _change(now, row)) for row in changes]
    dated += [(one.at, _decision(now, one, decided)) for one in decisions]
    items = [item for _, item in sorted(dated, key=lambda pair: pair[0])]
    none = h.p(".hint")["No change is known: it is as it was first read."]
    return h.section(".card")[
        h.header[h.h2["History"]], h.ol(".timeline")[items[::-1]] if items else none
    ]


def _change(now: str, row: Row) -> h.Element:
    is_there = row["side"] == "clickfunnels"
    return h.li(class_=f"t-{row['source']}")[
        h.span(".at")[when(now, row["at"])],
        h.div[
            h.b[f"{str(row['op']).capitalize()} "],
            "in ClickFunnels" if is_there else f"here by {row['db_user'] or 'SQL'}",
            row["source"] != "user" and h.small[f" · {row['source']}"],
            patch(row["patch"], row["op"]),
        ],
    ]


def _decision(now: str, one: Decision, decided: Decided) -> h.Element:
    """With the values that were chosen from, or dropped: no change may hold them."""
    about = decided.get((one.about, one.number))
    values: h.Node = None
    if isinstance(about, Conflict) and about.field:
        sides = "here ", value(about.local, SHORT), ", in ClickFunnels ", value(about.remote, SHORT)
        values = h.ul(".changes")[h.li[h.code[about.field], " ", *sides]]
    elif isinstance(about, Edit) and about.state == OutboxState.DISCARDED:
        values = patch(about.patch, about.op)
    return h.li(".t-user")[
        h.span(".at")[when(now, one.at)],
        h.div[h.b["Decision "], f"by {one.by}: {one.text}", values],
    ]


def decisions(now: str, found: Sequence[Decision]) -> h.Element:
    """Decisions as a table."""
    heads = dict.fromkeys(("when", "by", "what"), "")
    return table("Decisions", heads, (_row(now, one) for one in found))


def _row(now: str, one: Decision) -> h.Element:
    what: h.Node = one.text
    if one.count == 1 and one.record_id is not None:
        what = link(one.resource or "", one.record_id, one.text)
    return h.tr[h.td[when(now, one.at)], h.td(".by")[one.by], h.td[what]]
