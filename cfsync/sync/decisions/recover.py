"""Prepares a restored backup for syncing: its unsent edits may have been sent since it was taken.

| an insert that waits                      | found                  | then                      |
| ----------------------------------------- | ---------------------- | ------------------------- |
| its call was under way                    | one record             | the next push adopts it   |
| any                                       | a record like it       | parked as unknown         |
| any                                       | none                   | held: a person approves   |
| it refers to another unsent row           |                        | held                      |
| its natural fields are all NULL           |                        | held                      |

Updates and deletes are safe, because the sweep reads every record again, and a push reads once
more before it sends. If both sides hold the same value, the edit is done; if both have changed it,
that is a conflict.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from cfsync.mirror.bookkeeping import ids, outbox
from cfsync.mirror.history import numbers
from cfsync.mirror.outgoing import recovery, send_journal
from cfsync.mirror.outgoing.claims import Claim
from cfsync.mirror.progress.runs import PassName
from cfsync.records import Record
from cfsync.resources import RESOURCES
from cfsync.sync.account import open_account
from cfsync.sync.context import Context
from cfsync.sync.passes import sweep
from cfsync.sync.push.calls import create_call
from cfsync.sync.push.creates import natural_values
from cfsync.sync.push.lost_creates import duplicates
from cfsync.sync.push.outcome import Push
from cfsync.sync.report import Report

HELD = "waited in a restored backup and may have been sent since; approve or discard it"


@dataclass(slots=True)
class Recovered:
    """What a recovery has done."""

    #: Unsent inserts whose records were looked for; each is counted in one of the next three.
    looked_for: int = 0
    #: Inserts whose one record the next push assigns.
    left: int = 0
    #: Inserts that may have arrived: parked as unknown.
    parked: int = 0
    #: Inserts without a record: held until a person approves them.
    held: int = 0
    #: Watermarks that were dropped, so that the next pulls read everything since.
    watermarks: int = 0
    #: The report of the sweep at the end.
    sweep: Report = field(default_factory=lambda: Report(PassName.SWEEP))


async def recover(context: Context) -> Recovered:
    """Look for the records of unsent inserts, drop the watermarks, and sweep.

    Raises what the client raises. It can then be run again: the inserts that were not looked for
    are unchanged.
    """
    workspaces = await open_account(context)
    done = Recovered()
    push = Push(context, Report(PassName.RECOVER))
    for resource in RESOURCES.values():
        found = await context.mirror.read(recovery.unsure_inserts, resource, workspaces)
        await _find_inserts(push, found, done)
    await context.mirror.write(numbers.skip)
    done.watermarks = await context.mirror.write(recovery.forget_walks)
    await context.mirror.write(recovery.end)
    done.sweep = await sweep(context, walk=True)
    return done


async def _find_inserts(push: Push, inserts: Sequence[Claim], done: Recovered) -> None:
    mirror = push.context.mirror
    for claim in sorted(inserts, key=lambda c: c.highest_id):  # one walk of a list serves all
        push.context.check_stop()
        done.looked_for += 1
        found = await _found(push, claim)
        if claim.unknown and len(found) == 1:
            done.left += 1
        elif found:
            await mirror.write(send_journal.park_unknown, claim, [r.id for r in found])
            done.parked += 1
        else:
            await mirror.write(outbox.hold, claim.seqs, HELD)
            done.held += 1


async def _found(push: Push, claim: Claim) -> list[Record]:
    """The records that may be the insert's; none if they can't be looked for."""
    if claim.listing is None or any(ids.local_ids(claim.resource, claim.row)):
        return []
    key = claim.resource.upsert_key
    if key and create_call(claim.resource, claim.row).kind == "upsert":
        return await push.context.api.find(claim.listing, key, [claim.row[key]])
    return await duplicates(push, claim) if natural_values(claim) else []
