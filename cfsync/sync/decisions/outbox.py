"""Lists the edits that wait, and approves, retries or discards them as a person decides."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from cfsync.errors import UsageError
from cfsync.mirror.bookkeeping import conflicts, decided, imports, outbox
from cfsync.mirror.bookkeeping.outbox import OPEN_STATES, Edit, Op, OutboxState
from cfsync.mirror.bookkeeping.reasons import UNKNOWN
from cfsync.mirror.db import clock
from cfsync.mirror.db.engine import Mirror, Tx
from cfsync.mirror.db.errors import Constrained
from cfsync.mirror.user_decisions import discard as discards
from cfsync.mirror.user_decisions import waiting_edits
from cfsync.resources import named
from cfsync.sync.decisions import decision_log
from cfsync.sync.selection import NOT_GIVEN, Filter, Selection, select, workspace_id

Confirm = Callable[[Sequence[Edit]], None]


def agree(_: Sequence[Edit]) -> None:
    """Confirm whatever is shown."""


Verb = Literal["approve", "retry", "discard"]


async def waiting(
    mirror: Mirror, names: Sequence[str] = (), *, state: str | None = None
) -> list[Edit]:
    """The edits in a state, of the resources named or of all. None means all open states.

    Raises UnknownResource, and UsageError for an unknown state.
    """
    if state is not None and state not in tuple(OutboxState):
        raise UsageError(f"there is no state {state!r}; choose from {', '.join(OutboxState)}")
    states = OPEN_STATES if state is None else (OutboxState(state),)
    resources = [named(name).name for name in names]
    return await mirror.read(outbox.find, states=states, resources=resources)


async def approve(
    mirror: Mirror,
    which: Sequence[str] = (),
    given: Filter = NOT_GIVEN,
    *,
    confirm: Confirm = agree,
) -> list[Edit]:
    """Release held edits: by number, or all updates and deletes that fit what is given.

    Inserts, and deletes that are in conflict, are released by number only. Edits that nobody has
    named are shown to `confirm` first, which raises an error to stop. Returns the edits. Raises
    UnknownResource, and UsageError if no held edit is meant.
    """
    edits = await _decide(mirror, which, given, _APPROVE, confirm)
    decision_log.edits("approved", edits)
    return edits


async def retry(
    mirror: Mirror,
    which: Sequence[str] = (),
    given: Filter = NOT_GIVEN,
    *,
    make_another: bool = False,
    confirm: Confirm = agree,
) -> list[Edit]:
    """As `approve`, but make parked edits pending again. Inserts that may have arrived are retried
    by number only, and only with `make_another`.
    """
    by_number = partial(waiting_edits.retry, make_another=make_another)
    edits = await _decide(mirror, which, given, replace(_RETRY, by_number=by_number), confirm)
    decision_log.edits("retried", edits)
    return edits


async def discard(
    mirror: Mirror,
    which: Sequence[str] = (),
    given: Filter = NOT_GIVEN,
    *,
    confirm: Confirm = agree,
) -> list[Edit]:
    """As `approve`, but discard edits that wait; the mirror shows ClickFunnels' values again. Edits
    of records that ClickFunnels has deleted are decided with their conflict.
    """
    edits = await _decide(mirror, which, given, _DISCARD, confirm)
    decision_log.edits("discarded", edits)
    return edits


@dataclass(frozen=True, slots=True)
class Decided:
    """What has become of several edits."""

    done: list[Edit]
    #: The number of each edit that could not be decided -> why.
    refused: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class _Decision:
    """What a person may decide about the edits in some states."""

    states: Sequence[OutboxState]
    #: How an edit that can be decided is called.
    wanted: str
    #: What they are then.
    done: Literal["approved", "retried", "discarded"]
    #: Decide the edits with these numbers.
    by_number: Callable[[Tx, Collection[int]], list[Edit]]
    #: Whether an edit may be decided about without being named.
    in_bulk: Callable[[Edit], bool]
    #: How many in one transaction.
    at_once: int = outbox.AT_ONCE

    def decide(self, tx: Tx, seqs: Collection[int]) -> list[Edit]:
        """Decide edits, and note who did it; returns all that were decided."""
        found = self.by_number(tx, seqs)
        decided.edits(tx, self.done, [edit.seq for edit in found])
        return found


_APPROVE = _Decision(
    (OutboxState.HELD,),
    "held",
    "approved",
    waiting_edits.approve,
    lambda edit: edit.op != Op.INSERT,
)
_RETRY = _Decision(
    (OutboxState.PARKED,),
    "parked",
    "retried",
    waiting_edits.retry,
    lambda edit: not (edit.error or "").startswith(UNKNOWN),
)
_DISCARD = _Decision(
    discards.DISCARDABLE, "to be sent", "discarded", discards.discard, lambda _: True, 100
)

_SHOWN: Mapping[Verb, _Decision] = {"approve": _APPROVE, "retry": _RETRY, "discard": _DISCARD}


async def decide_shown(mirror: Mirror, verb: Verb, seqs: Sequence[int]) -> Decided:
    """Decide those of some edits, which a person has been shown, that still wait. One that can't be
    decided keeps no other from it. A call that may have arrived is not retried with others.
    """
    decision = _SHOWN[verb]
    is_bulk_retry = verb == "retry" and len(seqs) > 1
    in_bulk = _is_sure if is_bulk_retry else lambda _: True
    found = await _decide_in_parts(mirror, Selection(), replace(decision, in_bulk=in_bulk), seqs)
    decision_log.edits(decision.done, found.done)
    if is_bulk_retry:
        unsure = await mirror.read(_unsure, seqs)
        return replace(found, refused={**dict.fromkeys(unsure, _UNSURE), **found.refused})
    return found


_UNSURE = "it may have arrived; look in ClickFunnels, then press the Retry of each one"


def _is_sure(edit: Edit) -> bool:
    """Whether an edit can be retried with others. Inserts are refused with their own reason."""
    return _RETRY.in_bulk(edit) or edit.may_exist


def _unsure(tx: Tx, seqs: Sequence[int]) -> list[int]:
    """The numbers of those of the edits that wait to be retried one by one."""
    decision = replace(_RETRY, in_bulk=lambda edit: not _is_sure(edit))
    found: list[Edit] = []
    for start in range(0, len(seqs), decision.at_once):
        found += _choose(tx, Selection(), decision, seqs[start : start + decision.at_once])
    return [edit.seq for edit in found]


async def _decide(
    mirror: Mirror,
    which: Sequence[str],
    given: Filter,
    decision: _Decision,
    confirm: Confirm,
) -> list[Edit]:
    now = await mirror.read(clock.now)
    selection = select(which, given, now, noun="an edit", listed="cfsync outbox list")
    if selection.numbers:
        return await mirror.write(decision.decide, selection.numbers)
    chosen = await mirror.read(_choose, selection, decision)
    if not chosen:
        left = await mirror.read(_choose, selection, replace(decision, in_bulk=lambda _: True))
        said = _nothing_chosen(selection, decision, left)
        if decision is _APPROVE and not left:
            pending = replace(decision, states=(OutboxState.PENDING,))
            said += _not_held_yet(await mirror.read(_choose, selection, pending))
        raise UsageError(said)
    confirm(chosen)
    found = await _decide_in_parts(mirror, selection, decision, [edit.seq for edit in chosen])
    for seq, words in found.refused.items():
        settled, others = len(found.done), len(found.refused)
        raise UsageError(f"{settled} edits are settled, and {others} not: {seq}: {words}")
    return found.done


async def _decide_in_parts(
    mirror: Mirror, selection: Selection, decision: _Decision, seqs: Sequence[int]
) -> Decided:
    """Decide edits, part by part, whatever becomes of some of them."""
    done: list[Edit] = []
    refused: dict[int, str] = {}
    for start in range(0, len(seqs), decision.at_once):
        part = set(seqs[start : start + decision.at_once])
        try:
            done += await mirror.write(_decide_still, selection, decision, part)
        except (Constrained, UsageError):
            done += await _decide_singly(mirror, selection, decision, part, refused)
    return Decided(done, refused)


def _not_held_yet(edits: Sequence[Edit]) -> str:
    """A plan names a mass, and how to approve it, before a push has held it. Pure."""
    said = f": {len(edits)} to be sent; the next push holds what is many at once"
    return said if edits else ""


def _nothing_chosen(selection: Selection, decision: _Decision, left: Sequence[Edit]) -> str:
    """Why there is nothing to decide. `left`: the edits that are decided by number only. Pure."""
    what = f" of {selection.resource}" if selection.resource else ""
    if selection.imported is not None:
        what += f" of import {selection.imported}"
    if not left:
        return f"no edit{what} waits {decision.wanted}"
    no_edit = f"no edit{what} waits {decision.wanted} but"
    inserts = [e for e in left if e.may_exist]
    if not inserts:
        return f"{no_edit} {len(left)} to be named by number: see cfsync outbox list"
    seq = inserts[0].seq
    return (
        f"{no_edit} {len(inserts)} that may have arrived: give each the record it is (cfsync outbox"
        f" adopt {seq} ID), or create another (cfsync outbox retry {seq} --make-another)"
    )


async def _decide_singly(
    mirror: Mirror,
    selection: Selection,
    decision: _Decision,
    seqs: Collection[int],
    refused: dict[int, str],
) -> list[Edit]:
    """Decide edits one by one, as long as that helps: what is in the way of one may go with
    another. Adds to `refused` those that can't be decided, such as where a constraint or trigger of
    the user's refuses the row.
    """
    done: list[Edit] = []
    left, before = dict.fromkeys(sorted(seqs), ""), 0
    while len(left) != before:
        before = len(left)
        for seq in list(left):
            try:
                done += await mirror.write(_decide_still, selection, decision, {seq})
                del left[seq]
            except (Constrained, UsageError) as error:
                left[seq] = str(error)
    refused |= left
    return done


def _choose(
    tx: Tx, selection: Selection, decision: _Decision, seqs: Collection[int] | None = None
) -> list[Edit]:
    """The edits that a selection means (of those with the numbers `seqs`, where given), without
    those of records that are in conflict as a whole: that conflict decides about them.
    """
    about = conflicts.find(tx, resources=selection.resources)
    in_conflict = {(c.resource, c.record_id) for c in about if c.is_about_record}
    workspace = workspace_id(tx, selection.workspace)
    found = outbox.find(tx, states=decision.states, resources=selection.resources, seqs=seqs)
    return [
        edit
        for edit in found
        if selection.fits(edit.fields, edit.captured_at)
        and workspace in (None, edit.workspace_id)
        and selection.imported in (None, imports.number_of(edit))
        and decision.in_bulk(edit)
        and (edit.resource, edit.record_id) not in in_conflict
    ]


def _decide_still(
    tx: Tx, selection: Selection, decision: _Decision, seqs: Collection[int]
) -> list[Edit]:
    """Decide those of the edits that have not moved on since they were shown."""
    still = [edit.seq for edit in _choose(tx, selection, decision, seqs)]
    return decision.decide(tx, still) if still else []
