"""Which daemons the mirror knows, and when one is missed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from cfsync.mirror.coordination import daemons
from cfsync.mirror.coordination.daemons import Daemon, Process
from cfsync.mirror.db import clock
from cfsync.mirror.db.engine import Mirror
from cfsync.sync.health_rule import missing_daemon
from cfsync.times import later
from tests.conftest import POSTGRESQL_ONLY, SQLITE_ONLY, Sql

NOON = "2026-01-01T12:00:00.000Z"
ONE, TWO = Process("one", "db1", 71), Process("two", "db2", 72)


def announce(mirror: Mirror, process: Process) -> None:
    asyncio.run(mirror.write(daemons.announce, process, NOON))


def known(mirror: Mirror) -> dict[str, Daemon]:
    return {daemon.name: daemon for daemon in asyncio.run(mirror.read(daemons.known))}


def test_a_daemon_is_seen_until_it_says_that_it_was_stopped(mirror: Mirror) -> None:
    before = asyncio.run(mirror.read(clock.now))
    for _ in range(2):
        announce(mirror, ONE)
    seen = known(mirror)["one"]
    asyncio.run(mirror.write(daemons.end, ONE))
    ended = known(mirror)["one"]

    assert (seen.host, seen.pid, seen.started_at) == ("db1", 71, NOON)
    assert seen.seen_at >= before
    assert seen.gone_at(seen.seen_at) is None
    assert ended.gone_at(ended.seen_at) == ended.ended_at >= seen.seen_at


@pytest.mark.parametrize("word", [True, False], ids=["stopped", "killed long ago"])
def test_one_that_has_gone_is_forgotten_by_one_that_runs(
    mirror: Mirror, sql: Sql, word: bool
) -> None:
    announce(mirror, ONE)
    if word:
        asyncio.run(mirror.write(daemons.end, ONE))
    sql("UPDATE cf_daemons SET seen_at = ?", NOON)

    announce(mirror, TWO)

    assert set(known(mirror)) == {"two"}


@POSTGRESQL_ONLY
def test_one_that_was_killed_is_known_for_a_day(mirror: Mirror) -> None:
    announce(mirror, ONE)
    announce(mirror, TWO)

    assert set(known(mirror)) == {"one", "two"}


@SQLITE_ONLY
def test_a_file_has_no_other_daemon(mirror: Mirror) -> None:
    announce(mirror, ONE)
    announce(mirror, TWO)

    assert set(known(mirror)) == {"two"}


def daemon(name: str, *, seen_s: float, ended_s: float | None = None) -> Daemon:
    ended = None if ended_s is None else later(NOON, -ended_s)
    return Daemon(name, name, 1, later(NOON, -9999), later(NOON, -seen_s), ended)


@pytest.mark.parametrize(
    ("all_known", "missing"),
    [
        ([], None),
        ([daemon("a", seen_s=5)], None),
        ([daemon("a", seen_s=61)], "a"),
        ([daemon("a", seen_s=5, ended_s=3)], "a"),
        ([daemon("a", seen_s=900), daemon("b", seen_s=5)], None),
        ([daemon("a", seen_s=900), daemon("b", seen_s=5, ended_s=3)], "b"),
        ([daemon("a", seen_s=99), daemon("b", seen_s=205, ended_s=203)], "a"),
    ],
)
def test_one_is_missed_where_none_runs(all_known: Sequence[Daemon], missing: str | None) -> None:
    found = missing_daemon(all_known, NOON)

    assert (found[0].name if found else None) == missing
