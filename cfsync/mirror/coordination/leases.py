"""Leases: which of several daemons runs the passes of a resource.

A lease is a row of `cf_leases`, held for `ttl` seconds by the database's clock and renewed long
before. Where its holder no longer renews it, another daemon may acquire it `grace` seconds later,
when the last call that the holder may have begun in time has ended. That raises the fence: a write
of the former holder finds another number there and fails. The daemons themselves are rows of the
same table, so that each knows how many there are.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from cfsync.errors import Interrupted
from cfsync.mirror.db.engine import Tx

_DAEMON = "daemon/"
_FORGOTTEN_S = 3600
"""Seconds after which a daemon that ended without `unregister` is deleted."""


class LostLease(Interrupted):
    """Another process runs the passes of this resource now, or may."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the lease of {name} is lost; another process goes on with it")


@dataclass(frozen=True, slots=True)
class Lease:
    """The right of `owner` to run the passes of the resource `name`; `fence` rises with each new
    holder.
    """

    name: str
    owner: str
    fence: int


@dataclass(frozen=True, slots=True)
class LeaseTimes:
    """Seconds: how long a lease lasts, and how much longer another daemon waits before it takes one
    that has run out.
    """

    ttl: float
    grace: float


def register(tx: Tx, owner: str, ttl: float) -> int:
    """Add a daemon, or note that it is still alive; returns how many daemons there are."""
    _do(
        tx,
        "INSERT INTO cf_leases (name, owner, expires_at)"
        " VALUES (:name, :owner, clock_timestamp() + make_interval(secs => :ttl))"
        " ON CONFLICT (name) DO UPDATE SET expires_at = excluded.expires_at",
        name=_DAEMON + owner,
        owner=owner,
        ttl=ttl,
    )
    _do(
        tx,
        "DELETE FROM cf_leases WHERE starts_with(name, :daemon)"
        " AND expires_at < clock_timestamp() - make_interval(secs => :forgotten)",
        daemon=_DAEMON,
        forgotten=_FORGOTTEN_S,
    )
    alive = (
        "SELECT count(*) FROM cf_leases WHERE starts_with(name, :daemon)"
        " AND expires_at > clock_timestamp()"
    )
    return int(_do(tx, alive, daemon=_DAEMON).scalar_one())


def renew(tx: Tx, owner: str, ttl: float) -> list[Lease]:
    """Renew all leases of a daemon that nobody has acquired meanwhile; returns them."""
    return _leases(
        tx,
        "UPDATE cf_leases SET expires_at = clock_timestamp() + make_interval(secs => :ttl)"
        " WHERE owner = :owner AND NOT starts_with(name, :daemon) RETURNING name, owner, fence",
        owner=owner,
        ttl=ttl,
        daemon=_DAEMON,
    )


def acquire(
    tx: Tx, owner: str, names: Collection[str], times: LeaseTimes, *, limit: int
) -> list[Lease]:
    """Acquire up to `limit` of the leases that are free, in the order of `names`; returns them.

    The row is locked against the writes of its last holder (`check_held`), so none of them ends
    later.
    """
    new = (
        "INSERT INTO cf_leases (name) SELECT unnest(CAST(:names AS text[])) ON CONFLICT DO NOTHING"
    )
    _do(tx, new, names=list(names))
    return _leases(
        tx,
        "WITH free AS (SELECT name FROM cf_leases"
        "  WHERE name = ANY(:names) AND (owner IS NULL"
        "   OR expires_at < clock_timestamp() - make_interval(secs => :grace))"
        "  ORDER BY array_position(:names, name) LIMIT :limit FOR UPDATE SKIP LOCKED)"
        " UPDATE cf_leases l SET owner = :owner, fence = l.fence + 1,"
        "  expires_at = clock_timestamp() + make_interval(secs => :ttl)"
        " FROM free WHERE l.name = free.name RETURNING l.name, l.owner, l.fence",
        owner=owner,
        names=list(names),
        limit=limit,
        ttl=times.ttl,
        grace=times.grace,
    )


def release(tx: Tx, owner: str, names: Collection[str]) -> None:
    """End these leases now; nothing that was begun under them may still be under way."""
    free = (
        "UPDATE cf_leases SET owner = NULL, expires_at = NULL"
        " WHERE owner = :owner AND name = ANY(:names)"
    )
    _do(tx, free, owner=owner, names=list(names))


def unregister(tx: Tx, owner: str) -> None:
    """Delete a daemon, which ends."""
    _do(tx, "DELETE FROM cf_leases WHERE name = :name", name=_DAEMON + owner)


def check_held(tx: Tx, lease: Lease) -> None:
    """Raise LostLease unless the lease is held, and keep others from taking it before this
    transaction ends. The holder's own renewal passes this lock.
    """
    mine = (
        "SELECT 1 FROM cf_leases WHERE name = :name AND owner = :owner AND fence = :fence"
        " FOR KEY SHARE"
    )
    values = {"name": lease.name, "owner": lease.owner, "fence": lease.fence}
    if _do(tx, mine, **values).first() is None:
        raise LostLease(lease.name)


def _leases(tx: Tx, sql: str, **values: object) -> list[Lease]:
    return [Lease(**row) for row in _do(tx, sql, **values).mappings()]


def _do(tx: Tx, sql: str, **values: object) -> sa.CursorResult[Any]:
    return tx.conn.execute(sa.text(sql), values)
