"""Events: what some lane asks to look at again. Each is kept by its id, so that one that comes
twice is known, and says no more than which record it is about.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

import sqlalchemy as sa

from cfsync.hints import Hint
from cfsync.mirror.db import statements
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import BASE, EVENTS
from cfsync.resources.model import Resource

Source = Literal["receiver", "log"]

BATCH = 200
"""Hints of a resource that are worked off together."""


@dataclass(frozen=True, slots=True)
class Open:
    """A hint that waits."""

    event_id: str
    workspace_id: int | None
    record_id: int
    body: str | None


@dataclass(frozen=True, slots=True)
class Kept:
    """How many events were new, and of which resources how many are to be looked at."""

    new: int
    open: Mapping[str, int]


def keep(
    tx: Tx, hints: Sequence[Hint], source: Source, *, wanted: Collection[str], bodies: bool
) -> Kept:
    """Keep those that are not known yet. One that is about none of the `wanted` resources, or about
    a state that the mirror has already, is over at once. Of the others daemons are told. With
    `bodies` the records that came along are kept until somebody looks.
    """
    if not hints:
        return Kept(0, {})
    new = [_row(tx, hint, source, wanted=wanted, bodies=bodies) for hint in hints]
    insert = tx.dialect.insert(EVENTS).values(new).on_conflict_do_nothing()
    kept = tx.conn.execute(insert.returning(EVENTS.c.resource, EVENTS.c.state)).all()
    to_look_at = Counter(resource for resource, state in kept if state == "new")
    if to_look_at:
        tx.dialect.notify(tx.conn)
    return Kept(len(kept), to_look_at)


def _row(
    tx: Tx, hint: Hint, source: Source, *, wanted: Collection[str], bodies: bool
) -> dict[str, Any]:
    is_open = hint.resource in wanted and not _is_known(tx, hint)
    return {
        "event_id": hint.event_id,
        "source": source,
        "workspace_id": hint.workspace_id,
        "event_type": hint.event_type,
        "resource": hint.resource,
        "record_id": hint.record_id,
        "state": "new" if is_open else "done",
        "received_at": tx.now,
        "body": hint.body if is_open and bodies else None,
    }


def _is_known(tx: Tx, hint: Hint) -> bool:
    """Every change moves `updated_at`, so a base that is not older holds what the event tells."""
    if hint.updated_at is None:
        return False
    query = sa.select(BASE.c.updated_at).where(
        BASE.c.resource == hint.resource, BASE.c.id == hint.record_id
    )
    known = tx.conn.execute(query).scalar()
    return known is not None and known >= hint.updated_at


def look_again(tx: Tx, resource: Resource, ids: Iterable[int]) -> None:
    """Ask the next pass of this resource to read these records singly."""
    statements.upsert(
        tx,
        EVENTS,
        [
            {
                "event_id": f"busy:{resource.name}:{record_id}",
                "source": "busy",
                "resource": resource.name,
                "record_id": record_id,
                "state": "new",
                "received_at": tx.now,
            }
            for record_id in ids
        ],
    )


def waiting(tx: Tx) -> list[str]:
    """Resources with hints that wait, other than rows that somebody held."""
    query = sa.select(EVENTS.c.resource).where(EVENTS.c.state == "new", EVENTS.c.source != "busy")
    return list(tx.conn.execute(query.distinct()).scalars())


def find(tx: Tx, resource: Resource, *, busy: bool = False, limit: int = BATCH) -> list[Open]:
    """What waits of a resource, oldest first: its hints, or (`busy`) rows that somebody held."""
    source = EVENTS.c.source == "busy" if busy else EVENTS.c.source != "busy"
    found = tx.conn.execute(
        sa.select(*(EVENTS.c[f.name] for f in fields(Open)))
        .where(EVENTS.c.resource == resource.name, EVENTS.c.state == "new", source)
        .order_by(EVENTS.c.received_at, EVENTS.c.event_id)
        .limit(limit)
    )
    return [Open(*row) for row in found]


def settle(tx: Tx, hints: Sequence[Open]) -> None:
    """These hints are followed."""
    ids = [hint.event_id for hint in hints]
    done = sa.update(EVENTS).where(EVENTS.c.event_id.in_(ids), EVENTS.c.state == "new")
    tx.conn.execute(done.values(state="done", body=None))


def looked_at(tx: Tx, resource: Resource, ids: Sequence[int], *, before: str) -> None:
    """Rows that somebody held before `before` have been read again."""
    tx.conn.execute(
        sa.update(EVENTS)
        .where(
            EVENTS.c.resource == resource.name,
            EVENTS.c.record_id.in_(ids),
            EVENTS.c.source == "busy",
            EVENTS.c.state == "new",
            EVENTS.c.received_at <= before,
        )
        .values(state="done")
    )
