"""The image of deploy/Dockerfile, built and run as its head says: with an SQLite mirror."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.deploy.real import images
from tests.deploy.real.conftest import PORT, ClickFunnels
from tests.deploy.real.pods import Pods

FENCED = ["--read-only", "--cap-drop=all", "--security-opt=no-new-privileges"]
SQL = """import sqlite3, sys
db = sqlite3.connect("/var/lib/cfsync/cfsync.db", timeout=30)
print(*(db.execute(sys.argv[1], sys.argv[2:]).fetchone() or [""]))
db.commit()
"""


@pytest.fixture
def start(pods: Pods, tmp_path: Path, clickfunnels: ClickFunnels) -> Callable[[], None]:
    """Starts the container `cfsync`, on the volume that an earlier one left."""
    token = tmp_path / "token"
    token.write_text("sandbox-token\n")
    token.chmod(0o444)
    settings = {
        "CFSYNC_API__BASE_URL": f"http://127.0.0.1:{PORT}/api/v2",
        "CFSYNC_API__TOKEN_FILE": "/run/secrets/cfsync-token",
        "CFSYNC_WEB__LISTEN": "off",
        "CFSYNC_RESOURCES__CONTACTS__PULL_EVERY": "1s",
        "CFSYNC_RESOURCES__CONTACTS__PULL_MAX_EVERY": "1s",
    }
    given = [f"--env={name}={value}" for name, value in settings.items()]
    mounts = ["--volume=cfsync:/var/lib/cfsync", f"--volume={token}:/run/secrets/cfsync-token:ro"]

    def run() -> None:
        pods(
            "run",
            "-d",
            "--name=cfsync",
            "--pull=never",
            "--network=host",
            *FENCED,
            *given,
            *mounts,
            images.IMAGE,
        )

    return run


def rows(pods: Pods) -> int:
    """Contacts in the mirror, as `cfsync status` counts them."""
    done = pods.attempt("exec", "cfsync", "cfsync", "status", "--json")
    if done.returncode not in (0, 5):
        return 0
    found: int = json.loads(done.stdout)["resources"]["contacts"]["rows"]
    return found


def query(pods: Pods, statement: str, *values: object) -> str:
    """SQL on the mirror within the container, from a process of its own."""
    python = ["exec", "cfsync", "/opt/cfsync/bin/python", "-c", SQL]
    return pods(*python, statement, *map(str, values))


def test_the_image_says_how_it_is_run() -> None:
    settings = images.settings_of(images.IMAGE)

    assert settings["User"] == "10001:10001"
    assert settings["Entrypoint"] == ["cfsync"]
    assert settings["Cmd"] == ["run"]
    assert settings["StopSignal"] == "SIGTERM"
    assert settings["Healthcheck"]["Test"] == ["CMD", "cfsync", "status", "--health"]
    assert settings["Volumes"] == {"/var/lib/cfsync": {}}
    assert settings["ExposedPorts"] == {"8787/tcp": {}}


def test_the_image_holds_the_program_and_nothing_to_build_it_with(pods: Pods) -> None:
    look = "ls /src /build /opt/cfsync/bin/pip; find / -xdev -name tests -path '*cfsync/tests*'"

    found = pods.attempt(
        "run", "--rm", "--entrypoint=sh", "--network=none", images.IMAGE, "-c", look
    )

    assert found.stdout == ""
    assert found.stderr.count("No such file or directory") == 3


def test_it_mirrors_as_nobody_in_particular_on_a_read_only_root(
    start: Callable[[], None], pods: Pods, clickfunnels: ClickFunnels, until: Callable[..., object]
) -> None:
    start()
    until(lambda: rows(pods) == 30)

    assert pods("top", "cfsync", "user,pid,comm,capeff,seccomp").split()[-5:] == [
        "cfsync",
        "1",
        "cfsync",
        "none",
        "filter",
    ]
    assert pods.attempt("exec", "cfsync", "touch", "/opt/cfsync/x").returncode != 0
    assert until(lambda: pods.health("cfsync") == "healthy")


def test_an_edit_made_in_the_volume_arrives(
    start: Callable[[], None], pods: Pods, clickfunnels: ClickFunnels, until: Callable[..., object]
) -> None:
    contact = clickfunnels.contact()
    start()
    until(lambda: rows(pods) == 30)

    query(pods, "UPDATE contacts SET first_name = ? WHERE id = ? RETURNING id", "Ada", contact)

    until(lambda: clickfunnels.first_name(contact) == "Ada")


def test_sigterm_ends_it_well_and_the_next_one_goes_on_with_the_volume(
    start: Callable[[], None], pods: Pods, clickfunnels: ClickFunnels, until: Callable[..., object]
) -> None:
    start()
    until(lambda: rows(pods) == 30)

    began = time.monotonic()
    pods("stop", "--time=30", "cfsync")

    assert time.monotonic() - began < 10
    assert pods.inspect("cfsync")["State"]["ExitCode"] == 0
    pods("rm", "cfsync")
    contact = clickfunnels.contact()
    clickfunnels.world.edit("contacts", contact, first_name="Grace")
    start()
    until(lambda: query(pods, "SELECT first_name FROM contacts WHERE id = ?", contact) == "Grace")


def test_its_log_is_json_without_the_token(
    start: Callable[[], None], pods: Pods, until: Callable[..., object]
) -> None:
    start()
    until(lambda: rows(pods) == 30)
    pods("stop", "--time=30", "cfsync")

    lines = pods.log("cfsync").splitlines()

    assert [line for line in lines if line.startswith("{") and "event" in json.loads(line)]
    assert "sandbox-token" not in "\n".join(lines)
    assert "sandbox-token" not in pods("inspect", "cfsync")


def test_without_a_mirror_it_is_not_healthy(pods: Pods) -> None:
    done = pods.attempt(
        "run", "--rm", "--network=none", *FENCED, images.IMAGE, "status", "--health"
    )

    assert done.returncode != 0
    assert "no mirror at /var/lib/cfsync/cfsync.db" in done.stderr


def test_wrong_settings_end_it_with_two_and_all_that_is_wrong(pods: Pods) -> None:
    done = pods.attempt(
        "run", "--rm", "--network=none", "--env=CFSYNC_WEB__LISTEN=nowhere", images.IMAGE
    )

    assert done.returncode == 2
    assert "web.listen" in done.stderr
