"""The log: quiet passes are not shown, a failure is logged once and its repetitions counted."""

from __future__ import annotations

from typing import Any, cast

import pytest
import structlog
from structlog.testing import capture_logs

from cfsync.config import load
from cfsync.daemon.job_host import JobHost
from cfsync.daemon.jobs.pass_log import PassLog
from cfsync.daemon.jobs.runner import Job
from cfsync.logs import RepeatFilter
from cfsync.mirror.coordination.pauses import Trouble
from cfsync.sync.report import Report
from cfsync.web.daemon_health import Health
from cfsync.web.metrics import Metrics


def job(trouble: Trouble | None = None) -> Job:
    it = Job("pull", "contacts", run_pass=lambda _: None)  # type: ignore[arg-type,return-value]
    it.trouble = trouble
    return it


def trouble(kind: str, text: str) -> Trouble:
    return Trouble("pull", "contacts", kind, text, since="2026-01-01T00:00:00.000Z")


def report(**counts: int) -> Report:
    made = Report("pull", requests=2)
    made.add("contacts", **counts)
    return made


def test_a_quiet_pass_is_logged_for_debugging_and_others_as_info() -> None:
    pass_log = PassLog()
    with capture_logs() as logged:
        pass_log.pass_ended(job(), report(unchanged=20), None)
        pass_log.pass_ended(job(), report(new=3, unchanged=17), None)
        pass_log.pass_ended(job(), None, None)

    assert logged == [
        {"event": "pass.done", "log_level": "debug", "requests": 2},
        {"event": "pass.done", "log_level": "info", "requests": 2, "new": 3},
    ]


def test_the_summary_holds_the_totals_since_the_last_one() -> None:
    pass_log = PassLog()
    with capture_logs() as logged:
        pass_log.pass_ended(job(), report(new=3), None)
        pass_log.pass_ended(job(trouble("server", "no way")), report(new=1), None)
        pass_log.log_summary(edits_pending=4)
        pass_log.log_summary()

    assert logged[2:] == [
        {
            "event": "daemon.summary",
            "log_level": "info",
            "pull_done": 1,
            "pull_failed": 1,
            "new": 4,
            "requests": 4,
            "edits_pending": 4,
        },
        {"event": "daemon.summary", "log_level": "info"},
    ]


def test_a_failure_is_a_warning_and_an_unexpected_exception_an_error() -> None:
    pass_log = PassLog()
    with capture_logs() as logged:
        pass_log.pass_ended(job(trouble("server", "no connection")), report(), None)
        pass_log.pass_ended(job(trouble("error", "unexpected KeyError")), None, KeyError("x"))

    assert [(e["event"], e["log_level"], e["error"]) for e in logged] == [
        ("pass.failed", "warning", "no connection"),
        ("pass.crashed", "error", "unexpected KeyError"),
    ]


def test_a_pass_that_crashed_counts_as_failed() -> None:
    metrics, none = Metrics(Health), cast("Any", None)
    host = JobHost(
        settings=load(environ={}),
        connections=none,
        database=none,
        api_access=none,
        ownership=none,
        observer=none,
        pass_log=PassLog(),
        metrics=metrics,
    )

    host.pass_ended(job(trouble("error", "unexpected KeyError")), None, KeyError("x"))
    host.pass_ended(job(), None, None)

    (line,) = [t for t in metrics.text().decode().splitlines() if t.startswith("cfsync_pass_total")]
    assert line == 'cfsync_pass_total{pass="pull",resource="contacts",state="failed"} 1.0'


def write(repeat_filter: RepeatFilter, method: str, **event: Any) -> dict[str, Any] | None:
    try:
        return dict(repeat_filter(None, method, dict(event)))
    except structlog.DropEvent:
        return None


def test_a_repeated_warning_is_logged_once_and_then_every_15_minutes_with_its_count() -> None:
    now = [0.0]
    repeat_filter = RepeatFilter(lambda: now[0])
    line = {"event": "pass.failed", "error": "no way"}

    assert write(repeat_filter, "warning", **line, pass_id=1, timestamp="a") is not None
    for second in range(1, 900):
        now[0] = float(second)
        assert write(repeat_filter, "warning", **line, pass_id=second, timestamp="b") is None
    now[0] = 900.0

    again = write(repeat_filter, "warning", **line, pass_id=7)
    assert again == {**line, "pass_id": 7, "repeated": 899}
    assert write(repeat_filter, "warning", **line) is None


@pytest.mark.parametrize(
    ("method", "event"),
    [
        ("info", "pass.done"),
        ("debug", "pass.done"),
        ("error", "settings.refused"),
        ("warning", "settings.need_restart"),
    ],
)
def test_what_is_no_warning_or_answers_a_reload_is_always_logged(method: str, event: str) -> None:
    repeat_filter = RepeatFilter(lambda: 0.0)

    assert write(repeat_filter, method, event=event) == {"event": event}
    assert write(repeat_filter, method, event=event) == {"event": event}


def test_different_warnings_are_counted_apart_and_old_ones_are_forgotten() -> None:
    now = [0.0]
    repeat_filter = RepeatFilter(lambda: now[0])
    for resource in ("contacts", "orders"):
        assert write(repeat_filter, "error", event="pass.failed", resource=resource) is not None

    now[0] = 5000.0
    write(repeat_filter, "error", event="other")

    assert len(repeat_filter._written) == 1
