"""An error does not end the daemon: its pass backs off, `status` shows it, and it passes."""

from __future__ import annotations

import asyncio
import json
import re
import resource
from collections.abc import Callable
from typing import Any

import pytest

from cfsync.mirror.coordination import pauses
from cfsync.mirror.coordination.pauses import Trouble
from cfsync.mirror.db.engine import Mirror
from cfsync.sandbox import World
from tests.conftest import SQLITE_ONLY
from tests.daemon.harness import Daemon, until

Start = Callable[..., Daemon]
Command = Callable[..., Any]
OFTEN = {"RESOURCES__CONTACTS__PULL_EVERY": "200ms", "RESOURCES__WORKSPACES__PULL_EVERY": "200ms"}


@SQLITE_ONLY
def test_a_broken_list_backs_off_and_the_others_continue(
    start: Start, command: Command, world: World
) -> None:
    daemon = start(**OFTEN)
    daemon.wait_for("pass.done", resource="contacts", new=30)
    broken = world.fault("not_a_list", path="/contacts", times=None)

    daemon.wait_for("pass.failed", resource="contacts", kind="answer")
    failed = 'cfsync_pass_total{pass="pull",resource="contacts",state="failed"}'
    until(lambda: failed in daemon.ask("/metrics")[1])
    seen = broken.struck
    world.edit("workspaces", world.workspaces[0], name="Renamed")
    daemon.wait_for("pass.done", resource="workspaces", changed=1)
    troubles = until(lambda: json.loads(command("status", "--json").stdout)["troubles"])
    assert [(t["name"], t["resource"], t["kind"]) for t in troubles] == [
        ("pull", "contacts", "answer")
    ]
    assert broken.struck <= seen + 3

    world.faults.clear()
    until(lambda: json.loads(command("status", "--json").stdout)["troubles"] == [])
    assert daemon.stop() == 0


@SQLITE_ONLY
def test_a_daemon_that_finds_no_clickfunnels_at_its_start_says_so(
    start: Start, command: Command, world: World
) -> None:
    assert command("backfill").returncode == 0
    assert command("pause", "contacts").returncode == 0  # the list that is pulled most often
    daemon = start(API__BASE_URL="http://127.0.0.1:9/api/v2", **OFTEN)
    daemon.wait_for("clickfunnels.not_connected")

    said = until(lambda: re.search("ClickFunnels can't be.*", command("status").stdout, re.DOTALL))

    assert "127.0.0.1: connection refused" in " ".join(said[0].split())
    assert daemon.stop() == 0
    daemon = start()
    until(lambda: json.loads(command("status", "--json").stdout)["troubles"] == [])


def test_what_another_daemon_has_left_is_over_once_the_list_is_pulled(
    start: Start, mirror: Mirror
) -> None:
    def kinds() -> list[str]:
        return [trouble.kind for trouble in asyncio.run(mirror.read(pauses.troubles))]

    daemon = start(**OFTEN)
    daemon.wait_for("pass.done", resource="contacts", new=30)
    left = Trouble("pull", "contacts", "server", "no way", "2025-05-21T12:18:51.772Z")
    asyncio.run(mirror.write(pauses.save_trouble, left))
    until(lambda: kinds() == [])
    assert daemon.stop() == 0


@SQLITE_ONLY
def test_status_says_when_a_limit_ends(start: Start, command: Command, world: World) -> None:
    daemon = start(**OFTEN)
    daemon.wait_for("pass.done", resource="contacts", new=30)

    world.fault("status", status=429, retry_after=3600, times=None)

    daemon.wait_for("pass.failed", resource="contacts", kind="limit")
    until(lambda: "come back at" in command("status").stdout)
    assert "no requests until 20" in command("status").stdout
    daemon.wait_for("requests.paused", level="warning")
    _, metrics = daemon.ask("/metrics")
    (wait,) = re.findall(r'cfsync_wait_seconds{reason="rate_limit"} (\S+)', metrics)
    assert 0.0 < float(wait) <= 300.0
    assert daemon.stop() == 0
    _it_keeps_the_pause_over_a_restart(start, world)


def _it_keeps_the_pause_over_a_restart(start: Start, world: World) -> None:
    seen = len(world.ledger.calls)
    daemon = start(**OFTEN)
    daemon.wait_for("clickfunnels.not_connected")
    assert daemon.stop() == 0
    assert len(world.ledger.calls) == seen


@SQLITE_ONLY
def test_log_and_status_say_once_until_when_a_list_waits(
    start: Start, command: Command, world: World
) -> None:
    daemon = start(**OFTEN)
    daemon.wait_for("pass.done", resource="contacts", new=30)

    world.fault("status", status=503, path="/contacts", retry_after=86400, times=None)

    told = [
        daemon.wait_for("list.in_trouble")["error"],
        daemon.wait_for("pass.failed", resource="contacts", kind="server")["error"],
        until(lambda: json.loads(command("status", "--json").stdout)["troubles"])[0]["text"],
    ]
    assert daemon.stop() == 0
    assert [text.count("come back at") for text in told] == [1, 1, 1], told


@SQLITE_ONLY
@pytest.mark.parametrize("status", [429, 503])
def test_a_wait_of_years_ends(start: Start, world: World, status: int) -> None:
    bounds = {f"API__LONGEST_{name}_WAIT": "1s" for name in ("RATE_LIMIT", "OUTAGE")}
    daemon = start(**OFTEN, **bounds)
    daemon.wait_for("pass.done", resource="contacts", new=30)

    fault = world.fault("status", status=status, retry_after=999999999, times=1)
    until(lambda: fault.struck)
    world.edit("contacts", world.ids("contacts", world.workspaces[0])[0], first_name="Zed")

    daemon.wait_for("pass.done", resource="contacts", changed=1)
    assert daemon.stop() == 0


@SQLITE_ONLY
def test_a_full_disk_loses_nothing(start: Start, world: World, sql: Any, contact: int) -> None:
    daemon = start(**OFTEN)
    daemon.wait_for("pass.done", resource="contacts", new=30)
    limits = resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE)

    resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (4096, limits[1]))
    for person in world.ids("contacts", world.workspaces[0]):
        world.edit("contacts", person, first_name="Zed")
    daemon.wait_for("pass.failed", kind="database")
    sql("UPDATE contacts SET last_name = 'Edited' WHERE id = ?", contact)
    resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, limits)

    until(lambda: sql("SELECT count(*) FROM contacts WHERE first_name = 'Zed'") == [(30,)])
    until(lambda: world.get("contacts", contact)["last_name"] == "Edited")
    assert daemon.stop() == 0
