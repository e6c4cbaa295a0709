"""Deliveries from the sandbox to a real daemon: stored and followed; the log names no people."""

from __future__ import annotations

import json
import random
import signal
import socket
import statistics
import subprocess
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from cfsync.sandbox import World
from tests.conftest import POSTGRESQL_ONLY, SQLITE_ONLY
from tests.daemon.harness import Daemon, until

Start = Callable[..., Daemon]
Command = Callable[..., subprocess.CompletedProcess[str]]

NO_PULLS = {"RESOURCES__CONTACTS__PULL_EVERY": "1h", "RESOURCES__CONTACTS__SWEEP_EVERY": "10h"}


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def workspace(world: World) -> int:
    return world.workspaces[0]


@pytest.fixture
def live(
    start: Start, command: Command, world: World, settings: dict[str, str], port: int
) -> Daemon:
    """A daemon that has filled its mirror and gets every event; pulls come once an hour."""
    settings |= {"WEB__LISTEN": f"127.0.0.1:{port}", "LOG__LEVEL": "debug", **NO_PULLS}
    world.courier.pace = 0.01
    daemon = start()
    daemon.wait_for("pass.done", resource="contacts", new=30)
    done = command("webhooks", "register", f"http://127.0.0.1:{port}", "--json")
    assert done.returncode == 0, done.stderr
    (endpoint,) = json.loads(done.stdout)["endpoints"]
    secret = world.store.get("webhook_endpoints", endpoint["id"])["webhook_secret"]
    assert secret not in done.stdout + done.stderr
    until(lambda: daemon.ask("/webhooks/1", body=b"{}")[0] == 404, "it knows the workspaces")
    daemon.secret = secret  # type: ignore[attr-defined]
    return daemon


def names(sql: Any) -> dict[int, str]:
    return dict(sql("SELECT id, first_name FROM contacts"))


def outcomes(daemon: Daemon) -> dict[str, float]:
    lines = daemon.ask("/metrics")[1].splitlines()
    found = (line for line in lines if line.startswith("cfsync_webhooks_total{"))
    return {line.split('"')[1]: float(line.split()[-1]) for line in found}


@SQLITE_ONLY
def test_a_change_reaches_the_mirror_without_any_pull(
    live: Daemon, world: World, workspace: int, contact: int, sql: Any, capsys: Any
) -> None:
    deleted = world.ids("contacts", workspace)[-1]

    changed = [*world.ids("contacts", workspace)[:20]]
    for number, one in enumerate(changed):
        world.edit("contacts", one, first_name=f"Live {number}")
        until(lambda: names(sql)[one] == f"Live {number}")  # noqa: B023
    created = world.create("contacts", workspace, first_name="Born")
    until(lambda: created in names(sql))
    world.delete("contacts", deleted)
    until(lambda: sql("SELECT 1 FROM cf_tombstones"))

    with capsys.disabled():
        print(f"\nreceiver: {summary(delays(sql))}")
    assert len(delays(sql)) == 20
    assert len(live.events("pass.done", **{"pass": "pull"}, resource="contacts")) == 1
    assert outcomes(live)["stored"] >= 22
    assert live.secret not in live.output  # type: ignore[attr-defined]


def delays(sql: Any) -> list[float]:
    """Seconds from the change to the mirror, of each record that was changed by a test."""
    pairs = sql("SELECT updated_at, cf_synced_at FROM contacts WHERE first_name LIKE 'Live %'")
    return [(_time(there) - _time(changed)).total_seconds() for changed, there in pairs]


def summary(seconds: list[float]) -> str:
    middle, longest = statistics.median(seconds), max(seconds)
    return f"from change to mirror: median {middle:.3f} s, longest {longest:.3f} s"


def _time(value: Any) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)


@SQLITE_ONLY
def test_after_lost_repeated_and_reordered_deliveries_the_next_pass_completes_the_mirror(
    live: Daemon, world: World, workspace: int, sql: Any, command: Command
) -> None:
    courier = world.courier
    courier.lose, courier.double, courier.spread = 0.3, 0.2, 1.0
    ids = world.ids("contacts", workspace)

    for number in range(200):
        world.edit("contacts", ids[number % 25], first_name=f"No {number}")
    for one in ids[25:]:
        world.delete("contacts", one)
    for number in range(20):
        world.create("contacts", workspace, first_name=f"New {number}")
    until(lambda: courier.under_way == 0)
    until(lambda: not sql("SELECT 1 FROM cf_events WHERE state = 'new'"))
    by_events = sql("SELECT count(*) FROM cf_base WHERE lane = 'events'")[0][0]
    assert by_events > 0
    assert outcomes(live)["repeated"] > 10

    assert command("pull").returncode == 0
    assert command("sweep").returncode == 0

    shown = {r["id"]: r["first_name"] for r in world.records("contacts", workspace)}
    assert names(sql) == shown
    assert command("verify", "contacts").returncode == 0


@SQLITE_ONLY
def test_forged_deliveries_are_refused_and_old_and_rotated_secrets_accepted(
    live: Daemon, world: World, contact: int, sql: Any, command: Command
) -> None:
    before, old = names(sql)[contact], live.secret  # type: ignore[attr-defined]
    earlier = outcomes(live)
    world.courier.forge, world.courier.pace = 1.0, 0
    world.edit("contacts", contact, first_name="Forged")
    until(lambda: world.courier.under_way == 0)

    assert {n: k for n, k in outcomes(live).items() if n not in earlier} == {"unknown_secret": 9.0}
    assert {attempt.status for attempt in world.courier.tried} == {401}
    assert names(sql)[contact] == before
    refused = live.events("webhook.refused", reason="unknown_secret")
    assert "cfsync webhooks list" in refused[0]["help"]

    world.courier.forge, world.courier.pace = 0.0, 0.01
    assert command("webhooks", "rotate").returncode == 0
    (endpoint,) = world.records("webhook_endpoints", world.workspaces[0])
    values = world.store.get("webhook_endpoints", endpoint["id"])
    assert values["webhook_secret"] != old
    for secret, name in ((values["webhook_secret"], "New"), (old, "Old")):
        world.store.put("webhook_endpoints", values | {"webhook_secret": secret})
        world.edit("contacts", contact, first_name=name)
        until(lambda: names(sql)[contact] == name)  # noqa: B023
        assert secret not in live.output


@SQLITE_ONLY
def test_a_delivery_is_stored_before_it_is_answered_and_repeated_if_the_daemon_was_down(
    live: Daemon, world: World, contact: int, sql: Any, start: Start, port: int
) -> None:
    world.edit("contacts", contact, first_name="Before")
    until(lambda: world.courier.under_way == 0)
    live.stop(signal.SIGKILL)
    kept = sql("SELECT count(*) FROM cf_events WHERE event_type = 'contact.updated'")
    assert kept == [(1,)]
    world.edit("contacts", contact, first_name="Meanwhile")

    start()

    until(lambda: names(sql)[contact] == "Meanwhile")


@SQLITE_ONLY
def test_without_any_endpoint_changes_arrive_through_the_events_log(
    start: Start, world: World, workspace: int, contact: int, sql: Any, capsys: Any
) -> None:
    world.edit("contacts", contact, first_name="First")
    daemon = start(EVENTS__LOG_EVERY="1s", **NO_PULLS)
    daemon.wait_for("pass.done", resource="contacts", new=30)
    until(lambda: sql("SELECT 1 FROM cf_checkpoints WHERE resource = 'webhook_events'"))

    changed = world.ids("contacts", workspace)[:12]
    phase = random.Random(6)
    for number, one in enumerate(changed):
        threading.Event().wait(phase.random() / 2)  # at any time between two reads
        world.edit("contacts", one, first_name=f"Live {number}")
    until(lambda: all(names(sql)[one].startswith("Live") for one in changed))

    with capsys.disabled():
        print(f"\nlog, read every second: {summary(delays(sql))}")
    assert len(daemon.events("pass.done", **{"pass": "pull"}, resource="contacts")) == 1
    assert daemon.events("pass.done", **{"pass": "events"}, resource="webhook_events")


@POSTGRESQL_ONLY
def test_a_delivery_to_any_daemon_is_followed_by_the_one_that_owns_the_resource(
    live: Daemon, start: Start, world: World, contact: int, sql: Any, tmp_path: Path
) -> None:
    other = start(WEB__LISTEN="127.0.0.1:0")
    other.wait_for("leases.changed")
    at = other.wait_for("web.listening")["port"]
    (endpoint,) = world.records("webhook_endpoints", world.workspaces[0])
    for port, name in ((live.wait_for("web.listening")["port"], "One"), (at, "Two")):
        url = f"http://127.0.0.1:{port}/webhooks/{world.workspaces[0]}"
        values = world.store.get("webhook_endpoints", endpoint["id"])
        world.store.put("webhook_endpoints", values | {"url": url})
        world.edit("contacts", contact, first_name=name)
        until(lambda: names(sql)[contact] == name)  # noqa: B023
