"""What ClickFunnels answered to a write, merged like any record, with what was sent as its base.

Field by field an answer has applied what was sent, normalised it (another form stands there now:
the mirror takes it, and it isn't sent again), or ignored it (200, but unchanged: the mirror shows
what stands there, and the edit's value is kept as a conflict).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Literal

import sqlalchemy as sa

from cfsync.merge import Conflict, OpenEdit, Policy, merge
from cfsync.mirror import bases, conflicts, ids, notes, outbox, rows, tombstones
from cfsync.mirror.claims import Claim
from cfsync.mirror.engine import Tx
from cfsync.mirror.schema import BASE, OUTBOX, TABLES, TOMBSTONES
from cfsync.records import ABSENT, Record
from cfsync.resources import Resource
from cfsync.resources.model import Field
from cfsync.values import equal

Fate = Literal["applied", "normalised", "ignored"]
Sent = Mapping[str, tuple[Any, Any]]


def fate(field: Field, before: Any, sent: Any, answered: Any) -> Fate:
    """What became of one sent value. Pure. A field that is never shown counts as applied."""
    if answered is ABSENT or equal(field, answered, sent):
        return "applied"
    return "ignored" if equal(field, answered, before) else "normalised"


def fates(resource: Resource, sent: Sent, answer: Record) -> dict[str, Fate]:
    return {
        name: fate(resource.by_name[name], before, value, answer.values.get(name, ABSENT))
        for name, (before, value) in sent.items()
    }


def acknowledge(
    tx: Tx, claim: Claim, sent: Sent, answer: Record, *, remaining: Collection[str], policy: Policy
) -> dict[str, Fate]:
    """Merge the answer to one call of a claim. `remaining`: fields that its other calls still
    have to send. The claim's rows are closed by the caller, when all its calls are done.
    """
    found = fates(claim.resource, sent, answer)
    bases.save(tx, [answer], "push")
    notes.keep_secrets(tx, [answer])
    busy = rows.lock(tx, TABLES[claim.resource.name], [answer.id])
    if busy:
        notes.look_again(tx, claim.resource, busy)
    else:
        _merge_row(tx, claim, sent, answer, remaining, policy)
    for name in (n for n, f in found.items() if f == "ignored"):
        before, value = sent[name]
        kept = Conflict(name, before, value, answer.values.get(name), "clickfunnels")
        conflicts.record(tx, claim.resource, answer.id, kept)
    return found


def _merge_row(
    tx: Tx,
    claim: Claim,
    sent: Sent,
    answer: Record,
    remaining: Collection[str],
    policy: Policy,
) -> None:
    """Only what was edited since the claim, or is still to be sent, stands against the answer."""
    table = TABLES[claim.resource.name]
    row = rows.load(tx, table, [answer.id]).get(answer.id)
    if row is None:
        return
    later = _later_edits(tx, claim, answer.id)
    edits = {name: OpenEdit(tx.now) for name in remaining} | later
    answered = {name: answer.values[name] for name in sent if name in answer.values}
    merged = merge(
        claim.resource,
        base={**claim.base, **answered},
        local=row,
        remote=answer.values,
        edits=edits,
        policy=policy,
    )
    tx.new_rev()
    spent = {n: None for n in sent if n not in answer.values and n not in edits}
    bases.save_rows(tx, claim.resource, [{**merged.row, **spent}])
    for conflict in merged.conflicts:
        conflicts.record(tx, claim.resource, answer.id, conflict)


def _later_edits(tx: Tx, claim: Claim, record_id: int) -> dict[str, OpenEdit]:
    entry = outbox.pending(tx, claim.resource, [record_id]).get(record_id)
    if entry is None:
        return {}
    entry.rows = [r for r in entry.rows if r.seq not in claim.seqs]
    return entry.edits


def adopt(tx: Tx, claim: Claim, sent: Sent, answer: Record, *, policy: Policy) -> dict[str, Fate]:
    """A record exists now for an inserted row: give the row its real id, with all that refers to
    it. Where the real id has a row already (a pull was faster), the two become one: that row
    stays, and what the user gave counts as edits of it. Where the user has deleted the row
    meanwhile, his delete goes to the real id.
    """
    resource, table = claim.resource, TABLES[claim.resource.name]
    ids.remember(tx, resource, claim.record_id, answer.id)
    there = rows.load(tx, table, [answer.id, claim.record_id])
    if answer.id in there:
        rows.delete(tx, table, [claim.record_id])
    elif claim.record_id in there:
        tx.conn.execute(
            sa.update(table)
            .where(table.c.id == claim.record_id)
            .values(id=answer.id, cf_rev=tx.new_rev())
        )
    ids.move(tx, resource, claim.record_id, answer.id)
    mine = there.get(claim.record_id)
    if answer.id in there and mine is not None:
        _pour(tx, resource, answer.id, mine)
    return acknowledge(tx, claim, sent, answer, remaining=(), policy=policy)


def _pour(tx: Tx, resource: Resource, real_id: int, mine: Mapping[str, Any]) -> None:
    """Put the user's values into the row that was there before his."""
    table = TABLES[resource.name]
    given = {
        f.name: mine[f.name]
        for f in resource.columns
        if (f.create or f.update or f.actions) and mine.get(f.name) is not None
    }
    if given:
        tx.conn.execute(
            sa.update(table).where(table.c.id == real_id).values(**given, cf_rev=tx.new_rev())
        )


def append_edit(tx: Tx, claim: Claim, record_id: int, wanted: Sent) -> None:
    """Queue a change of a record as one more edit of its row, which holds the values already."""
    table = TABLES[claim.resource.name]
    values = {name: new for name, (_, new) in wanted.items()}
    tx.conn.execute(
        sa.update(table).where(table.c.id == record_id).values(**values, cf_rev=tx.new_rev())
    )
    tx.conn.execute(
        sa.insert(OUTBOX).values(
            resource=claim.resource.name,
            workspace_id=claim.listing.workspace_id if claim.listing else None,
            record_id=record_id,
            op="update",
            patch={name: list(pair) for name, pair in wanted.items()},
            state="pending",
            attempts=0,
            db_user="cfsync",
            captured_at=tx.now,
        )
    )


def bury_local(tx: Tx, claim: Claim, cause: str) -> None:
    """The user's delete has arrived: proof with the last state, and no base any more."""
    body = rows.by_ids(tx, BASE, ["body"], [claim.record_id], resource=claim.resource.name)
    tombstones.forget(tx, claim.resource, [claim.record_id])
    rows.upsert(
        tx,
        TOMBSTONES,
        [
            {
                "resource": claim.resource.name,
                "record_id": claim.record_id,
                "parent_id": claim.listing.parent_id if claim.listing else None,
                "workspace_id": claim.listing.workspace_id if claim.listing else None,
                "side": "local",
                "cause": cause,
                "state": "confirmed",
                "first_seen": tx.now,
                "confirmed_at": tx.now,
                "body": body[0][0] if body else None,
                "rev": tx.rev(),
            }
        ],
    )
    rows.delete(tx, BASE, [claim.record_id], resource=claim.resource.name)


def orphan(tx: Tx, claim: Claim) -> None:
    """The record of an edit is gone: the row stays, and a human decides between the two."""
    kept = Conflict("deleted_remotely", None, None, None, "hold")
    conflicts.record(tx, claim.resource, claim.record_id, kept)
    outbox.hold(tx, claim.seqs, "deleted in ClickFunnels; see cfsync conflicts")
