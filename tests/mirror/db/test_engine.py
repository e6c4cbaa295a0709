"""Transactions: whole or not at all, repeated where others were in the way, safe to abandon."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from cfsync.errors import MirrorError
from cfsync.mirror.db.engine import Mirror, Tx
from cfsync.mirror.db.errors import Away, Busy
from tests.conftest import POSTGRESQL_ONLY, SQLITE_ONLY, Postgres, Sql
from tests.mirror.conftest import Daemon


def remember(tx: Tx, key: str) -> str:
    tx.conn.exec_driver_sql(f"INSERT INTO cf_meta (key, value) VALUES ('{key}', '{tx.now}')")
    return key


def remembered(sql: Sql) -> list[str]:
    rows = sql("SELECT key FROM cf_meta WHERE key LIKE 'test%' ORDER BY key")
    return [key for (key,) in rows]


def test_a_write_is_committed_and_gives_its_result(mirror: Mirror, sql: Sql) -> None:
    assert asyncio.run(mirror.write(remember, "test")) == "test"
    assert remembered(sql) == ["test"]


def test_the_time_of_a_transaction_is_the_clocks(mirror_url: str) -> None:
    clock = lambda: datetime(2026, 1, 2, 3, 4, 5, 6789, UTC)  # noqa: E731
    mirror = Mirror.open(mirror_url, must_exist=True, clock=clock)

    assert asyncio.run(mirror.read(lambda tx: tx.now)) == "2026-01-02T03:04:05.006Z"

    mirror.close()


def test_a_mirror_makes_room_where_another_program_writes(
    mirror: Mirror, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    asyncio.run(mirror.write(remember, "test 1"))
    monkeypatch.setattr(time, "sleep", waits.append)

    sql("INSERT INTO cf_meta (key, value) VALUES ('test 2', '')")
    for key in ("test 3", "test 4"):
        asyncio.run(mirror.write(remember, key))

    assert len(waits) == (1 if mirror.dialect.name == "sqlite" else 0)


def test_an_exception_rolls_back_and_comes_out(mirror: Mirror, sql: Sql) -> None:
    def fail(tx: Tx) -> None:
        remember(tx, "test")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        asyncio.run(mirror.write(fail))

    assert remembered(sql) == []
    asyncio.run(mirror.write(remember, "test after"))


def test_the_rev_is_one_a_transaction_and_always_higher(write: Callable[..., Any]) -> None:
    first = write(lambda tx: (tx.rev(), tx.rev()))
    second = write(lambda tx: (tx.rev(), tx.rev()))

    assert first[0] == first[1] < second[0] == second[1]


def test_a_read_writes_nothing(ada: int, mirror: Mirror, sql: Sql) -> None:
    def change(tx: Tx) -> None:
        tx.conn.exec_driver_sql("UPDATE contacts SET first_name = 'x'")

    with contextlib.suppress(sa.exc.InternalError):
        asyncio.run(mirror.read(change))

    assert sql("SELECT first_name FROM contacts") == [("Ada",)]


def test_a_read_sees_one_state_while_others_write(ada: int, mirror: Mirror, sql: Sql) -> None:
    def read_twice(tx: Tx) -> list[Any]:
        query = "SELECT first_name FROM contacts"
        first = tx.conn.exec_driver_sql(query).scalar()
        sql_in_thread("UPDATE contacts SET first_name = 'Other'")
        return [first, tx.conn.exec_driver_sql(query).scalar()]

    def sql_in_thread(statement: str) -> None:
        other = sql.again()
        other(statement)
        other.conn.close()

    assert asyncio.run(mirror.read(read_twice)) == ["Ada", "Ada"]


def test_the_mark_dies_with_the_transaction(ada: int, mirror: Mirror, sql: Sql) -> None:
    asyncio.run(mirror.write(remember, "test"))

    def unmarked(tx: Tx) -> Any:
        query = {
            "sqlite": "SELECT mark FROM cf_writer",
            "postgresql": "SELECT coalesce(current_setting('cfsync.writer', true), '') = 'on'",
        }
        return tx.conn.exec_driver_sql(query[tx.dialect.name]).scalar()

    assert not asyncio.run(mirror.read(unmarked))


def test_a_cancelled_waiter_leaves_a_whole_transaction(mirror: Mirror, sql: Sql) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slowly(tx: Tx) -> None:
        remember(tx, "test 1")
        begun.set()
        go_on.wait()
        remember(tx, "test 2")

    async def abandon() -> None:
        task = asyncio.create_task(mirror.write(slowly))
        await asyncio.to_thread(begun.wait)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        go_on.set()
        await mirror.write(remember, "test 3")

    asyncio.run(abandon())

    assert remembered(sql) == ["test 1", "test 2", "test 3"]


def test_close_waits_for_the_transaction_under_way(mirror_url: str, sql: Sql) -> None:
    mirror = Mirror.open(mirror_url, must_exist=True, clock=lambda: datetime.now(UTC))

    async def abandon() -> None:
        task = asyncio.create_task(mirror.write(remember, "test"))
        await asyncio.sleep(0)
        task.cancel()

    asyncio.run(abandon())
    mirror.close()

    assert remembered(sql) == ["test"]


KILLED = """
import asyncio, sys
from datetime import UTC, datetime
from cfsync.mirror.db.engine import Mirror
def save(tx, key):
    tx.conn.exec_driver_sql(f"INSERT INTO cf_meta (key, value) VALUES ('{key}', '')")
mirror = Mirror.open(sys.argv[1], must_exist=True, clock=lambda: datetime.now(UTC))
asyncio.run(mirror.write(save, "test 1"))
asyncio.run(mirror.write(save, "test 2"))
"""


@pytest.mark.parametrize(
    ("point", "kept"),
    [
        ("before_commit", []),
        ("after_commit", ["test 1"]),
        ("before_commit/save:2", ["test 1"]),
        ("after_commit/save:2", ["test 1", "test 2"]),
    ],
)
def test_a_kill_beside_a_commit_leaves_all_or_nothing_of_it(
    mirror_url: str, sql: Sql, point: str, kept: list[str]
) -> None:
    env = {"CFSYNC_CRASH_AT": point, "PYTHONPATH": ":".join(sys.path)}
    run = subprocess.run([sys.executable, "-c", KILLED, mirror_url], env=env)

    assert run.returncode == -9
    assert remembered(sql) == kept


@SQLITE_ONLY
def test_the_daemon_waits_for_a_users_transaction(mirror: Mirror, sql: Sql) -> None:
    other = sql.again()
    other("BEGIN IMMEDIATE")
    threading.Timer(0.2, lambda: other("COMMIT")).start()

    asyncio.run(mirror.write(remember, "test"))

    assert remembered(sql) == ["test"]
    other.conn.close()


@SQLITE_ONLY
def test_a_file_that_stays_locked_is_busy(mirror: Mirror, sql: Sql) -> None:
    asyncio.run(mirror.read(lambda tx: tx.conn.exec_driver_sql("PRAGMA busy_timeout = 1").scalar()))
    sql("BEGIN IMMEDIATE")

    with (
        capture_logs() as said,
        pytest.raises(Busy, match=r"cfsync\.db is locked by another program"),
    ):
        asyncio.run(mirror.write(remember, "test"))

    assert [line["event"] for line in said] == ["database.locked"] * 11


@SQLITE_ONLY
def test_a_file_that_became_read_only_is_said_to_be_so(mirror: Mirror) -> None:
    asyncio.run(mirror.read(lambda tx: tx.conn.exec_driver_sql("PRAGMA query_only = 1").close()))

    with pytest.raises(MirrorError, match=r"cfsync\.db is read-only for this user"):
        asyncio.run(mirror.write(remember, "test"))


@POSTGRESQL_ONLY
def test_a_database_that_became_read_only_is_said_to_be_so(mirror_url: str, sql: Sql) -> None:
    sql("ALTER ROLE cfsync_daemon SET default_transaction_read_only = on")
    mirror = Mirror.open(mirror_url, must_exist=True, clock=lambda: datetime.now(UTC))

    with pytest.raises(MirrorError, match=r" is read-only: give one that can be written"):
        asyncio.run(mirror.write(remember, "test"))

    mirror.close()
    sql("ALTER ROLE cfsync_daemon RESET default_transaction_read_only")


@SQLITE_ONLY
def test_the_file_survives_power_cuts_and_serves_readers(mirror: Mirror) -> None:
    def pragmas(tx: Tx) -> list[Any]:
        names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        return [tx.conn.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names]

    assert asyncio.run(mirror.read(pragmas)) == ["wal", 2, 1, 10000]


@POSTGRESQL_ONLY
@pytest.mark.parametrize("state", ["40001", "40P01"])
def test_a_transaction_that_others_upset_is_run_again(mirror: Mirror, sql: Sql, state: str) -> None:
    runs = []

    def upset_twice(tx: Tx) -> None:
        runs.append(1)
        remember(tx, f"test {len(runs)}")
        if len(runs) < 3:
            tx.conn.exec_driver_sql(f"DO $$ BEGIN RAISE SQLSTATE '{state}'; END $$")

    asyncio.run(mirror.write(upset_twice))

    assert remembered(sql) == ["test 3"]


@POSTGRESQL_ONLY
def test_a_refusal_after_others_were_in_the_way_is_still_tried_row_by_row(mirror: Mirror) -> None:
    states = iter(["40001"] * (mirror.dialect.tries - 1) + ["23505"])
    found = []

    def upset(tx: Tx) -> None:
        found.append(tx.careful)
        if state := next(states, None):
            tx.conn.exec_driver_sql(f"DO $$ BEGIN RAISE SQLSTATE '{state}'; END $$")

    asyncio.run(mirror.write(upset))

    assert found == [False] * mirror.dialect.tries + [True]


@POSTGRESQL_ONLY
@pytest.mark.parametrize(
    ("state", "words"),
    [("53100", r"the disk of PostgreSQL .* is full"), ("53200", "PostgreSQL .* is out of memory")],
)
def test_a_server_without_room_is_said_to_be_so_and_may_have_room_again(
    mirror: Mirror, sql: Sql, state: str, words: str
) -> None:
    def full(tx: Tx) -> None:
        remember(tx, "test 1")
        tx.conn.exec_driver_sql(f"DO $$ BEGIN RAISE SQLSTATE '{state}'; END $$")

    with pytest.raises(Away, match=words):
        asyncio.run(mirror.write(full))

    asyncio.run(mirror.write(remember, "test 2"))
    assert remembered(sql) == ["test 2"]


@SQLITE_ONLY
def test_a_full_disk_leaves_nothing_of_a_transaction(mirror: Mirror, sql: Sql) -> None:
    def pages(count: int | None) -> Any:
        pragma = "PRAGMA max_page_count" + ("" if count is None else f" = {count}")
        return asyncio.run(mirror.read(lambda tx: tx.conn.exec_driver_sql(pragma).scalar()))

    def fill(tx: Tx) -> None:
        remember(tx, "test 1")
        tx.conn.exec_driver_sql("INSERT INTO cf_meta VALUES ('test 2', hex(zeroblob(1000000)))")

    most = pages(None)
    pages(sql("PRAGMA page_count")[0][0] + 1)
    with pytest.raises(Away, match=r"the disk that holds .*cfsync\.db is full"):
        asyncio.run(mirror.write(fill))

    pages(most)
    asyncio.run(mirror.write(fill))
    assert remembered(sql) == ["test 1", "test 2"]


@POSTGRESQL_ONLY
def test_the_daemon_does_not_wait_long_for_a_users_lock(ada: int, mirror: Mirror, sql: Sql) -> None:
    def change(tx: Tx) -> None:
        tx.conn.exec_driver_sql(f"UPDATE contacts SET first_name = 'd', cf_rev = {tx.rev()}")

    with sql.transaction():
        sql("UPDATE contacts SET first_name = 'u'")
        with pytest.raises(Busy, match="is locked by another program"):
            asyncio.run(mirror.write(change))
    asyncio.run(mirror.write(change))


@POSTGRESQL_ONLY
def test_a_lock_that_stays_in_the_way_of_a_users_trigger_is_no_refusal_of_a_row(
    ada: int, mirror: Mirror, sql: Sql
) -> None:
    sql("CREATE TABLE own (id bigint)")
    sql("GRANT INSERT ON own TO cfsync_daemon")
    sql(
        "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN INSERT INTO own VALUES (NEW.id); RETURN NEW; END $$"
    )
    sql("CREATE TRIGGER note BEFORE UPDATE ON contacts FOR EACH ROW EXECUTE FUNCTION note()")

    def change(tx: Tx) -> None:
        tx.conn.exec_driver_sql(f"UPDATE contacts SET first_name = 'd', cf_rev = {tx.rev()}")

    with sql.transaction():
        sql("LOCK TABLE own")
        with pytest.raises(Busy, match="is locked by another program"):
            asyncio.run(mirror.write(change))
    asyncio.run(mirror.write(change))


@POSTGRESQL_ONLY
def test_a_cut_connection_heals(mirror: Mirror, sql: Sql) -> None:
    asyncio.run(mirror.write(remember, "test 1"))
    sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'cfsync_daemon'")

    asyncio.run(mirror.write(remember, "test 2"))

    assert remembered(sql) == ["test 1", "test 2"]


@POSTGRESQL_ONLY
def test_a_connection_cut_in_the_middle_rolls_back_and_is_told(mirror: Mirror, sql: Sql) -> None:
    def cut(tx: Tx) -> None:
        remember(tx, "test 1")
        other = sql.again()
        other(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'cfsync_daemon'"
        )
        other.conn.close()
        remember(tx, "test 2")

    with pytest.raises(MirrorError, match="can't be reached"):
        asyncio.run(mirror.write(cut))

    asyncio.run(mirror.write(remember, "test 3"))
    assert remembered(sql) == ["test 3"]


@POSTGRESQL_ONLY
def test_a_server_that_is_down_is_told_and_comes_back(mirror: Mirror, postgres: Postgres) -> None:
    postgres.stop()
    with pytest.raises(MirrorError, match=r"PostgreSQL database \w+ at /\S+ can't be reached"):
        asyncio.run(mirror.write(remember, "test"))
    postgres.start()

    assert asyncio.run(mirror.write(remember, "test")) == "test"


@POSTGRESQL_ONLY
def test_a_role_without_rights_is_told_where_to_look(mirror_url: str, postgres: Postgres) -> None:
    url = mirror_url.replace("cfsync_daemon", "cfsync_app")
    mirror = Mirror.open(url, must_exist=True, clock=lambda: datetime.now(UTC))

    with pytest.raises(MirrorError, match=r"this role may not do that; run `cfsync migrate` as"):
        asyncio.run(mirror.write(remember, "test"))

    mirror.close()


def test_writers_and_the_daemon_lose_nothing_side_by_side(
    ada: int, daemon: Daemon, mirror: Mirror, sql: Sql
) -> None:
    """Every edit of two writers is in the outbox, while the daemon writes the same row."""

    def edit(name: str) -> None:
        other = sql.again()
        for number in range(20):
            other(f"UPDATE contacts SET {name} = '{number}' WHERE id = 5")
        other.conn.close()

    writers = [threading.Thread(target=edit, args=(n,)) for n in ("last_name", "phone_number")]
    for writer in writers:
        writer.start()
    for number in range(20):
        daemon("contacts", {"id": 5, "workspace_id": 10, "uuid": str(number)})
    for writer in writers:
        writer.join()

    edits = [patch for _, _, _, patch in sql.outbox()]
    assert [p["last_name"][1] for p in edits if "last_name" in p] == [str(n) for n in range(20)]
    assert len(edits) == 40
    assert isinstance(sql.conn, psycopg.Connection) or sql("PRAGMA integrity_check") == [("ok",)]
