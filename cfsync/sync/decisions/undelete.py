"""Brings back records that were deleted, by SQL or in ClickFunnels, each by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from cfsync.errors import UsageError
from cfsync.mirror.db.engine import Mirror, Tx
from cfsync.mirror.db.errors import is_about_row
from cfsync.mirror.reports import status
from cfsync.mirror.user_decisions import undelete as decision
from cfsync.mirror.user_decisions.undelete import How, Undelete
from cfsync.resources import Resource, named
from cfsync.sync.decisions import decision_log


async def undelete(
    mirror: Mirror,
    resource: str,
    records: Sequence[str],
    confirm: Callable[[Sequence[Undelete]], None],
) -> list[Undelete]:
    """Bring records back in the order of their ids, which is that in which they were created, and
    return what became of each. What would be done is shown to `confirm` first, which raises an
    error to stop; where nothing can be done it is not asked.

    Raises UnknownResource.
    """
    kind = named(resource)
    found = await mirror.read(_plan, kind, records)
    if all(one.how == How.REFUSE for one in found):
        return found
    confirm(found)
    done = [await _undelete(mirror, kind, one) for one in found]
    decision_log.undeleted(done)
    return done


async def preview(mirror: Mirror, resource: str, record: str) -> Undelete:
    """What `undelete` would do with one record. Raises UnknownResource."""
    (planned,) = await mirror.read(_plan, named(resource), [record])
    return planned


def _plan(tx: Tx, resource: Resource, records: Sequence[str]) -> list[Undelete]:
    found, coming, known = list[Undelete](), set[int](), set[int]()
    for name in dict.fromkeys(records):
        try:
            known.add(status.record_id(tx, resource, name))
        except UsageError:
            reason = "the mirror knows no record with this public id"
            found.append(Undelete(resource.name, 0, How.REFUSE, reason, unknown=name))
    for record_id in sorted(known):
        one = decision.plan(tx, resource, record_id, coming)
        found.append(one)
        if one.how != How.REFUSE:
            coming.add(one.record_id)
    return found


async def _undelete(mirror: Mirror, resource: Resource, planned: Undelete) -> Undelete:
    if planned.how == How.REFUSE:
        return planned
    try:
        return await mirror.write(decision.undelete, resource, planned.record_id)
    except UsageError as refused:
        if not is_about_row(refused):
            raise
        return replace(planned, how=How.REFUSE, reason=str(refused))
