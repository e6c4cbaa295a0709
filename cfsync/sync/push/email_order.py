"""Groups of edits that share an email, which must be sent in the order they were made. Pure.

In a workspace of ClickFunnels an email belongs to one contact. If one contact gives up an email and
another takes it, the two calls must be made in that order, also where the statements were made in
the other one: who merges two contacts may update the one before he deletes the other. All other
edits can be folded, and sent concurrently.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cfsync.mirror.bookkeeping.outbox import Edit, Op, OutboxState
from cfsync.mirror.outgoing.claims import Claim
from cfsync.resources import Resource
from cfsync.sync.push.calls import calls_of
from cfsync.values import equal


@dataclass(frozen=True, slots=True)
class EmailChange:
    """One open row of the outbox that gives up or takes a key value (an email, lower case)."""

    seq: int
    record_id: int
    workspace_id: int | None
    values: tuple[str, ...]


def email_groups(touches: Iterable[EmailChange]) -> list[list[int]]:
    """Groups of record ids, two or more in each, that share an email through their edits."""
    owner: dict[int, int] = {}

    def find(record: int) -> int:
        while owner.setdefault(record, record) != record:
            owner[record] = owner[owner[record]]
            record = owner[record]
        return record

    first: dict[tuple[int | None, str], int] = {}
    for touch in touches:
        for value in touch.values:
            other = first.setdefault((touch.workspace_id, value), touch.record_id)
            owner[find(touch.record_id)] = find(other)
    groups: dict[int, list[int]] = defaultdict(list)
    for record in owner:
        groups[find(record)].append(record)
    return [sorted(g) for g in groups.values() if len(g) > 1]


@dataclass(frozen=True, slots=True)
class Step:
    """One statement about a record of a group; its emails are in lower case."""

    record_id: int
    #: The numbers of its edits.
    seqs: tuple[int, ...]
    #: The email that it takes: one or none.
    takes: frozenset[str] = frozenset()
    #: Emails that it gives up.
    gives: frozenset[str] = frozenset()
    #: The email that its record has in ClickFunnels: one or none.
    had: frozenset[str] = frozenset()


def step_of(claim: Claim) -> Step:
    """The step of a claim of one statement."""
    key = claim.resource.upsert_key or ""
    pairs = [e.patch[key] for e in claim.edits if key in e.patch]
    had = _lower(claim.base.get(key))
    if claim.op == Op.DELETE:
        return Step(
            claim.record_id, claim.seqs, gives=had | _lower(*(p[0] for p in pairs)), had=had
        )
    takes = _lower(pairs[-1][1]) if pairs else frozenset()
    gives = _lower(*(p[0] for p in pairs)) - takes
    return Step(claim.record_id, claim.seqs, takes, gives, had)


def _lower(*values: str | None) -> frozenset[str]:
    return frozenset(v.lower() for v in values if v)


def release_first(steps: Iterable[Step]) -> list[Step]:
    """The steps in the order in which they were made, except that a record gives up the email which
    it has in ClickFunnels before another one takes it.
    """
    left, found = list(steps), []
    while left:
        ready = (i for i in range(len(left)) if not _must_wait(left, i))
        found.append(left.pop(next(ready, 0)))  # those that wait for each other: as they were made
    return found


def _must_wait(left: Sequence[Step], place: int) -> bool:
    step, before, behind = left[place], left[:place], left[place + 1 :]
    return any(s.record_id == step.record_id or s.gives & step.takes for s in before) or any(
        s.record_id != step.record_id and s.gives & s.had & step.takes for s in behind
    )


def without_new_keys(claims: Iterable[Claim], seen: Collection[int]) -> list[Claim]:
    """Those to whose upsert key nothing was done since the push began, or the groups were made:
    with which others such an edit shares it, and in which order they go, is for the next push to
    see. `seen`: the edits that waited then.
    """

    def is_new(edit: Edit) -> bool:
        return edit.seq not in seen and edit.state == OutboxState.PENDING

    return [
        c
        for c in claims
        if not any(is_new(e) and c.resource.upsert_key in e.given for e in c.edits)
    ]


def waits_for(seq: int, resource: Resource) -> str:
    """The reason of edits behind one that can't be sent."""
    return f"waits for edit {seq}, which touches the same {resource.upsert_key}"


def in_turn(claims: Iterable[Claim]) -> Iterator[tuple[Claim, bool]]:
    """The claims of a group in their order, each as it will be when those before it are sent, and
    whether it is the first about its record: a statement sends the row's values as they are now,
    so that those behind it have less to send.
    """
    sent: dict[int, dict[str, Any]] = {}
    for claim in claims:
        is_first = claim.record_id not in sent
        before = sent.setdefault(claim.record_id, {})
        then = claim if is_first or claim.op != Op.UPDATE else _behind(claim, before)
        yield then, is_first
        before |= {n: pair[1] for call in calls_of(then) for n, pair in call.fields.items()}


def _behind(claim: Claim, sent: Mapping[str, Any]) -> Claim:
    base = {**claim.base, **sent}
    again = {n for edit in claim.edits for n in edit.given if n in sent and n in claim.row}
    again -= claim.held | claim.unsendable.keys()
    wanted = {**claim.send, **{n: claim.row[n] for n in again}}
    by_name = claim.resource.by_name
    lacking = {n: v for n, v in wanted.items() if not equal(by_name[n], v, base.get(n))}
    return replace(claim, base=base, send=lacking)
