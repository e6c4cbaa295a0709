"""Which lists there are, one below each known record of a resource's parent, and which are due."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import CHECKPOINTS, TABLES
from cfsync.mirror.progress import checkpoints
from cfsync.mirror.progress.checkpoints import Checkpoint, Lane, fresh
from cfsync.records import PROVISIONAL_FROM, Listing, is_provisional
from cfsync.resources import RESOURCES, ROOT, Resource, children_of
from cfsync.times import time_text


def all_lists(
    tx: Tx, resource: Resource, workspaces: Collection[int] | None = None
) -> list[Listing]:
    """Every list of a resource, below known parents in id order; only those of the given
    workspaces, where they are given.
    """
    if resource.parent is None:
        return [Listing(resource.name, ROOT)]
    parent = TABLES[resource.parent]
    query = sa.select(parent.c.id).where(parent.c.id < PROVISIONAL_FROM).order_by(parent.c.id)
    if "workspace_id" not in parent.c:
        return [Listing(resource.name, i) for i in tx.conn.execute(query).scalars()]
    query = query.add_columns(parent.c.workspace_id)
    if workspaces is not None:
        query = query.where(parent.c.workspace_id.in_(workspaces))
    return [Listing(resource.name, i, workspace) for i, workspace in tx.conn.execute(query)]


def lists_of(
    tx: Tx, resources: Iterable[Resource], workspaces: Collection[int]
) -> Iterator[Listing]:
    """`all_lists` of several resources. Each of their parents is read once."""
    below: dict[str | None, list[Listing]] = {}
    for resource in resources:
        if resource.parent not in below:
            below[resource.parent] = all_lists(tx, resource, workspaces)
        yield from (replace(listing, resource=resource.name) for listing in below[resource.parent])


def of_row(tx: Tx, resource: Resource, record_id: int) -> Listing | None:
    """The list below which a row belongs; None where there is no such row."""
    table = TABLES[resource.name]
    parent = table.c[resource.parent_field] if resource.parent_field else sa.literal(ROOT)
    workspace = table.c.workspace_id if resource.in_workspace else sa.null()
    query = sa.select(parent, workspace).where(table.c.id == record_id)
    row = tx.conn.execute(query).first()
    return None if row is None else Listing(resource.name, *row)


ROTATION = 288
"""Within how many pulls every quiet list of children is pulled once: a day of pulls every 5 min."""


def in_turn(lists: int) -> int:
    """How many of so many quiet lists one pull reads. Pure."""
    return -(-lists // ROTATION)


LATE = timedelta(minutes=10)
"""How much later than its time stamp a row may become visible: another process's transaction took
long, or its clock differs.
"""


def due_lists(tx: Tx, resource: Resource, workspaces: Collection[int]) -> list[Listing]:
    """The children's lists to pull now: those whose parent was written since they were last pulled,
    those never pulled, and then those whose turn it is in the rotation.
    """
    quiet = dict.fromkeys(_quiet(tx, resource, workspaces))
    changed = [li for li in _changed(tx, resource, workspaces) if li not in quiet]
    return [*changed, *quiet]


def mark_tried(tx: Tx, lists: Iterable[Listing]) -> None:
    """Move the rotation on behind the last of these `due_lists`, all of which were tried: one that
    can't be read doesn't hold up the others.
    """
    last = {listing.resource: listing for listing in lists}
    turns = [fresh(Listing(name, ROOT), Lane.TURN) for name in last]
    checkpoints.save(tx, *(replace(t, cursor=last[t.resource].parent_id) for t in turns))


def mark_pulled(
    tx: Tx, resources: Iterable[Resource], workspaces: Collection[int], began_at: str
) -> None:
    """Note that all `due_lists` at `began_at` were pulled: parents written before it need not be
    checked again. Kept for each workspace, since not every pass is about all of them.
    """
    since = time_text(datetime.fromisoformat(began_at) - LATE)
    turns = [turn for r in resources for turn in _turns(tx, r, workspaces)]
    ended = [replace(t, began_at=since) for t in turns if t.done_at is None or t.done_at < since]
    checkpoints.save(tx, *ended)


def restart(tx: Tx, lists: Iterable[Listing]) -> None:
    """Forget how far these lists were walked, so that they are walked from their beginning. A pull
    that is under way meanwhile doesn't count as their turn.
    """
    turns = {
        (li.resource, li.workspace_id)
        for li in lists
        if li.workspace_id is not None and RESOURCES[li.resource].nested
    }
    for listing in lists:
        checkpoints.forget(tx, listing, Lane.BACKFILL)
        checkpoints.forget(tx, listing, Lane.PULL)
    begun = [fresh(Listing(name, workspace), Lane.TURN) for name, workspace in turns]
    checkpoints.save(tx, *(replace(turn, done_at=tx.now) for turn in begun))


def forget_below(tx: Tx, resource: Resource, record_id: int) -> None:
    """Forget how far the lists below a record were walked: when it comes back, they are walked from
    their beginning.
    """
    for child in children_of(resource.name):
        for lane in (Lane.BACKFILL, Lane.PULL, Lane.SWEEP):
            checkpoints.forget(tx, Listing(child.name, record_id), lane)


def _turns(tx: Tx, resource: Resource, workspaces: Collection[int]) -> list[Checkpoint]:
    """A checkpoint for each workspace. `began_at`: parents written since then are to be checked;
    `done_at`: when the lists were last restarted.
    """
    lane = (CHECKPOINTS.c.resource == resource.name, CHECKPOINTS.c.lane == Lane.TURN)
    known = {place.parent_id: place for place in _checkpoints(tx, *lane)}
    return [known.get(w) or fresh(Listing(resource.name, w), Lane.TURN) for w in workspaces]


def _changed(tx: Tx, resource: Resource, workspaces: Collection[int]) -> list[Listing]:
    assert resource.parent is not None
    parent, pull = TABLES[resource.parent], CHECKPOINTS.c
    mine = sa.and_(
        pull.resource == resource.name, pull.parent_id == parent.c.id, pull.lane == Lane.PULL
    )
    query = (
        sa.select(parent.c.id, parent.c.workspace_id)
        .outerjoin(CHECKPOINTS, mine)
        .where(
            sa.or_(
                pull.began_at.is_(None),
                pull.began_at > tx.now,  # from before a clock was set back
                parent.c.cf_synced_at >= pull.began_at,
            )
        )
        .order_by(sa.nulls_first(pull.began_at), parent.c.id)
    )
    if since := _last_turn(tx, resource, workspaces):
        query = query.where(parent.c.cf_synced_at >= since)
    # sorted out here, or the databases would go by the workspace and read everything in it
    found = [(i, w) for i, w in tx.conn.execute(query) if w in workspaces]
    return [Listing(resource.name, i, w) for i, w in found if not is_provisional(i)]


def _last_turn(tx: Tx, resource: Resource, workspaces: Collection[int]) -> str | None:
    """The oldest of the times at which the workspaces' last turns began; None if one has had none,
    or if one is in the future, from before a clock was set back.
    """
    began = [turn.began_at or "" for turn in _turns(tx, resource, workspaces)]
    return min(began, default="") or None if max(began, default="") <= tx.now else None


def _quiet(tx: Tx, resource: Resource, workspaces: Collection[int]) -> list[Listing]:
    """The lists of a resource that are next in the rotation: those for one pull."""
    assert resource.parent is not None
    parent, pull = TABLES[resource.parent], CHECKPOINTS.c
    mine = sa.and_(pull.resource == resource.name, pull.lane == Lane.PULL)
    lists = tx.conn.execute(sa.select(sa.func.count()).where(mine)).scalar_one()
    place = checkpoints.get(tx, Listing(resource.name, ROOT), Lane.TURN)
    after, many = (place.cursor or 0) if place else 0, in_turn(lists)
    query = (
        sa.select(pull.parent_id, parent.c.workspace_id)
        .join(parent, parent.c.id == pull.parent_id)
        .where(mine, parent.c.workspace_id.in_(workspaces))
        .order_by(pull.parent_id)
    )
    behind = tx.conn.execute(query.where(pull.parent_id > after).limit(many)).all()
    again = query.where(pull.parent_id <= after).limit(many - len(behind))
    return [Listing(resource.name, i, w) for i, w in (*behind, *tx.conn.execute(again))]


def pull_checkpoints(tx: Tx, resource: Resource) -> dict[int, Checkpoint]:
    """Parent id -> the checkpoint of the pull of its list."""
    return {parent_id: place for (_, parent_id), place in pulled(tx, [resource]).items()}


def pulled(tx: Tx, resources: Iterable[Resource]) -> dict[tuple[str, int], Checkpoint]:
    """(Resource, parent id) -> the checkpoint of the pull of that list."""
    mine = CHECKPOINTS.c.resource.in_([r.name for r in resources])
    places = _checkpoints(tx, mine, CHECKPOINTS.c.lane == Lane.PULL)
    return {(place.resource, place.parent_id): place for place in places}


def _checkpoints(tx: Tx, *where: sa.ColumnElement[bool]) -> list[Checkpoint]:
    query = sa.select(CHECKPOINTS).where(*where)
    return [checkpoints.of_row(row) for row in tx.conn.execute(query).mappings()]


def first_backfill_at(tx: Tx, resource: Resource) -> str | None:
    """When the backfill of a resource's first list began, canonical text; None: it hasn't."""
    began = sa.func.min(CHECKPOINTS.c.began_at, type_=CHECKPOINTS.c.began_at.type)
    found: str | None = tx.conn.execute(
        sa.select(began).where(
            CHECKPOINTS.c.resource == resource.name, CHECKPOINTS.c.lane == Lane.BACKFILL
        )
    ).scalar()
    return found


def workspaces(tx: Tx) -> list[tuple[int, str | None]]:
    """(id, public_id) of every workspace that the mirror knows, in id order."""
    table = TABLES["workspaces"]
    query = (
        sa.select(table.c.id, table.c.public_id)
        .where(table.c.id < PROVISIONAL_FROM)
        .order_by(table.c.id)
    )
    return [(i, public) for i, public in tx.conn.execute(query)]
