"""The order of a push in bulk: what earlier pushes have begun, then new bulks, then their ends; and
once more for those whose calls have not arrived.
"""

from __future__ import annotations

from collections.abc import Collection

from cfsync.mirror.outgoing import bulk_journal
from cfsync.resources import Resource
from cfsync.sync.push.bulk.finish import finish_bulks
from cfsync.sync.push.bulk.sets import bulk_field
from cfsync.sync.push.bulk.start import BulkPush, start_bulks
from cfsync.sync.push.outcome import Push, report_failure


async def push_in_bulk(
    push: Push, resource: Resource, workspaces: Collection[int], stuck: Collection[int]
) -> set[int]:
    """Send in bulk what can be; returns the records that this push leaves alone. Those in `stuck`
    are not begun with.
    """
    field = bulk_field(resource)
    if field is None:
        return set()
    begun = await push.context.mirror.read(bulk_journal.find, resource)
    it = BulkPush(push, resource, field, workspaces)
    for bulk in begun:
        if bulk.change.workspace_id not in workspaces:
            it.put_off.update(bulk.record_ids)
        elif all(action.since is None for action in bulk.actions):  # its push ended before a call
            await push.context.mirror.write(bulk_journal.release, bulk)
        else:
            it.bulks.append(bulk)
    await start_bulks(it, {*stuck, *(i for bulk in it.bulks for i in bulk.record_ids)})
    if await finish_bulks(it):
        await start_bulks(it, {*stuck, *it.put_off})
        if unsent := await finish_bulks(it):
            it.put_off |= unsent
            report_failure(push.report, [*it.lost.values()][-1])
    return it.put_off
