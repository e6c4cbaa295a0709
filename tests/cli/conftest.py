"""The real command as a subprocess, in an empty directory, with none of this machine's settings."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from cfsync.sandbox import TOKEN, Running, World, running


class Done(subprocess.CompletedProcess[str]):
    @property
    def json(self) -> Any:
        return json.loads(self.stdout)

    @property
    def said(self) -> list[str]:
        """What it told a person on standard error, logs aside."""
        lines = self.stderr.splitlines()
        return [line.removeprefix("cfsync: ") for line in lines if line.startswith("cfsync: ")]


class Command:
    """`cfsync("pull", "contacts", LOG__LEVEL="debug")` in a directory of its own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.database = directory / "cfsync.db"
        self.settings: dict[str, str] = {}

    def __call__(self, *arguments: str, input: str = "", **settings: str) -> Done:  # noqa: A002
        process = self.start(*arguments, **settings)
        out, err = process.communicate(input, timeout=60)
        assert "Traceback" not in err or self.settings.get("LOG__LEVEL") == "debug", err
        return Done(arguments, process.returncode, out, err)

    def start(self, *arguments: str, **settings: str) -> subprocess.Popen[str]:
        given = {f"CFSYNC_{name}": value for name, value in (self.settings | settings).items()}
        clean = {name: value for name, value in os.environ.items() if "CFSYNC_" not in name}
        return subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "cfsync", *arguments],
            cwd=self.directory,
            env=clean | given,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.database)) as connection:
            rows = connection.execute(statement).fetchall()
            connection.commit()
            return rows


@pytest.fixture
def bare(tmp_path: Path) -> Command:
    """The command without any setting."""
    return Command(tmp_path)


def small_world() -> World:
    return World(bare=True, contacts=30, contact_tags=2, products=2)


@pytest.fixture
def world() -> World:
    """A small account: one workspace with 30 contacts, and little else; always the same one."""
    return small_world()


@pytest.fixture(scope="session")
def full_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A mirror of such an account."""
    command = Command(tmp_path_factory.mktemp("full"))
    with running(small_world()) as served:
        done = command("backfill", API__BASE_URL=served.api, API__TOKEN=TOKEN, API__MIRROR="core")
    assert done.returncode == 0, done.stderr
    return command.database


@pytest.fixture
def server(world: World) -> Iterator[Running]:
    with running(world) as served:
        yield served


@pytest.fixture
def cfsync(bare: Command, server: Running) -> Command:
    """The command, with URL and token of the sandbox."""
    bare.settings |= {"API__BASE_URL": server.api, "API__TOKEN": TOKEN}
    bare.settings |= {"DELETIONS__CONFIRM_AFTER": "0s", "API__MAX_REQUESTS_PER_SECOND": "0"}
    bare.settings |= {"API__MIRROR": "core"}
    return bare


@pytest.fixture
def filled(cfsync: Command, full_database: Path) -> Command:
    """The command beside a complete mirror."""
    shutil.copy(full_database, cfsync.database)
    return cfsync
