"""`make attack`: a real daemon with TLS, and connections that are silent or slow.

For each kind of attack: connections are opened one after the other and held, and one that the
daemon closes is opened again, while genuine deliveries come. The figures are the daemon's memory
and descriptors, the deliveries that it accepts, and how long they and /healthz take. Nothing is
asserted: machines differ. The result is a Markdown table, as in docs/reliability.md.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import resource
import signal
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import httpx

from cfsync.sandbox import TOKEN, Running, World, running
from cfsync.sandbox.faults.courier import signed
from tests.daemon.harness import Daemon
from tests.web.test_web import _with_certificate

FILES = 1024
"""The files that the daemon may open, as on most systems."""

AT_ONCE = 50
"""Connections that an attack opens side by side."""

HEAD = "POST /webhooks/{workspace} HTTP/1.1\r\nHost: x\r\n"
ATTACKS = {
    "none": None,
    "silent": "",
    "one byte": "P",
    "slow head": HEAD,
    "slow body": HEAD + "Content-Length: 900\r\n\r\n{{",
}
"""Name -> what each connection says; a silent one does not even begin the TLS handshake."""


@dataclass
class Target:
    """The daemon under attack."""

    pid: int
    port: int
    workspace: int
    secret: str
    trust: ssl.SSLContext

    @property
    def memory(self) -> float:
        """Resident memory in MB."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024

    @property
    def descriptors(self) -> int:
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))


@dataclass
class Figures:
    """What one attack came to."""

    opened: int = 0
    memory: float = 0.0
    descriptors: int = 0
    statuses: list[int] = field(default_factory=list)
    took: list[float] = field(default_factory=list)
    healthy: int = 0

    def look(self, target: Target) -> None:
        self.memory = max(self.memory, target.memory)
        self.descriptors = max(self.descriptors, target.descriptors)

    def line(self, name: str, deliveries: int) -> str:
        slowest = max(self.took, default=0.0) * 1000
        return (
            f"| {name} | {self.opened:,} | {self.memory:.0f} | {self.descriptors} |"
            f" {self.statuses.count(200)} of {deliveries} | {slowest:.0f} |"
            f" {self.healthy} of {deliveries} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=1800, help="opened and held")
    parser.add_argument("--deliveries", type=int, default=40, help="genuine ones, one by one")
    given = parser.parse_args()
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(f"{date.today()}, {machine}, {given.connections:,} connections held\n")
    print("| attack | opened | MB | descriptors | accepted | slowest ms | /healthz |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory() as folder, attacked(Path(folder)) as target:
        for name, says in ATTACKS.items():
            text = None if says is None else says.format(workspace=target.workspace)
            figures = asyncio.run(attack(target, text, given.connections, given.deliveries))
            print(figures.line(name, given.deliveries), flush=True)


@contextmanager
def attacked(folder: Path) -> Iterator[Target]:
    """A daemon with TLS that has filled its mirror and knows a webhook's secret."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, most))
    settings = _with_certificate(folder)
    port = int(settings.listen.rpartition(":")[2])
    with running(World(seed=1, bare=True, contacts=30)) as served:
        given = {
            "API__BASE_URL": served.api,
            "API__TOKEN": TOKEN,
            "API__MIRROR": "core",
            "DATABASE__URL": f"sqlite:///{folder / 'mirror.db'}",
            "WEB__LISTEN": settings.listen,
            "WEB__TLS_CERT": str(settings.tls_cert),
            "WEB__TLS_KEY": str(settings.tls_key),
            "LOG__FORMAT": "json",
        }
        daemon = Daemon(folder, given, None)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(65_536, most), most))
        try:
            daemon.wait_for("pass.done", resource="contacts")
            yield _target(folder, served, given, daemon.process.pid, port, settings.tls_cert)
        finally:
            daemon.process.send_signal(signal.SIGTERM)
            daemon.process.wait(30)


def _target(
    folder: Path, served: Running, given: dict[str, str], pid: int, port: int, cert: Path | None
) -> Target:
    environ = os.environ | {f"CFSYNC_{name}": value for name, value in given.items()}
    register = ["webhooks", "register", f"https://127.0.0.1:{port}", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "cfsync", *register],
        env=environ,
        cwd=folder,
        capture_output=True,
        check=True,
    )
    (endpoint,) = json.loads(done.stdout)["endpoints"]
    secret = served.world.store.get("webhook_endpoints", endpoint["id"])["webhook_secret"]
    trust = ssl.create_default_context(cafile=cert)
    trust.check_hostname = False
    return Target(pid, port, served.world.workspaces[0], secret, trust)


async def attack(target: Target, says: str | None, connections: int, deliveries: int) -> Figures:
    """Attack with connections that say that (None: without any) while deliveries come."""
    figures = Figures()
    many = connections if says is not None else 0
    async with (
        _held(target, says, many, figures),
        httpx.AsyncClient(verify=target.trust, timeout=30) as client,
    ):
        for number in range(deliveries):
            figures.statuses.append(await _deliver(client, target, number, figures))
            with suppress(httpx.HTTPError):
                answer = await client.get(f"https://127.0.0.1:{target.port}/healthz")
                figures.healthy += answer.status_code in (200, 503)
            figures.look(target)
    return figures


@asynccontextmanager
async def _held(
    target: Target, says: str | None, many: int, figures: Figures
) -> AsyncIterator[None]:
    """Open the connections, and open each again that the daemon closes."""
    places, full = asyncio.Semaphore(AT_ONCE), asyncio.Event()

    async def hold() -> None:
        while True:
            with suppress(OSError):
                async with places:
                    reader, writer = await _open(target, says or "")
                    figures.opened += 1
                    if figures.opened % 50 == 0:
                        figures.look(target)
                    if figures.opened >= many:
                        full.set()
                try:
                    await reader.read()
                finally:
                    writer.transport.abort()
            await asyncio.sleep(1)

    tasks = [asyncio.create_task(hold()) for _ in range(many)]
    if many:
        await full.wait()
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _open(target: Target, says: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    tls = target.trust if says else None
    reader, writer = await asyncio.open_connection("127.0.0.1", target.port, ssl=tls)
    writer.write(says.encode())
    return reader, writer


async def _deliver(client: httpx.AsyncClient, target: Target, number: int, figures: Figures) -> int:
    """The status of one genuine delivery, over a connection of its own; 0: no answer."""
    event = {"event_id": f"e{time.time_ns()}-{number}", "event_type": "contact.updated"}
    body = json.dumps(event).encode()
    headers = signed(target.secret, body, int(time.time())) | {"Connection": "close"}
    url = f"https://127.0.0.1:{target.port}/webhooks/{target.workspace}"
    began = time.perf_counter()
    try:
        status = (await client.post(url, content=body, headers=headers)).status_code
    except httpx.HTTPError:
        status = 0
    figures.took.append(time.perf_counter() - began)
    return status


if __name__ == "__main__":
    main()
