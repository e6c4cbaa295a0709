"""Who has decided what about edits, conflicts, deletions, records, pushes, imports and lists: the
last decision of each.

What a decision makes of a row is in the history (`cf_changes`); many make nothing of it.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any, Literal

import sqlalchemy as sa

from cfsync.mirror.bookkeeping.outbox import AT_ONCE
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import CONFLICTS, OUTBOX, TOMBSTONES
from cfsync.mirror.history.person import person
from cfsync.mirror.progress import meta

NOT_DECIDED = {"decision": None, "decided_by": None, "decided_at": None}
"""The columns of a row about which no person has decided."""


def edits(
    tx: Tx,
    decision: Literal["approved", "retried", "discarded", "adopted"],
    seqs: Collection[int],
) -> None:
    """Note who has decided about edits."""
    _note(tx, OUTBOX.c.seq, seqs, decision)


def conflict(tx: Tx, conflict_id: int, choice: str) -> None:
    """Note who has resolved a conflict, and for which side."""
    _note(tx, CONFLICTS.c.id, [conflict_id], choice)


def deletions(
    tx: Tx,
    decision: Literal["approved", "rejected", "redacted"],
    resource: str,
    ids: Collection[int],
) -> None:
    """Note who has decided that records leave the mirror, or stay."""
    _note(tx, TOMBSTONES.c.record_id, ids, decision, TOMBSTONES.c.resource == resource)


def lists(
    tx: Tx,
    decision: Literal["paused", "resumed", "pull asked for", "sweep asked for"],
    names: Collection[str],
) -> None:
    """Note who has paused or resumed lists, or has asked for a pass of them now."""
    kind = "pause" if decision in ("paused", "resumed") else decision.partition(" ")[0]
    for name in names:
        meta.put(tx.conn, f"{meta.DECIDED}{name}/{kind}", _told(tx, decision))


def act(tx: Tx, call: str, action: str) -> list[str]:
    """Note who has a call of an action made. Returns the keys of the notes of all such calls of
    which it is not certain what has become; this one is the last. `call`: RESOURCE/ID/ACTION.
    """
    key = f"{meta.ACT}{call}/{tx.rev()}"
    earlier = begun(tx, call)
    meta.put(tx.conn, key, _told(tx, action))
    return [*earlier, key]


def begun(tx: Tx, call: str) -> list[str]:
    """The notes of such calls that were begun, and of which it is not certain what has become."""
    prefix = f"{meta.ACT}{call}/"
    return [prefix + number for number in meta.with_prefix(tx.conn, prefix)]


def not_acted(tx: Tx, note: str) -> None:
    """Drop the note of a call: it has changed nothing."""
    meta.delete(tx.conn, note)


def acted(tx: Tx, call: str, action: str, notes: Collection[str]) -> None:
    """Keep who had a call made that was applied. It settles the earlier ones, whose notes are
    dropped, too; one that was begun later has its own.
    """
    for note in notes:
        meta.delete(tx.conn, note)
    meta.put(tx.conn, f"{meta.ACTED}{call}", _told(tx, action))


def undeleted(tx: Tx, resource: str, record_id: int) -> None:
    """Note who has brought a deleted record back."""
    meta.put(tx.conn, f"{meta.BROUGHT_BACK}{resource}/{record_id}", _told(tx, "undeleted"))


def reverted(tx: Tx, batch: int, records: Collection[tuple[str, int]], deleted: int) -> None:
    """Note who has reverted a push, for how many records. `deleted`: how many of these the push had
    created.
    """
    names = sorted({resource for resource, _ in records})
    about = {"resources": names, "count": len(records), "deleted": deleted}
    meta.put(tx.conn, f"{meta.REVERTED}{batch}", _told(tx, "reverted", **about))


def imported(tx: Tx, number: int, resource: str, rows: int) -> None:
    """Note who has made an import."""
    about = {"resource": resource, "count": rows}
    meta.put(tx.conn, f"{meta.IMPORTED}{number}", _told(tx, "imported", **about))


_FORGOTTEN = (meta.ACTED, meta.BROUGHT_BACK, meta.REVERTED, meta.IMPORTED)


def forget(tx: Tx, before: str) -> None:
    """Forget what was applied, brought back, reverted or imported before a time."""
    for prefix in _FORGOTTEN:
        for key, told in meta.with_prefix(tx.conn, prefix).items():
            if json.loads(told)["at"] < before:
                meta.delete(tx.conn, f"{prefix}{key}")


def _told(tx: Tx, decision: str, **about: Any) -> str:
    return json.dumps({"decision": decision, "by": person(), "at": tx.now, **about})


def _note(
    tx: Tx,
    key: sa.Column[Any],
    numbers: Collection[int],
    decision: str,
    *where: sa.ColumnElement[bool],
) -> None:
    values = {"decision": decision, "decided_by": person(), "decided_at": tx.now}
    change, found = sa.update(key.table).where(*where).values(values), [*numbers]
    for start in range(0, len(found), AT_ONCE):
        tx.conn.execute(change.where(key.in_(found[start : start + AT_ONCE])))
