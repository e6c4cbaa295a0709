"""A person and a sweep that act on the same approved deletion at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest

from cfsync.mirror.db.engine import Mirror
from cfsync.sync.decisions import deletions
from cfsync.sync.selection import NOT_GIVEN
from tests.conftest import POSTGRESQL_ONLY, Clock, Sql
from tests.sync.conftest import Round

pytestmark = POSTGRESQL_ONLY

STONES = "SELECT record_id, state FROM cf_tombstones ORDER BY record_id"
WAITING = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


def decide(mirror: Mirror, ids: list[int], *, approve: bool) -> list[int]:
    """Those of the deletions that were decided, as the answer counts them."""
    which = ["contacts", *map(str, ids)]
    given = {"approve": approve, "confirm": print, "again": True}
    found = asyncio.run(deletions.decide(mirror, which, NOT_GIVEN, **given))  # type: ignore[arg-type]
    return [stone.record_id for stone in found]


@pytest.fixture
def person(round_: Round, mirror_url: str, clock: Clock) -> Iterator[Mirror]:
    """Another process."""
    with closing(Mirror.open(mirror_url, must_exist=True, clock=clock)) as opened:
        yield opened


@pytest.fixture
def approved(round_: Round, person: Mirror) -> list[int]:
    """Two contacts that are gone from ClickFunnels, and whose deletion may be acted on."""
    round_.backfill("contacts")
    ids = round_.ids("contacts")[:2]
    for one in ids:
        round_.world.delete("contacts", one)
    round_.settings["CFSYNC_DELETIONS__MAX_COUNT"] = "1"
    round_.settings["CFSYNC_DELETIONS__MAX_FRACTION"] = "0"
    round_.sweep("contacts")
    assert decide(person, ids, approve=True) == ids
    return ids


def one_after_the_other(sql: Sql, held: str, *acts: Callable[[], Any]) -> list[Any]:
    """What the acts return, of which each begins when the one before waits for a lock: the first
    for that of the statement `held`, which is let go when all of them wait.
    """
    begun: list[Future[Any]] = []
    with ThreadPoolExecutor() as threads, closing(sql.again().conn) as holder:
        with holder.transaction():
            holder.execute(held)
            for number, act in enumerate(acts, start=1):
                begun.append(threads.submit(act))
                while not begun[-1].done() and sql(WAITING) != [(number,)]:
                    pass
        return [future.result() for future in begun]


def assert_told_as_it_is(round_: Round, sql: Sql, rejected: list[int], ids: list[int]) -> None:
    """The rows that the person was told about, and no others, have stayed."""
    states = {one: "rejected" if one in rejected else "confirmed" for one in ids}
    assert dict(sql(STONES)) == states
    assert set(round_.ids("contacts")) & set(ids) == set(rejected)


def test_a_rejection_takes_back_nothing_that_a_sweep_has_acted_on(
    round_: Round, person: Mirror, approved: list[int], sql: Sql
) -> None:
    report, rejected = one_after_the_other(
        sql,
        f"SELECT 1 FROM contacts WHERE id = {approved[0]} FOR UPDATE",
        lambda: round_.sweep("contacts"),
        lambda: decide(person, approved, approve=False),
    )

    assert_told_as_it_is(round_, sql, rejected, approved)
    assert report.counts["contacts"]["deleted"] == len(approved) - len(rejected)


def test_a_sweep_leaves_what_is_being_rejected(
    round_: Round, person: Mirror, approved: list[int], sql: Sql
) -> None:
    rejected, _ = one_after_the_other(
        sql,
        f"SELECT 1 FROM cf_tombstones WHERE record_id = {approved[1]} FOR UPDATE",
        lambda: decide(person, approved, approve=False),
        lambda: round_.sweep("contacts"),
    )

    assert_told_as_it_is(round_, sql, rejected, approved)
