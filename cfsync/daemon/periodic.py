"""Periodic tasks: what the daemon repeats for as long as it runs, apart from passes."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from cfsync.sync.trouble import text_of

log = structlog.get_logger()

LONGEST_S = 15.0
"""The longest wait, in seconds, between two attempts of a task that fails."""


@dataclass(frozen=True, slots=True)
class PeriodicTask:
    """An action to repeat `every` so many seconds, for the first time after `first` seconds."""

    name: str
    every: float
    action: Callable[[], Awaitable[object]]
    first: float = 0.0


async def repeat(task: PeriodicTask) -> None:
    """Run the action, wait, and run it again until cancelled. An error is logged and does not end
    it; the next attempt follows after a back-off.
    """
    await asyncio.sleep(task.first)
    failures = 0
    while True:
        try:
            await task.action()
        except Exception as error:
            failures += 1
            log_failure(task.name, error)
            await asyncio.sleep(min(LONGEST_S, 2.0**failures * (0.5 + random.random() / 2)))  # noqa: S311
        else:
            failures = 0
            await asyncio.sleep(task.every)


def log_failure(task: str, error: Exception) -> None:
    log.warning("task.failed", task=task, error=text_of(error))
