"""`make long-life DAYS=14`: a daemon in steady use for many days of a minute each.

On both sides records change, appear and go; requests fail; webhooks come, some of them twice or
forged. After each day: the daemon's memory, open files and threads, the size of the database and
its log, the rows of cfsync's own tables, and what the daemon has logged. Nothing is asserted: the
result is a Markdown table, as in docs/reliability.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import count
from pathlib import Path

from cfsync.mirror.migrate import migrate
from cfsync.sandbox import TOKEN, Running, World, running
from cfsync.sandbox.faults.fault import Fault
from tests.conftest import Postgres, Sql, prepared
from tests.daemon.harness import until
from tests.long_life.short_days import DAY_S

CONTACTS = 1_000
EDITS = 4
"""On each side in an hour of DAY_S / 24."""

KEPT = f"{2 * DAY_S:.0f}s"
HEAD = """\
| day | MB | files | threads | database MB | SQLite's log MB | own rows | lines logged | kB logged |
| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"""


@dataclass
class Life:
    """A daemon and both sides of it."""

    served: Running
    sql: Sql
    process: subprocess.Popen[bytes]
    log: Path
    read: int = 0

    @property
    def world(self) -> World:
        return self.served.world

    def figures(self) -> str:
        """Of the daemon and its mirror now, and of the log since the last time."""
        proc = Path(f"/proc/{self.process.pid}")
        memory = int((proc / "status").read_text().partition("VmRSS:")[2].split()[0]) / 1024
        files, threads = (len(list((proc / what).iterdir())) for what in ("fd", "task"))
        logged = self.log.read_bytes()[self.read :]
        self.read += len(logged)
        lines = logged.count(b"\n")
        return (
            f"{memory:.0f} | {files} | {threads} | {self._size() / 2**20:.1f} | {self._wal():.1f} |"
            f" {self._own_rows():,} | {lines:,} | {len(logged) / 1024:,.0f}"
        )

    def _size(self) -> int:
        if self.sql.is_sqlite:
            return self.sql.path.stat().st_size
        return int(self.sql("SELECT pg_database_size(current_database())")[0][0])

    def _wal(self) -> float:
        wal = Path(f"{self.sql.path}-wal")
        return wal.stat().st_size / 2**20 if wal.exists() else 0.0

    def _own_rows(self) -> int:
        """Of cfsync's own tables, but for `cf_base` and `cf_ids`, which grow with the records."""
        listed = (
            "SELECT name FROM sqlite_master WHERE type = 'table'"
            if self.sql.is_sqlite
            else "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        )
        names = {name for (name,) in self.sql(listed)} - {"cf_base", "cf_ids"}
        own = sorted(name for name in names if name.startswith("cf_"))
        return sum(int(self.sql(f"SELECT count(*) FROM {name}")[0][0]) for name in own)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=14)
    parser.add_argument("--dialect", choices=["sqlite", "postgresql"], default="sqlite")
    given = parser.parse_args()
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(f"{date.today()}, {machine}, {given.dialect}, a day is {DAY_S:.0f} s\n\n{HEAD}")
    with tempfile.TemporaryDirectory(prefix="cfsync-l-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        with _mirror(Path(folder), given.dialect) as url, _life(Path(folder), url) as life:
            dice, numbers = random.Random(1), count(1)
            for day in range(1, given.days + 1):
                _day(life, dice, numbers)
                print(f"| {day} | {life.figures()} |", flush=True)
                if life.process.poll() is not None:
                    raise SystemExit(f"the daemon ended: {life.log.read_text()[-2000:]}")


def _day(life: Life, dice: random.Random, numbers: Iterator[int]) -> None:
    ends = time.monotonic() + DAY_S
    for hour in range(24):
        for _ in range(EDITS):
            _edit(life, dice, next(numbers))
        life.world.faults.clear()
        if hour % 6 == 5:
            status = dice.choice((429, 500, 503))
            life.world.faults.add(Fault("status", status=status, retry_after=0.1))
        if hour == 12:
            life.sql("UPDATE contacts SET phone_number = 'none' WHERE first_name LIKE '%7'")
        left = ends - (23 - hour) * DAY_S / 24 - time.monotonic()
        signal.sigtimedwait([], max(left, 0))


def _edit(life: Life, dice: random.Random, number: int) -> None:
    """Change a contact on each side; at times make one and delete another, so that as many stay."""
    world = life.world
    there = world.ids("contacts", world.workspaces[0])
    world.edit("contacts", dice.choice(there), first_name=f"There {number}")
    here = dice.choice(there[len(there) // 2 :])
    life.sql("UPDATE contacts SET last_name = ? WHERE id = ?", f"Here {number}", here)
    if number % 4 == 0:
        world.create("contacts", world.workspaces[0], email_address=f"t{number}@example.com")
        world.delete("contacts", there[number % 50])
    if number % 4 == 2:
        life.sql("INSERT INTO contacts (email_address) VALUES (?)", f"h{number}@example.com")
        life.sql("DELETE FROM contacts WHERE id = ?", there[50 + number % 50])


@contextmanager
def _mirror(folder: Path, dialect: str) -> Iterator[str]:
    if dialect == "sqlite":
        migrate(url := f"sqlite:///{folder / 'mirror.db'}")
        yield url
        return
    (folder / "pg").mkdir()
    server = Postgres(folder / "pg")
    server.start()
    try:
        yield server.url(prepared(server), "cfsync_daemon")
    finally:
        server.stop()


@contextmanager
def _life(folder: Path, url: str) -> Iterator[Life]:
    with running(World(seed=1, bare=True, workspaces=1, contacts=CONTACTS)) as served:
        with closing(socket.create_server(("127.0.0.1", 0))) as free:
            port = free.getsockname()[1]
        environ = os.environ | {f"CFSYNC_{k}": v for k, v in _settings(served, url, port).items()}
        log = folder / "log"
        with log.open("wb") as file:
            command = [sys.executable, "-m", "tests.long_life.short_days"]
            process = subprocess.Popen(command, env=environ, stdout=file, stderr=file)
        sql = Sql(url, "postgres")
        if sql.is_sqlite:
            sql("PRAGMA busy_timeout = 60000")
        try:
            filled = "SELECT count(*) FROM contacts"
            until(lambda: sql(filled)[0][0] == CONTACTS, "the mirror is filled")
            register = ["webhooks", "register", f"http://127.0.0.1:{port}", "--json"]
            done = subprocess.run(
                [sys.executable, "-m", "cfsync", *register], env=environ, capture_output=True
            )
            json.loads(done.stdout)
            served.world.courier.double, served.world.courier.forge = 0.1, 0.1
            served.world.courier.pace = 0.01
            yield Life(served, sql, process, log)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
            sql.conn.close()


def _settings(served: Running, url: str, port: int) -> dict[str, str]:
    often = {"PULL_EVERY": "1s", "PULL_MAX_EVERY": "2s", "SWEEP_EVERY": f"{DAY_S / 3:.0f}s"}
    return {
        "API__BASE_URL": served.api,
        "API__TOKEN": TOKEN,
        "API__MIRROR": "core",
        "API__MAX_REQUESTS_PER_SECOND": "0",
        "DATABASE__URL": url,
        "DELETIONS__CONFIRM_AFTER": "1s",
        "PUSH__DEBOUNCE": "50ms",
        "PUSH__SETTLE": "1s",
        "PUSH__HOLD_FRACTION": "1",
        "DELETIONS__MAX_FRACTION": "1",
        "LOG__FORMAT": "json",
        "WEB__LISTEN": f"127.0.0.1:{port}",
        **{f"RESOURCES__CONTACTS__{name}": value for name, value in often.items()},
        **{
            f"RETENTION__{name}": KEPT
            for name in ("RUNS", "OUTBOX_DONE", "EVENTS", "CONFLICTS", "TOMBSTONES", "CHANGES")
        },
    }


if __name__ == "__main__":
    main()
