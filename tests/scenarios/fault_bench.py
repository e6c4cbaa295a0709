"""Where a scene is played: its mirror, which is put back as it was before each run."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from cfsync.mirror.db.engine import Mirror
from cfsync.sandbox import World, running
from cfsync.sync import passes
from tests.conftest import Postgres, Sql
from tests.push.conftest import Account, now, settings_for
from tests.scenarios.fault_kinds import ONCE
from tests.scenarios.fault_scenes import SETTINGS, Scene, world_of


class Store(Protocol):
    """A database that can be put back."""

    url: str
    mirror: Mirror

    def keep(self) -> None:
        """As it is now it is to be again."""

    def put_back(self) -> None: ...

    def close(self) -> None: ...


class SqliteStore:
    def __init__(self, empty: Path, folder: Path) -> None:
        self._kept = Path(shutil.copy(empty, folder / "kept.db"))
        self._file = Path(shutil.copy(empty, folder / "cfsync.db"))
        self.url = f"sqlite:///{self._file}"
        self.mirror = Mirror.open(self.url, must_exist=True, clock=now)

    def keep(self) -> None:
        _copy(self._file, self._kept)

    def put_back(self) -> None:
        _copy(self._kept, self._file)

    def close(self) -> None:
        self.mirror.close()


class PostgresStore:
    """`empty`: the name of a migrated database."""

    def __init__(self, server: Postgres, empty: str) -> None:
        self._server, self._kept = server, empty
        self._name = ""
        self.put_back()

    def keep(self) -> None:
        self.mirror.close()
        self._kept = self._name
        self._name = ""
        self.put_back()

    def put_back(self) -> None:
        self.close()
        self._name = self._server.create(self._kept)
        self.url = self._server.url(self._name, "cfsync_daemon")
        self.mirror = Mirror.open(self.url, must_exist=True, clock=now)

    def close(self) -> None:
        if self._name:
            self.mirror.close()
            self._server.drop(self._name)


class Bench:
    """One scene, which begins again and again from the same state of both sides. `proved`: states
    from which the next passes brought everything to rest (see `fault_matrix` and
    `crash_points`).
    """

    def __init__(self, scene: Scene, store: Store) -> None:
        self.scene = scene
        self.store = store
        self.proved: set[Hashable] = set()
        if not scene.empty:
            self._prepare()

    def world(self) -> World:
        world = world_of(**self.scene.sizes)
        self.scene.given(world)
        world.ledger.clear()
        return world

    def _prepare(self) -> None:
        with self.account(self.world()) as account:
            assert account.run(passes.backfill).exit_code == 0
            assert account.pull().exit_code == 0
            self.scene.edit(account)
        self.store.keep()

    @contextmanager
    def fresh(self) -> Iterator[Account]:
        """Both sides as they stand when the pass begins."""
        self.store.put_back()
        world = self.world()
        self.scene.change(world)
        with self.account(world) as account:
            yield account

    @contextmanager
    def account(self, world: World) -> Iterator[Account]:
        sql = Sql(self.store.url, "postgres")
        try:
            with running(world) as served:
                settings = settings_for(served, self.store.url) | SETTINGS
                settings["CFSYNC_API__MAX_CONCURRENCY"] = str(self.scene.walkers)
                yield Account(served, self.store.mirror, settings, sql, retry=ONCE)
        finally:
            sql.conn.close()


def _copy(source: Path, target: Path) -> None:
    with sqlite3.connect(source) as from_, sqlite3.connect(target) as to:
        from_.backup(to)
    from_.close()
    to.close()
