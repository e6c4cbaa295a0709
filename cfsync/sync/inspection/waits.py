"""What a record waits for, and the command that helps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cfsync.config import Settings
from cfsync.errors import NO_CONNECTION
from cfsync.mirror.bookkeeping.conflicts import Conflict, ConflictKind
from cfsync.mirror.bookkeeping.outbox import OPEN_STATES, Edit, OutboxState
from cfsync.mirror.coordination import pauses
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.progress.runs import PassName
from cfsync.mirror.reports.provenance import KnownRecord
from cfsync.mirror.views.waiting import DRIFTED, INSERTED
from cfsync.sync.inspection.outage import reason


@dataclass(frozen=True, slots=True)
class Wait:
    """One thing that a record waits for."""

    text: str
    #: What helps or shows more; '': nothing is to be done.
    command: str

    def __str__(self) -> str:
        return f"{self.text}; {self.command}" if self.command else self.text


def why_unsent(tx: Tx, settings: Settings, name: str) -> Wait | None:
    """What keeps the edits of a resource from being sent; None where nothing does."""
    if off := settings.why_unsent(name):
        return Wait(off, "")
    if name in pauses.paused(tx):
        return Wait(f"the list {name} is paused", f"cfsync resume {name}")
    return None


def why_late(tx: Tx, settings: Settings, name: str) -> Wait | None:
    """As `why_unsent`, or why the last pass of a daemon could not send edits of a resource."""
    if found := why_unsent(tx, settings, name):
        return found
    for trouble in pauses.troubles(tx):
        is_push = (trouble.name, trouble.resource) == (PassName.PUSH, name)
        if is_push or NO_CONNECTION in trouble.text:
            return Wait(f"the last {trouble.name} failed: {reason(trouble)}", "")
    return None


def waits(known: KnownRecord, commands: Mapping[str, str], unsent: Wait | None) -> Iterator[Wait]:
    """`commands`: what helps, by state, as `cf_waiting` has it. `unsent`: what keeps its edits from
    being sent.
    """
    for conflict in known.conflicts:
        command = f"cfsync conflicts resolve {conflict.id}"
        yield Wait(f"conflict {conflict.id}: {_dispute(conflict)}", command)
    for edit in known.edits:
        if edit.state in OPEN_STATES:
            found = _waits_for(edit, unsent)
            helps = commands.get(edit.state, found.command)
            yield Wait(f"edit {edit.seq} ({edit.op}): {found.text}", helps)
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


def _waits_for(edit: Edit, unsent: Wait | None) -> Wait:
    listed = f"cfsync outbox list {edit.resource}"
    match edit.state:
        case OutboxState.PARKED:
            return Wait(f"parked: {edit.error}", listed)
        case OutboxState.HELD:
            return Wait(f"held: {edit.error}", listed)
        case OutboxState.SENDING:
            looks = unsent or Wait("the next push looks", "")
            return Wait(f"was sent, its outcome is not known yet; {looks.text}", looks.command)
    return unsent or Wait("waits for the next push", f"cfsync plan {edit.resource}")
