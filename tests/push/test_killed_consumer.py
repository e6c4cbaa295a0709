"""A program that follows the history, is killed, and goes on by number, sees each change once."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from tests.push.conftest import Account

PROGRAM = """
import sqlite3, sys
import sqlalchemy as sa

url, target, stop_at = sys.argv[1:]
mirror, kept = sa.create_engine(url), sqlite3.connect(target)

def at(point):
    if point == stop_at:
        print(point, flush=True)
        sys.stdin.read()  # until it is killed

NEWS = "SELECT seq, op, record_id FROM cf_feed WHERE seq > :last ORDER BY seq LIMIT 3"
while True:
    (last,) = kept.execute("SELECT coalesce(max(seq), 0) FROM seen").fetchone()
    with mirror.connect() as connection:
        news = [tuple(row) for row in connection.execute(sa.text(NEWS), {"last": last})]
    if not news:
        break
    at("read")
    with kept:
        kept.executemany("INSERT INTO seen VALUES (?, ?, ?)", news[:1])
        at("half")
        kept.executemany("INSERT INTO seen VALUES (?, ?, ?)", news[1:])
    at("committed")
"""
"""It ends when there is nothing new, or is killed at a point of its first round."""


@pytest.fixture
def consumer(account: Account, tmp_path: Path) -> Any:
    """`consumer(point)`: the program from its start to this point, where it is killed; at '' it
    ends. Returns what was seen.
    """
    target = tmp_path / "seen.db"
    with closing(sqlite3.connect(target)) as kept:
        kept.execute("CREATE TABLE seen (seq INTEGER PRIMARY KEY, op, record_id)")
        kept.commit()

    def run(point: str) -> list[tuple[Any, ...]]:
        command = [sys.executable, "-c", PROGRAM, account.settings["CFSYNC_DATABASE__URL"]]
        with subprocess.Popen(
            [*command, str(target), point], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            if process.stdout.readline():
                process.kill()
        with closing(sqlite3.connect(target)) as kept:
            return kept.execute("SELECT * FROM seen ORDER BY seq").fetchall()

    return run


def test_each_change_is_seen_once(account: Account, consumer: Any) -> None:
    del account.settings["CFSYNC_RETENTION__CHANGES"]
    account.pull()
    points = cycle(["read", "half", "committed"])
    for number, contact in enumerate(account.ids_of("contacts")):
        account.sql("UPDATE contacts SET first_name = ? WHERE id = ?", f"H{number}", contact)
        account.world.edit("contacts", contact, last_name=f"R{number}")
        consumer(next(points))
        account.pull("contacts")
        consumer(next(points))
        account.push()

    seen = consumer("")

    assert [seq for seq, *_ in seen] == account.column("SELECT seq FROM cf_feed ORDER BY seq")
    assert sum(op == "update" for _, op, _ in seen) >= 2 * len(account.ids_of("contacts"))
