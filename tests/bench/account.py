"""What a benchmark stands on: a sandbox in a process of its own, and whole commands, timed.

Imports nothing large: Linux counts the memory of who starts a command as the command's.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

_SANDBOX = """
import asyncio, sys
from cfsync.sandbox import TOKEN, World, serve
world = World(seed=1, bare=sys.argv[2] == "bare", workspaces=1, contacts=int(sys.argv[1]))
world.warm("contacts")
(workspace,) = world.workspaces
asyncio.run(serve(world, ready=lambda url: print(url, TOKEN, workspace, flush=True)))
"""
_POSTGRESQL = """
import signal, sys
from pathlib import Path
from tests.conftest import Postgres
server = Postgres(Path(sys.argv[1]))
server.start()
print(server.url(server.create()), flush=True)
sys.stdin.read()
server.stop(signal.SIGQUIT)
"""


@dataclass(frozen=True)
class Run:
    """One whole process: seconds of wall and CPU time, peak memory in MB, its report."""

    wall: float
    cpu: float
    memory: float
    report: dict[str, Any]

    @property
    def requests(self) -> Any:
        return self.report.get("requests", "")


def median(runs: Sequence[Run]) -> Run:
    """Each figure's median by itself, beside the first one's report."""
    wall, cpu, memory = (
        statistics.median(getattr(run, name) for run in runs) for name in ("wall", "cpu", "memory")
    )
    return Run(wall, cpu, memory, runs[0].report)


@dataclass(frozen=True)
class Account:
    """`workspace`: the id of its only one."""

    folder: Path
    url: str
    token: str
    workspace: str

    @property
    def api(self) -> str:
        return f"{self.url}/api/v2"

    def sqlite(self, name: str) -> str:
        """The URL of a database of that name, in the folder of this account."""
        return f"sqlite:///{self.folder / name}.db"

    def control(self, name: str, **arguments: Any) -> Any:
        body = json.dumps(arguments).encode() if arguments else None
        request = urllib.request.Request(f"{self.url}/_sandbox/{name}", body)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def refused(self) -> int:
        """How many requests were answered 429 so far."""
        return sum(n for what, n in self.control("requests").items() if what.endswith(" 429"))

    def cfsync(self, *arguments: str, database: str, **settings: str) -> Run:
        """Run the command in a fresh process, with no ceiling of our own on the rate."""
        return timed(
            [sys.executable, "-m", "cfsync", *arguments],
            CFSYNC_API__BASE_URL=self.api,
            CFSYNC_API__TOKEN=self.token,
            **{
                "CFSYNC_API__MAX_REQUESTS_PER_SECOND": "0",
                "CFSYNC_API__MIRROR": "core",
                "CFSYNC_DATABASE__URL": database,
                "CFSYNC_PULL__OVERLAP": "0s",
                "CFSYNC_LOG__LEVEL": "error",
            }
            | settings,
        )

    def beside(self, program: str, *arguments: str) -> Run:
        """Run one of this folder's programs that cfsync is compared with."""
        where = [self.api, self.token, self.workspace]
        return timed([sys.executable, "-m", f"tests.bench.{program}", *where, *arguments])


def timed(command: list[str], **environment: str) -> Run:
    """Run a command; its report is the JSON object that it prints, if it does. Ends everything
    where it fails (5: done, but something waits).
    """
    known = {name: value for name, value in os.environ.items() if "CFSYNC_" not in name}
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        began = time.perf_counter()
        process = subprocess.Popen(command, env=known | environment, stdout=output, stderr=errors)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        text, said = (_whole(file) for file in (output, errors))
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 5):
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}: {said}")
    report = json.loads(text) if text.startswith("{") else {}
    return Run(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, report)


def _whole(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


@contextmanager
def account(folder: Path, *, contacts: int, bare: bool = True) -> Iterator[Account]:
    """`bare`: with contacts and nothing else; otherwise there is something in each list."""
    mine = folder / str(contacts)
    mine.mkdir()
    with _beside(_SANDBOX, str(contacts), "bare" if bare else "whole") as said:
        yield Account(mine, *said.split())


@contextmanager
def postgresql() -> Iterator[str]:
    """The URL of an empty database of a server of its own."""
    with (
        tempfile.TemporaryDirectory(prefix="cfsync-bench-", dir="/tmp") as folder,
        _beside(_POSTGRESQL, folder) as url,
    ):
        yield url


@contextmanager
def _beside(program: str, *arguments: str) -> Iterator[str]:
    """Run a program until the block ends; the line that it says when it is ready."""
    command = [sys.executable, "-c", program, *arguments]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()
            if program is _SANDBOX:
                process.terminate()
