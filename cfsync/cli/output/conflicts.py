"""Conflicts as people read them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from cfsync.cli.text import columns, cut, moment, shortened

if TYPE_CHECKING:
    from cfsync.mirror.bookkeeping.conflicts import Conflict

_HEAD = ("id", "record", "kind", "field", "winner", "since")


def lines_of(found: Sequence[Conflict], *, values: bool, whole: bool) -> Iterator[str]:
    """A table; a mass of drift is one line, unless they are shown `whole`."""
    from cfsync.mirror.views.waiting import DRIFTED, MASS

    drifted = Counter(c.resource for c in found if c.kind == "drift")
    masses = {} if whole else {name: n for name, n in drifted.items() if n >= MASS}
    singly = [c for c in found if c.kind != "drift" or c.resource not in masses]
    if singly:
        head, *listed = columns([_HEAD, *map(_row, singly)]).splitlines()
        yield cut(head)
        for line, conflict in zip(listed, singly, strict=True):
            yield cut(line)
            if values:
                yield from (f"      {side}" for side in sides(conflict))
    for name, n in masses.items():
        yield f"{name}: {n:,} values and rows {DRIFTED}: cfsync conflicts list {name}"


def sides(conflict: Conflict) -> Iterator[str]:
    """The values on both sides, and the one that both have had."""
    yield f"here          {shortened(conflict.local)}"
    yield f"ClickFunnels  {shortened(conflict.remote)}"
    yield f"before        {shortened(conflict.base)}"


def _row(conflict: Conflict) -> tuple[object, ...]:
    return (
        conflict.id,
        f"{conflict.resource} {conflict.record_id}",
        conflict.kind,
        conflict.field,
        conflict.winner,
        moment(conflict.found_at),
    )
