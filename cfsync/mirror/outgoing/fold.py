"""All that is open on one record, folded into one claim: what to send, and what can't be. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cfsync.merge import FieldEdit, merge
from cfsync.mirror.bookkeeping import bases, ids
from cfsync.mirror.bookkeeping.ids import RealIds
from cfsync.mirror.bookkeeping.open_edits import OpenEdits
from cfsync.mirror.bookkeeping.outbox import TO_SEND_STATES, Edit, Op, OutboxState
from cfsync.mirror.bookkeeping.reasons import MAY_HAVE_ARRIVED, UNSEEN
from cfsync.records import ABSENT, Listing, is_provisional
from cfsync.resources import Resource
from cfsync.values import equal


@dataclass(frozen=True, slots=True)
class Claim:
    """What a push sends of one record: some or all of its open edits as one change."""

    resource: Resource
    record_id: int
    #: The list below which the record belongs; None while its parent isn't known.
    listing: Listing | None
    #: What its edits come to together.
    op: Op
    #: The edits that this sends.
    edits: tuple[Edit, ...]
    #: Number -> attempts, of all edits that were open on the record when it was read: the claim is
    #: out of date when they are others.
    open_attempts: Mapping[int, int]
    #: The row's values, references real as far as they are known. Of an insert that may have
    #: arrived: as its journalled call knew the row. {}: the mirror has lost it.
    row: Mapping[str, Any]
    #: The values last read from ClickFunnels; {} for an insert.
    base: Mapping[str, Any]
    #: Field -> the value as ClickFunnels shows it, where that has another JSON type.
    shown: Mapping[str, Any]
    #: The edited values that ClickFunnels lacks.
    send: Mapping[str, Any]
    #: Edited field -> the other form in which ClickFunnels stores its value already.
    stored_forms: Mapping[str, Any]
    #: Edited fields that can't be sent -> why.
    unsendable: Mapping[str, str]
    #: Fields in a conflict that waits for a person.
    held: frozenset[str]
    #: The record's id in ClickFunnels where it is known and the row doesn't have it yet.
    exists_as: int | None
    #: The `cf_rev` of its base, 0 where there is none.
    base_rev: int

    @property
    def seqs(self) -> tuple[int, ...]:
        """The numbers of its edits."""
        return tuple(e.seq for e in self.edits)

    @property
    def unknown(self) -> bool:
        """Whether the outcome of an earlier call is unknown."""
        return any(e.state == OutboxState.SENDING for e in self.edits)

    @property
    def tried(self) -> frozenset[str]:
        """The fields that the call of unknown outcome carried."""
        sending = (e for e in self.edits if e.state == OutboxState.SENDING)
        return frozenset(name for e in sending for name in e.sent or ())

    @property
    def highest_id(self) -> int:
        """The highest id that the mirror had of the resource when the row was inserted; 0 where it
        had none, or where this is no insert.
        """
        return next((e.highest_id or 0 for e in self.edits if e.op == Op.INSERT), 0)

    @property
    def attempts(self) -> int:
        """How often the one that was sent most was sent."""
        return max(e.attempts for e in self.edits)

    @property
    def captured_at(self) -> str:
        """When the first of its edits was made, by the database's clock, canonical text."""
        return self.edits[0].captured_at

    @property
    def below(self) -> dict[str, int]:
        """Field -> id of the parent in whose list a create puts the record; {} for a workspace."""
        field, listing = self.resource.parent_field, self.listing
        nested = self.op == Op.INSERT and self.resource.nested
        return {field: listing.parent_id} if nested and field and listing else {}

    @property
    def waits_for_a_decision(self) -> bool:
        """Whether nothing is left of it but fields in a conflict that a person has to decide."""
        return bool(self.held) and self.op == Op.UPDATE and not (self.send or self.unsendable)


@dataclass(frozen=True, slots=True)
class EditedRecord:
    """What the mirror has of a record with open edits."""

    resource: Resource
    record_id: int
    open: OpenEdits
    #: None: its row was deleted.
    row: Mapping[str, Any] | None
    #: None: it was never read.
    base: bases.Base | None
    #: Of the records to which it refers, and of its own row.
    real_ids: RealIds

    @property
    def blocker(self) -> Edit | None:
        """The edit because of which nothing of the record is sent: it is held, or nobody knows
        whether its record exists already. None: the record can be sent.
        """
        edits = self.open.edits
        return next((e for e in edits if e.state == OutboxState.HELD or e.may_exist), None)

    @property
    def is_blocked(self) -> bool:
        """Whether nothing of the record can be sent now."""
        return self.blocker is not None

    @property
    def has_edits_to_send(self) -> bool:
        """Whether any of its open edits is neither parked nor held."""
        return any(e.state in TO_SEND_STATES for e in self.open.edits)

    @property
    def exists_as(self) -> int | None:
        """The record's id in ClickFunnels where the row doesn't have it yet; None: not known."""
        return self.real_ids.get((self.resource.name, self.record_id))

    @property
    def sent_before(self) -> list[Edit]:
        """Of an insert that may have arrived: the edits that its call sent."""
        if not is_provisional(self.record_id):
            return []
        if self.exists_as:
            return [e for e in self.open.edits if e.sent is not None]
        return [e for e in self.open.edits if e.state == OutboxState.SENDING]


def sent_together(record: EditedRecord) -> list[Edit]:
    """The edits to send as one: all; of an insert that may have arrived those of that call; a
    parked one only where a later one of the same field repairs it.
    """
    edits = record.open.edits
    if record.sent_before or is_provisional(record.record_id) or record.open.deleted:
        return record.sent_before or edits
    found: list[Edit] = []
    touched: set[str] = set()
    for edit in reversed(edits):
        if edit.state != OutboxState.PARKED or touched & edit.patch.keys():
            found.insert(0, edit)
            touched |= edit.patch.keys()
    return found


def by_statement(record: EditedRecord) -> list[list[Edit]]:
    """The edits to send one after the other, each with the parked ones that it repairs. What was
    deleted in the end is one statement: it gives up all that those before it would have.
    """
    if record.sent_before or record.open.deleted:
        return [sent_together(record)]
    found: list[list[Edit]] = []
    parked: list[Edit] = []
    for edit in sent_together(record):
        parked.append(edit)
        if edit.state != OutboxState.PARKED:
            found.append(parked)
            parked = []
    return found


def fold_statement(record: EditedRecord, statement: Sequence[Edit]) -> Claim:
    """The claim of one of `by_statement`, with the value that it gave to the upsert key. Where the
    row holds another value than the last statement gave, ClickFunnels has won a conflict: then the
    row's value counts.
    """
    key = record.resource.upsert_key or ""
    last = [e.given[key] for e in record.open.edits if key in e.given]
    given = [e.given[key] for e in statement if key in e.given]
    if record.row is None or not given or not _same(record, key, record.row[key], last[-1]):
        return fold(record, statement)
    return fold(record, statement, {key: given[-1]})


def fold(
    record: EditedRecord, edits: Sequence[Edit], instead: Mapping[str, Any] | None = None
) -> Claim:
    """The claim of some of a record's open edits, with values of the row replaced by `instead`."""
    resource, part = record.resource, OpenEdits(list(edits), record.open.held)
    base = bases.decode(resource, record.base) if record.base else None
    before = dict(base.values) if base else {}
    row, op = _row(record, part, instead or {}), _op(record.record_id, part)
    by_field = part.by_field if row and op != Op.DELETE else {}
    local = bases.in_stored_forms(resource, record.base, row, before)
    lacking = merge(
        resource, base=before, local=local, remote=before, edits=by_field, policy="local"
    ).send
    unsendable = _unsendable(record, lacking, by_field, base.noted if base else ())
    return Claim(
        resource=resource,
        record_id=record.record_id,
        listing=listing_of(resource, row),
        op=op,
        edits=tuple(edits),
        open_attempts={e.seq: e.attempts for e in record.open.edits},
        row=row,
        base=before,
        shown=base.converted if base else {},
        send={n: v for n, v in lacking.items() if n not in unsendable},
        unsendable={n: why for n, why in unsendable.items() if why},
        stored_forms={n: local[n] for n in by_field if local[n] is not row[n]},
        held=record.open.held,
        exists_as=record.exists_as,
        base_rev=record.base.rev if record.base else 0,
    )


def _op(record_id: int, part: OpenEdits) -> Op:
    if part.deleted:
        return Op.DELETE
    return Op.INSERT if is_provisional(record_id) and part.edits[0].op == Op.INSERT else Op.UPDATE


def _row(record: EditedRecord, part: OpenEdits, instead: Mapping[str, Any]) -> dict[str, Any]:
    if record.sent_before:
        values = _as_sent(part, record.row)
    elif record.row is None and part.deleted:  # what its trigger kept
        values = {name: pair[0] for name, pair in part.edits[-1].patch.items()}
    else:
        values = dict(record.row or {})
    return ids.with_real_ids(record.resource, {**values, **instead}, record.real_ids)


def _as_sent(part: OpenEdits, row: Mapping[str, Any] | None) -> dict[str, Any]:
    """An inserted row as its journalled call knew it: what was given up to then and no more."""
    given = {n: v for e in part.edits for n, v in e.given.items()}
    sent = {n: pair[1] for e in part.edits for n, pair in (e.sent or {}).items()}
    return dict.fromkeys(row or {}) | given | sent


def _unsendable(
    record: EditedRecord,
    send: Mapping[str, Any],
    by_field: Mapping[str, FieldEdit],
    noted: Sequence[str],
) -> dict[str, str]:
    """Fields that are not to be sent, and why. No reason: a field that ClickFunnels never shows and
    that a call of unknown outcome carried, which has arrived, as its other fields show.
    """
    found = {name: UNSEEN for name in send if name in noted}
    again = {n for n in send if _same(record, n, send[n], by_field[n].sent)}
    hidden = {n for n in again if not record.resource.by_name[n].shown}
    tells = {n for n, e in by_field.items() if e.sent is not ABSENT} - hidden
    if hidden and not again & tells:
        found |= dict.fromkeys(hidden, "" if tells else MAY_HAVE_ARRIVED)
    return found


def _same(record: EditedRecord, name: str, a: Any, b: Any) -> bool:
    return equal(record.resource.by_name[name], a, b)


def listing_of(resource: Resource, row: Mapping[str, Any]) -> Listing | None:
    """The list below which a row belongs; None while its parent is not given."""
    parent = row.get(resource.parent_field) if resource.parent_field else 0
    return None if parent is None else Listing(resource.name, parent, row.get("workspace_id"))
