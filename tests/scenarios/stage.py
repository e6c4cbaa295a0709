"""An account of some size, served over HTTP, beside a mirror: where the machine plays."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random

from cfsync.api.retry import Retry
from cfsync.mirror.db import clock
from cfsync.mirror.db.engine import Mirror
from cfsync.resources import RESOURCES
from cfsync.sandbox import World, running
from tests.conftest import Sql
from tests.push.conftest import SIZES, Account, now, settings_for
from tests.scenarios.machine import Machine

POLICIES = ("clickfunnels", "local", "newest", "hold")
EACH = SIZES | {"product_prices": 2, "order_transactions": 3}
"""How many records there are in an account of size 1."""

LINKS = ("contact_applied_tags",)
"""Records that are no table: they come with one."""


@dataclass(frozen=True, slots=True)
class Setup:
    """`size`: how many times `EACH`. `daemon`: the passes in this process are those of one that has
    been running from the beginning. The rest are settings; `guard`: the usual one against mass
    deletions, which small accounts hardly get past; `census`: contacts are swept by a saved filter;
    `bulk`: the same tag of two contacts goes in bulk. `tables`: the account has no others; all,
    where it is empty.
    """

    policy: str = "clickfunnels"
    size: int = 1
    guard: bool = False
    batch: int = 100
    overlap: str = "2m"
    daemon: bool = False
    census: bool = False
    bulk: bool = False
    tables: tuple[str, ...] = ()

    @property
    def settings(self) -> dict[str, str]:
        conflicts = {f"CFSYNC_RESOURCES__{n.upper()}__ON_CONFLICT": self.policy for n in RESOURCES}
        others = [n for n in RESOURCES if self.tables and n not in self.tables]
        off = {f"CFSYNC_RESOURCES__{n.upper()}__ENABLED": "false" for n in others}
        return (
            conflicts
            | off
            | {
                "CFSYNC_DELETIONS__MAX_FRACTION": "0.05" if self.guard else "1.0",
                "CFSYNC_PUSH__BATCH": str(self.batch),
                "CFSYNC_PULL__OVERLAP": self.overlap,
                "CFSYNC_CENSUS__CREATE_FILTER": str(self.census).lower(),
                "CFSYNC_PUSH__BULK_FROM": "2" if self.bulk else "50",
                "CFSYNC_WEB__LISTEN": "off",
            }
        )

    def world(self) -> World:
        counts = {
            name: count * self.size if not self.tables or name in (*self.tables, *LINKS) else 0
            for name, count in EACH.items()
        }
        workspaces = 1 if self.size < 3 else 2
        return World(seed=3, bare=True, workspaces=workspaces, anonymous=3 * self.size, **counts)


def any_setup(dice: Random, *, policy: str, size: int = 1) -> Setup:
    return Setup(
        policy=policy,
        size=size,
        guard=dice.random() < 0.2,
        batch=dice.choice([1, 3, 100]),
        overlap=dice.choice(["0s", "2m"]),
        daemon=dice.random() < 0.5,
        census=dice.random() < 0.5,
        bulk=dice.random() < 0.5,
    )


@contextmanager
def stage(url: str, setup: Setup) -> Iterator[Machine]:
    """A machine over the mirror at `url`, which is migrated. Passes in this process give up at the
    first failure, so that faults are not waited for.
    """
    with running(setup.world()) as served:
        mirror = Mirror.open(url, must_exist=True, clock=now)
        sql, user = Sql(url, "postgres"), Sql(url, "cfsync_app")
        settings = settings_for(served, url) | setup.settings
        del settings["CFSYNC_RETENTION__CHANGES"]
        try:
            account = Account(served, mirror, settings, sql, Retry(attempts=1))
            account.started_at = account.desk(_now) if setup.daemon else ""
            yield Machine(account, user)
        finally:
            sql.conn.close()
            user.conn.close()
            mirror.close()


async def _now(mirror: Mirror) -> str:
    return await mirror.read(clock.now)
