"""Looks for the records of creates that may have arrived, before anything is sent again.

| an earlier call             | found                                  | then                  |
| --------------------------- | -------------------------------------- | --------------------- |
| outcome unknown, upsert     | any                                    | compared and upserted |
|                             | none, but the mirror knows one         | its id is assigned    |
|                             | none                                   | sent again            |
| outcome unknown, create     | one                                    | its id is assigned    |
|                             | none, but the mirror knows one         | its id is assigned    |
|                             | none, twice, `push.settle` apart       | sent again            |
|                             | several, or all natural fields NULL    | parked as unknown     |
| answered, and not settled   |                                        | its id is assigned    |
| none known, but the row is  | none                                   | sent                  |
| older than this process     | any                                    | parked as unknown     |

A record is found if its id is higher than any that the mirror had when the row was inserted, its
natural fields are the row's, and it is not assigned to another insert. It may be in the mirror
already, because a pull was faster. One that the mirror knows, and no list shows, was changed in
ClickFunnels or deleted there: it is read by its id, and never created again unasked.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from cfsync.api.pages import walk_by_id
from cfsync.errors import CfsyncError
from cfsync.mirror.bookkeeping import ids, reasons
from cfsync.mirror.bookkeeping.outbox import OutboxState
from cfsync.mirror.outgoing import claims, new_ids, send_journal
from cfsync.mirror.outgoing.answers import Outcome
from cfsync.mirror.outgoing.claims import Claim
from cfsync.mirror.progress.checkpoints import Lane
from cfsync.records import Record
from cfsync.resources import Resource
from cfsync.sync.push import edit_log
from cfsync.sync.push.calls import Call, create_call
from cfsync.sync.push.creates import (
    adopt_record,
    as_refusal,
    could_duplicate,
    matches,
    natural_values,
    send_create,
)
from cfsync.sync.push.outcome import Push, handle_failure, isolated


async def find_lost_creates(
    push: Push, resources: Sequence[Resource], workspaces: Collection[int]
) -> list[Claim]:
    """The first look-up for every create whose outcome is unknown; returns those not found.

    The look-ups are made one after the other, so that no two creates get the same record.
    """
    missing: list[Claim] = []
    mirror = push.context.mirror
    for resource in resources:
        lost = await mirror.read(claims.lost_creates, resource, workspaces)
        for claim in await mirror.write(claims.claim, resource, lost) if lost else ():
            push.context.check_stop()
            if await _is_missing(push, claim):
                missing.append(claim)
    return missing


async def find_lost_creates_again(
    push: Push, missing: Sequence[Claim], began: float
) -> list[Claim]:
    """The second look-up; returns the creates that are still missing and are pending again.

    It comes `push.settle` after the first, because a slow server may still have been working.
    `began` is the monotonic time in seconds at which the first one ended. Creates that another pass
    has found or sent in between are left out.
    """
    await push.context.wait(push.context.settings.push.settle - (time.monotonic() - began))
    released: list[Claim] = []
    for claim in await _still_lost(push, missing):
        push.context.check_stop()
        if await _is_missing(push, claim):
            await push.context.mirror.write(send_journal.close, claim.seqs, OutboxState.PENDING)
            edit_log.missing(claim)
            released.append(claim)
    return released


async def _still_lost(push: Push, missing: Sequence[Claim]) -> list[Claim]:
    sent = {(c.resource.name, c.record_id): c.attempts for c in missing}
    found: list[Claim] = []
    for resource, group in groupby(missing, lambda c: c.resource):
        ids_ = [c.record_id for c in group]
        found += await push.context.mirror.write(claims.claim, resource, ids_)
    return [c for c in found if c.unknown and sent[c.resource.name, c.record_id] == c.attempts]


async def _is_missing(push: Push, claim: Claim) -> bool:
    """Look for the record of a lost create and assign it; True if it has to be looked for again.

    A lost upsert is looked for once. If its contact is not there, it is pending again, since an
    upsert is safe to repeat.
    """
    if claim.listing is None:
        return False
    try:
        found = [claim] if claim.exists_as else await _look_up(push, claim)
    except CfsyncError as error:
        await handle_failure(push, claim, as_refusal(error), called=False)
        return False
    # Before anything else is sent: later edits of its row may give up an email that another takes.
    for known in push.sendable(found or ()):
        await isolated(push, known, send_create)
    return found is None


async def _look_up(push: Push, claim: Claim) -> list[Claim] | None:
    """The claim, to be settled, if its record is known; nothing where none is to be settled now;
    None if the record has to be looked for again.
    """
    call, key = create_call(claim.resource, claim.row), claim.resource.upsert_key or ""
    if call.kind == "create":
        return await _find(push, claim, call)
    assert claim.listing is not None
    if await push.context.api.find(claim.listing, key, [claim.row[key]]):
        return [claim]
    known = await _assign_known(push, claim, {key: claim.row[key]})
    if not known:
        await push.context.mirror.write(send_journal.close, claim.seqs, OutboxState.PENDING)
        edit_log.missing(claim)
    return known


async def _find(push: Push, claim: Claim, call: Call) -> list[Claim] | None:
    """Look for the record of a lost create among newer ones; returns as `_look_up`."""
    reading = await push.context.reading(claim.resource, Lane.PUSH)
    given = natural_values(claim)
    found = await _unclaimed(push, claim, await _list_after(push, claim)) if given else []
    alike = [r for r in found if matches(claim, r, list(given))]
    exact = [r for r in alike if matches(claim, r, claim.resource.natural)]
    if len(exact) == 1:
        record = exact[0]
        if not record.whole:
            record = await push.context.api.get(claim.resource, record.id, claim.listing)
        outcome = Outcome(call.fields, record, reading.rev_before, found=True)
        await isolated(push, claim, lambda p, c: adopt_record(p, c, call, outcome))
    elif alike or not given:
        await _park(push, claim, alike)
    else:
        return await _assign_known(push, claim, given) or None
    return []


async def _assign_known(push: Push, claim: Claim, given: Mapping[str, Any]) -> list[Claim]:
    """Give the row the record that the mirror knows its call has created, and that ClickFunnels no
    longer lists as such: it was changed there, or deleted. The claim with its id, or none.
    """
    mirror = push.context.mirror
    record_id = await mirror.read(new_ids.known_as, claim, given)
    if record_id is None:
        return []
    await mirror.write(ids.save, claim.resource, claim.record_id, record_id)
    return [replace(claim, exists_as=record_id)]


async def without_duplicates(push: Push, inserts: Sequence[Claim]) -> list[Claim]:
    """The creates that nobody can have sent before; the others are parked."""
    sendable = [c for c in inserts if not _is_suspect(push, c)]
    suspects = [c for c in inserts if _is_suspect(push, c)]
    for claim in sorted(suspects, key=lambda c: c.highest_id):  # one walk of a list serves all
        try:
            found = await duplicates(push, claim)
        except CfsyncError as error:
            await handle_failure(push, claim, as_refusal(error), called=False)
            continue
        if found:
            await _park(push, claim, found)
        else:
            sendable.append(claim)
    return sendable


async def duplicates(push: Push, claim: Claim) -> list[Record]:
    """Records that an earlier call may have created from the claim's row."""
    found = await _unclaimed(push, claim, await _listed_after(push, claim))
    return [r for r in found if matches(claim, r, claim.resource.natural)]


def _is_suspect(push: Push, claim: Claim) -> bool:
    """Whether a create may have been sent before a backup was restored, and can be recognized."""
    if claim.exists_as or claim.listing is None or not natural_values(claim):
        return False
    if any(ids.local_ids(claim.resource, claim.row)):
        return False
    return could_duplicate(claim) and claim.captured_at < push.context.started_at


async def _listed_after(push: Push, claim: Claim) -> list[Record]:
    """The records behind the claim's `highest_id`, as listed before this pass created any."""
    assert claim.listing is not None
    since, records = push.listed_after.get(claim.listing, (claim.highest_id + 1, []))
    if since > claim.highest_id:
        records = await _list_after(push, claim)
        push.listed_after[claim.listing] = (claim.highest_id, records)
    return [r for r in records if r.id > claim.highest_id]


async def _list_after(push: Push, claim: Claim) -> list[Record]:
    """The records behind the claim's `highest_id`, read now."""
    assert claim.listing is not None
    walk = walk_by_id(push.context.api, claim.listing, after=claim.highest_id)
    return [record async for page in walk for record in page.records]


async def _unclaimed(push: Push, claim: Claim, found: Sequence[Record]) -> list[Record]:
    """The records that are not assigned to another insert."""
    given = await push.context.mirror.read(
        ids.already_assigned, claim.resource, [r.id for r in found]
    )
    return [r for r in found if r.id not in given]


async def _park(push: Push, claim: Claim, alike: Sequence[Record]) -> None:
    found = [r.id for r in alike]
    await push.context.mirror.write(send_journal.park_unknown, claim, found)
    edit_log.parked(claim, reasons.may_exist(found), push.batch, ())
    push.report.add(claim.resource.name, parked=1)
