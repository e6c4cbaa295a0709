"""Begins bulks: journals which edits go together, and makes their calls.

| the call                             | the edits                                                |
| ------------------------------------ | -------------------------------------------------------- |
| is answered                          | wait for the end of the action (see `finish`)            |
| is refused (400, 404, 422), and the  | of those are sent one by one, and it is called for the   |
| list leaves out some of the records  | others                                                   |
| is refused, and a tag is gone        | are sent one by one                                      |
| is refused (400, 403, 404, 409, 422) | are sent one by one, as are all for a day                |
| was certainly not applied            | are pending again, and the next push sends them in bulk  |
| may have been applied (answer lost)  | wait until the action is found, or missing twice: then   |
|                                      | they are sent again                                      |
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import structlog

from cfsync.api.codec import PAGE
from cfsync.errors import (
    ApiError,
    Forbidden,
    Interrupted,
    NotFound,
    RateLimited,
    Refused,
    StateConflict,
    TokenRefused,
    Unreachable,
)
from cfsync.mirror.outgoing import bulk_journal
from cfsync.mirror.outgoing.bulk_journal import Action, Bulk, Change
from cfsync.mirror.outgoing.claims import Claim
from cfsync.records import Listing
from cfsync.resources import ALL, Field, Resource
from cfsync.sync.context import side_by_side
from cfsync.sync.push import edit_log
from cfsync.sync.push.outcome import GIVE_UP_AFTER, Push, count_failure

TARGETS = 1000
"""Records of one action. The vendor names no limit."""
PIECE = 100
"""Records that are claimed in one transaction."""
REFUSED = (Forbidden, NotFound, Refused, StateConflict)
"""Answers with which an account says that it has no bulk actions, or not this one."""

log = structlog.get_logger()


@dataclass
class BulkPush:
    """The bulks of one resource in a push."""

    push: Push
    resource: Resource
    #: The set that they change.
    changed: Field
    workspaces: Collection[int]
    #: Those that were called, now or by an earlier push.
    bulks: list[Bulk] = field(default_factory=list)
    #: The records whose edits this push leaves alone.
    put_off: set[int] = field(default_factory=set)
    #: Workspace id -> the highest id of an action there.
    highest: dict[int, int] = field(default_factory=dict)
    #: Number of a bulk -> why the answer to one of its calls, made by this push, is missing.
    lost: dict[int, ApiError] = field(default_factory=dict)

    @property
    def actions(self) -> Resource:
        """The resource whose records are the actions."""
        return ALL[str(self.changed.bulk)]

    def actions_of(self, bulk: Bulk) -> Listing:
        """The list that shows its actions."""
        workspace_id = bulk.change.workspace_id
        return Listing(self.actions.name, workspace_id, workspace_id)

    def body(self, action: Action, tags: Sequence[Any], targets: Sequence[Any]) -> dict[str, Any]:
        """The fields of an action, as sent or as shown."""
        refers = {f.ref: f.name for f in self.actions.fields if f.type == "json" and f.ref}
        of_tags, of_targets = refers[str(self.changed.ref)], refers[self.resource.name]
        return {"action_type": action.kind, of_tags: list(tags), of_targets: list(targets)}

    def sendable(self, found: Iterable[Claim]) -> list[Claim]:
        """Those that may be sent and that the mass guard has checked."""
        seen = set(self.push.seen)
        return [c for c in self.push.sendable(found) if seen.issuperset(c.seqs)]


async def start_bulks(it: BulkPush, stuck: Collection[int]) -> None:
    """Begin all bulks for which there are edits enough. Records in `stuck` are left out."""
    mirror, at_least = it.push.context.mirror, it.push.context.settings.push.bulk_from
    if not at_least:
        return
    found = await mirror.read(bulk_journal.groups, it.resource, it.changed, it.workspaces, at_least)
    for change, record_ids in found.items():
        free = [i for i in record_ids if i not in stuck]
        if len(free) >= at_least:
            await _start(it, change, free)


async def _start(it: BulkPush, change: Change, record_ids: Sequence[int]) -> None:
    """Begin the bulks of one change."""
    mirror = it.push.context.mirror
    members = await mirror.read(
        bulk_journal.public_ids, str(it.changed.ref), (*change.added, *change.removed)
    )
    if len(members) < len(change.added) + len(change.removed):
        return  # the mirror doesn't know how ClickFunnels calls them
    for start in range(0, len(record_ids), TARGETS):
        it.push.context.check_stop()
        if change.workspace_id in await mirror.read(bulk_journal.turned_off, it.resource):
            return
        bulk = await mirror.write(
            bulk_journal.begin, it.resource, it.changed, change, it.push.batch
        )
        offered = await _is_offered(it, bulk)
        if offered is None:
            it.put_off.update(record_ids[start:])
        if not offered:
            return
        some = record_ids[start : start + TARGETS]
        targets = await mirror.read(bulk_journal.public_ids, it.resource.name, some)
        bulk = await _journal(it, bulk, [i for i in some if i in targets])
        if bulk.record_ids:
            it.push.done.announce()
            await _call_all(it, bulk, members, targets)
        else:
            await mirror.write(bulk_journal.forget, bulk)


async def _is_offered(it: BulkPush, bulk: Bulk) -> bool | None:
    """Whether the workspace lists bulk actions; notes the highest id of one. None: it is not known,
    and the next push asks again.
    """
    workspace_id = bulk.change.workspace_id
    if workspace_id in it.highest:
        return True
    try:
        page = await it.push.context.api.page(it.actions_of(bulk), descending=True)
    except REFUSED as error:
        await _turn_off(it, bulk, error)
        return False
    except ApiError as error:
        count_failure(it.push, error)
        return None
    it.highest[workspace_id] = max((record.id for record in page.records), default=0)
    return True


async def _journal(it: BulkPush, bulk: Bulk, record_ids: Sequence[int]) -> Bulk:
    """Journal the edits of a bulk, some records at a time."""
    for start in range(0, len(record_ids), PIECE):
        some = record_ids[start : start + PIECE]
        bulk, found = await it.push.context.mirror.write(
            bulk_journal.journal, it.resource, bulk, some, it.sendable
        )
        for claim in found:
            edit_log.sending(claim, [bulk.field], bulk.batch)
    return bulk


async def _call_all(
    it: BulkPush, bulk: Bulk, members: dict[int, str], targets: dict[int, str]
) -> None:
    """Call the actions of a bulk that were not called yet, up to one that is not taken."""
    for action in (a for a in bulk.actions if a.since is None):
        since = it.highest[bulk.change.workspace_id]
        bulk = await it.push.context.mirror.write(bulk_journal.call, bulk, action, since)
        known = [targets[i] for i in bulk.record_ids]
        try:
            bulk = await _call(it, bulk, action, it.body(action, [members[action.member]], known))
        except REFUSED as error:
            bulk = bulk.with_action(action)
            if smaller := await _without_unlisted(it, bulk, error):
                await _call_all(it, smaller, members, targets)
            else:
                if await are_members_there(it, bulk):
                    await _turn_off(it, bulk, error)
                await _keep(it, bulk, refused=True)
            return
        except (TokenRefused, Interrupted):
            await _keep(it, bulk.with_action(action), refused=False)
            raise
        except ApiError as error:
            await _after_failure(it, bulk, action, error)
            return
    await _keep(it, bulk, refused=False)


async def _after_failure(it: BulkPush, bulk: Bulk, action: Action, error: ApiError) -> None:
    """Keep a bulk of which a call has failed. If that may have been applied all the same, this push
    still looks for the action.
    """
    if isinstance(error, RateLimited) or (isinstance(error, Unreachable) and not error.sent):
        await _keep(it, bulk.with_action(action), refused=False)
        count_failure(it.push, error)
        return
    await _keep(it, bulk, refused=False)
    it.lost[bulk.number] = error
    it.push.failures += 1
    if it.push.failures >= GIVE_UP_AFTER:
        raise error


async def _without_unlisted(it: BulkPush, bulk: Bulk, refusal: ApiError) -> Bulk | None:
    """The bulk without the records that their list leaves out, which may be why it was refused: the
    vendor doesn't say whether an action passes over targets that it doesn't know. None where that
    is no reason, or leaves nothing.
    """
    if not isinstance(refusal, NotFound | Refused):
        return None
    ids, unlisted = bulk.record_ids, set(bulk.record_ids)
    listing = Listing(it.resource.name, bulk.change.workspace_id, bulk.change.workspace_id)

    async def look(page: Sequence[int]) -> None:
        found = await it.push.context.api.find(listing, "id", page)
        unlisted.difference_update(record.id for record in found)

    try:
        pages = [ids[start : start + PAGE] for start in range(0, len(ids), PAGE)]
        await side_by_side(it.push.context, pages, look)
    except ApiError:
        return None
    if not unlisted or len(unlisted) == len(ids):
        return None
    log.info("bulk.smaller", bulk=bulk.number, unlisted=len(unlisted))
    return await it.push.context.mirror.write(bulk_journal.leave_out, it.resource, bulk, unlisted)


async def are_members_there(it: BulkPush, bulk: Bulk) -> bool:
    """Whether ClickFunnels still has what a bulk adds and removes: if not, that is why an action
    was refused or has changed nothing, and others may do what they say.
    """
    members, place = {*bulk.change.added, *bulk.change.removed}, bulk.change.workspace_id
    listing = Listing(str(it.changed.ref), place, place)
    try:
        found = await it.push.context.api.find(listing, "id", sorted(members))
    except ApiError:
        return True
    return members == {record.id for record in found}


async def _call(it: BulkPush, bulk: Bulk, action: Action, values: dict[str, Any]) -> Bulk:
    """Call one action; the bulk with its id."""
    workspace_id = bulk.change.workspace_id
    answer = await it.push.context.api.create(it.actions_of(bulk), values)
    log.info("bulk.sent", bulk=bulk.number, action=answer.id, records=len(bulk.record_ids))
    since, it.highest[workspace_id] = it.highest[workspace_id], answer.id
    is_over = answer.values.get("completed_at") is not None
    called = replace(action, since=since, id=answer.id, over=is_over)
    it.push.failures = 0
    bulk = bulk.with_action(called)
    await it.push.context.mirror.write(bulk_journal.save, bulk)
    return bulk


async def _keep(it: BulkPush, bulk: Bulk, *, refused: bool) -> None:
    """Keep a bulk of which an action was called; give back the edits of another one, which are sent
    one by one if it was refused, and else by the next push.
    """
    if any(action.since is not None for action in bulk.actions):
        await it.push.context.mirror.write(bulk_journal.save, bulk)
        it.bulks.append(bulk)
        return
    await it.push.context.mirror.write(bulk_journal.release, bulk)
    if not refused:
        it.put_off.update(bulk.record_ids)


async def _turn_off(it: BulkPush, bulk: Bulk, error: ApiError) -> None:
    await turn_off(it, bulk, f"answered with {error.status}")


async def turn_off(it: BulkPush, bulk: Bulk, why: str) -> None:
    """Send nothing more in bulk in a workspace, for a day."""
    workspace_id = bulk.change.workspace_id
    log.warning("bulk.off", resource=it.resource.name, workspace=workspace_id, reason=why)
    await it.push.context.mirror.write(bulk_journal.turn_off, it.resource, workspace_id, why)
