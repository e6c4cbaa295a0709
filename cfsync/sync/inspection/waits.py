"""What a record waits for, and the command that helps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cfsync.mirror.bookkeeping.conflicts import Conflict, ConflictKind
from cfsync.mirror.bookkeeping.outbox import OPEN_STATES, Edit, OutboxState
from cfsync.mirror.reports.provenance import KnownRecord
from cfsync.mirror.views.waiting import DRIFTED, INSERTED


@dataclass(frozen=True, slots=True)
class Wait:
    """One thing that a record waits for."""

    text: str
    #: What helps or shows more; '': nothing is to be done.
    command: str

    def __str__(self) -> str:
        return f"{self.text}; {self.command}" if self.command else self.text


def waits(known: KnownRecord, commands: Mapping[str, str], *, unsent: str) -> Iterator[Wait]:
    """`commands`: what helps, by state, as `cf_waiting` has it. `unsent`: why edits of it are not
    sent; '' where they are.
    """
    for conflict in known.conflicts:
        command = f"cfsync conflicts resolve {conflict.id}"
        yield Wait(f"conflict {conflict.id}: {_dispute(conflict)}", command)
    for edit in known.edits:
        if edit.state in OPEN_STATES:
            text, command = _waits_for(edit, unsent)
            helps = commands.get(edit.state, command)
            yield Wait(f"edit {edit.seq} ({edit.op}): {text}", helps)
    for resource, local_id in known.unsent:
        text = f"{resource} {local_id}, to which it refers, is not in ClickFunnels yet"
        yield Wait(text, "")


def _dispute(conflict: Conflict) -> str:
    texts = {
        ConflictKind.CHANGED: f"{conflict.field} was changed on both sides",
        ConflictKind.DRIFT: f"{conflict.field} was {DRIFTED}" if conflict.field else INSERTED,
        ConflictKind.DELETED_REMOTELY: "deleted in ClickFunnels while it was edited here",
        ConflictKind.DELETED_HERE: "changed in ClickFunnels since it was deleted here",
    }
    return texts[conflict.kind]


def _waits_for(edit: Edit, unsent: str) -> tuple[str, str]:
    """Why, and the command."""
    listed = f"cfsync outbox list {edit.resource}"
    match edit.state:
        case OutboxState.PARKED:
            return f"parked: {edit.error}", listed
        case OutboxState.HELD:
            return f"held: {edit.error}", listed
        case OutboxState.SENDING:
            return "was sent, its outcome is not known yet; the next push looks", ""
        case _ if unsent:
            return unsent, ""
        case _:
            return "waits for the next push", f"cfsync plan {edit.resource}"
