"""deploy/compose.yaml brought up: PostgreSQL, the migration, the daemon."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.deploy.conftest import DEPLOY
from tests.deploy.real.conftest import PORT, ClickFunnels
from tests.deploy.real.pods import Pods

Until = Callable[..., object]

GATEWAY = "10.89.77.1"
OVERRIDE = """
services:
  cfsync:
    environment:
      CFSYNC_API__TIMEOUT_S: 5
      CFSYNC_DAEMON__LEASE_TTL: 5s
      CFSYNC_RESOURCES__CONTACTS__PULL_EVERY: 1s
      CFSYNC_RESOURCES__CONTACTS__PULL_MAX_EVERY: 1s
networks:
  default:
    ipam:
      config: [{subnet: 10.89.77.0/24, gateway: 10.89.77.1}]
"""


class Composed:
    """The project `cfsync`, in a folder as its head says to prepare it."""

    def __init__(self, folder: Path, pods: Pods, environ: dict[str, str]) -> None:
        self.pods = pods
        self._folder = folder
        self._environ = environ

    def __call__(self, *command: str) -> str:
        files = ["-f", "compose.yaml", "-f", "override.yaml"]
        done = subprocess.run(
            ["docker-compose", *files, *command],
            cwd=self._folder,
            env=self._environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    def sql(self, statement: str) -> str:
        """A user's statement, as compose.yaml says."""
        command = ["exec", "cfsync-db-1", "psql", "-h", "/tmp", "-U", "cfsync", "-qtAc", statement]
        return self.pods.attempt(*command).stdout.strip()


def prepare(folder: Path) -> None:
    shutil.copy(DEPLOY / "compose.yaml", folder)
    (folder / "override.yaml").write_text(OVERRIDE)
    (folder / ".env").write_text(
        f"CLICKFUNNELS_URL=http://{GATEWAY}:{PORT}/api/v2\nWEB_ACCESS_TOKEN=let-me-in\n"
    )
    secrets = folder / "secrets"
    secrets.mkdir(mode=0o700)
    (secrets / "token").write_text("sandbox-token")
    (secrets / "db_password").write_text("s3cret")
    (secrets / "database_url").write_text("postgresql://cfsync:s3cret@db/cfsync\n")
    for file in secrets.iterdir():
        file.chmod(0o444)


@pytest.fixture
def composed(tmp_path: Path, pods: Pods, clickfunnels: ClickFunnels) -> Iterator[Composed]:
    prepare(tmp_path)
    with pods.serving() as environ:
        composed = Composed(tmp_path, pods, environ)
        try:
            composed("up", "-d", "--no-build", "--wait", "--wait-timeout=60")
            yield composed
        finally:
            composed("down", "-v", "--timeout=15")


def test_it_comes_up_migrated_and_mirrors(composed: Composed, until: Until) -> None:
    state = composed.pods.inspect("cfsync-migrate-1")["State"]
    assert (state["Status"], state["ExitCode"]) == ("exited", 0)

    until(lambda: composed.sql("SELECT count(*) FROM contacts") == "30")

    assert composed.pods.inspect("cfsync-cfsync-1")["HostConfig"]["ReadonlyRootfs"] is True
    assert "s3cret" not in composed.pods.log("cfsync-cfsync-1")
    assert "sandbox-token" not in composed.pods.log("cfsync-cfsync-1")


def test_health_metrics_and_console_are_reachable_on_this_machine(composed: Composed) -> None:
    at = composed("port", "cfsync", "8787")

    def status(path: str, token: str = "") -> int:
        request = urllib.request.Request(f"http://{at}{path}")
        request.add_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    assert at.startswith("127.0.0.1:")
    assert [status(path) for path in ("/livez", "/readyz")] == [200, 200]
    assert [status("/metrics"), status("/metrics", "let-me-in")] == [401, 200]
    assert status("/") == 200


def test_a_database_that_goes_away_and_comes_back_costs_nothing(
    composed: Composed, clickfunnels: ClickFunnels, until: Until
) -> None:
    contact = clickfunnels.contact()
    until(lambda: composed.sql("SELECT count(*) FROM contacts") == "30")
    started = composed.pods.inspect("cfsync-cfsync-1")["State"]["StartedAt"]

    composed.sql(f"UPDATE contacts SET first_name = 'Ada' WHERE id = {contact}")
    composed("stop", "db")
    clickfunnels.world.edit("contacts", contact, last_name="Hopper")
    composed("start", "db")

    until(lambda: clickfunnels.first_name(contact) == "Ada", timeout=90)
    wanted = f"SELECT last_name FROM contacts WHERE id = {contact}"
    until(lambda: composed.sql(wanted) == "Hopper", timeout=90)
    state = composed.pods.inspect("cfsync-cfsync-1")
    assert state["State"]["StartedAt"] == started
    assert state["RestartCount"] == 0


def test_a_killed_daemon_is_started_again(
    composed: Composed, clickfunnels: ClickFunnels, until: Until
) -> None:
    contact = clickfunnels.contact()
    until(lambda: composed.sql("SELECT count(*) FROM contacts") == "30")

    os.kill(composed.pods.inspect("cfsync-cfsync-1")["State"]["Pid"], 9)
    composed.sql(f"UPDATE contacts SET first_name = 'Ada' WHERE id = {contact}")

    until(lambda: clickfunnels.first_name(contact) == "Ada", timeout=90)
    assert composed.pods.inspect("cfsync-cfsync-1")["RestartCount"] == 1


def test_two_daemons_share_the_database(
    composed: Composed, clickfunnels: ClickFunnels, until: Until
) -> None:
    contact = clickfunnels.contact()
    until(lambda: composed.sql("SELECT count(*) FROM contacts") == "30")

    composed("up", "-d", "--no-build", "--wait", "--scale", "cfsync=2")
    composed.pods("kill", "--signal=KILL", "cfsync-cfsync-1")
    composed.sql(f"UPDATE contacts SET first_name = 'Ada' WHERE id = {contact}")

    until(lambda: clickfunnels.first_name(contact) == "Ada", timeout=120)
    writes = clickfunnels.world.ledger.writes("contacts", "update")
    assert len(writes) == 1


def test_stopping_is_clean(composed: Composed, until: Until) -> None:
    until(lambda: composed.sql("SELECT count(*) FROM contacts") == "30")

    composed("stop", "cfsync")

    assert composed.pods.inspect("cfsync-cfsync-1")["State"]["ExitCode"] == 0
    status = composed("run", "--rm", "--no-deps", "cfsync", "status", "--json")
    assert json.loads(status)["resources"]["contacts"]["rows"] == 30
