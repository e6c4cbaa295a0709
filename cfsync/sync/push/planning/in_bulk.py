"""Which of the planned edits a push would send in bulk, and which an earlier one has sent."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from cfsync.config import Settings
from cfsync.mirror.db.engine import Mirror, Tx
from cfsync.mirror.outgoing import bulk_journal
from cfsync.mirror.outgoing.bulk_journal import Change
from cfsync.resources import Resource
from cfsync.sync.push.bulk.sets import bulk_field
from cfsync.sync.push.bulk.start import TARGETS
from cfsync.sync.push.planning.cost import BegunBulk, Planned, PlannedBulk
from cfsync.sync.push.planning.planned_records import PlannedRecords


def begun(tx: Tx, resource: Resource, workspaces: Collection[int]) -> list[BegunBulk]:
    """The bulks of these workspaces of which an action was called, without an end so far."""
    found: list[BegunBulk] = []
    for bulk in bulk_journal.find(tx, resource) if bulk_field(resource) else ():
        actions = tuple((a.kind, a.member) for a in bulk.actions if a.since is not None)
        place = bulk.change.workspace_id
        if actions and bulk.called_at and place in workspaces:
            found.append(BegunBulk(resource.name, place, actions, bulk.record_ids, bulk.called_at))
    return found


async def mark_bulk(
    mirror: Mirror,
    settings: Settings,
    resource: Resource,
    workspaces: Sequence[int],
    records: PlannedRecords,
) -> list[PlannedBulk]:
    """Mark the planned records that go in bulk; the bulk actions that they go in."""
    changed, at_least = bulk_field(resource), settings.push.bulk_from
    if changed is None or not at_least:
        return []
    groups = await mirror.read(bulk_journal.groups, resource, changed, workspaces, at_least)
    off = await mirror.read(bulk_journal.turned_off, resource)
    changes = {i: c for c, ids in groups.items() if c.workspace_id not in off for i in ids}
    if not changes:
        return []
    sent = _large_enough(records, resource, changes, at_least)
    records.mark_bulk(sent.keys())
    return _actions(resource, sent.values())


def _large_enough(
    records: Iterable[Planned], resource: Resource, changes: Mapping[int, Change], at_least: int
) -> dict[int, Change]:
    """Place of a planned record -> the change that it goes with, of those that are enough."""
    found = {
        place: changes[record.record_id]
        for place, record in enumerate(records)
        if record.resource == resource.name
        and record.record_id in changes
        and _is(record, changes[record.record_id])
    }
    counts = _counted(found.values())
    return {place: change for place, change in found.items() if counts[change] >= at_least}


def _is(record: Planned, change: Change) -> bool:
    """Whether the change is all that is planned of the record."""
    if record.group or [call.kind for call in record.calls] != ["members"]:
        return False
    ((old, new),) = record.calls[0].fields.values()
    return bulk_journal.change_of(change.workspace_id, old or (), new or ()) == change


def _counted(changes: Iterable[Change]) -> dict[Change, int]:
    found: dict[Change, int] = {}
    for change in changes:
        found[change] = found.get(change, 0) + 1
    return found


def _actions(resource: Resource, changes: Iterable[Change]) -> list[PlannedBulk]:
    return [
        PlannedBulk(resource.name, change.workspace_id, kind, member, count, -(-count // TARGETS))
        for change, count in _counted(changes).items()
        for kind, members in (("add", change.added), ("remove", change.removed))
        for member in members
    ]
