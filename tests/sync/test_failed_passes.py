"""Which passes count as failed: those that something ended which should not be."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from cfsync.api import Retry
from cfsync.errors import CfsyncError
from cfsync.mirror.coordination import pauses
from cfsync.mirror.progress import samples
from cfsync.mirror.reports import browse
from cfsync.sync import passes
from tests.sync.conftest import Round, a_few_of_everything

ALL, SOME = "", "/products(\\?|$)"


def failures(round_: Round) -> tuple[int, int]:
    """As the console's filter has them, and as its chart does."""
    listed = asyncio.run(round_.mirror.read(browse.last_passes, 60, failed=True))
    charted = asyncio.run(round_.mirror.read(samples.find, "2000-01-01T00:00:00.000Z"))
    return len(listed), sum(s.failed for s in charted)


@a_few_of_everything
@pytest.mark.parametrize(
    ("fault", "path", "end"),
    [
        ({"kind": "reset_before"}, ALL, ("stopped", "server")),
        ({"kind": "status", "status": 503}, ALL, ("stopped", "server")),
        ({"kind": "status", "status": 503}, SOME, ("stopped", "server")),
        ({"kind": "html_403"}, ALL, ("stopped", "server")),
        ({"kind": "status", "status": 401}, ALL, ("failed", "token")),
        ({"kind": "not_a_list"}, SOME, ("failed", "answer")),
        ({"kind": "status", "status": 429, "retry_after": 3600}, ALL, ("stopped", "limit")),
    ],
)
@pytest.mark.parametrize("name", ["pull", "push"])
def test_a_pass_that_clickfunnels_has_ended_has_failed(
    round_: Round, name: str, fault: dict[str, Any], path: str, end: tuple[str, str]
) -> None:
    """But for one that ran out of requests: that is a clean stop."""
    round_ = replace(round_, retry=Retry(attempts=1))
    round_.backfill()
    if name == "push":
        if path == SOME:
            pytest.skip("a push of contacts reads no products")
        round_.sql("UPDATE contacts SET first_name = 'Zed'")
    round_.world.fault(path=path, times=None, **fault)

    with suppress(CfsyncError):
        getattr(round_, name)()

    last = "SELECT state, trouble FROM cf_runs ORDER BY id DESC LIMIT 1"
    assert round_.sql(last) == [end]
    assert failures(round_) == ((0, 0) if end[1] == "limit" else (1, 1))


@a_few_of_everything
def test_a_pass_that_somebody_has_ended_has_not_failed(round_: Round) -> None:
    round_.backfill()
    round_.run(passes.pull, (), stop_when=lambda: True)
    asyncio.run(round_.mirror.write(pauses.pause, ["contacts"]))
    round_.pull("contacts")

    ends = round_.sql("SELECT state, trouble FROM cf_runs WHERE pass = 'pull' ORDER BY id")

    assert ends == [("stopped", None)] * 2
    assert failures(round_) == (0, 0)
