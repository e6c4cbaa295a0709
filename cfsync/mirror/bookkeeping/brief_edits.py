"""Edits without their values: a person may decide about a hundred thousand of them at once."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import fields, replace
from functools import lru_cache
from sys import intern
from typing import Any

import sqlalchemy as sa

from cfsync.mirror.bookkeeping.outbox import Edit, OutboxState, edit_of
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import OUTBOX

_COLUMNS = [OUTBOX.c[f.name] for f in fields(Edit)]


def each(
    tx: Tx,
    *,
    states: Collection[OutboxState],
    resources: Collection[str] = (),
    seqs: Collection[int] | None = None,
) -> Iterator[Edit]:
    """As `outbox.find`, but one after the other, and with their values."""
    query = sa.select(*_COLUMNS).where(OUTBOX.c.state.in_(states))
    if resources:
        query = query.where(OUTBOX.c.resource.in_(resources))
    if seqs is not None:
        query = query.where(OUTBOX.c.seq.in_(seqs))
    return map(edit_of, tx.conn.execute(query.order_by(OUTBOX.c.seq)).mappings())


def brief(edit: Edit) -> Edit:
    """The same; of its values only the names of the fields are left. Pure."""
    texts = {n: value for n in Edit.__slots__ if type(value := getattr(edit, n)) is str}
    shared: dict[str, Any] = {name: intern(text) for name, text in texts.items()}
    return replace(edit, patch=_without_values(tuple(edit.patch)), sent=None, **shared)


@lru_cache
def _without_values(names: tuple[str, ...]) -> Mapping[str, Any]:
    return dict.fromkeys(names, (None, None))
