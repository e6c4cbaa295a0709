"""The journal of edits that are being sent.

One transaction marks a claim's edits as sending and keeps the values about to be sent; the call is
made with no transaction open; a second one merges the answer and closes each edit by its own
number.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from cfsync.mirror.bookkeeping import bases, open_edits, reasons, rows
from cfsync.mirror.bookkeeping.outbox import OPEN_STATES, Op, OutboxState
from cfsync.mirror.db import statements
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.errors import Busy
from cfsync.mirror.db.tables import OUTBOX, TABLES
from cfsync.mirror.history.changes import BY_PUSH
from cfsync.mirror.outgoing.fold import Claim
from cfsync.mirror.progress import meta

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
_SENT = sa.select(OUTBOX.c.seq, OUTBOX.c.sent).where(_SEQS)


def _mark_sending(where: sa.ColumnElement[bool]) -> sa.Update:
    found = sa.update(OUTBOX).where(where)
    return found.values(
        state=OutboxState.SENDING,
        sent=sa.bindparam("values"),
        batch=sa.bindparam("number"),
        sent_at=sa.bindparam("now"),
        attempts=OUTBOX.c.attempts + 1,
    )


_SENDING = _mark_sending(_SEQS)
_SENDING_ONE = _mark_sending(OUTBOX.c.seq == sa.bindparam("number_of"))
_CLOSE = (
    sa.update(OUTBOX)
    .where(_SEQS, OUTBOX.c.state.in_(OPEN_STATES))
    .values(state=sa.bindparam("becomes"), error=sa.bindparam("words"))
)


def next_batch(tx: Tx) -> int:
    """The number of a new batch: one push pass, the unit of `revert`. No two passes ever get the
    same number.
    """
    return meta.increment(tx.conn, meta.BATCH)


def journal(tx: Tx, claim: Claim, sent: Mapping[str, Any], batch: int) -> int | None:
    """Mark a claim's edits as being sent and keep what is sent: {field: [before, sent]}. Returns
    the highest `cf_rev`, against which the answer is checked. None, with nothing done, where the
    record has further edits or has changed since it was claimed, or where another transaction holds
    the edits.
    """
    if _open_now(tx, claim) != claim.open_attempts or _base_rev(tx, claim) != claim.base_rev:
        return None
    values = {"values": sent, "number": batch, "now": tx.now}
    tx.conn.execute(_SENDING, {"seqs": claim.seqs, **values})
    return bases.highest_rev(tx)


def journal_all(tx: Tx, found: Sequence[tuple[Claim, Mapping[str, Any]]], batch: int) -> None:
    """Mark the edits of claims that this transaction has made as being sent, each claim with what
    is sent: {field: [before, sent]}.
    """
    stamp = {"number": batch, "now": tx.now}
    rows = [{"number_of": seq, "values": sent} | stamp for c, sent in found for seq in c.seqs]
    if rows:
        tx.conn.execute(_SENDING_ONE, rows)


def _open_now(tx: Tx, claim: Claim) -> dict[int, int]:
    query = {"name": claim.resource.name, "record": claim.record_id}
    return {row.seq: row.attempts for row in tx.conn.execute(_OPEN_NOW, query)}


def _base_rev(tx: Tx, claim: Claim) -> int:
    base = bases.load(tx, claim.resource, [claim.record_id]).get(claim.record_id)
    return base.rev if base else 0


def close(tx: Tx, seqs: Sequence[int], state: OutboxState, error: str | None = None) -> None:
    """Set the state and the reason of edits whose work is over. Those that another pass has closed
    meanwhile stay as they are.
    """
    tx.conn.execute(_CLOSE, {"seqs": list(seqs), "becomes": state, "words": error})


def move(tx: Tx, seqs: Sequence[int], batch: int) -> None:
    """Make edits that an earlier push has begun to send a part of this batch."""
    tx.conn.execute(sa.update(OUTBOX).where(_SEQS).values(batch=batch), {"seqs": list(seqs)})


def journal_normalised(tx: Tx, claim: Claim, forms: Mapping[str, Any]) -> None:
    """Journal values in the form that ClickFunnels has stored, so that `revert` recognises them."""
    if not forms:
        return
    for seq, sent in tx.conn.execute(_SENT, {"seqs": claim.seqs}).all():
        new = sent | {name: [sent[name][0], value] for name, value in forms.items()}
        tx.conn.execute(sa.update(OUTBOX).where(OUTBOX.c.seq == seq).values(sent=new))


def leave_out(tx: Tx, claim: Claim, names: Collection[str]) -> int:
    """Journal that a claim's next call does not carry some fields; returns the highest `cf_rev`."""
    for seq, sent in tx.conn.execute(_SENT, {"seqs": claim.seqs}).all():
        kept = {name: pair for name, pair in sent.items() if name not in names}
        tx.conn.execute(sa.update(OUTBOX).where(OUTBOX.c.seq == seq).values(sent=kept))
    return bases.highest_rev(tx)


def finish(tx: Tx, claim: Claim, refused: Mapping[str, str]) -> None:
    """Close a claim: each edit is done, or parked with those of its fields that were `refused`
    (field -> the reason), or pending again where one waits for a person's decision. Sent values
    that ClickFunnels never shows are removed from the row, and values that it stores in another
    form get that form.
    """
    held = {name.partition(".")[0] for name in claim.held}
    for seq, patch in _patches(tx, claim):
        words = dict.fromkeys(refused[n] for n in patch if n in refused)
        if words:
            if not held & (patch.keys() - refused.keys()):
                _split_off_done(tx, seq, refused)
            close(tx, [seq], OutboxState.PARKED, "; ".join(words))
        else:
            close(tx, [seq], OutboxState.PENDING if held & patch.keys() else OutboxState.DONE)
    _empty_hidden(tx, claim)
    _show_stored_forms(tx, claim)


def _split_off_done(tx: Tx, seq: int, refused: Collection[str]) -> None:
    """Make the fields of an update that were not refused an edit of their own, which is done."""
    edit = tx.conn.execute(sa.select(OUTBOX).where(OUTBOX.c.seq == seq)).mappings().one()
    done = {name: pair for name, pair in edit["patch"].items() if name not in refused}
    if edit["op"] != Op.UPDATE or not done:
        return
    left = {name: pair for name, pair in edit["patch"].items() if name in refused}
    sent = {name: pair for name, pair in (edit["sent"] or {}).items() if name in done}
    copied = {name: value for name, value in edit.items() if name != "seq"}
    values = copied | {"patch": done, "sent": sent, "state": OutboxState.DONE, "error": None}
    values["is_news"] = False  # it was a part of the other one
    tx.conn.execute(sa.insert(OUTBOX).values(values))
    tx.conn.execute(sa.update(OUTBOX).where(OUTBOX.c.seq == seq).values(patch=left))


def _patches(tx: Tx, claim: Claim) -> list[tuple[int, Mapping[str, Any]]]:
    found = tx.conn.execute(_PATCHES, {"seqs": claim.seqs})
    return [(seq, patch) for seq, patch in found]


def _empty_hidden(tx: Tx, claim: Claim) -> None:
    """Set to NULL the fields that ClickFunnels never shows and that have no open edit any more."""
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


def _show_stored_forms(tx: Tx, claim: Claim) -> None:
    """Raises Busy where another program holds the row: the edits then stay open."""
    resource, forms = claim.resource, claim.stored_forms
    if forms and statements.lock(tx, TABLES[resource.name], [claim.record_id]):
        raise Busy(f"{resource.name} {claim.record_id} is locked by another program")
    entry = open_edits.load(tx, resource, [claim.record_id] if forms else [])
    edited = entry[claim.record_id].by_field if entry else {}
    if left := {n: v for n, v in forms.items() if n not in edited}:
        rows.set_fields(tx, resource, claim.record_id, left, BY_PUSH)


def park_unknown(tx: Tx, claim: Claim, found: Sequence[int]) -> None:
    """Park an insert whose record may be one of those `found`: a person decides. Another one is
    created in spite of these, so the next search begins behind them.
    """
    close(tx, claim.seqs, OutboxState.PARKED, reasons.may_exist(found))
    tx.conn.execute(
        sa.update(OUTBOX)
        .where(OUTBOX.c.seq.in_(claim.seqs), OUTBOX.c.op == Op.INSERT)
        .values(highest_id=max([claim.highest_id, *found]))
    )
