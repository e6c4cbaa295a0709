"""A clock of the machine that can be set under a running daemon: what a file says, in seconds,
it is off. The clock that only rises, and that of SQLite's own functions, are left alone.
"""

from __future__ import annotations

import sys
import time
from datetime import datetime, timedelta, tzinfo
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import cfsync

FILE = "TESTS_CLOCK_FILE"
"""Where the environment says which file it is."""

ASK = ("cfsync.api", "cfsync.cli.common", "cfsync.daemon", "cfsync.web")
"""Where a daemon asks for the time."""


class _AnyTime(type):
    def __instancecheck__(cls, other: object) -> bool:
        return isinstance(other, datetime)


def follow(file: Path) -> None:
    """From now on the file says what time it is."""
    for module in walk_packages(cfsync.__path__, "cfsync."):
        if module.name.startswith(ASK):
            import_module(module.name)
    clock, true = _clock(file), time.time
    time.time = lambda: true() + _off(file)
    for name, loaded in [*sys.modules.items()]:
        asks = name.startswith(("cfsync.", "apscheduler."))
        if asks and getattr(loaded, "datetime", None) is datetime:
            vars(loaded)["datetime"] = clock


def _clock(file: Path) -> type:
    def now(tz: tzinfo | None = None) -> datetime:
        return datetime.now(tz) + timedelta(seconds=_off(file))

    return _AnyTime("datetime", (datetime,), {"now": staticmethod(now)})


def _off(file: Path) -> int:
    return int(file.read_text())
