"""What the log says of passes: a line for each that did something, and the sums once an hour."""

from __future__ import annotations

from collections import Counter

import structlog

from cfsync.daemon.jobs.runner import Job
from cfsync.sync.report import Report

log = structlog.get_logger()

_QUIET = {"unchanged", "same"}


class Journal:
    """Failures are said each time; that the same one is not said again and again is the log's
    business.
    """

    def __init__(self) -> None:
        self._passes: Counter[str] = Counter()
        self._counts: Counter[str] = Counter()

    def ended(self, job: Job, report: Report | None, error: Exception | None) -> None:
        """Called when a pass has ended and its job knows what that means."""
        if report is None and job.trouble is None:
            return  # there was nothing to do, or it was told to end
        counts = _totals(report)
        self._passes[f"{job.name}_{'failed' if job.trouble else 'done'}"] += 1
        self._counts.update(counts)
        self._counts["requests"] += report.requests if report else 0
        if job.trouble is None:
            say = log.info if counts else log.debug
            event = "pass.done" if report and report.state == "done" else "pass.stopped"
            say(event, **counts, requests=report.requests if report else 0)
        elif job.trouble.kind == "error":
            log.error("pass.broken", error=job.trouble.text, exc_info=error)
        else:
            log.warning("pass.failed", kind=job.trouble.kind, error=job.trouble.text)

    def sum_up(self, **now: int) -> None:
        """Say what happened since the last time, and how things are `now`."""
        log.info("daemon.summary", **self._passes, **self._counts, **now)
        self._passes.clear()
        self._counts.clear()


def _totals(report: Report | None) -> dict[str, int]:
    total: Counter[str] = Counter()
    for counts in report.counts.values() if report else ():
        total.update({name: n for name, n in counts.items() if n and name not in _QUIET})
    return dict(total)
