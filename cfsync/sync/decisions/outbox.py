"""Lists the edits that wait, and approves, retries or discards them as a person decides."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Literal

from cfsync.errors import UsageError
from cfsync.mirror.bookkeeping import outbox
from cfsync.mirror.bookkeeping.outbox import OPEN_STATES, Edit, Op, OutboxState
from cfsync.mirror.bookkeeping.reasons import UNKNOWN
from cfsync.mirror.db import clock
from cfsync.mirror.db.engine import Mirror, Tx
from cfsync.mirror.row_progress import RowProgress, untold
from cfsync.mirror.user_decisions import discard as discards
from cfsync.mirror.user_decisions import waiting_edits
from cfsync.resources import named
from cfsync.sync.decisions import decision_log
from cfsync.sync.decisions.edit_decisions import Decided, Decision, choose, decide_in_parts
from cfsync.sync.selection import NOT_GIVEN, Filter, Selection, select

Confirm = Callable[[Sequence[Edit]], None]


def agree(_: Sequence[object]) -> None:
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
    progress: RowProgress = untold,
) -> list[Edit]:
    """Release held edits: by number, or all updates and deletes that fit what is given.

    Inserts, and deletes that are in conflict, are released by number only. Edits that nobody has
    named are shown to `confirm` first, which raises an error to stop; those with numbers before the
    commit. `progress` is told how far it is. Returns the edits, many of them without their values.
    Raises UnknownResource, and UsageError if no held edit is meant.
    """
    edits = await _decide(mirror, which, given, _APPROVE, confirm, progress)
    decision_log.edits("approved", edits)
    return edits


async def retry(
    mirror: Mirror,
    which: Sequence[str] = (),
    given: Filter = NOT_GIVEN,
    *,
    make_another: bool = False,
    confirm: Confirm = agree,
    progress: RowProgress = untold,
) -> list[Edit]:
    """As `approve`, but make parked edits pending again. Inserts that may have arrived are retried
    by number only, and only with `make_another`.
    """
    by_number = partial(waiting_edits.retry, make_another=make_another)
    decision = replace(_RETRY, by_number=by_number)
    edits = await _decide(mirror, which, given, decision, confirm, progress)
    decision_log.edits("retried", edits)
    return edits


async def discard(
    mirror: Mirror,
    which: Sequence[str] = (),
    given: Filter = NOT_GIVEN,
    *,
    confirm: Confirm = agree,
    progress: RowProgress = untold,
) -> list[Edit]:
    """As `approve`, but discard edits that wait; the mirror shows ClickFunnels' values again. Edits
    of records that ClickFunnels has deleted are decided with their conflict.
    """
    edits = await _decide(mirror, which, given, _DISCARD, confirm, progress)
    decision_log.edits("discarded", edits)
    return edits


_APPROVE = Decision(
    (OutboxState.HELD,),
    "held",
    "approved",
    waiting_edits.approve,
    lambda edit: edit.op != Op.INSERT,
)
_RETRY = Decision(
    (OutboxState.PARKED,),
    "parked",
    "retried",
    waiting_edits.retry,
    lambda edit: not (edit.error or "").startswith(UNKNOWN),
)
_DISCARD = Decision(
    discards.DISCARDABLE, "to be sent", "discarded", discards.discard, lambda _: True, 100
)

_SHOWN: Mapping[Verb, Decision] = {"approve": _APPROVE, "retry": _RETRY, "discard": _DISCARD}


async def decide_shown(mirror: Mirror, verb: Verb, seqs: Sequence[int]) -> Decided:
    """Decide those of some edits, which a person has been shown, that still wait. One that can't be
    decided keeps no other from it. A call that may have arrived is not retried with others.
    """
    decision = _SHOWN[verb]
    is_bulk_retry = verb == "retry" and len(seqs) > 1
    in_bulk = _is_sure if is_bulk_retry else lambda _: True
    found = await decide_in_parts(mirror, Selection(), replace(decision, in_bulk=in_bulk), seqs)
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
        found += choose(tx, Selection(), decision, seqs[start : start + decision.at_once])
    return [edit.seq for edit in found]


async def _decide(
    mirror: Mirror,
    which: Sequence[str],
    given: Filter,
    decision: Decision,
    confirm: Confirm,
    progress: RowProgress,
) -> list[Edit]:
    now = await mirror.read(clock.now)
    selection = select(which, given, now, noun="an edit", listed="cfsync outbox list")
    if selection.numbers:
        return await mirror.write(_decide_named, decision, selection.numbers, confirm)
    chosen = await mirror.read(choose, selection, decision)
    if not chosen:
        left = await mirror.read(choose, selection, replace(decision, in_bulk=lambda _: True))
        said = _nothing_chosen(selection, decision, left)
        if decision is _APPROVE and not left:
            pending = replace(decision, states=(OutboxState.PENDING,))
            said += _not_held_yet(await mirror.read(choose, selection, pending))
        raise UsageError(said)
    confirm(chosen)
    seqs = [edit.seq for edit in chosen]
    del chosen
    found = await decide_in_parts(mirror, selection, decision, seqs, progress)
    for seq, words in found.refused.items():
        settled, others = len(found.done), len(found.refused)
        raise UsageError(f"{settled} edits are settled, and {others} not: {seq}: {words}")
    return found.done


def _decide_named(
    tx: Tx, decision: Decision, seqs: Collection[int], before_commit: Confirm
) -> list[Edit]:
    found = decision.decide(tx, seqs)
    before_commit(found)
    return found


def _not_held_yet(edits: Sequence[Edit]) -> str:
    """A plan names a mass, and how to approve it, before a push has held it. Pure."""
    said = f": {len(edits)} to be sent; the next push holds what is many at once"
    return said if edits else ""


def _nothing_chosen(selection: Selection, decision: Decision, left: Sequence[Edit]) -> str:
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
