"""The life of one daemon: start, work, stop."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cfsync.sandbox import World
from tests.conftest import SQLITE_ONLY
from tests.daemon.harness import Daemon, Systemd, until

Start = Callable[..., Daemon]


def test_it_fills_the_mirror_sends_an_edit_and_stops_when_told_to(
    start: Start, systemd: Systemd, world: World, sql: Any, contact: int, count: Callable[[], int]
) -> None:
    daemon = start(systemd)

    systemd.wait_for("READY=1")
    until(lambda: count() == 30)
    daemon.wait_for("pass.done", resource="contacts", new=30)
    sql("UPDATE contacts SET first_name = 'Zed' WHERE id = ?", contact)
    until(lambda: world.get("contacts", contact)["first_name"] == "Zed", patience=3)
    world.edit("contacts", contact, last_name="Young")

    assert daemon.stop() == 0
    systemd.wait_for("STOPPING=1")


@SQLITE_ONLY
def test_it_is_ready_only_when_clickfunnels_has_answered(
    start: Start, systemd: Systemd, world: World
) -> None:
    world.fault("status", status=503, times=None)
    daemon = start(systemd)

    systemd.wait_for("STATUS=waits for ClickFunnels")
    assert daemon.ask("/livez")[0] == 200
    world.faults.clear()
    systemd.wait_for("READY=1")

    assert not any(line == "READY=1" for line in systemd.received[:-1])


@SQLITE_ONLY
def test_it_stops_in_time_under_load_and_the_next_start_continues(
    start: Start, world: World, sql: Any, count: Callable[[], int], settings: dict[str, str]
) -> None:
    world.latency = 0.05
    daemon = start(DAEMON__STOP_TIMEOUT="4s")
    until(lambda: count() >= 20)
    sql("UPDATE contacts SET first_name = 'Zed' WHERE id IN (SELECT id FROM contacts LIMIT 20)")
    until(lambda: sql("SELECT 1 FROM cf_outbox WHERE state = 'sending'"))

    assert daemon.stop(patience=5) == 0

    world.latency = 0
    start()
    until(lambda: not sql("SELECT 1 FROM cf_outbox WHERE state IN ('pending', 'sending')"))
    people = world.records("contacts", world.workspaces[0])
    assert sum(person["first_name"] == "Zed" for person in people) == 20
    assert len(people) == 30


@SQLITE_ONLY
def test_a_record_being_created_when_it_was_killed_exists_once(
    start: Start, world: World, sql: Any, count: Callable[[], int]
) -> None:
    daemon = start()
    daemon.wait_for("pass.done", resource="contacts", new=30)
    world.latency = 0.2
    workspace = world.workspaces[0]
    sql("INSERT INTO contacts (workspace_id, first_name) VALUES (?, 'Nemo')", workspace)
    until(lambda: sql("SELECT 1 FROM cf_outbox WHERE state = 'sending'"))
    daemon.stop(signal.SIGKILL)

    world.latency = 0
    start()
    until(lambda: sql("SELECT 1 FROM cf_outbox WHERE state IN ('done', 'parked')"))

    people = world.records("contacts", workspace)
    assert [p["first_name"] for p in people].count("Nemo") == 1
    assert sql("SELECT count(*) FROM contacts WHERE first_name = 'Nemo'") == [(1,)]


@SQLITE_ONLY
def test_a_second_signal_ends_it_at_once(start: Start, world: World) -> None:
    daemon = start(DAEMON__STOP_TIMEOUT="30s")
    daemon.wait_for("pass.done", resource="contacts")
    world.fault("slow", seconds=20, times=None)
    world.edit("contacts", world.ids("contacts", world.workspaces[0])[0], first_name="X")
    daemon.process.send_signal(signal.SIGTERM)
    daemon.process.send_signal(signal.SIGTERM)

    assert daemon.process.wait(5) in (0, -signal.SIGTERM)


@SQLITE_ONLY
def test_a_second_daemon_on_sqlite_is_refused_in_one_line(start: Start) -> None:
    start().wait_for("clickfunnels.connected")

    second = start()

    assert second.process.wait(30) == 2
    until(lambda: "another cfsync run works on" in second.output)
    assert second.output.count("\n") == 1


@SQLITE_ONLY
def test_when_nothing_changes_a_pull_is_one_request_and_leaves_no_row_behind(
    start: Start, world: World, sql: Any
) -> None:
    daemon = start(
        RESOURCES__CONTACTS__PULL_EVERY="300ms", RESOURCES__CONTACTS__PULL_MAX_EVERY="1s"
    )
    daemon.wait_for("pass.done", resource="contacts", new=30)

    runs = 'cfsync_pass_total{pass="pull",resource="contacts",state="done"} '
    sizes = _rows(sql)
    with world.lock:
        world.ledger.clear()
    before = _value(daemon, runs)
    until(lambda: _value(daemon, runs) >= before + 4)
    with world.lock:
        asked = dict(world.ledger.requests)

    assert list(asked) == ["GET /workspaces/{parent}/contacts 200"]
    passes = _value(daemon, runs) - before
    assert abs(asked["GET /workspaces/{parent}/contacts 200"] - passes) <= 1
    assert _rows(sql) == sizes


def _rows(sql: Any) -> dict[str, int]:
    """How many there are in each table."""
    tables = sql("SELECT name FROM sqlite_schema WHERE type = 'table'")
    return {name: sql(f'SELECT count(*) FROM "{name}"')[0][0] for (name,) in tables}


def _value(daemon: Daemon, line: str) -> float:
    found = [t for t in daemon.ask("/metrics")[1].splitlines() if t.startswith(line)]
    return float(found[0].removeprefix(line)) if found else 0.0


@SQLITE_ONLY
def test_unsafe_settings_are_reported_before_anything_is_started(
    start: Start, tmp_path: Path
) -> None:
    daemon = start(WEB__LISTEN="0.0.0.0:0", DATABASE__URL=f"sqlite:///{tmp_path}/new.db")

    assert daemon.process.wait(30) == 2
    until(lambda: "set web.access_token" in daemon.output)
    assert daemon.output.count("\n") == 1
    assert not (tmp_path / "new.db").exists()


@SQLITE_ONLY
def test_it_creates_a_missing_database(start: Start, tmp_path: Path) -> None:
    daemon = start(DATABASE__URL=f"sqlite:///{tmp_path}/new.db")

    daemon.wait_for("pass.done", resource="contacts", new=30)

    assert f"new database: {tmp_path}/new.db" in daemon.output
    assert daemon.stop() == 0
