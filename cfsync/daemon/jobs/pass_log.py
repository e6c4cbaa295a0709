"""The log of passes: a line for each pass that did something, and totals once an hour."""

from __future__ import annotations

from collections import Counter

import structlog

from cfsync.daemon.jobs.runner import Job
from cfsync.sync.report import Report

log = structlog.get_logger()

_NOT_LOGGED = {"unchanged", "same"}
"""Counts of records to which nothing happened."""


class PassLog:
    """Logs how passes end. Each failure is logged; `logs.RepeatFilter` drops the repetitions."""

    def __init__(self) -> None:
        self._passes: Counter[str] = Counter()
        self._counts: Counter[str] = Counter()

    def pass_ended(self, job: Job, report: Report | None, error: Exception | None) -> None:
        """Log a pass. Called when the job's state is up to date."""
        if report is None and job.trouble is None:
            return  # there was nothing to do, or it was stopped
        counts = _totals(report)
        self._passes[f"{job.name}_{'failed' if job.trouble else 'done'}"] += 1
        self._counts.update(counts)
        self._counts["requests"] += report.requests if report else 0
        if job.trouble is None:
            write = log.info if counts else log.debug
            event = "pass.done" if report and report.is_done else "pass.stopped"
            write(event, **counts, requests=report.requests if report else 0)
        elif job.trouble.kind == "error":
            log.error("pass.crashed", error=job.trouble.text, exc_info=error)
        else:
            log.warning("pass.failed", kind=job.trouble.kind, error=job.trouble.text)

    def log_summary(self, **current: int) -> None:
        """Log the totals since the last summary, with `current` values beside them."""
        log.info("daemon.summary", **self._passes, **self._counts, **current)
        self._passes.clear()
        self._counts.clear()


def _totals(report: Report | None) -> dict[str, int]:
    total: Counter[str] = Counter()
    for counts in report.counts.values() if report else ():
        total.update({name: n for name, n in counts.items() if n and name not in _NOT_LOGGED})
    return dict(total)
