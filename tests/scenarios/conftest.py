"""A filled account to play in, on either database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from cfsync.sync import passes
from tests.conftest import copy_of, templates
from tests.scenarios.machine import Machine
from tests.scenarios.stage import Setup, stage

Play = Callable[[str, Setup], AbstractContextManager[Machine]]


def _fill(url: str) -> None:
    with stage(url, Setup()) as machine:
        assert machine.account.run(passes.backfill).state == "done"


full_sqlite, full_postgres = templates("full", _fill)


@pytest.fixture
def machine_on(request: pytest.FixtureRequest, tmp_path: Path) -> Play:
    """`machine_on("sqlite", setup)`: a machine over a mirror that holds all of the account."""

    @contextmanager
    def on(dialect: str, setup: Setup) -> Iterator[Machine]:
        with copy_of("full", dialect, request, tmp_path) as url, stage(url, setup) as machine:
            yield machine

    return on
