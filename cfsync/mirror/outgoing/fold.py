"""All that is open on one record, folded into one claim: what to send, and what can't be. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from cfsync.merge import FieldEdit, merge
from cfsync.mirror.bookkeeping import bases, ids
from cfsync.mirror.bookkeeping.ids import Known
from cfsync.mirror.bookkeeping.outbox import UNKNOWN, OpenRow, Pending
from cfsync.records import ABSENT, Listing
from cfsync.resources import Resource
from cfsync.values import equal

Op = Literal["insert", "update", "delete"]

_UNSEEN = "ClickFunnels holds a value here that no column can hold; change it there"
_MAYBE = f"{UNKNOWN} it may have arrived, and ClickFunnels doesn't show it; discard or retry it"


@dataclass(frozen=True, slots=True)
class Claim:
    """What is open on one record. `row` and `base` are canonical values (`base` is {} for an
    insert, `row` where the mirror has lost it), references in `row` real as far as they are known;
    `send` what ClickFunnels lacks; `doubts` edited fields that can't be sent unasked, and why.

    `seqs`: the outbox rows that this sends; `open`: all that were open on the record then, and how
    often each had been sent;
    `held`: fields in a conflict that waits for a human. `highest_id`: the highest id that the
    mirror had of the resource when the row was inserted. `unknown`: an earlier call's outcome is
    unknown, which carried the fields `tried`; then an insert's `seqs` and `row` are those of that
    call, and `exists_as` is the id of its record where that is known all the same. `captured_at`:
    when the first of its edits was made, by the database's clock; `base_rev`: the `cf_rev` of its
    base, 0 where there is none.
    """

    resource: Resource
    record_id: int
    listing: Listing | None
    op: Op
    seqs: tuple[int, ...]
    open: Mapping[int, int]
    row: Mapping[str, Any]
    base: Mapping[str, Any]
    send: Mapping[str, Any]
    doubts: Mapping[str, str]
    held: frozenset[str]
    highest_id: int
    unknown: bool
    tried: frozenset[str]
    exists_as: int | None
    attempts: int
    captured_at: str
    base_rev: int

    @property
    def waits_for_a_decision(self) -> bool:
        """Whether all that is left of it are fields in a conflict that a human has to decide."""
        return bool(self.held) and self.op == "update" and not (self.send or self.doubts)


@dataclass(frozen=True, slots=True)
class Legs:
    """What the mirror has of one record: its open edits, row and base, and the real ids of the
    rows to which it refers.
    """

    resource: Resource
    record_id: int
    pending: Pending
    row: Mapping[str, Any] | None
    base: bases.Base | None
    known: Known

    @property
    def blocker(self) -> OpenRow | None:
        """The edit because of which nothing of the record is sent: a guard holds it, or nobody
        knows whether the record exists already.
        """
        return next((r for r in self.pending.rows if r.state == "held" or r.is_unknown), None)

    @property
    def is_blocked(self) -> bool:
        return self.blocker is not None

    @property
    def is_waiting(self) -> bool:
        return any(r.state in ("pending", "sending") for r in self.pending.rows)

    @property
    def exists_as(self) -> int | None:
        return self.known.get((self.resource.name, self.record_id))

    @property
    def sent_before(self) -> list[OpenRow]:
        """The rows of an insert that may have arrived: those that its call sent."""
        if self.record_id > 0:
            return []
        if self.exists_as:
            return [r for r in self.pending.rows if r.sent is not None]
        return [r for r in self.pending.rows if r.state == "sending"]


def together(legs: Legs) -> list[OpenRow]:
    """The rows to send as one: all; of an insert that may have arrived those of that call; a
    parked one only where a later one repairs it, touching one of its fields.
    """
    rows = legs.pending.rows
    if legs.sent_before or legs.record_id < 0 or legs.pending.deleted:
        return legs.sent_before or rows
    found: list[OpenRow] = []
    touched: set[str] = set()
    for row in reversed(rows):
        if row.state != "parked" or touched & row.patch.keys():
            found.insert(0, row)
            touched |= row.patch.keys()
    return found


def statements(legs: Legs) -> list[list[OpenRow]]:
    """The rows to send one after the other, each with the parked ones that it repairs. What was
    deleted in the end is one statement: it gives up all that those before it would have.
    """
    if legs.sent_before or legs.pending.deleted:
        return [together(legs)]
    found: list[list[OpenRow]] = []
    parked: list[OpenRow] = []
    for row in together(legs):
        parked.append(row)
        if row.state != "parked":
            found.append(parked)
            parked = []
    return found


def fold_statement(legs: Legs, statement: Sequence[OpenRow]) -> Claim:
    """One of `statements`, with the value that it gave to the upsert key. Where another one stands
    in the row than the last statement gave, ClickFunnels has won a conflict: that one counts.
    """
    key = legs.resource.upsert_key or ""
    last = [r.given[key] for r in legs.pending.rows if key in r.given]
    given = [r.given[key] for r in statement if key in r.given]
    if legs.row is None or not given or not _same(legs, key, legs.row[key], last[-1]):
        return fold(legs, statement)
    return fold(legs, statement, {key: given[-1]})


def fold(legs: Legs, rows: Sequence[OpenRow], instead: Mapping[str, Any] | None = None) -> Claim:
    """The claim of some of a record's open rows, with other values than the row's `instead`."""
    resource, part = legs.resource, Pending(list(rows), legs.pending.held)
    known = bases.decode(resource, legs.base) if legs.base else None
    before = dict(known.values) if known else {}
    op, unknown = _op(legs.record_id, part), any(r.state == "sending" for r in rows)
    values = _as_sent(part, legs.row) if legs.sent_before else _values(part, legs.row)
    values = ids.with_real_ids(resource, {**values, **(instead or {})}, legs.known)
    edits = part.edits if values and op != "delete" else {}
    merged = merge(resource, base=before, local=values, remote=before, edits=edits, policy="local")
    doubts = _doubts(legs, merged.send, edits, known.noted if known else ())
    return Claim(
        resource=resource,
        record_id=legs.record_id,
        listing=listing_of(resource, values),
        op=op,
        seqs=tuple(r.seq for r in rows),
        open={r.seq: r.attempts for r in legs.pending.rows},
        row=values,
        base=before,
        send={n: v for n, v in merged.send.items() if n not in doubts},
        doubts={n: why for n, why in doubts.items() if why},
        held=legs.pending.held,
        highest_id=next((r.highest_id or 0 for r in rows if r.op == "insert"), 0),
        unknown=unknown,
        tried=frozenset(n for r in rows if r.state == "sending" for n in r.sent or ()),
        exists_as=legs.exists_as,
        attempts=max(r.attempts for r in rows),
        captured_at=rows[0].captured_at,
        base_rev=legs.base.rev if legs.base else 0,
    )


def _op(record_id: int, part: Pending) -> Op:
    if part.deleted:
        return "delete"
    return "insert" if record_id < 0 and part.rows[0].op == "insert" else "update"


def _values(part: Pending, row: Mapping[str, Any] | None) -> dict[str, Any]:
    """The row; of one that was deleted what its trigger kept."""
    if row is None and part.deleted:
        return {name: pair[0] for name, pair in part.rows[-1].patch.items()}
    return dict(row or {})


def _as_sent(part: Pending, row: Mapping[str, Any] | None) -> dict[str, Any]:
    """An inserted row as its journalled call knew it: what was given up to then and no more."""
    given = {n: v for r in part.rows for n, v in r.given.items()}
    sent = {n: pair[1] for r in part.rows for n, pair in (r.sent or {}).items()}
    return dict.fromkeys(row or {}) | given | sent


def _doubts(
    legs: Legs, send: Mapping[str, Any], edits: Mapping[str, FieldEdit], noted: Sequence[str]
) -> dict[str, str]:
    """Fields that are not to be sent, and why. No reason: a field that ClickFunnels never shows
    and that a call of unknown outcome had, which arrived, as the other fields of it tell.
    """
    found = {name: _UNSEEN for name in send if name in noted}
    again = {n for n in send if _same(legs, n, send[n], edits[n].sent)}
    hidden = {n for n in again if not legs.resource.by_name[n].shown}
    tells = {n for n, e in edits.items() if e.sent is not ABSENT} - hidden
    if hidden and not again & tells:
        found |= dict.fromkeys(hidden, "" if tells else _MAYBE)
    return found


def _same(legs: Legs, name: str, a: Any, b: Any) -> bool:
    return equal(legs.resource.by_name[name], a, b)


def listing_of(resource: Resource, row: Mapping[str, Any]) -> Listing | None:
    """The list below which a row belongs; None while its parent is not given."""
    parent = row.get(resource.parent_field) if resource.parent_field else 0
    return None if parent is None else Listing(resource.name, parent, row.get("workspace_id"))
