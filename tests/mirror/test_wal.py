"""SQLite's log is kept short; a reader that keeps it from that is noticed."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from structlog.testing import capture_logs

from cfsync.mirror import wal
from cfsync.mirror.db.dialect.sqlite.file import WAL_BYTES
from cfsync.mirror.db.engine import Mirror, Tx
from cfsync.mirror.wal import Wal
from tests.conftest import POSTGRESQL_ONLY, SQLITE_ONLY, Clock, Sql


def commit(mirror: Mirror, key: str, megabytes: int) -> None:
    def write(tx: Tx) -> None:
        text = f"hex(zeroblob({megabytes * 2**19}))"
        tx.conn.exec_driver_sql(f"INSERT INTO cf_meta (key, value) VALUES ('{key}', {text})")

    asyncio.run(mirror.write(write))


def found(mirror: Mirror) -> Wal:
    return asyncio.run(mirror.read(wal.read, mirror.place))


@SQLITE_ONLY
def test_a_log_that_a_reader_holds_is_noticed_and_emptied_when_it_leaves(
    mirror: Mirror, sql: Sql, clock: Clock
) -> None:
    sql("BEGIN")
    sql("SELECT count(*) FROM contacts")
    commit(mirror, "test 1", 40)
    asyncio.run(wal.shrink(mirror))
    clock.ahead += timedelta(minutes=10)
    commit(mirror, "test 2", 40)
    asyncio.run(wal.shrink(mirror))

    held = found(mirror)
    assert held.size > wal.LARGE
    assert 600 <= held.held_s < 700
    assert "for 10 min or more a program has been reading" in wal.warning(held)

    sql("COMMIT")
    asyncio.run(wal.shrink(mirror))

    assert found(mirror).held_s == 0
    assert found(mirror).size < WAL_BYTES
    assert wal.warning(found(mirror)) == ""


@SQLITE_ONLY
def test_a_reader_that_holds_a_large_log_is_said_once_and_so_is_its_end(
    mirror: Mirror, sql: Sql, clock: Clock
) -> None:
    shrinker, lines = wal.Shrinker(), []

    def later() -> None:
        clock.ahead += timedelta(minutes=2)
        with capture_logs() as found:
            asyncio.run(shrinker.run(mirror))
        lines.append([line["event"] for line in found])

    sql("BEGIN")
    sql("SELECT count(*) FROM contacts")
    commit(mirror, "test 1", 80)
    for _ in range(3):
        later()
    sql("COMMIT")
    for _ in range(2):
        later()

    assert lines == [[], ["wal.held"], [], ["wal.released"], []]


@SQLITE_ONLY
def test_a_reader_that_comes_later_holds_since_later(
    mirror: Mirror, sql: Sql, clock: Clock
) -> None:
    for turn in ("test 1", "test 2"):
        sql("BEGIN")
        sql("SELECT count(*) FROM contacts")
        commit(mirror, turn, 40)
        asyncio.run(wal.shrink(mirror))
        other, before = sql.again(), sql
        other("BEGIN")
        other("SELECT count(*) FROM contacts")
        before("COMMIT")
        clock.ahead += timedelta(minutes=10)
        commit(mirror, f"{turn} more", 1)
        asyncio.run(wal.shrink(mirror))
        assert found(mirror).held_s < 600
        other("COMMIT")
        other.conn.close()


@SQLITE_ONLY
def test_the_next_commits_cut_the_log_themselves(mirror: Mirror, sql: Sql) -> None:
    sql("BEGIN")
    sql("SELECT count(*) FROM contacts")
    commit(mirror, "test 1", 80)
    assert found(mirror).size > wal.LARGE
    sql("COMMIT")

    for key in ("test 2", "test 3"):
        commit(mirror, key, 1)

    assert found(mirror).size <= WAL_BYTES


@POSTGRESQL_ONLY
def test_a_server_has_no_log_beside_a_file(mirror: Mirror) -> None:
    asyncio.run(wal.shrink(mirror))

    assert found(mirror) == Wal()
