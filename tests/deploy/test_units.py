"""The systemd units, as systemd reads them. What they do when they run: real/test_systemd.py."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.deploy.conftest import DEPLOY

Tool = Callable[[str], str]

SERVICES = ["cfsync.service", "cfsync@.service", "cfsync-sync.service"]
DAEMONS = SERVICES[:2]


def read(name: str) -> dict[str, list[str]]:
    """A unit's settings, all sections in one: key -> its values."""
    found: dict[str, list[str]] = {}
    for line in (DEPLOY / name).read_text().splitlines():
        if match := re.match(r"([A-Za-z]+)=(.*)", line):
            found.setdefault(match[1], []).append(match[2])
    return found


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The units, with a program that this machine has."""
    for unit in [*SERVICES, "cfsync-sync.timer"]:
        text = (DEPLOY / unit).read_text()
        assert "/opt/cfsync/bin/cfsync" in text or unit.endswith(".timer")
        name = unit.replace("@.", "@shop.")
        (tmp_path / name).write_text(text.replace("/opt/cfsync/bin/cfsync", "/bin/true"))
    return tmp_path


@pytest.mark.parametrize("unit", [*SERVICES, "cfsync-sync.timer"])
def test_systemd_has_nothing_to_say_about_a_unit(unit: str, installed: Path, tool: Tool) -> None:
    file = installed / unit.replace("@.", "@shop.")

    command = [tool("systemd-analyze"), "verify", "--man=no", "--recursive-errors=yes", file]
    done = subprocess.run(command, capture_output=True, text=True)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("unit", SERVICES)
def test_the_exposure_is_below_two(unit: str, installed: Path, tool: Tool) -> None:
    file = installed / unit.replace("@.", "@shop.")

    command = [tool("systemd-analyze"), "security", "--offline=true", "--threshold=20", file]
    done = subprocess.run(command, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr


def test_all_services_are_locked_in_the_same_way() -> None:
    texts = [(DEPLOY / name).read_text() for name in SERVICES]
    fences = [t[t.index("User=cfsync") :].split("\n[Install]")[0].strip() for t in texts]

    same = {re.sub(r"(StateDirectory|WorkingDirectory)=.*", "", fence) for fence in fences}

    assert len(same) == 1
    assert "NoNewPrivileges=yes" in same.pop()


@pytest.mark.parametrize("unit", DAEMONS)
def test_a_daemon_is_restarted_for_ever_but_not_with_wrong_settings(unit: str) -> None:
    settings = read(unit)

    assert settings["Type"] == ["notify"]
    assert settings["NotifyAccess"] == ["main"]
    assert settings["TimeoutStartSec"] == ["infinity"]
    assert settings["StartLimitIntervalSec"] == ["0"]
    assert settings["Restart"] == ["always"]
    assert settings["RestartPreventExitStatus"] == ["2"]
    assert settings["WatchdogSec"] == ["2min"]
    assert "DynamicUser" not in settings


@pytest.mark.parametrize("unit", SERVICES)
def test_the_mirror_belongs_to_a_group_that_people_can_join(unit: str) -> None:
    settings = read(unit)

    assert (settings["User"], settings["Group"]) == (["cfsync"], ["cfsync"])
    assert settings["StateDirectoryMode"] == ["2770"]
    assert settings["UMask"] == ["0007"]


def test_what_waits_for_a_human_is_no_failure_of_a_one_shot_sync() -> None:
    settings = read("cfsync-sync.service")

    assert settings["Type"] == ["oneshot"]
    assert settings["SuccessExitStatus"] == ["5"]


@pytest.mark.parametrize(
    ("unit", "config", "token"),
    [
        ("cfsync.service", "/etc/cfsync/config.toml", "/etc/cfsync/token"),
        ("cfsync-sync.service", "/etc/cfsync/config.toml", "/etc/cfsync/token"),
        ("cfsync@.service", "/etc/cfsync/%i.toml", "/etc/cfsync/%i.token"),
    ],
)
def test_settings_are_found_where_the_group_cannot_write(
    unit: str, config: str, token: str
) -> None:
    settings = read(unit)

    assert settings["Environment"] == [f"CFSYNC_CONFIG={config}"]
    assert settings["LoadCredential"] == [f"cfsync-token:{token}"]
