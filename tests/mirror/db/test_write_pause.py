from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from cfsync.mirror.db import write_pause
from cfsync.mirror.db.connect import place_of
from cfsync.mirror.db.write_pause import LONGEST_S, SEEN_S, WritePause


class Clock:
    """Time that passes when a transaction works and when somebody sleeps; `slept` keeps the sleeps
    before transactions.
    """

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept.append(round(seconds, 6))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mirror.db"
    with closing(sqlite3.connect(path)) as sql:
        sql.execute("CREATE TABLE ours (n INTEGER)")
        sql.execute("CREATE TABLE theirs (n INTEGER)")
    return path


@pytest.fixture
def conn(file: Path) -> Iterator[sa.Connection]:
    engine = place_of(f"sqlite:///{file}").engine()
    with engine.connect() as conn:
        yield conn
    engine.dispose()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(write_pause, "time", clock)
    return clock


def another_writes(file: Path) -> None:
    with closing(sqlite3.connect(file)) as sql:
        sql.execute("INSERT INTO theirs VALUES (1)")
        sql.commit()


def transaction(pause: WritePause, conn: sa.Connection, clock: Clock, *, lasting: float) -> None:
    with pause.before(conn):
        conn.exec_driver_sql("INSERT INTO ours VALUES (1)")
        clock.now += lasting
        conn.commit()


def test_who_is_alone_with_the_file_never_waits(conn, clock):
    pause = WritePause()

    for _ in range(3):
        transaction(pause, conn, clock, lasting=0.05)

    assert clock.slept == []


def test_where_another_writes_a_transaction_leaves_as_much_time_as_the_last_one_took(
    conn, clock, file
):
    pause = WritePause()
    transaction(pause, conn, clock, lasting=0.04)

    another_writes(file)
    transaction(pause, conn, clock, lasting=0.05)  # it sees the other's work
    transaction(pause, conn, clock, lasting=0.03)
    clock.now += 0.01
    transaction(pause, conn, clock, lasting=2.0)
    transaction(pause, conn, clock, lasting=0.05)

    assert clock.slept == [0.05, 0.02, LONGEST_S]


def test_a_program_that_wrote_once_is_forgotten(conn, clock, file):
    pause = WritePause()
    transaction(pause, conn, clock, lasting=0.05)
    another_writes(file)
    transaction(pause, conn, clock, lasting=0.05)

    clock.now += SEEN_S
    transaction(pause, conn, clock, lasting=0.05)

    assert clock.slept == []
