"""Explains a record: where each of its values comes from, and what it waits for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from cfsync.config import Settings
from cfsync.errors import UsageError
from cfsync.mirror.bookkeeping.conflicts import Conflict
from cfsync.mirror.bookkeeping.outbox import OPEN_STATES, Edit, Op, OutboxState
from cfsync.mirror.bookkeeping.tombstones import Cause, Side, TombstoneState
from cfsync.mirror.db.engine import Mirror, Tx
from cfsync.mirror.reports import decisions, history, provenance, related, status
from cfsync.mirror.reports.decisions import Decision
from cfsync.mirror.reports.provenance import KnownRecord
from cfsync.records import is_provisional
from cfsync.resources import Field, Resource, named
from cfsync.sync.inspection.waits import Wait, waits, why_late
from cfsync.values import equal

Source = Literal["ClickFunnels", "edit", "copy", "path", "drift"]
"""Where a value comes from. edit: it was changed in the mirror and is not confirmed. copy: it is a
copy of another record's value. path: it is the parent or workspace that lists the record. drift: it
was changed here while edits were not captured.
"""
CHANGES_SHOWN = 10
"""How many of the last changes are shown."""
SEVERAL = 5
"""How many records of the same name are named."""
ENDED_SHOWN = 10
"""How many edits that have ended are shown."""
DECISIONS_SHOWN = 10
"""How many decisions are shown."""
State = Literal["mirrored", "unsent", "deleted here", "gone", "hidden"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the value of one field comes from."""

    field: str
    value: Any
    source: Source
    #: ClickFunnels' value, as last read.
    remote: Any
    #: The numbers of its open edits.
    edits: list[int]
    #: The last push that wrote it; None if none has.
    batch: int | None
    #: The numbers of its open conflicts.
    conflicts: list[int]


@dataclass(frozen=True, slots=True)
class Deletion:
    """How a record came to be gone."""

    side: Side
    cause: Cause
    #: When the row was deleted here, or when the record was first missing in ClickFunnels.
    at: str
    #: When it was proved to be gone from ClickFunnels; None: it isn't, or was never there.
    confirmed_at: str | None
    #: The number of the delete; None: it was not deleted here, or that is forgotten.
    edit: int | None = None
    #: Who deleted it here, if the database knows.
    author: str | None = None
    #: The push that sent the delete.
    batch: int | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """What the mirror knows of one record."""

    resource: str
    id: int
    #: The provisional id that its row had before; None if it was not inserted in the mirror.
    local_id: int | None
    state: State
    #: How it came to be gone; None if its row is in the mirror.
    deletion: Deletion | None
    #: The lane that last read it; None if it was never read.
    lane: str | None
    #: When it was last read; None if it was never read.
    read_at: str | None
    #: ClickFunnels' `updated_at`, as last read.
    updated_at: str | None
    #: One entry for each column; empty if the row is not in the mirror.
    fields: list[Origin]
    #: The open edits.
    edits: list[Edit]
    #: The last edits that were confirmed or discarded, up to ENDED_SHOWN.
    ended: list[Edit]
    #: Its last changes on either side, as in `cf_feed`, up to CHANGES_SHOWN.
    changes: list[history.Row]
    #: The open conflicts.
    conflicts: list[Conflict]
    #: Who has decided what about it, in order; up to DECISIONS_SHOWN.
    decisions: list[Decision]
    #: What it waits for, a line each.
    waits: list[str]


async def explain(
    mirror: Mirror, settings: Settings, resource_name: str, record_name: str
) -> Explanation:
    """Explain the record with an id, a former provisional id, a public id, an email address, a
    number or a name.

    Raises UnknownResource, and UsageError if the mirror knows nothing of the record, or of several
    with this name.
    """
    resource = named(resource_name)
    known, waiting, changes, decided = await mirror.read(
        _gather, settings, resource, record_name.strip()
    )
    if not (known.row or known.edits or known.tombstone or changes):
        raise UsageError(f"{resource.name}: the mirror knows nothing of {record_name}")
    return Explanation(
        resource=resource.name,
        id=known.record_id,
        local_id=known.local_id,
        state=_state(known),
        deletion=_deletion(known),
        lane=known.lane,
        read_at=known.row.get("cf_synced_at") if known.lane else None,
        updated_at=known.base.get("updated_at"),
        fields=[_origin(known, f) for f in resource.columns] if known.row else [],
        edits=[e for e in known.edits if e.state in OPEN_STATES],
        ended=[e for e in known.edits if e.state not in OPEN_STATES][-ENDED_SHOWN:],
        changes=changes,
        conflicts=known.conflicts,
        decisions=decided,
        waits=[str(wait) for wait in waiting],
    )


def _gather(
    tx: Tx, settings: Settings, resource: Resource, record_name: str
) -> tuple[KnownRecord, list[Wait], list[history.Row], list[Decision]]:
    known, name = _found(tx, resource, record_name)
    changes = history.last_changes(tx, resource, name, CHANGES_SHOWN)
    decided = decisions.last(
        tx, DECISIONS_SHOWN, resources=[resource.name], record_id=known.record_id
    )[::-1]
    commands = provenance.commands(tx, resource, known.record_id)
    waiting = [*waits(known, commands, why_late(tx, settings, resource.name))]
    return known, waiting, changes, decided


def _found(tx: Tx, resource: Resource, wanted: str) -> tuple[KnownRecord, str]:
    """The record, and the id by which it is known. A row with that id comes before one with that
    name, and a name before what is left of a record that is gone.
    """
    known, unknown = None, None
    try:
        known = provenance.gather(tx, resource, status.record_id(tx, resource, wanted))
    except UsageError as error:
        unknown = error
    if known is not None and known.row:
        return known, wanted
    ids = related.find_by_name(tx, resource, wanted) if "\0" not in wanted else []  # none holds it
    if len(ids) > 1:
        several = ", ".join(map(str, ids[:SEVERAL]))
        raise UsageError(f"several {resource.name} have this name: choose one by its id: {several}")
    if ids:
        return provenance.gather(tx, resource, ids[0]), str(ids[0])
    if known is None:
        by = " or ".join(["id", *(f.name for f in related.names_of(resource))])
        raise UsageError(
            f"the mirror has no such record in {resource.name} (looked for by {by})"
        ) from unknown
    return known, wanted


def _state(known: KnownRecord) -> State:
    if known.row:
        return "mirrored" if not is_provisional(known.record_id) else "unsent"
    if known.tombstone and known.tombstone.state == TombstoneState.HIDDEN:
        return "hidden"
    return "deleted here" if any(e.state in OPEN_STATES for e in known.edits) else "gone"


def _deletion(known: KnownRecord) -> Deletion | None:
    """From the proof that the record is gone and the edit that has deleted it. Either may be
    forgotten, and of a record that was never sent there is no proof.
    """
    stone, proved = known.tombstone, None
    if stone and stone.cause:
        proved = Deletion(stone.side, stone.cause, stone.first_seen, stone.confirmed_at)
    deletes = [e for e in known.edits if e.op == Op.DELETE and e.state != OutboxState.DISCARDED]
    if known.row:
        return None
    if not deletes or (proved and (proved.side, proved.cause) != (Side.LOCAL, Cause.DELETED)):
        return proved
    made = deletes[-1]
    return Deletion(
        Side.LOCAL,
        Cause.DELETED,
        made.captured_at,
        proved.confirmed_at if proved else None,
        made.seq,
        made.author,
        made.batch,
    )


def _origin(known: KnownRecord, field: Field) -> Origin:
    value, remote = known.row[field.name], known.base.get(field.name)
    touching = [e for e in known.edits if e.op != Op.DELETE and field.name in e.patch]
    is_open = [e.seq for e in touching if e.state in OPEN_STATES]
    return Origin(
        field=field.name,
        value=value,
        source=_source(field, known, value, edited=bool(is_open)),
        remote=remote,
        edits=is_open,
        batch=_last_batch(known.edits, field.name),
        conflicts=[c.id for c in known.conflicts if c.field.partition(".")[0] == field.name],
    )


def _source(field: Field, known: KnownRecord, value: Any, *, edited: bool) -> Source:
    same = field.name in known.base and equal(field, value, known.base[field.name])
    if edited and not same:
        return "edit"
    if field.merge == "quote":
        return "copy"
    if field.name in known.base:
        return "ClickFunnels" if same else "drift"
    if value is None or field.name == "id":
        return "ClickFunnels"
    return "path" if known.lane else "edit"


def _last_batch(edits: Iterable[Edit], name: str) -> int | None:
    batches = [
        e.batch for e in edits if e.state == OutboxState.DONE and e.batch and name in (e.sent or {})
    ]
    return max(batches, default=None)
