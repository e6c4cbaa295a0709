"""What a benchmark stands on: a sandbox in a process of its own, and the real command, timed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cfsync.sandbox import TOKEN

_SERVE = """
import asyncio, sys
from cfsync.sandbox import World, serve
world = World(seed=1, bare=True, contacts=int(sys.argv[1]))
world.warm("contacts")
asyncio.run(serve(world, ready=lambda url: print(url, flush=True)))
"""


@dataclass(frozen=True)
class Run:
    """One whole process: seconds of wall and CPU time, peak memory in MB, its report."""

    wall: float
    cpu: float
    memory: float
    report: dict[str, Any]


@dataclass(frozen=True)
class Account:
    url: str
    mirror: Path

    def control(self, name: str, **arguments: Any) -> Any:
        body = json.dumps(arguments).encode() if arguments else None
        request = urllib.request.Request(f"{self.url}/_sandbox/{name}", body)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def cfsync(self, *arguments: str, **settings: str) -> Run:
        """Run the command in a fresh process, with no ceiling of our own on the rate."""
        environment = {
            "PATH": os.environ["PATH"],
            "CFSYNC_API__BASE_URL": f"{self.url}/api/v2",
            "CFSYNC_API__TOKEN": TOKEN,
            "CFSYNC_API__MAX_REQUESTS_PER_SECOND": "0",
            "CFSYNC_DATABASE__URL": f"sqlite:///{self.mirror}",
            "CFSYNC_LOG__LEVEL": "error",
        } | settings
        command = [sys.executable, "-m", "cfsync", *arguments, "--json"]
        began = time.perf_counter()
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)
        assert process.stdout is not None
        with process.stdout as output:
            text = output.read()
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"cfsync {' '.join(arguments)} ended with {process.returncode}")
        cpu = used.ru_utime + used.ru_stime
        return Run(wall, cpu, used.ru_maxrss / 1024, json.loads(text))


@contextmanager
def account(folder: Path, *, contacts: int) -> Iterator[Account]:
    command = [sys.executable, "-c", _SERVE, str(contacts)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            url = server.stdout.readline().strip()
            yield Account(url, folder / f"mirror-{contacts}.db")
        finally:
            server.kill()
