"""Decisions of the daemon that need no database and no server."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from cfsync.config import load
from cfsync.daemon.health.database_probe import DatabaseProbe
from cfsync.daemon.health.watchdog import Watchdog, find_stuck
from cfsync.daemon.jobs import backoff, polling
from cfsync.daemon.jobs.pass_monitor import PassMonitor
from cfsync.daemon.jobs.runner import Job
from cfsync.daemon.systemd import Notifier
from cfsync.errors import (
    BadAnswer,
    Interrupted,
    MirrorError,
    RateLimited,
    ServerError,
    TokenRefused,
    Unreachable,
)
from cfsync.mirror.coordination.leases import LostLease
from cfsync.mirror.progress.checkpoints import Checkpoint
from cfsync.sync.incoming.pace import due_now, interval
from cfsync.sync.report import Report
from cfsync.sync.trouble import Kind, kind_of, text_of, trouble_of

NOON = "2025-05-21T12:00:00.000Z"
CONTACTS = load(environ={}).resource("contacts")  # each minute, at most 15


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (TokenRefused(), "token"),
        (RateLimited(), "limit"),
        (Unreachable("no way"), "server"),
        (ServerError("oops", call="GET /x", status=500), "server"),
        (MirrorError("no disk"), "database"),
        (BadAnswer("not a list"), "answer"),
        (KeyError("anything"), "error"),
    ],
)
def test_every_error_has_a_kind(error: Exception, kind: str) -> None:
    assert kind_of(error) == kind


def test_the_text_of_an_unknown_error_is_not_logged() -> None:
    assert text_of(ValueError("ada@example.com")) == "unexpected ValueError"
    assert text_of(FileNotFoundError(2, "No such file", "ada@example.com")) == (
        "unexpected FileNotFoundError: No such file"
    )
    assert text_of(BadAnswer("not a list", call="GET /x")) == "GET /x: not a list"


@pytest.mark.parametrize(
    ("report", "trouble"),
    [
        (Report("pull"), None),
        (Report("pull", "stopped", cause=Interrupted("stop")), None),
        (Report("pull", "stopped", cause=LostLease("contacts")), None),
        (Report("pull", "stopped", cause=RateLimited(), problems=["429"]), ("limit", "429")),
        (Report("push", "stopped", problems=["lost"]), ("server", "lost")),
        (Report("push", "stopped", problems=["wait"], put_off=True), ("put_off", "wait")),
        (Report("push", "stopped", problems=["paused: contacts"], paused=["contacts"]), None),
        (Report("pull", "failed", problems=["no list"]), ("answer", "no list")),
    ],
)
def test_a_report_tells_what_is_wrong(report: Report, trouble: tuple[str, str] | None) -> None:
    assert trouble_of(report) == trouble


@pytest.mark.parametrize(
    ("kind", "failures", "retry_after", "seconds"),
    [
        ("server", 1, None, 2),
        ("server", 3, None, 8),
        ("server", 99, None, 60),
        ("database", 99, None, 15),
        ("put_off", 99, None, 60),
        ("error", 99, None, 900),
        ("limit", 1, 120.0, 121),
        ("server", 5, 0.0, 32),  # a server that always names 0 is not asked without end
    ],
)
def test_each_failure_in_a_row_waits_longer(
    kind: Kind, failures: int, retry_after: float | None, seconds: float
) -> None:
    assert backoff.delay(kind, failures, jitter=1.0, retry_after=retry_after) == seconds
    if retry_after is None:
        assert backoff.delay(kind, failures, jitter=0.0) == seconds / 2


@pytest.mark.parametrize(
    ("changed", "seconds"),
    [
        ("2025-05-21T11:59:50.000Z", 60),  # ten seconds ago
        ("2025-05-21T11:00:00.000Z", 360),  # an hour ago
        ("2025-05-01T12:00:00.000Z", 900),
        ("2025-05-21T13:00:00.000Z", 60),  # a clock was set back
        (None, 60),
    ],
)
def test_a_quiet_list_is_pulled_less_often(changed: str | None, seconds: float) -> None:
    place = Checkpoint("contacts", 1, "pull", seen_at=changed)

    assert interval(place, CONTACTS, NOON) == seconds


def at(began_at: str, changed: str = NOON, pending: str | None = None) -> Checkpoint:
    return Checkpoint("contacts", 1, "pull", seen_at=changed, began_at=began_at, pending=pending)


LONG_QUIET = "2025-01-01T00:00:00.000Z"


def test_a_list_is_due_when_its_interval_is_nearly_over() -> None:
    def due(place: Checkpoint | None) -> bool:
        return bool(due_now([("it", place)], CONTACTS, NOON))

    assert not due(at("2025-05-21T11:59:31.000Z"))
    assert due(at("2025-05-21T11:59:30.000Z"))
    assert not due(at("2025-05-21T11:46:00.000Z", changed=LONG_QUIET))
    assert due(at("2025-05-21T11:45:30.000Z", changed=LONG_QUIET))
    assert due(at("2025-05-21T13:00:00.000Z"))  # a clock was set back
    assert due(at(NOON, pending=NOON))
    assert due(None)


def test_quiet_lists_take_turns_and_busy_ones_do_not_wait() -> None:
    quiet = [(n, at(f"2025-05-21T11:{44 - n % 3}:00.000Z", changed=LONG_QUIET)) for n in range(300)]
    busy = (1000, at("2025-05-21T11:59:00.000Z"))

    pulled = due_now([*quiet, busy], CONTACTS, NOON)

    assert pulled[0] == 1000
    assert (
        pulled[1:] == [n for n in range(300) if n % 3 == 2][:25]
    )  # 300 in 15 minutes, and a quarter


def test_after_an_outage_all_are_pulled_at_once() -> None:
    places = [(n, at("2025-05-21T11:00:00.000Z", changed=LONG_QUIET)) for n in range(300)]

    assert len(due_now(places, CONTACTS, NOON)) == 300


def test_a_sweep_is_due_a_day_after_the_last_complete_walk() -> None:
    def due(since: str | None, jitter: float = 0.0) -> bool:
        return polling.sweep_is_due(since, NOON, 86400.0, jitter=jitter)

    assert not due(None)
    assert not due("2025-05-20T12:00:01.000Z")
    assert due("2025-05-20T12:00:00.000Z")
    assert due("2025-05-20T13:00:00.000Z", jitter=0.5)
    assert due("2025-05-22T12:00:00.000Z")


def monitor(clock: Any) -> PassMonitor:
    return PassMonitor(clock, check_owner=lambda: None, on_answer=lambda *_: None, lease=None)


def test_a_pass_is_stuck_when_it_makes_no_progress_and_waits_for_nothing_known() -> None:
    now = [0.0]
    it = monitor(lambda: now[0])

    now[0] = 100.0
    assert it.is_stuck(99)
    assert not it.is_stuck(101)
    with it.waiting("budget"):
        assert not it.is_stuck(99)
        assert it.waits_for() == "budget"
    assert not it.is_stuck(99)
    now[0] = 300.0
    assert it.is_stuck(99)
    it.sending()
    assert not it.is_stuck(99)


def test_what_is_stuck_is_named() -> None:
    database, now = DatabaseProbe(), [0.0]
    job = Job("pull", "contacts", run_pass=lambda _: None)  # type: ignore[arg-type,return-value]
    job.monitor = monitor(lambda: now[0])

    assert find_stuck(database, [job], patience=10, call_s=30) is None
    now[0] = 41.0
    assert find_stuck(database, [job], patience=10, call_s=30) == "no progress of pull contacts"
    assert find_stuck(database, [job], patience=-1, call_s=30) == "the SQL thread is silent for 0 s"


def test_a_clock_change_is_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    wall = [1000.0]
    monkeypatch.setattr("time.time", lambda: wall[0])
    monkeypatch.setattr("time.monotonic", lambda: 50.0)
    watchdog = Watchdog(Notifier({}), find_stuck=lambda _: None, status=lambda: "in step")

    with capture_logs() as logged:
        wall[0] += 3
        watchdog._check()
        wall[0] -= 86400
        watchdog._check()
        watchdog._check()

    assert [(e["event"], e["seconds"]) for e in logged] == [("clock.set", 3 - 86400)]
