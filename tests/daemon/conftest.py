"""A small account, its mirror, and daemons between the two."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cfsync.resources import RESOURCES
from cfsync.sandbox import TOKEN, Running, World, running
from tests.daemon.harness import Daemon, Systemd

KEPT = ("teams", "workspaces", "contacts")
"""Resources that the daemons of these tests mirror, for speed."""


@pytest.fixture
def world() -> World:
    return World(seed=1, bare=True, workspaces=1, contacts=30)


@pytest.fixture
def server(world: World) -> Iterator[Running]:
    with running(world) as served:
        yield served


@pytest.fixture
def settings(server: Running, mirror_url: str) -> dict[str, str]:
    """For daemons; without the prefix CFSYNC_."""
    off = {f"RESOURCES__{n.upper()}__ENABLED": "false" for n in RESOURCES if n not in KEPT}
    return off | {
        "API__BASE_URL": server.api,
        "API__TOKEN": TOKEN,
        "API__MAX_REQUESTS_PER_SECOND": "0",
        "API__TIMEOUT_S": "5",
        "DATABASE__URL": mirror_url,
        "DELETIONS__CONFIRM_AFTER": "0s",
        "PUSH__DEBOUNCE": "50ms",
        "PUSH__SETTLE": "0s",
        "WEB__LISTEN": "127.0.0.1:0",
    }


@pytest.fixture
def systemd() -> Iterator[Systemd]:
    it = Systemd()
    yield it
    it.close()


@pytest.fixture
def start(
    settings: dict[str, str], tmp_path: Path, world: World
) -> Iterator[Callable[..., Daemon]]:
    """`start(systemd, API__TOKEN=..., environ={...})`: a daemon that is gone after the test. What
    it printed is searched for the token and for people.
    """
    started: list[Daemon] = []
    people = [c["email_address"] for w in world.workspaces for c in world.records("contacts", w)]

    def one(
        systemd: Systemd | None = None, environ: dict[str, str] | None = None, **more: str
    ) -> Daemon:
        started.append(Daemon(tmp_path, settings | more, systemd, **(environ or {})))
        return started[-1]

    yield one
    for daemon in started:
        daemon.kill()
        assert "Traceback" not in daemon.output, daemon.output[-5000:]
        assert TOKEN not in daemon.output
        assert not re.search("|".join(map(re.escape, filter(None, people))), daemon.output)


@pytest.fixture
def command(
    settings: dict[str, str], tmp_path: Path
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """`command("pause", "contacts")`: another cfsync, beside the daemon."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "cfsync", *arguments],
            cwd=tmp_path,
            env={f"CFSYNC_{name}": value for name, value in settings.items()},
            capture_output=True,
            text=True,
            timeout=60,
        )

    return run


@pytest.fixture
def contact(world: World) -> int:
    """The id of one contact in ClickFunnels."""
    return int(world.ids("contacts", world.workspaces[0])[0])


@pytest.fixture
def count(sql: Any) -> Callable[[], int]:
    return lambda: sql("SELECT count(*) FROM contacts WHERE id < 900000000000000")[0][0]
