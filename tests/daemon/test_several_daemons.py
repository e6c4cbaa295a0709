"""Several daemons on one PostgreSQL: they share the passes and take over from a dead one."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cfsync.sandbox import World
from tests.conftest import POSTGRESQL_ONLY
from tests.daemon.harness import Daemon, Systemd, until

pytestmark = POSTGRESQL_ONLY
Start = Callable[..., Daemon]

QUICK = {
    "DAEMON__LEASE_TTL": "600ms",
    "API__TIMEOUT_S": "1",
    "RESOURCES__CONTACTS__PULL_EVERY": "200ms",
}


def owners(sql: Any) -> dict[str, str]:
    found = sql("SELECT name, owner FROM cf_leases WHERE name NOT LIKE 'daemon/%'")
    return {name: owner for name, owner in found if owner is not None}


def test_two_share_the_resources_and_one_continues_alone_when_the_other_is_killed(
    start: Start, world: World, sql: Any, contact: int, tmp_path: Path
) -> None:
    first, second = start(**QUICK), start(**QUICK)

    until(lambda: sql("SELECT 1 FROM contacts WHERE id = ?", contact))
    # three resources and the events log, a lease each
    shares = until(lambda: len(set((o := owners(sql)).values())) == 2 and len(o) == 4 and o)
    of_contacts = int(shares["contacts"].split(":")[1])
    holder, other = (first, second) if first.process.pid == of_contacts else (second, first)
    assert holder.process.pid == of_contacts
    holder.stop(signal.SIGKILL)

    sql("UPDATE contacts SET first_name = 'Zed' WHERE id = ?", contact)
    until(lambda: world.get("contacts", contact)["first_name"] == "Zed")
    assert set(owners(sql).values()) == {owners(sql)["contacts"]}
    assert f":{other.process.pid}:" in owners(sql)["contacts"]
    assert other.stop() == 0
    assert owners(sql) == {}


def test_a_daemon_that_stops_hands_over_at_once(start: Start, world: World, sql: Any) -> None:
    first = start(**QUICK | {"API__TIMEOUT_S": "20"})
    first.wait_for("pass.done", resource="contacts", new=30)
    second = start(**QUICK | {"API__TIMEOUT_S": "20"})
    until(lambda: len(set(owners(sql).values())) == 2)

    assert first.stop() == 0

    until(lambda: len(owners(sql)) == 4, patience=5)
    assert second.stop() == 0


def test_a_suspended_daemon_notices_that_it_lost_its_leases(
    start: Start, world: World, sql: Any, contact: int
) -> None:
    sleeper = start(**QUICK)
    sleeper.wait_for("pass.done", resource="contacts", new=30)
    sleeper.process.send_signal(signal.SIGSTOP)
    other = start(**QUICK)
    until(lambda: f":{other.process.pid}:" in owners(sql).get("contacts", ""))
    fence = sql("SELECT fence FROM cf_leases WHERE name = 'contacts'")[0][0]
    sleeper.process.send_signal(signal.SIGCONT)

    world.edit("contacts", contact, first_name="Zed")
    until(lambda: sql("SELECT first_name FROM contacts WHERE id = ?", contact) == [("Zed",)])
    assert len(sql("SELECT 1 FROM cf_leases WHERE name LIKE 'daemon/%'")) == 2
    assert sql("SELECT fence FROM cf_leases WHERE name = 'contacts'")[0][0] >= fence
    assert sleeper.stop() == 0
    assert other.stop() == 0


def test_the_database_may_go_away_and_come_back(
    start: Start, systemd: Systemd, world: World, sql: Any, contact: int, postgres: Any
) -> None:
    daemon = start(systemd, **QUICK)
    daemon.wait_for("pass.done", resource="contacts", new=30)
    postgres.stop()
    try:
        daemon.wait_for("database.unavailable")
        until(lambda: daemon.ask("/readyz")[0] == 503)
        assert daemon.ask("/livez")[0] == 200
        world.edit("contacts", contact, first_name="Zed")
    finally:
        postgres.start()
    daemon.wait_for("database.available")
    until(lambda: daemon.ask("/readyz")[0] == 200)

    with psycopg.connect(sql.dsn, autocommit=True) as conn:
        name = f"SELECT first_name FROM contacts WHERE id = {contact}"
        until(lambda: conn.execute(name).fetchone() == ("Zed",))
        conn.execute(f"UPDATE contacts SET last_name = 'Back' WHERE id = {contact}")
        until(lambda: world.get("contacts", contact)["last_name"] == "Back")
    assert daemon.stop() == 0


def test_it_waits_for_a_database_that_is_not_available_yet(
    start: Start, systemd: Systemd, postgres: Any
) -> None:
    postgres.stop()
    try:
        daemon = start(systemd)
        until(lambda: "can't be reached" in systemd.wait_for("STATUS=waits for the database"))
        assert daemon.ask("/livez")[0] == 200
        assert daemon.ask("/readyz")[0] == 503
    finally:
        postgres.start()

    systemd.wait_for("READY=1")
    assert daemon.stop() == 0


def test_a_newer_schema_ends_it_with_4_and_gives_the_leases_back(
    start: Start, sql: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    daemon = start()
    daemon.wait_for("pass.done", resource="contacts", new=30)

    sql("UPDATE cf_schema SET version_num = '9999'")

    assert daemon.process.wait(30) == 4
    assert owners(sql) == {}
    until(lambda: "newer cfsync" in daemon.output)


def test_an_older_schema_is_refused_and_names_the_command(start: Start, sql: Any) -> None:
    sql("UPDATE cf_meta SET value = 'of before' WHERE key = 'capture'")

    daemon = start()

    assert daemon.process.wait(30) == 2
    until(lambda: "run cfsync migrate" in daemon.output)
