"""Bases: each record as last read from ClickFunnels, the third leg of the merge."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from cfsync.decode import decode_record
from cfsync.mirror.db import statements
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import BASE
from cfsync.mirror.progress.checkpoints import Lane
from cfsync.records import ABSENT, Record
from cfsync.resources.model import Field, Resource
from cfsync.values import equal, json_of

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Base:
    """A record as last read. `body` is JSON text."""

    body: str
    rev: int
    same_since: int | None = None
    #: JSON text: {field: [value last sent, the other form in which ClickFunnels stored it]}.
    stored_forms: str | None = None


def load(tx: Tx, resource: Resource, ids: Sequence[int]) -> dict[int, Base]:
    """The bases of those of these records that have one."""
    columns = ["id", "body", "rev", "same_since", "stored_forms"]
    found = statements.by_ids(tx, BASE, columns, ids, resource=resource.name)
    return {i: Base(*values) for i, *values in found}


def decode(resource: Resource, base: Base) -> Record:
    """The record in a base."""
    return decode_record(resource, json_of(base.body))


def save(tx: Tx, records: Sequence[Record], lane: Lane, *, same_since: int | None = None) -> None:
    """Write the bases of records of one resource, which `lane` has brought."""
    if records:
        stamp = {"resource": records[0].resource, "rev": tx.rev(), "lane": str(lane)}
        statements.upsert(
            tx,
            BASE,
            [{"id": r.id, "body": r.body, "updated_at": r.updated_at} for r in records],
            stamp=stamp | {"same_since": same_since},
        )


def same_since(
    resource: Resource,
    before: Row | None,
    after: Row,
    base: Base | None,
    read_rev: int | None = None,
) -> int | None:
    """The lowest `cf_rev` at which a row may have been read with all that users can write as it
    is now; None: this write changes some. `before` and `after` it; the base before it.
    `read_rev`: the row's `cf_rev` before the transaction, where that has changed. Pure.
    """
    if before is None or not all(
        _same(field, before[field.name], after.get(field.name, ABSENT))
        for field in resource.columns
        if field.is_writable
    ):
        return None
    rev = before["cf_rev"] or 0 if read_rev is None else read_rev
    holds = base is not None and base.rev == rev and base.same_since is not None
    return base.same_since if base and holds else rev


def _same(field: Field, before: Any, after: Any) -> bool:
    is_empty = field.merge == "set" and not before and not after
    return after is ABSENT or is_empty or equal(field, before, after)


def remember_forms(
    tx: Tx, resource: Resource, record_id: int, forms: Mapping[str, tuple[Any, Any]]
) -> None:
    """Note values that ClickFunnels has stored in another form: field -> (sent, stored)."""
    base = load(tx, resource, [record_id]).get(record_id)
    if base and forms:
        text = json.dumps({**_forms(base), **forms})
        mine = sa.and_(BASE.c.resource == resource.name, BASE.c.id == record_id)
        tx.conn.execute(sa.update(BASE).where(mine).values(stored_forms=text))


def forget_forms(tx: Tx, resource: Resource, record_id: int, names: Collection[str]) -> None:
    """Forget how ClickFunnels stores values of these fields: the next edit of them is sent."""
    forms = _forms(load(tx, resource, [record_id]).get(record_id))
    if not forms.keys().isdisjoint(names):
        text = json.dumps({name: form for name, form in forms.items() if name not in names})
        mine = sa.and_(BASE.c.resource == resource.name, BASE.c.id == record_id)
        tx.conn.execute(sa.update(BASE).where(mine).values(stored_forms=text))


def in_stored_forms(
    resource: Resource, base: Base | None, local: Mapping[str, Any], remote: Mapping[str, Any]
) -> dict[str, Any]:
    """The values of a row, those as `remote` that ClickFunnels stores in just that form: whoever
    writes such a value again changes nothing.
    """
    found = dict(local)
    for name, (sent, stored) in _forms(base).items():
        field, shown = resource.by_name.get(name), remote.get(name, ABSENT)
        if field and equal(field, local.get(name), sent) and equal(field, shown, stored):
            found[name] = shown
    return found


def _forms(base: Base | None) -> dict[str, Any]:
    return json_of(base.stored_forms) if base and base.stored_forms else {}


def highest_rev(tx: Tx) -> int:
    """The highest `cf_rev` handed out so far: noted before a request, see `Reading.rev_before`."""
    return tx.dialect.highest_rev(tx.conn)
