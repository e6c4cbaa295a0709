"""The made-up day of `demo --console`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cfsync.cli.setup import demo_console
from cfsync.mirror.progress import samples
from cfsync.mirror.reports import browse
from tests.conftest import SQLITE_ONLY


@SQLITE_ONLY
def test_passes_that_failed_in_the_chart_are_listed_as_well(write: Callable[..., Any]) -> None:
    write(demo_console._write_past)

    charted = sum(s.failed for s in write(samples.find, "2000-01-01T00:00:00.000Z"))
    listed = write(browse.last_passes, 60, failed=True)

    assert charted == sum(1 + run["quiet"] for run in listed) > 0
