"""What docs/operating.md says to do with PostgreSQL, done. With systemd: test_systemd.py."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cfsync.sandbox import TOKEN, World, running
from tests.conftest import Postgres
from tests.deploy.conftest import DEPLOY
from tests.deploy.operating import commands

Shell = Callable[..., str]

INSERT = "INSERT INTO contacts (email_address) VALUES ('x@y.z')"
WAITING = "SELECT reason FROM cf_waiting"


@pytest.fixture
def world() -> World:
    return World(seed=1, bare=True, workspaces=1, contacts=30)


@pytest.fixture
def shell(world: World, postgres: Postgres, tmp_path: Path) -> Iterator[Shell]:
    """`shell(commands)`, in the top folder's place, as an administrator of PostgreSQL."""
    (tmp_path / "deploy").symlink_to(DEPLOY)
    with running(world) as server:
        environ = {
            "PATH": f"{postgres.bin}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PGHOST": str(postgres.folder),
            "PGUSER": "postgres",
            "CFSYNC_API__BASE_URL": server.api,
            "CFSYNC_API__TOKEN": TOKEN,
            "CFSYNC_API__MIRROR": "core",
            "CFSYNC_PUSH__SETTLE": "0s",
            "CFSYNC_DATABASE__URL": "postgresql://cfsync_daemon@/cfsync",
        }

        def run(script: str, code: int = 0) -> str:
            done = subprocess.run(
                ["sh", "-euc", script], cwd=tmp_path, env=environ, capture_output=True, text=True
            )
            assert done.returncode == code, done.stdout + done.stderr
            return done.stdout

        yield run
        for name in ("cfsync", "cfsync_before"):
            run(f"dropdb --if-exists {name}")


def test_roles_backup_restore_and_migration_on_postgresql(shell: Shell, world: World) -> None:
    (roles,) = commands("Roles (PostgreSQL)")
    (migration,) = commands("Upgrade daemons on PostgreSQL")
    _, backup = commands("Back up")
    _, restore = commands("Restore")

    assert "migrated: schema" in shell(roles)
    shell("cfsync backfill contacts")
    shell(f'psql -U cfsync_app -d cfsync -c "{INSERT}"')
    shell(backup)
    shell("cfsync push contacts")

    shell(restore, code=5)

    assert "unknown: it may exist already" in shell(f'psql -d cfsync -c "{WAITING}"')
    shell("cfsync push contacts", code=5)
    people = world.records("contacts", world.workspaces[0])
    assert [p["email_address"] for p in people].count("x@y.z") == 1
    assert "nothing to do" in shell(migration)


def test_a_mirror_moves_from_sqlite(shell: Shell, world: World) -> None:
    (roles,) = commands("Roles (PostgreSQL)")
    (move,) = commands("Move to PostgreSQL")
    here = "export CFSYNC_DATABASE__URL=sqlite:///cfsync.db; "
    shell(roles.replace("cfsync migrate", "true"))
    shell(f'{here} cfsync backfill contacts; cfsync sql --write "{INSERT}"')

    assert "rows, compared" in shell(here + move)

    shell("cfsync push contacts")
    people = world.records("contacts", world.workspaces[0])
    assert [p["email_address"] for p in people].count("x@y.z") == 1
