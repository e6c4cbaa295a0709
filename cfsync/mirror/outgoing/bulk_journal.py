"""The journal of bulk actions: calls that change a set, such as the tags, of many records at once.

A bulk carries edits of records that all gain and lose the same members, in an action for each
member. Its edits are journalled as being sent, like any; which of them went in which action is a
row of `cf_meta` until the records have been read again.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal, NamedTuple

import sqlalchemy as sa

from cfsync.mirror.bookkeeping import ids, open_edits
from cfsync.mirror.bookkeeping.outbox import AT_ONCE, OPEN_STATES, Op, OutboxState
from cfsync.mirror.db import statements
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import BASE, OUTBOX, TABLES
from cfsync.mirror.outgoing import claims, send_journal, unsent
from cfsync.mirror.outgoing.claims import Claim
from cfsync.mirror.progress import meta
from cfsync.records import PROVISIONAL_FROM, Record, is_provisional
from cfsync.resources import Field, Resource
from cfsync.times import later

OFF_FOR_S = 86_400.0
"""For so many seconds nothing is sent in bulk where ClickFunnels has refused it."""

Kind = Literal["add", "remove"]


class TurnedOff(NamedTuple):
    """Why nothing is sent in bulk in a workspace, and until when (canonical text)."""

    why: str
    until: str


class Change(NamedTuple):
    """What the records of a bulk gain and lose."""

    workspace_id: int
    added: tuple[int, ...]
    removed: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Action:
    """One call of a bulk, which adds or removes one member."""

    kind: Kind
    member: int
    #: The highest id of an action before the call; None: the call was not made.
    since: int | None = None
    #: Its id in ClickFunnels; None: not known.
    id: int | None = None
    #: It changes nothing any more.
    over: bool = False

    @property
    def is_open(self) -> bool:
        """Whether it was called and may still be at work."""
        return self.since is not None and not self.over


@dataclass(frozen=True, slots=True)
class Bulk:
    """Edits that go together, and how far their actions have come."""

    number: int
    resource: str
    field: str
    change: Change
    #: The number of the push that sends it.
    batch: int
    actions: tuple[Action, ...]
    record_ids: tuple[int, ...] = ()
    #: The numbers of its edits.
    seqs: tuple[int, ...] = ()
    #: When its first action was called, canonical text.
    called_at: str | None = None

    @property
    def is_over(self) -> bool:
        """Whether none of its actions can change anything any more."""
        return not any(action.is_open for action in self.actions)

    def with_action(self, action: Action) -> Bulk:
        """With one of its actions as it is now."""
        same = (action.kind, action.member)
        now = (action if (a.kind, a.member) == same else a for a in self.actions)
        return replace(self, actions=tuple(now))


def change_of(workspace_id: int, old: Collection[int], new: Collection[int]) -> Change:
    """The change from one set to another. Pure."""
    added, removed = set(new) - set(old), set(old) - set(new)
    return Change(workspace_id, tuple(sorted(added)), tuple(sorted(removed)))


def groups(
    tx: Tx, resource: Resource, field: Field, workspaces: Collection[int], at_least: int
) -> dict[Change, list[int]]:
    """Change -> the ids of the records whose unsent edits come to it and change nothing else, in
    the order of their edits; only where these are `at_least` so many.
    """
    mine = sa.and_(
        OUTBOX.c.state == OutboxState.PENDING,
        OUTBOX.c.op == Op.UPDATE,
        sa.cast(OUTBOX.c.patch, sa.Text).contains(f'"{field.name}"'),
    )
    others = sa.select(OUTBOX.c.record_id).where(
        OUTBOX.c.resource == resource.name, OUTBOX.c.state.in_(OPEN_STATES), sa.not_(mine)
    )
    query = (
        sa.select(OUTBOX.c.record_id, OUTBOX.c.workspace_id, OUTBOX.c.patch)
        .where(*unsent.where_to_send(resource, workspaces), mine)
        .where(OUTBOX.c.record_id < PROVISIONAL_FROM, OUTBOX.c.record_id.not_in(others))
        .order_by(OUTBOX.c.seq)
    )
    sides: dict[int, tuple[int, Any, Any]] = {}
    mixed: set[int] = set()
    for record_id, workspace_id, patch in tx.conn.execute(query):
        if patch.keys() != {field.name} or workspace_id is None:
            mixed.add(record_id)
            continue
        old, new = patch[field.name]
        first = sides.get(record_id)
        sides[record_id] = (workspace_id, first[1] if first else old, new)
    found: dict[Change, list[int]] = defaultdict(list)
    for record_id in sides.keys() - mixed if mixed else sides:
        workspace_id, old, new = sides[record_id]
        found[change_of(workspace_id, old or (), new or ())].append(record_id)
    return _large_enough(tx, field, found, at_least)


def _large_enough(
    tx: Tx, field: Field, found: dict[Change, list[int]], at_least: int
) -> dict[Change, list[int]]:
    """The groups of enough records, by real ids of the members."""
    large = {c: i for c, i in found.items() if len(i) >= at_least and (c.added or c.removed)}
    members = {m for c in large for m in (*c.added, *c.removed) if is_provisional(m)}
    real = ids.find_real_ids(tx, [(str(field.ref), member) for member in members])

    def of(given: Iterable[int]) -> tuple[int, ...]:
        return tuple(sorted(real.get((str(field.ref), m), m) for m in given))

    return {Change(c.workspace_id, of(c.added), of(c.removed)): i for c, i in large.items()}


def public_ids(tx: Tx, resource: str, record_ids: Sequence[int]) -> dict[int, str]:
    """Id -> public id, of those of these records that have one in the mirror."""
    found = statements.by_ids(tx, TABLES[resource], ["id", "public_id"], record_ids)
    return {record_id: public for record_id, public in found if public}


def begin(tx: Tx, resource: Resource, field: Field, change: Change, batch: int) -> Bulk:
    """A new bulk without records."""
    added = [Action("add", member) for member in change.added]
    removed = [Action("remove", member) for member in change.removed]
    number = meta.increment(tx.conn, meta.BULK_NUMBER)
    return Bulk(number, resource.name, field.name, change, batch, (*added, *removed))


def journal(
    tx: Tx,
    resource: Resource,
    bulk: Bulk,
    record_ids: Sequence[int],
    sendable: Callable[[Iterable[Claim]], list[Claim]],
) -> tuple[Bulk, list[Claim]]:
    """Claim records and mark their edits as being sent in a bulk; the bulk with them, and their
    claims. Left out is what comes to another change by now.
    """
    name = bulk.field
    found = [c for c in sendable(claims.claim(tx, resource, record_ids)) if _fits(c, bulk)]
    send_journal.journal_all(
        tx, [(c, {name: [c.base.get(name), c.send[name]]}) for c in found], bulk.batch
    )
    bulk = replace(
        bulk,
        record_ids=(*bulk.record_ids, *(c.record_id for c in found)),
        seqs=(*bulk.seqs, *(seq for c in found for seq in c.seqs)),
    )
    save(tx, bulk)
    return bulk, found


def _fits(claim: Claim, bulk: Bulk) -> bool:
    """Whether a bulk sends all that the claim does."""
    name, workspace_id = bulk.field, bulk.change.workspace_id
    if claim.op != Op.UPDATE or claim.unknown or claim.unsendable or claim.held:
        return False
    if claim.send.keys() != {name} or len(claim.edits) != len(claim.open_attempts):
        return False
    sides = claim.base.get(name) or (), claim.send[name] or ()
    return change_of(workspace_id, *sides) == bulk.change


def call(tx: Tx, bulk: Bulk, action: Action, since: int) -> Bulk:
    """Journal that an action is about to be called. `since`: the highest id of one so far."""
    called = bulk.with_action(replace(action, since=since))
    called = replace(called, called_at=bulk.called_at or tx.now)
    save(tx, called)
    return called


def save(tx: Tx, bulk: Bulk) -> None:
    """Write a bulk to the journal."""
    values = {f.name: getattr(bulk, f.name) for f in fields(bulk)}  # `asdict` copies each number
    meta.put(tx.conn, f"{meta.BULK}{bulk.number}", json.dumps(values, default=asdict))


def find(tx: Tx, resource: Resource) -> list[Bulk]:
    """The bulks of a resource that are not settled, in their order."""
    found = [_of_text(text) for text in meta.with_prefix(tx.conn, meta.BULK).values()]
    return sorted((b for b in found if b.resource == resource.name), key=lambda b: b.number)


def _of_text(text: str) -> Bulk:
    read = json.loads(text)
    workspace_id, added, removed = read.pop("change")
    actions = tuple(Action(**action) for action in read.pop("actions"))
    record_ids, seqs = tuple(read.pop("record_ids")), tuple(read.pop("seqs"))
    change = Change(workspace_id, tuple(added), tuple(removed))
    return Bulk(**read, change=change, actions=actions, record_ids=record_ids, seqs=seqs)


def forget(tx: Tx, bulk: Bulk) -> None:
    """Delete a bulk from the journal. Edits that it leaves open are of unknown outcome."""
    meta.delete(tx.conn, f"{meta.BULK}{bulk.number}")


def release(tx: Tx, bulk: Bulk) -> None:
    """Delete a bulk none of whose actions has changed anything: its edits are to be sent again."""
    _put_back(tx, bulk.seqs)
    forget(tx, bulk)


def leave_out(tx: Tx, resource: Resource, bulk: Bulk, record_ids: Collection[int]) -> Bulk:
    """The bulk without some records, whose edits are to be sent again."""
    found = statements.by_ids(tx, OUTBOX, ["seq"], sorted(record_ids), resource=resource.name)
    seqs = {seq for (seq,) in found}.intersection(bulk.seqs)
    _put_back(tx, sorted(seqs))
    ids_left = tuple(i for i in bulk.record_ids if i not in record_ids)
    bulk = replace(bulk, record_ids=ids_left, seqs=tuple(s for s in bulk.seqs if s not in seqs))
    save(tx, bulk)
    return bulk


def _put_back(tx: Tx, seqs: Sequence[int]) -> None:
    for start in range(0, len(seqs), AT_ONCE):
        some = OUTBOX.c.seq.in_(seqs[start : start + AT_ONCE])
        sending = sa.update(OUTBOX).where(some, OUTBOX.c.state == OutboxState.SENDING)
        tx.conn.execute(sending.values(state=OutboxState.PENDING, error=None))


def settle(
    tx: Tx, resource: Resource, bulk: Bulk, records: Sequence[Record], rev_before: int
) -> dict[int, list[int]]:
    """Mark the edits of a bulk as done whose records, as they were just read, show what they want,
    before the records are written; record id -> their numbers. The others stay of unknown outcome,
    as do those whose row somebody holds, or was read again since the highest `cf_rev` was
    `rev_before`.
    """
    shown = [r.id for r in records if _shows(r, bulk)]
    busy = statements.lock(tx, TABLES[resource.name], shown)
    revs = statements.by_ids(tx, BASE, ["id", "rev"], shown, resource=resource.name)
    newer = {record_id for record_id, rev in revs if rev > rev_before}
    free = [i for i in shown if i not in busy and i not in newer]
    mine, found = set(bulk.seqs), dict[int, list[int]]()
    for record_id, there in open_edits.load(tx, resource, free).items():
        if there.edits and not there.held and mine.issuperset(e.seq for e in there.edits):
            found[record_id] = [e.seq for e in there.edits]
    send_journal.close(tx, [seq for seqs in found.values() for seq in seqs], OutboxState.DONE)
    return found


def _shows(record: Record, bulk: Bulk) -> bool:
    """Whether a record has all members that a bulk adds and none that it removes. Pure."""
    has = set(record.values.get(bulk.field) or ())
    return has.issuperset(bulk.change.added) and has.isdisjoint(bulk.change.removed)


def turn_off(tx: Tx, resource: Resource, workspace_id: int, why: str) -> None:
    """Note that a workspace refuses bulk actions, or doesn't do what they say."""
    text = json.dumps({"at": tx.now, "why": why})
    meta.put(tx.conn, f"{meta.BULK_OFF}{resource.name}/{workspace_id}", text)


def turned_off(tx: Tx, resource: Resource) -> dict[int, TurnedOff]:
    """Workspace id -> why nothing is sent in bulk there for now, and until when."""
    found = meta.with_prefix(tx.conn, f"{meta.BULK_OFF}{resource.name}/")
    notes = {int(workspace): json.loads(text) for workspace, text in found.items()}
    off = {w: TurnedOff(note["why"], later(note["at"], OFF_FOR_S)) for w, note in notes.items()}
    return {workspace: it for workspace, it in off.items() if it.until > tx.now}
