"""Whether events report every change of a list: as long as they bring changes, and no pull or sweep
finds one that they should have reported.

Kept in a checkpoint of the lane `events` of each list: `began_at`, since when they have missed no
change, NULL if they are not known to; `seen_at`, when they last missed one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import sqlalchemy as sa

from cfsync.hints import WITH_EVENTS
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import CHECKPOINTS, EVENTS
from cfsync.mirror.progress import checkpoints
from cfsync.mirror.progress.checkpoints import Checkpoint, Lane
from cfsync.mirror.progress.events import OWN, EventState
from cfsync.records import Listing, Record
from cfsync.resources.model import Resource
from cfsync.times import later

GRACE_S = 30.0
"""Seconds that an event may take. A pull that finds an older change first proves a gap."""

PROVED_S = 3600.0
"""Seconds without a gap after which events count as reporting every change."""


def update(tx: Tx, resource: Resource, news: Sequence[Record], lane: Lane) -> None:
    """Take into account the new and changed records that a lane has brought first."""
    if resource.name not in WITH_EVENTS or not resource.listed_by_workspace:
        return
    if lane == Lane.EVENTS:
        _begin(tx, [place for place in _places(tx, resource, news) if place.began_at is None])
    elif lane in (Lane.PULL, Lane.SWEEP, Lane.CENSUS):
        proving = [place for place in _places(tx, resource, news) if place.began_at is not None]
        missed = _workspaces(unannounced(tx, resource, news)) if proving else ()
        _end(tx, [place for place in proving if place.parent_id in missed])


def _begin(tx: Tx, places: Sequence[Checkpoint]) -> None:
    checkpoints.save(tx, *(replace(p, began_at=tx.now, done_at=tx.now) for p in places))


def _end(tx: Tx, places: Sequence[Checkpoint]) -> None:
    checkpoints.save(tx, *(replace(p, began_at=None, seen_at=tx.now) for p in places))


def _places(tx: Tx, resource: Resource, news: Sequence[Record]) -> list[Checkpoint]:
    lists = [Listing(resource.name, w, w) for w in sorted(_workspaces(news))]
    return [
        checkpoints.get(tx, listing, Lane.EVENTS) or checkpoints.fresh(listing, Lane.EVENTS)
        for listing in lists
    ]


def _workspaces(records: Sequence[Record]) -> set[int]:
    return {w for r in records if isinstance(w := r.values.get("workspace_id"), int)}


def unannounced(tx: Tx, resource: Resource, news: Sequence[Record]) -> list[Record]:
    """Those that changed more than GRACE_S ago and that no event has reported since."""
    before = later(tx.now, -GRACE_S)
    late = [(r, r.updated_at) for r in news if r.updated_at and r.updated_at < before]
    if not late:
        return []
    newest = sa.func.max(EVENTS.c.received_at, type_=EVENTS.c.received_at.type)
    query = sa.select(EVENTS.c.record_id, newest).where(
        EVENTS.c.resource == resource.name,
        EVENTS.c.state.in_(tuple(EventState)),
        EVENTS.c.source.not_in(OWN),
        EVENTS.c.received_at >= min(at for _, at in late),
    )
    rows = tx.conn.execute(query.group_by(EVENTS.c.record_id))
    reported: dict[int, str] = {int(i): at for i, at in rows}
    return [record for record, at in late if reported.get(record.id, "") < at]


def covered_workspaces(tx: Tx, resource: Resource) -> set[int]:
    """The workspaces whose events have reported every change for long enough."""
    return {workspace for _, workspace in covered_lists(tx, [resource])}


def covered_lists(tx: Tx, resources: Iterable[Resource]) -> set[tuple[str, int]]:
    """The same of several resources: (resource, workspace)."""
    before = later(tx.now, -PROVED_S)
    query = sa.select(CHECKPOINTS.c.resource, CHECKPOINTS.c.parent_id).where(
        CHECKPOINTS.c.resource.in_([r.name for r in resources]),
        CHECKPOINTS.c.lane == Lane.EVENTS,
        CHECKPOINTS.c.began_at <= before,
    )
    return {(name, workspace) for name, workspace in tx.conn.execute(query)}
