"""How old the mirror is: cheap enough to be read often."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

import sqlalchemy as sa

from cfsync.mirror.bookkeeping.outbox import TO_SEND_STATES
from cfsync.mirror.db import clock
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.quoting import exists_in_clickfunnels, ident, literal
from cfsync.mirror.db.tables import CHECKPOINTS, OUTBOX, TABLES
from cfsync.mirror.progress.checkpoints import Lane
from cfsync.resources import Resource

_WAITING = sa.table("cf_waiting", sa.column("since", OUTBOX.c.captured_at.type))
_SINCE = _WAITING.c.since


def row_count(tx: Tx, name: str) -> int:
    """Rows of a resource's table."""
    count = sa.select(sa.func.count()).select_from(TABLES[name])
    return int(tx.conn.execute(count).scalar_one())


def newest_pulls_below(
    tx: Tx, resources: Iterable[Resource], workspaces: Collection[int]
) -> dict[str, str]:
    """When a list of each of these resources, below other records than workspaces, was last pulled,
    canonical text. Those are left out that have no lists, or of which none was pulled yet.
    """
    parents = {r.name: r.parent for r in resources if r.parent}
    there = _with_records(tx, set(parents.values()), workspaces)
    newest = sa.func.max(CHECKPOINTS.c.began_at, type_=CHECKPOINTS.c.began_at.type)
    query = sa.select(CHECKPOINTS.c.resource, newest).where(
        CHECKPOINTS.c.resource.in_([name for name, parent in parents.items() if parent in there]),
        CHECKPOINTS.c.lane == Lane.PULL,
    )
    found = tx.conn.execute(query.group_by(CHECKPOINTS.c.resource))
    return {name: began_at for name, began_at in found if began_at is not None}


def _with_records(tx: Tx, tables: Iterable[str], workspaces: Collection[int]) -> set[str]:
    """Those of the tables that have records of ClickFunnels in one of the workspaces."""
    here = f"workspace_id IN ({', '.join(map(str, map(int, workspaces))) or 'NULL'})"
    sql = " UNION ALL ".join(
        f"SELECT {literal(name)} WHERE EXISTS (SELECT 1 FROM {ident(name)}"
        f" WHERE {exists_in_clickfunnels('id')} AND {here})"
        for name in sorted(tables)
    )
    return set(tx.conn.exec_driver_sql(sql).scalars()) if sql else set()


def oldest_edit_ages(tx: Tx) -> dict[str, float]:
    """Resource -> the age in seconds of its oldest edit that is to be sent, where there is one."""
    first = sa.func.min(OUTBOX.c.captured_at, type_=OUTBOX.c.captured_at.type)
    query = sa.select(OUTBOX.c.resource, first).where(OUTBOX.c.state.in_(TO_SEND_STATES))
    found = tx.conn.execute(query.group_by(OUTBOX.c.resource))
    return {name: _age(tx, time) for name, time in found}


def oldest_waiting_age(tx: Tx) -> float:
    """The age in seconds of what has waited longest for a person; 0 where nothing does."""
    return _age(tx, tx.conn.execute(sa.select(sa.func.min(_SINCE, type_=_SINCE.type))).scalar())


def waiting_since_before(tx: Tx, time: str) -> int:
    """How much of what waits for a person has waited since before that time."""
    query = sa.select(sa.func.count()).where(time > _SINCE).select_from(_WAITING)
    return int(tx.conn.execute(query).scalar_one())


def _age(tx: Tx, time: str | None) -> float:
    if time is None:
        return 0.0
    at = datetime.fromisoformat(clock.now(tx))
    return max(0.0, (at - datetime.fromisoformat(time)).total_seconds())
