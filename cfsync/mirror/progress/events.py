"""Events: requests to read a record again, from ClickFunnels or from a pass.

Each is kept by its id, so that one that comes twice is recognised. It says which record changed,
not what changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from cfsync.hints import Hint
from cfsync.mirror.db import statements
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import BASE, EVENTS
from cfsync.resources.model import Resource
from cfsync.times import is_ahead


class EventState(StrEnum):
    """The state of an event.

    none -> new: a record is to be read
    none -> done: about nothing that the mirror wants, or something that it has already
    new -> done: the record was read
    done -> none: forgotten after its time
    """

    NEW = "new"
    DONE = "done"


class EventSource(StrEnum):
    """Who asks for a record to be read again."""

    RECEIVER = "receiver"
    """A webhook delivery."""
    LOG = "log"
    """The events log of ClickFunnels."""
    BUSY = "busy"
    """A pass that found its row held by somebody, or that saw only a part of the record."""
    REFUSED = "refused"
    """A pass whose row a constraint or trigger of the user's refused; `error`: why."""


OWN = (EventSource.BUSY, EventSource.REFUSED)
"""Records that cfsync itself asks for."""


BATCH = 200
"""Events of a resource that are followed together."""


@dataclass(frozen=True, slots=True)
class OpenEvent:
    """An event to follow. `body`: the record that came with it, as JSON text, if any."""

    event_id: str
    workspace_id: int | None
    record_id: int
    body: str | None


@dataclass(frozen=True, slots=True)
class SavedEvents:
    """How many events were new; `open`: resource -> how many of these are to be followed."""

    new: int
    open: Mapping[str, int]


def save(
    tx: Tx, hints: Sequence[Hint], source: EventSource, *, wanted: Collection[str], bodies: bool
) -> SavedEvents:
    """Write the events that are not known yet, and notify daemons of those that are to be followed.
    One about none of the `wanted` resources, or about a state that the mirror has already, is done
    at once. With `bodies` the records that came along are kept until the event is followed.
    """
    if not hints:
        return SavedEvents(0, {})
    new = [_row(tx, hint, source, wanted=wanted, bodies=bodies) for hint in hints]
    insert = tx.dialect.insert(EVENTS).values(new).on_conflict_do_nothing()
    kept = tx.conn.execute(insert.returning(EVENTS.c.resource, EVENTS.c.state)).all()
    to_follow = Counter(resource for resource, state in kept if state == EventState.NEW)
    if to_follow:
        tx.dialect.notify(tx.conn)
    return SavedEvents(len(kept), to_follow)


def _row(
    tx: Tx, hint: Hint, source: EventSource, *, wanted: Collection[str], bodies: bool
) -> dict[str, Any]:
    is_open = hint.resource in wanted and not _is_known(tx, hint)
    return {
        "event_id": hint.event_id,
        "source": source,
        "workspace_id": hint.workspace_id,
        "event_type": hint.event_type,
        "resource": hint.resource,
        "record_id": hint.record_id,
        "state": EventState.NEW if is_open else EventState.DONE,
        "received_at": tx.now,
        "body": hint.body if is_open and bodies else None,
    }


def _is_known(tx: Tx, hint: Hint) -> bool:
    """Every change moves `updated_at`, so a base that is not older has the change already. A base
    of the future says nothing.
    """
    if hint.updated_at is None:
        return False
    query = sa.select(BASE.c.updated_at).where(
        BASE.c.resource == hint.resource, BASE.c.id == hint.record_id
    )
    known = tx.conn.execute(query).scalar()
    return known is not None and known >= hint.updated_at and not is_ahead(known, tx.now)


def add_busy(tx: Tx, resource: Resource, ids: Iterable[int]) -> None:
    """Ask the next pass to read these records again, whose rows somebody holds, or of which only a
    part was read.
    """
    statements.upsert(
        tx,
        EVENTS,
        [
            {
                "event_id": f"busy:{resource.name}:{record_id}",
                "source": EventSource.BUSY,
                "resource": resource.name,
                "record_id": record_id,
                "state": EventState.NEW,
                "received_at": tx.now,
            }
            for record_id in ids
        ],
    )


def resources_with_open(tx: Tx) -> list[str]:
    """Resources with events to follow, other than rows that somebody held."""
    query = sa.select(EVENTS.c.resource).where(
        EVENTS.c.state == EventState.NEW, EVENTS.c.source.not_in(OWN)
    )
    return list(tx.conn.execute(query.distinct()).scalars())


def find_open(
    tx: Tx, resource: Resource, *, busy: bool = False, limit: int = BATCH
) -> list[OpenEvent]:
    """A resource's events to follow, oldest first; with `busy` the rows that somebody held."""
    source = EVENTS.c.source == EventSource.BUSY if busy else EVENTS.c.source.not_in(OWN)
    found = tx.conn.execute(
        sa.select(*(EVENTS.c[f.name] for f in fields(OpenEvent)))
        .where(EVENTS.c.resource == resource.name, EVENTS.c.state == EventState.NEW, source)
        .order_by(EVENTS.c.received_at, EVENTS.c.event_id)
        .limit(limit)
    )
    return [OpenEvent(*row) for row in found]


def close(tx: Tx, hints: Sequence[OpenEvent]) -> None:
    """Mark events as done."""
    ids = [hint.event_id for hint in hints]
    done = sa.update(EVENTS).where(EVENTS.c.event_id.in_(ids), EVENTS.c.state == EventState.NEW)
    tx.conn.execute(done.values(state=EventState.DONE, body=None))


def close_busy(tx: Tx, resource: Resource, ids: Sequence[int], *, before: str) -> None:
    """Mark these rows, which somebody held before `before`, as read again."""
    tx.conn.execute(
        sa.update(EVENTS)
        .where(
            EVENTS.c.resource == resource.name,
            EVENTS.c.record_id.in_(ids),
            EVENTS.c.source == EventSource.BUSY,
            EVENTS.c.state == EventState.NEW,
            EVENTS.c.received_at <= before,
        )
        .values(state=EventState.DONE)
    )


_ADD_REFUSED = sa.text(
    "INSERT INTO cf_events"
    " (event_id, source, workspace_id, resource, record_id, state, received_at, error) VALUES"
    f" (:event_id, '{EventSource.REFUSED}', :workspace, :resource, :record_id, '{EventState.NEW}',"
    f" :now, :reason) ON CONFLICT (event_id) DO UPDATE SET state = '{EventState.NEW}',"
    " error = excluded.error, received_at ="
    f" CASE cf_events.state WHEN '{EventState.NEW}' THEN cf_events.received_at"
    " ELSE excluded.received_at END"
).bindparams(sa.bindparam("now", type_=EVENTS.c.received_at.type))


def add_refused(
    tx: Tx, resource: Resource, reasons: Mapping[int, str], workspaces: Mapping[int, int | None]
) -> None:
    """Ask for the records again whose rows were refused, and keep since when and why. `workspaces`:
    record id -> its workspace, which the record may not name.
    """
    for record_id, reason in reasons.items():
        key = {"event_id": f"refused:{resource.name}:{record_id}", "resource": resource.name}
        values = {"record_id": record_id, "now": tx.now, "reason": reason}
        workspace = {"workspace": workspaces.get(record_id)}
        tx.conn.execute(_ADD_REFUSED, key | values | workspace)


def find_refused(tx: Tx, resource: Resource) -> dict[int, int | None]:
    """The records whose rows were refused, longest first: id -> workspace, if it is known."""
    query = sa.select(EVENTS.c.record_id, EVENTS.c.workspace_id).where(
        EVENTS.c.resource == resource.name,
        EVENTS.c.state == EventState.NEW,
        EVENTS.c.source == EventSource.REFUSED,
    )
    found = tx.conn.execute(query.order_by(EVENTS.c.received_at).limit(BATCH))
    return {row.record_id: row.workspace_id for row in found}


def close_refused(tx: Tx, resource: Resource, ids: Iterable[int]) -> None:
    """Note that the mirror has taken these records."""
    names = [f"refused:{resource.name}:{record_id}" for record_id in ids]
    done = sa.update(EVENTS).where(EVENTS.c.event_id.in_(names), EVENTS.c.state == EventState.NEW)
    tx.conn.execute(done.values(state=EventState.DONE, error=None))
