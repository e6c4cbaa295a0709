"""The sandbox that everything here talks to, and the things that are put to use against it.

These tests are collected by `make deploy-test` alone, which has prepared what they run.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from cfsync.sandbox import World, serve
from tests.deploy.real.booted import Booted
from tests.deploy.real.pods import Pods

T = TypeVar("T")

PREPARED = os.environ.get("DEPLOY_TEST")

collect_ignore_glob = [] if PREPARED else ["test_*.py"]

PORT = 8788


@pytest.fixture(scope="session")
def work() -> Path:
    assert PREPARED
    return Path(PREPARED)


class ClickFunnels:
    """A sandbox on every address of this network namespace, which can be away for a while."""

    def __init__(self) -> None:
        self.world = World(contacts=30)
        self.workspace = self.world.workspaces[0]
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._task: asyncio.Task[None] | None = None

    def contact(self) -> int:
        """One of the contacts."""
        return self.world.ids("contacts", self.workspace)[0]

    def first_name(self, contact: int) -> object:
        return (self.world.get("contacts", contact) or {}).get("first_name")

    def start(self) -> None:
        is_up = threading.Event()
        loop = self._loop = asyncio.new_event_loop()
        serving = serve(self.world, "0.0.0.0", PORT, ready=lambda _: is_up.set())
        self._task = loop.create_task(serving)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert is_up.wait(10)

    def _run(self) -> None:
        assert self._loop
        assert self._task
        try:
            self._loop.run_until_complete(self._task)
        except asyncio.CancelledError:
            self._loop.close()

    def stop(self) -> None:
        if self._loop and self._task and self._thread:
            self._loop.call_soon_threadsafe(self._task.cancel)
            self._thread.join()
            self._loop = None


@pytest.fixture
def clickfunnels() -> Iterator[ClickFunnels]:
    """It is up; `stop()` takes it away."""
    served = ClickFunnels()
    served.start()
    yield served
    served.stop()


@pytest.fixture
def pods(work: Path) -> Iterator[Pods]:
    """Containers, all gone in the end."""
    pods = Pods(work)
    pods.clear()
    yield pods
    pods.clear()


@pytest.fixture
def machine(work: Path) -> Iterator[Booted]:
    """A freshly booted Debian with cfsync installed as docs/operating.md says."""
    with Booted.boot(work) as booted:
        booted.install()
        yield booted


@pytest.fixture
def until() -> Callable[..., object]:
    """`until(fn, *args)`: waits for fn's answer to be true, and gives it."""

    def wait(fn: Callable[..., T], *args: object, timeout: float = 60) -> T:
        end = time.monotonic() + timeout
        while not (found := fn(*args)):
            assert time.monotonic() < end, f"{fn} {args}: still {found!r} after {timeout} s"
            time.sleep(0.1)
        return found

    return wait
