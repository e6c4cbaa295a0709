"""Push: sends what users changed in the mirror by SQL to ClickFunnels.

The order of a pass:

1. The records of creates whose answer was lost are looked for.
2. The resources follow, parents before children. In each of them:
   1. edits that add or remove the same tags of many contacts, in bulk;
   2. edits that share an email, one statement at a time, giving up before taking;
   3. all others in the order in which they were made, `push.batch` records at a time: first the
      creates, then updates, a page of records at a time. Calls are concurrent.
3. Deletes follow, children before parents: ClickFunnels changes the records that refer to one that
   is deleted, such as the contacts with a tag, and a delete of a changed record is held.
4. Lost creates are looked for again, and those that are still missing are sent.

Records that are first edited during the pass, and deletes made during it, are left to the next
pass, because the mass guard has not checked them. So are all edits of a record whose email is
changed during the pass and before they are sent, because other records may share it: they stay
pending, without a reason, and a push that runs once leaves them so. A record that waits, is held or
fails never blocks another.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from cfsync.mirror.bookkeeping import outbox
from cfsync.mirror.bookkeeping.outbox import TO_SEND_STATES, Op
from cfsync.mirror.coordination import push_lock
from cfsync.mirror.outgoing import claims, recovery, send_journal, unsent
from cfsync.mirror.outgoing import debounce as ready
from cfsync.mirror.outgoing.claims import Claim
from cfsync.mirror.progress.runs import PassName, RunState
from cfsync.records import is_provisional
from cfsync.resources import Resource
from cfsync.sync.account import open_account
from cfsync.sync.context import Context
from cfsync.sync.pass_run import recorded, runnable, wanted_resources
from cfsync.sync.push import edit_log
from cfsync.sync.push.bulk.bulk_push import push_in_bulk
from cfsync.sync.push.changes import send
from cfsync.sync.push.creates import could_duplicate, send_create
from cfsync.sync.push.edits_done import EditsDone
from cfsync.sync.push.email_order import (
    EmailChange,
    email_groups,
    release_first,
    step_of,
    waits_for,
    without_new_keys,
)
from cfsync.sync.push.lost_creates import (
    find_lost_creates,
    find_lost_creates_again,
    without_duplicates,
)
from cfsync.sync.push.mass_guard import hold_unasked
from cfsync.sync.push.outcome import Push, isolated, side_by_side
from cfsync.sync.push.planning.plan_file import Approved
from cfsync.sync.push.reread import reread_claims, reread_records
from cfsync.sync.report import Report

UNRECOVERED = "the mirror was made from a backup: nothing is sent before `cfsync recover`"


async def push(
    context: Context,
    names: Sequence[str] = (),
    *,
    debounce: float = 0.0,
    only: Approved | None = None,
) -> Report:
    """Send the edits that wait in the outbox.

    `names`: resources to push; none means all. Resources whose `push` setting is off are left out.
    `debounce`: records whose last edit is younger than this many seconds wait.
    `only`: a plan; nothing else is sent. None sends everything.

    Raises UnknownResource, and errors that concern every call, such as TokenRefused.
    """
    resources = [
        r
        for r in wanted_resources(context.settings, names)
        if context.settings.resource(r.name).push
    ]
    async with recorded(context, PassName.PUSH, resources) as (context, report):
        resources = await runnable(context, report, resources)
        seen = await context.mirror.read(unsent.seqs_to_send, [r.name for r in resources])
        is_unsafe = await context.mirror.read(recovery.is_due)
        if seen and is_unsafe:
            report.state, report.put_off = RunState.STOPPED, True
            report.problems.append(UNRECOVERED)
        elif seen:
            async with push_lock.hold(context.mirror, list(seen), context.stop.set) as mine:
                _report_others(report, seen.keys() - set(mine))
                meant = {n: seen[n] & only.seqs(n) if only else set(seen[n]) for n in mine}
                done = EditsDone(context.progress, meant)
                waited = set().union(*seen.values())
                work = Push(context, report, seen=waited, done=done, allowed=only or list)
                await _push_all(work, [r for r in resources if r.name in mine], debounce)
        report.outdated += only.changed if only else []
    return report


def _report_others(report: Report, names: Collection[str]) -> None:
    if names:
        report.state, report.put_off = RunState.STOPPED, True
        report.problems.append(f"another process is pushing: {', '.join(sorted(names))}")


@dataclass(frozen=True, slots=True)
class _Scope:
    """What limits a pass in each resource: the workspaces, and the debounce time in seconds."""

    workspaces: Collection[int]
    debounce: float


async def _push_all(work: Push, resources: Sequence[Resource], debounce: float) -> None:
    if not resources:
        return
    workspaces = await open_account(work.context)
    await hold_unasked(work.context, work.report, resources, workspaces)
    work.batch = await work.context.mirror.write(send_journal.next_batch)
    left = await work.context.mirror.read(unsent.seqs_to_send, [r.name for r in resources])
    work.done.left(work.batch, left)
    scope = _Scope(workspaces, debounce)
    missing = await find_lost_creates(work, resources, workspaces)
    looked = time.monotonic()
    for resource in resources:
        await _push_resource(work, resource, scope)
        if all(of is not resource for of, _ in work.deletes):
            work.done.end(resource.name)
    await _push_deletes(work, resources)
    again = await find_lost_creates_again(work, missing, looked) if missing else []
    waited = list(work.waiting) if again else []
    for resource in resources:
        ids = [c.record_id for c in again if c.resource is resource]
        ids += [i for of, i in waited if of is resource]
        await _push_records(work, resource, [*ids, *work.take_unfinished(resource)])
    await _push_deletes(work, resources)


async def _push_resource(work: Push, resource: Resource, scope: _Scope) -> None:
    work.done.begin(resource.name)
    stuck = await work.context.mirror.read(ready.recently_edited, resource, debounce=scope.debounce)
    stuck |= await push_in_bulk(work, resource, scope.workspaces, stuck)
    if resource.upsert_key:
        stuck |= await _push_email_groups(work, resource, scope, stuck)
    await _push_records(work, resource, set(work.take_unfinished(resource)) - stuck)
    after, limit = 0, work.context.settings.push.batch
    while True:
        work.context.check_stop()
        found = await work.context.mirror.read(
            claims.open_records,
            resource,
            scope.workspaces,
            seqs=range(after + 1, max(work.seen) + 1),
            limit=limit,
        )
        if not found:
            return
        after = max(seq for _, seq in found)
        ids = [i for i, first in found if first in work.seen and i not in stuck]
        await _push_records(work, resource, ids)


async def _push_records(work: Push, resource: Resource, ids: Collection[int]) -> None:
    """Send the creates and what they could not carry, then updates page by page."""
    if not ids:
        return
    piece = _sendable(work, await work.context.mirror.write(claims.claim, resource, ids))
    creates = [c for c in piece if c.op == Op.INSERT and not (c.unknown and could_duplicate(c))]
    sendable = await without_duplicates(work, creates)
    await side_by_side(work, sendable, send_create)
    created = work.take_unfinished(resource)
    if created:
        piece += await work.context.mirror.write(claims.claim, resource, created)
    known = [c for c in piece if not is_provisional(c.record_id)]
    updates = [c for c in known if c.op == Op.UPDATE]
    async for fresh in reread_claims(work, resource, updates):
        await side_by_side(work, [c for c in _sendable(work, fresh) if c.op == Op.UPDATE], send)
    work.deletes += [(resource, c.record_id) for c in known if c.op == Op.DELETE]
    unborn = [c for c in piece if c.op == Op.DELETE and is_provisional(c.record_id)]
    await side_by_side(work, unborn, send)


def _sendable(work: Push, found: Iterable[Claim]) -> list[Claim]:
    return without_new_keys(work.sendable(found), work.seen)


async def _push_deletes(work: Push, resources: Sequence[Resource]) -> None:
    """Send the deletes that were put off, children before parents."""
    mirror, limit = work.context.mirror, work.context.settings.push.batch
    put_off, work.deletes = work.deletes, []
    for resource in reversed(resources):
        ids = list(dict.fromkeys(i for of, i in put_off if of is resource))
        for start in range(0, len(ids), limit):
            work.context.check_stop()
            piece = await mirror.write(claims.claim, resource, ids[start : start + limit])
            deletes = [c for c in work.sendable(piece) if c.op == Op.DELETE]
            async for fresh in reread_claims(work, resource, deletes):
                await side_by_side(
                    work, [c for c in work.sendable(fresh) if c.op == Op.DELETE], send
                )
        work.done.end(resource.name)


async def _push_email_groups(
    work: Push, resource: Resource, scope: _Scope, young: Collection[int]
) -> set[int]:
    """Send the edits that share an email, one statement at a time.

    Returns the records that must wait. If the debounce time of one record is not over, its whole
    group waits.
    """
    found = await work.context.mirror.read(claims.email_changes, resource, scope.workspaces)
    changes = [EmailChange(*t) for t in found]
    grouped, stuck = {change.seq for change in changes}, set[int]()
    for group in email_groups(changes):
        too_early = not set(young).isdisjoint(group)
        stuck |= set(group) if too_early else await _push_group(work, resource, group, grouped)
    return stuck


async def _push_group(
    work: Push, resource: Resource, group: Sequence[int], grouped: Collection[int]
) -> set[int]:
    """Send the edits of a group, one call at a time; returns the records that must wait. `grouped`:
    the edits of emails that were there when the groups were made.

    An edit that stays open blocks all later ones of its group; a refused one is parked and doesn't.
    """
    mirror = work.context.mirror
    there = await mirror.read(claims.preview, resource, [i for i in group if not is_provisional(i)])
    await reread_records(work, resource, there)
    held = await mirror.read(unsent.first_held, resource, group)
    found = await mirror.read(claims.preview_by_statement, resource, group, blocked=True)
    steps = release_first(map(step_of, without_new_keys(found, grouped)))
    for place, step in enumerate(steps):
        work.context.check_stop()
        for claim in await _claims_of_statement(work, resource, step.seqs):
            await isolated(work, claim, send_create if claim.op == Op.INSERT else send)
        if await mirror.read(unsent.any_unsent, step.seqs):
            stopper = held.get(step.record_id, step.seqs[-1])
            rest = [seq for step in steps[place:] for seq in step.seqs]
            words = waits_for(stopper, resource)
            behind = rest if step.record_id in held else rest[len(step.seqs) :]
            await mirror.write(outbox.set_reason, behind, words)
            waiting = await mirror.read(outbox.find, seqs=behind, states=TO_SEND_STATES)
            edit_log.blocked(waiting, words)
            return set(await mirror.read(unsent.record_ids, rest))
    return set()


async def _claims_of_statement(
    work: Push, resource: Resource, seqs: tuple[int, ...]
) -> list[Claim]:
    """The claims of one statement, read now: the one before may have assigned a real id."""
    ids = await work.context.mirror.read(unsent.record_ids, seqs)
    found = await work.context.mirror.write(claims.claim_by_statement, resource, ids)
    return work.sendable(
        c for c in found if c.seqs == seqs and not (c.unknown and could_duplicate(c))
    )
