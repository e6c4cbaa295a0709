"""Edits that cfsync makes: for a person, as if by SQL (the triggers capture or refuse them), or of
what a row holds already.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from cfsync.errors import UsageError
from cfsync.mirror.bookkeeping import bases, outbox, rows
from cfsync.mirror.bookkeeping.outbox import Op, Sent
from cfsync.mirror.db import statements
from cfsync.mirror.db.engine import Tx, as_user, savepoint
from cfsync.mirror.db.errors import Constrained
from cfsync.mirror.db.tables import OUTBOX, TABLES
from cfsync.mirror.history.changes import BY_PUSH
from cfsync.mirror.history.person import person
from cfsync.mirror.outgoing.fold import Claim
from cfsync.resources import Resource


def edit(tx: Tx, resource: Resource, record_id: int, values: Mapping[str, Any]) -> None:
    """Change fields of a row. Raises UsageError, with the database's own words, where a trigger or
    a constraint refuses it, and Constrained where a trigger skips it; what the transaction did
    before is kept. The values are sent, also where ClickFunnels has stored them in another form.
    """
    table, last = TABLES[resource.name], outbox.highest_seq(tx)
    query = sa.update(table).where(table.c.id == record_id).values(dict(values))
    with _by_user(tx):
        written = tx.conn.execute(query).rowcount
    if not written and statements.by_ids(tx, table, ["id"], [record_id]):
        raise rows.skipped(resource, record_id)
    _sign(tx, resource, record_id, last)
    bases.forget_forms(tx, resource, record_id, values)


def edit_as_read(
    tx: Tx,
    resource: Resource,
    record_id: int,
    values: Mapping[str, Any],
    is_as_read: Callable[[Mapping[str, Any]], bool],
) -> None:
    """As `edit`, by somebody who has read the row. Raises UsageError where it was deleted since, or
    `is_as_read` says of what it holds now, with its `cf_rev`, that it was not read so.
    """
    table = TABLES[resource.name]
    statements.lock(tx, table, [record_id])
    found = tx.conn.execute(sa.select(table).where(table.c.id == record_id)).mappings().first()
    if found is None or not is_as_read(dict(found)):
        raise UsageError("the record has changed since you opened it: look at it again first")
    edit(tx, resource, record_id, values)


def insert(tx: Tx, resource: Resource, values: Mapping[str, Any]) -> int:
    """Insert a row, and return its id. Raises as `edit` does."""
    table, last = TABLES[resource.name], outbox.highest_seq(tx)
    query = sa.insert(table).values(dict(values)).returning(table.c.id)
    with _by_user(tx):
        record_id = tx.conn.execute(query).scalar()
    if record_id is None:
        raise Constrained(f"a trigger skips the new row of {resource.name} without an error")
    _sign(tx, resource, record_id, last)
    return int(record_id)


def delete(tx: Tx, resource: Resource, record_id: int) -> None:
    """Delete a row. Raises as `edit` does."""
    table, last = TABLES[resource.name], outbox.highest_seq(tx)
    with _by_user(tx):
        deleted = tx.conn.execute(sa.delete(table).where(table.c.id == record_id)).rowcount
    if not deleted:
        raise rows.skipped(resource, record_id)
    _sign(tx, resource, record_id, last)


@contextmanager
def _by_user(tx: Tx) -> Iterator[None]:
    """Within the block a user writes."""
    try:
        with tx.conn.begin_nested(), as_user(tx):
            yield
    except sa.exc.DBAPIError as error:
        if not tx.dialect.is_refusal(error):
            raise
        raise UsageError(tx.dialect.message(error)) from None


def _sign(tx: Tx, resource: Resource, record_id: int, last: int) -> None:
    """Write the `signature` into the edits of a row that come after the number `last`."""
    mine = (OUTBOX.c.resource == resource.name, OUTBOX.c.record_id == record_id)
    query = sa.update(OUTBOX).where(OUTBOX.c.seq > last, *mine)
    tx.conn.execute(query.values(signature(tx)))


def signature(tx: Tx) -> dict[str, str]:
    """The columns of an edit that say who has had cfsync make it: a person, unless a pass does."""
    return {"db_user": outbox.CFSYNC if tx.run else person(), "application": outbox.CFSYNC}


def edit_from(
    tx: Tx,
    resource: Resource,
    record_id: int,
    before: Mapping[str, Any],
    values: Mapping[str, Any],
) -> None:
    """As `edit`, of fields that no trigger has seen change from their values `before`. Where it is
    refused, the row stays as it is.
    """
    with savepoint(tx):
        rows.set_fields(tx, resource, record_id, before, by=None)  # for the trigger to see
        edit(tx, resource, record_id, values)


def original_signature(claim: Claim, names: Collection[str]) -> dict[str, str | None]:
    """The columns that say who made the last edit of the claim in which one of some fields is."""
    about = [edit for edit in claim.edits if not edit.patch.keys().isdisjoint(names)]
    last = (about or claim.edits)[-1]
    return {"db_user": last.db_user, "application": last.application}


def append_edit(
    tx: Tx, claim: Claim, record_id: int, wanted: Sent, signed: Mapping[str, str | None]
) -> None:
    """Queue a change of a record as one more edit of its row, which holds the values already.
    `signed`: the columns that say who has made it.
    """
    values = {name: new for name, (_, new) in wanted.items()}
    rows.set_fields(tx, claim.resource, record_id, values, BY_PUSH)
    outbox.append(
        tx,
        claim.resource,
        Op.UPDATE,
        {name: list(pair) for name, pair in wanted.items()},
        record_id=record_id,
        workspace_id=claim.listing.workspace_id if claim.listing else None,
        **signed,
    )
