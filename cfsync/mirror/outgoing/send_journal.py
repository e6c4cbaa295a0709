"""A claim's rows on their way: pending -> sending, with the values about to be sent, in one
transaction; the call is made with none open; a second one merges the answer and closes each row by
its own number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from cfsync.mirror.bookkeeping import bases, meta, open_edits
from cfsync.mirror.bookkeeping.outbox import OPEN_STATES, UNKNOWN, Op, OutboxState
from cfsync.mirror.db import statements
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import OUTBOX, TABLES
from cfsync.mirror.outgoing.fold import Claim

# built once: they run for every edit that is sent
_SEQS = OUTBOX.c.seq.in_(sa.bindparam("seqs", expanding=True))
_OPEN_NOW = (
    sa.select(OUTBOX.c.seq, OUTBOX.c.attempts)
    .where(
        OUTBOX.c.resource == sa.bindparam("name"),
        OUTBOX.c.record_id == sa.bindparam("record"),
        OUTBOX.c.state.in_(OPEN_STATES),
    )
    .with_for_update(skip_locked=True)
)
_PATCHES = sa.select(OUTBOX.c.seq, OUTBOX.c.patch).where(_SEQS).order_by(OUTBOX.c.seq)
_SENDING = (
    sa.update(OUTBOX)
    .where(_SEQS)
    .values(
        state=OutboxState.SENDING,
        sent=sa.bindparam("values"),
        batch=sa.bindparam("number"),
        sent_at=sa.bindparam("now"),
        attempts=OUTBOX.c.attempts + 1,
    )
)
_CLOSE = (
    sa.update(OUTBOX)
    .where(_SEQS, OUTBOX.c.state.in_(OPEN_STATES))
    .values(state=sa.bindparam("becomes"), error=sa.bindparam("words"))
)


def next_batch(tx: Tx) -> int:
    """The number of a new batch: one push pass, the unit of `revert`. No two passes get the same,
    whatever was forgotten meanwhile and whoever else pushes just now.
    """
    return meta.increment(tx.conn, meta.BATCH)


def journal(tx: Tx, claim: Claim, sent: Mapping[str, Any], batch: int) -> int | None:
    """Mark a claim's rows as being sent and keep what: {field: [before, sent]}. Returns the
    highest `cf_rev`, an answer to be held against it; None where the record has got further edits,
    or has changed otherwise, since it was looked at, where another pass sends it, or somebody is at
    its rows: nothing is done.
    """
    if _open_now(tx, claim) != claim.open_attempts or _base_rev(tx, claim) != claim.base_rev:
        return None
    values = {"values": sent, "number": batch, "now": tx.now}
    tx.conn.execute(_SENDING, {"seqs": claim.seqs, **values})
    return bases.highest_rev(tx)


def _open_now(tx: Tx, claim: Claim) -> dict[int, int]:
    query = {"name": claim.resource.name, "record": claim.record_id}
    return {row.seq: row.attempts for row in tx.conn.execute(_OPEN_NOW, query)}


def _base_rev(tx: Tx, claim: Claim) -> int:
    base = bases.load(tx, claim.resource, [claim.record_id]).get(claim.record_id)
    return base.rev if base else 0


def close(tx: Tx, seqs: Sequence[int], state: OutboxState, error: str | None = None) -> None:
    """End the work on these rows: done, parked (with the server's words), pending again, ... What
    another pass has settled meanwhile stays so.
    """
    tx.conn.execute(_CLOSE, {"seqs": list(seqs), "becomes": state, "words": error})


def journal_normalised(tx: Tx, claim: Claim, forms: Mapping[str, Any]) -> None:
    """Journal values in the form that ClickFunnels gave them: what this call has made of them is
    what can be taken back.
    """
    if not forms:
        return
    query = sa.select(OUTBOX.c.seq, OUTBOX.c.sent).where(OUTBOX.c.seq.in_(claim.seqs))
    for seq, sent in tx.conn.execute(query).all():
        new = sent | {name: [sent[name][0], value] for name, value in forms.items()}
        tx.conn.execute(sa.update(OUTBOX).where(OUTBOX.c.seq == seq).values(sent=new))


def finish(tx: Tx, claim: Claim, refused: Mapping[str, str]) -> None:
    """End the work on a claim: each row is done, but parked where one of its fields was `refused`
    (field -> the reason), and still pending where one waits for a human's decision. Values that
    ClickFunnels never shows are taken from the row when they have been sent.
    """
    held = {name.partition(".")[0] for name in claim.held}
    for seq, patch in _patches(tx, claim):
        words = dict.fromkeys(refused[n] for n in patch if n in refused)
        if words:
            close(tx, [seq], OutboxState.PARKED, "; ".join(words))
        else:
            close(tx, [seq], OutboxState.PENDING if held & patch.keys() else OutboxState.DONE)
    _empty_hidden(tx, claim)


def _patches(tx: Tx, claim: Claim) -> list[tuple[int, Mapping[str, Any]]]:
    found = tx.conn.execute(_PATCHES, {"seqs": claim.seqs})
    return [(seq, patch) for seq, patch in found]


def _empty_hidden(tx: Tx, claim: Claim) -> None:
    """Make fields NULL again that ClickFunnels never shows and that are edited no more."""
    resource, table = claim.resource, TABLES[claim.resource.name]
    hidden = [f.name for f in resource.columns if not (f.shown or f.path)]
    if not hidden:
        return
    entry = open_edits.load(tx, resource, [claim.record_id])
    edited = entry[claim.record_id].by_field if entry else {}
    names = [name for name in hidden if name not in edited]
    if not names or statements.lock(tx, table, [claim.record_id]):
        return
    left = sa.or_(*(table.c[name].is_not(None) for name in names))
    values = dict.fromkeys(names) | {"cf_rev": tx.new_rev()}
    tx.conn.execute(sa.update(table).where(table.c.id == claim.record_id, left).values(values))


def park_unknown(tx: Tx, claim: Claim, found: Sequence[int]) -> None:
    """Park an insert whose record may exist already: a human says which it is. To retry it is to
    make it in spite of what was found, so a later look begins behind that.
    """
    seen = ", ".join(map(str, found)) or "nothing to know it by"
    text = f"{UNKNOWN} it may exist already ({seen}); discard this edit, or retry it"
    close(tx, claim.seqs, OutboxState.PARKED, text)
    tx.conn.execute(
        sa.update(OUTBOX)
        .where(OUTBOX.c.seq.in_(claim.seqs), OUTBOX.c.op == Op.INSERT)
        .values(highest_id=max([claim.highest_id, *found]))
    )
