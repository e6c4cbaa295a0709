"""A filled account to play in, on either database."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from cfsync.sync import passes
from tests.conftest import Postgres
from tests.scenarios.machine import Machine
from tests.scenarios.stage import Setup, stage

Play = Callable[[str, Setup], AbstractContextManager[Machine]]


def _fill(url: str) -> None:
    with stage(url, Setup()) as machine:
        assert machine.account.run(passes.backfill).state == "done"


@pytest.fixture(scope="session")
def full_sqlite(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = Path(shutil.copy(migrated_sqlite, tmp_path_factory.mktemp("scenarios") / "cfsync.db"))
    _fill(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def full_postgres(postgres: Postgres, migrated_postgres: str) -> str:
    name = postgres.create(migrated_postgres)
    _fill(postgres.url(name, "cfsync_daemon"))
    return name


@pytest.fixture
def machine_on(request: pytest.FixtureRequest, tmp_path: Path) -> Play:
    """`machine_on("sqlite", setup)`: a machine over a mirror that holds all of the account."""

    @contextmanager
    def on(dialect: str, setup: Setup) -> Iterator[Machine]:
        if dialect == "sqlite":
            template = request.getfixturevalue("full_sqlite")
            url = f"sqlite:///{shutil.copy(template, tmp_path / 'cfsync.db')}"
        else:
            server: Postgres = request.getfixturevalue("postgres")
            name = server.create(request.getfixturevalue("full_postgres"))
            url = server.url(name, "cfsync_daemon")
        with stage(url, setup) as machine:
            yield machine

    return on
