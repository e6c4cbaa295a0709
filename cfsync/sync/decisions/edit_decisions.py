"""Decides about many edits, a part of them in each transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from cfsync.errors import UsageError
from cfsync.mirror.bookkeeping import brief_edits, conflicts, decided, imports, outbox
from cfsync.mirror.bookkeeping.brief_edits import brief
from cfsync.mirror.bookkeeping.outbox import Edit, OutboxState
from cfsync.mirror.db.engine import Mirror, Tx
from cfsync.mirror.db.errors import is_about_row
from cfsync.mirror.row_progress import RowProgress, untold
from cfsync.sync.selection import Selection, workspace_id

SHOWN = 10
"""Edits of which a person may be shown the values."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What has become of several edits."""

    done: list[Edit]
    #: The number of each edit that could not be decided -> why.
    refused: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Decision:
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


async def decide_in_parts(
    mirror: Mirror,
    selection: Selection,
    decision: Decision,
    seqs: Sequence[int],
    progress: RowProgress = untold,
) -> Decided:
    """Decide edits, part by part, whatever becomes of some of them. Returns those that are decided
    without their values.
    """
    done: list[Edit] = []
    refused: dict[int, str] = {}
    for start in range(0, len(seqs), decision.at_once):
        part = set(seqs[start : start + decision.at_once])
        try:
            settled = await mirror.write(_decide_still, selection, decision, part)
        except UsageError as error:
            if not is_about_row(error):
                raise
            settled = await _decide_singly(mirror, selection, decision, part, refused)
        done += map(brief, settled)
        progress("edits", min(start + decision.at_once, len(seqs)), len(seqs))
    return Decided(done, refused)


async def _decide_singly(
    mirror: Mirror,
    selection: Selection,
    decision: Decision,
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
            except UsageError as error:
                if not is_about_row(error):
                    raise
                left[seq] = str(error)
    refused |= left
    return done


def choose(
    tx: Tx, selection: Selection, decision: Decision, seqs: Collection[int] | None = None
) -> list[Edit]:
    """The edits that a selection means (of those with the numbers `seqs`, where given), without
    those of records that are in conflict as a whole: that conflict decides about them. All but the
    first few are without their values.
    """
    about = conflicts.find(tx, resources=selection.resources)
    in_conflict = {(c.resource, c.record_id) for c in about if c.is_about_record}
    workspace = workspace_id(tx, selection.workspace)
    edits = brief_edits.each(tx, states=decision.states, resources=selection.resources, seqs=seqs)
    found: list[Edit] = []
    for edit in edits:
        if (
            selection.fits(edit.fields, edit.captured_at)
            and workspace in (None, edit.workspace_id)
            and selection.imported in (None, imports.number_of(edit))
            and decision.in_bulk(edit)
            and (edit.resource, edit.record_id) not in in_conflict
        ):
            found.append(edit if len(found) < SHOWN else brief(edit))
    return found


def _decide_still(
    tx: Tx, selection: Selection, decision: Decision, seqs: Collection[int]
) -> list[Edit]:
    """Decide those of the edits that have not moved on since they were shown."""
    still = [edit.seq for edit in choose(tx, selection, decision, seqs)]
    return decision.decide(tx, still) if still else []
