"""The outbox as the push works it off: claim, journal, acknowledge, park, release.

A claim is what is open on one record, folded. Its rows go pending -> sending, with the values about
to be sent journalled, in one transaction; the call is made with none open; a second transaction
merges the answer and closes the rows, each by its own number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from cfsync.merge import merge
from cfsync.mirror import bases, outbox, rows
from cfsync.mirror.engine import Tx
from cfsync.mirror.outbox import Pending
from cfsync.mirror.schema import OUTBOX, TABLES
from cfsync.records import Listing
from cfsync.resources import Resource

Op = Literal["insert", "update", "delete"]
UNKNOWN = "unknown:"
"""How the reason begins of an insert that is parked because its record may exist already."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What is open on one record. `row` and `base` are canonical values (`base` is {} for an
    insert); `send` what ClickFunnels lacks; `highest_id` the highest id that the mirror had of the
    resource when the row was inserted; `unknown` whether an earlier call's outcome is unknown;
    `captured_at` when the first of its edits was made, by the database's clock; `base_rev` the
    `cf_rev` of its base, 0 where there is none.
    """

    resource: Resource
    record_id: int
    listing: Listing | None
    op: Op
    seqs: tuple[int, ...]
    row: Mapping[str, Any]
    base: Mapping[str, Any]
    send: Mapping[str, Any]
    highest_id: int
    unknown: bool
    attempts: int
    captured_at: str
    base_rev: int


def open_records(
    tx: Tx, resource: Resource, workspaces: Sequence[int], *, behind: int, limit: int
) -> list[tuple[int, int]]:
    """(record id, first seq) of records with something to send whose first open seq is > behind,
    in the order of their edits.
    """
    query = (
        sa.select(OUTBOX.c.record_id, sa.func.min(OUTBOX.c.seq))
        .where(
            OUTBOX.c.resource == resource.name,
            OUTBOX.c.state.in_(("pending", "sending")),
            sa.or_(OUTBOX.c.workspace_id.in_(workspaces), OUTBOX.c.workspace_id.is_(None)),
        )
        .group_by(OUTBOX.c.record_id)
        .having(sa.func.min(OUTBOX.c.seq) > behind)
        .order_by(sa.func.min(OUTBOX.c.seq))
        .limit(limit)
    )
    return [(record_id, seq) for record_id, seq in tx.conn.execute(query)]


def look(tx: Tx, resource: Resource, record_ids: Sequence[int]) -> list[Claim]:
    """What is open on these records, without claiming it. A record with a held row is left out,
    as is one whose row somebody else holds.
    """
    busy = rows.lock(tx, TABLES[resource.name], record_ids)
    return peek(tx, resource, [i for i in record_ids if i not in busy])


def peek(tx: Tx, resource: Resource, wanted: Sequence[int]) -> list[Claim]:
    """As `look`, but nothing is locked: what a push would find now."""
    pending = outbox.pending(tx, resource, wanted)
    known = bases.load(tx, resource, wanted)
    mirrored = rows.load(tx, TABLES[resource.name], wanted)
    return [
        _fold(resource, record_id, entry, mirrored.get(record_id), known.get(record_id))
        for record_id, entry in pending.items()
        if not any(r.state == "held" for r in entry.rows)
        and any(r.state in ("pending", "sending") for r in entry.rows)
    ]


def _fold(
    resource: Resource,
    record_id: int,
    entry: Pending,
    row: Mapping[str, Any] | None,
    base: bases.Base | None,
) -> Claim:
    known = bases.decode(resource, base) if base else None
    before = dict(known.values) if known else {}
    values = row or _last_seen(entry)
    edits = {n: e for n, e in entry.edits.items() if known is None or n not in known.noted}
    merged = merge(resource, base=before, local=values, remote=before, edits=edits, policy="local")
    inserted = next((r for r in entry.rows if r.op == "insert"), None)
    return Claim(
        resource=resource,
        record_id=record_id,
        listing=listing_of(resource, values),
        op=_op(record_id, row, entry),
        seqs=tuple(r.seq for r in entry.rows),
        row=values,
        base=before,
        send=merged.send,
        highest_id=(inserted.highest_id or 0) if inserted else 0,
        unknown=any(r.state == "sending" for r in entry.rows),
        attempts=max(r.attempts for r in entry.rows),
        captured_at=entry.rows[0].captured_at,
        base_rev=base.rev if base else 0,
    )


def _op(record_id: int, row: Mapping[str, Any] | None, entry: Pending) -> Op:
    if row is None or entry.deleted:
        return "delete"
    return "insert" if record_id < 0 else "update"


def _last_seen(entry: Pending) -> dict[str, Any]:
    """A deleted row's values, from what its trigger kept."""
    last = entry.rows[-1]
    return {name: pair[0] for name, pair in last.patch.items()} if last.op == "delete" else {}


def listing_of(resource: Resource, row: Mapping[str, Any]) -> Listing | None:
    """The list below which a row belongs; None while its parent is not given."""
    parent = row.get(resource.parent_field) if resource.parent_field else 0
    return None if parent is None else Listing(resource.name, parent, row.get("workspace_id"))


def journal(tx: Tx, claim: Claim, sent: Mapping[str, Any], batch: int) -> bool:
    """Mark a claim's rows as being sent and keep what: {field: [before, sent]}. False where the
    record has got further edits, or has changed otherwise, since it was looked at.
    """
    entry = outbox.pending(tx, claim.resource, [claim.record_id]).get(claim.record_id)
    if entry is None or tuple(r.seq for r in entry.rows) != claim.seqs:
        return False
    tx.conn.execute(
        sa.update(OUTBOX)
        .where(OUTBOX.c.seq.in_(claim.seqs))
        .values(
            state="sending",
            sent=sent,
            batch=batch,
            sent_at=tx.now,
            attempts=OUTBOX.c.attempts + 1,
        )
    )
    return True


def close(tx: Tx, seqs: Sequence[int], state: str, error: str | None = None) -> None:
    """End the work on these rows: done, parked (with the server's words), pending again, ..."""
    tx.conn.execute(
        sa.update(OUTBOX).where(OUTBOX.c.seq.in_(list(seqs))).values(state=state, error=error)
    )


def park_unknown(tx: Tx, claim: Claim, found: Sequence[int]) -> None:
    """Park an insert whose record may exist already: a human says which it is. To retry it is to
    make it in spite of what was found, so a later look begins behind that.
    """
    seen = ", ".join(map(str, found)) or "nothing to know it by"
    text = f"{UNKNOWN} it may exist already ({seen}); discard this edit, or retry it"
    close(tx, claim.seqs, "parked", text)
    tx.conn.execute(
        sa.update(OUTBOX)
        .where(OUTBOX.c.seq.in_(claim.seqs), OUTBOX.c.op == "insert")
        .values(highest_id=max([claim.highest_id, *found]))
    )


def next_batch(tx: Tx) -> int:
    """The number of a new batch: one push pass, the unit of `revert`."""
    return int(tx.conn.execute(sa.select(sa.func.max(OUTBOX.c.batch))).scalar() or 0) + 1


def touches(tx: Tx, resource: Resource) -> list[tuple[int, int, int | None, tuple[str, ...]]]:
    """(seq, record id, workspace id, key values in lower case) of the open rows that give up or
    take a value of the resource's upsert key.
    """
    key = resource.upsert_key
    query = (
        sa.select(OUTBOX.c.seq, OUTBOX.c.record_id, OUTBOX.c.workspace_id, OUTBOX.c.patch)
        .where(
            OUTBOX.c.resource == resource.name,
            OUTBOX.c.state.in_(("pending", "sending")),
            sa.cast(OUTBOX.c.patch, sa.Text).contains(f'"{key}"'),
        )
        .order_by(OUTBOX.c.seq)
    )
    return [
        (seq, record_id, workspace_id, tuple(v.lower() for v in patch[key] if v))
        for seq, record_id, workspace_id, patch in tx.conn.execute(query)
        if key in patch
    ]


def look_row_by_row(tx: Tx, resource: Resource, record_ids: Sequence[int]) -> list[Claim]:
    """Like `look`, but a claim for each open row by itself, with the values that its statement
    gave, in the order of the statements.
    """
    wanted = set(record_ids) - rows.lock(tx, TABLES[resource.name], record_ids)
    return peek_row_by_row(tx, resource, sorted(wanted))


def peek_row_by_row(tx: Tx, resource: Resource, wanted: Sequence[int]) -> list[Claim]:
    """As `look_row_by_row`, but nothing is locked."""
    pending = outbox.pending(tx, resource, wanted)
    known = bases.load(tx, resource, wanted)
    mirrored = rows.load(tx, TABLES[resource.name], wanted)
    found = []
    for record_id, entry in pending.items():
        for row in entry.rows if not any(r.state == "held" for r in entry.rows) else ():
            given = {name: pair[1] for name, pair in row.patch.items()}
            values = None if row.op == "delete" else {**mirrored.get(record_id, {}), **given}
            one = Pending([row], entry.held)
            found.append(_fold(resource, record_id, one, values, known.get(record_id)))
    return sorted(found, key=lambda claim: claim.seqs)
