"""What a decision does with whole records: where it deletes or creates one. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TypeVar

from cfsync.mirror.bookkeeping.conflicts import Conflict, ConflictKind
from cfsync.mirror.bookkeeping.outbox import Edit, Op
from cfsync.mirror.bookkeeping.reasons import UNKNOWN

Records = Sequence[tuple[str, int]]
"""(resource, id) of each."""

CONFLICTS: Mapping[tuple[ConflictKind, str], str] = {
    (ConflictKind.DELETED_REMOTELY, "local"): (
        "created again in ClickFunnels by the next push; each row gets a new id"
    ),
    (ConflictKind.DELETED_REMOTELY, "remote"): (
        "deleted here, with the edits that wait; ClickFunnels has no such record"
    ),
    (ConflictKind.DELETED_HERE, "local"): (
        "deleted in ClickFunnels by the next push, with what was changed there since"
    ),
    (ConflictKind.DELETED_HERE, "remote"): (
        "here again, as ClickFunnels has it; the delete that waits is discarded"
    ),
    (ConflictKind.DRIFT, "local"): "created in ClickFunnels by the next push",
    (ConflictKind.DRIFT, "remote"): "deleted here; ClickFunnels has never had such a record",
}
"""(kind, side) of a conflict about a whole record -> what becomes of the record."""

_SENT = {
    Op.DELETE: "deleted in ClickFunnels by the next push",
    Op.INSERT: "created in ClickFunnels by the next push, unless it is there already",
}
_DISCARDED = {
    Op.DELETE: "here again; the delete is not sent",
    Op.INSERT: "deleted here, with all that waits of it; ClickFunnels doesn't have it",
}
EDITS: Mapping[tuple[Op, str], str] = {
    **{(op, verb): text for op, text in _SENT.items() for verb in ("approve", "retry")},
    **{(op, "discard"): text for op, text in _DISCARDED.items()},
    (Op.DELETE, "make another"): _SENT[Op.DELETE],
    (Op.INSERT, "make another"): (
        "created in ClickFunnels by the next push, even if it is there already"
    ),
}
"""(statement, decision) of an edit -> what becomes of its record."""

MAY_EXIST = "deleted here, with all that waits of it; ClickFunnels may have it"
"""What becomes of an insert that may have arrived and is discarded."""

T = TypeVar("T", Conflict, Edit)


def of_conflicts(found: Iterable[Conflict], choice: str) -> list[tuple[str, Records]]:
    """What becomes of which records, if these conflicts are resolved so."""
    return _grouped(found, lambda c: _of_conflict(c, choice))


def of_edits(found: Iterable[Edit], verb: str) -> list[tuple[str, Records]]:
    """What becomes of which records, if these edits are decided so."""
    return _grouped(found, lambda edit: _of_edit(edit, verb))


def _of_edit(edit: Edit, verb: str) -> str | None:
    is_unsure = edit.op == Op.INSERT and (edit.error or "").startswith(UNKNOWN)
    return MAY_EXIST if is_unsure and verb == "discard" else EDITS.get((edit.op, verb))


def _of_conflict(found: Conflict, choice: str) -> str | None:
    return CONFLICTS.get((found.kind, choice)) if found.is_about_record else None


def _grouped(found: Iterable[T], text_of: Callable[[T], str | None]) -> list[tuple[str, Records]]:
    groups: dict[str, dict[tuple[str, int], None]] = {}
    for one in found:
        if text := text_of(one):
            groups.setdefault(text, {})[one.resource, one.record_id] = None
    return [(text, list(those)) for text, those in groups.items()]


NAMED = 20
"""Records that a line names."""


def lines(found: Iterable[tuple[str, Records]]) -> Iterator[str]:
    """`contacts 5, 7 and 3 more: deleted in ClickFunnels by the next push`."""
    for text, those in found:
        for resource, some in groupby(sorted(those), key=lambda one: one[0]):
            ids = [record_id for _, record_id in some]
            more = f" and {len(ids) - NAMED:,} more" if len(ids) > NAMED else ""
            yield f"{resource} {', '.join(map(str, ids[:NAMED]))}{more}: {text}"
