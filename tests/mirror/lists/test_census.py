"""A census compared with the mirror, in SQL: any order, any number, and nothing left behind."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from cfsync.errors import Interrupted
from cfsync.mirror.bookkeeping import bases
from cfsync.mirror.bookkeeping.tombstones import TombstoneState
from cfsync.mirror.db import statements
from cfsync.mirror.db.beside import read_beside
from cfsync.mirror.db.engine import Mirror, Tx
from cfsync.mirror.db.tables import TABLES, TOMBSTONES
from cfsync.mirror.lists import census
from cfsync.mirror.lists.census import Census, Differences, Differing
from cfsync.mirror.lists.census_explained import NOTHING, Explained
from cfsync.mirror.progress.checkpoints import Lane
from cfsync.records import Listing, Record

LISTING = Listing("contacts", 7, 7)
MORNING, NOON = (f"2026-01-01T{hour}:00:00.123Z" for hour in ("06", "12"))
Write = Callable[..., Any]


def add(tx: Tx, *ids: int, workspace: int = 7) -> None:
    """Contacts as ClickFunnels showed them in the morning."""
    rows = [{"id": i, "workspace_id": workspace, "updated_at": MORNING} for i in ids]
    stamp = {"cf_rev": tx.rev(), "cf_synced_at": tx.now}
    statements.upsert(tx, TABLES["contacts"], [row | stamp for row in rows])
    records = [Record("contacts", i, MORNING, {"id": i}, f'{{"id":{i}}}') for i in ids]
    bases.save(tx, records, Lane.PULL)


def bury(tx: Tx, record_id: int) -> None:
    stone = {"resource": "contacts", "record_id": record_id, "state": TombstoneState.HELD}
    statements.upsert(tx, TOMBSTONES, [stone | {"first_seen": tx.now}])


def compared(
    mirror: Mirror,
    *answers: Sequence[Sequence[Any]],
    before: int = 99,
    most: int = 50,
    known: Explained = NOTHING,
) -> Differences:
    with closing(Census(before, NOON)) as found:
        for rows in answers:
            found.add(len(rows), json.dumps(rows).encode())
        compare = read_beside(mirror, census.compare, LISTING, found, known, most)
        return asyncio.run(compare)


def test_what_both_have_is_no_difference_in_whatever_order(write: Write, mirror: Mirror) -> None:
    write(add, 1, 2, 3)
    write(add, 4, workspace=8)

    found = compared(mirror, [[3, MORNING], [1, MORNING]], [], [[2, MORNING]])

    assert found == Differences(3, 0, [], [], [], [])
    assert compared(mirror, [[1, MORNING]]).unseen == [2, 3]


def test_each_difference_is_named(write: Write, mirror: Mirror) -> None:
    write(add, 1, 2, 3, 4)
    write(bury, 4)

    found = compared(mirror, [[1, MORNING], [2, NOON], [4, MORNING], [9, NOON]])

    assert found.lacking == [9]
    assert found.unseen == [3]
    assert found.differing == [Differing(2, MORNING, NOON)]
    assert found.doubtful == [4]


def test_a_row_that_has_a_tombstone_is_not_named_again(write: Write, mirror: Mirror) -> None:
    write(add, 1)
    write(bury, 1)

    assert compared(mirror, []).unseen == []


def test_what_was_read_since_is_no_difference(write: Write, mirror: Mirror) -> None:
    write(add, 1, 2)

    found = compared(mirror, [[2, NOON]], before=0)

    assert (found.unseen, found.differing) == ([], [])


def test_a_row_that_is_missing_here_is_in_doubt(write: Write, mirror: Mirror) -> None:
    write(add, 1)
    write(lambda tx: tx.conn.execute(TABLES["contacts"].delete()))

    assert compared(mirror, [[1, MORNING]]).doubtful == [1]


@pytest.mark.parametrize(
    "text", ["2026-01-01T07:00:00.123+01:00", "2026-01-01T06:00:00.123Z", "2026-01-01 06:00:00.123"]
)
def test_a_time_is_the_same_however_it_is_written(write: Write, mirror: Mirror, text: str) -> None:
    write(add, 1)

    assert compared(mirror, [[1, text]]) == Differences(1, 0, [], [], [], [])


def test_what_is_no_time_and_what_comes_twice_is_counted(write: Write, mirror: Mirror) -> None:
    write(add, 1, 2)

    assert compared(mirror, [[1, "soon"], [2, MORNING]]).flawed == 1
    assert compared(mirror, [[1, MORNING], [2, MORNING]], [[1, MORNING]]).flawed == 1


def test_what_is_explained_is_named_again_once_its_time_moves(write: Write, mirror: Mirror) -> None:
    write(add, 1, 2, 3)
    write(bury, 3)
    answer = [[3, MORNING], [8, MORNING], [9, NOON]]
    known = Explained(dict.fromkeys([3, 8, 9], MORNING), {1: MORNING, 2: NOON})

    found = compared(mirror, answer, known=known, most=1)

    assert (found.lacking, found.doubtful, found.unseen) == ([9], [], [2])
    assert found.times == {9: NOON}
    assert found.explained == Explained({3: MORNING, 8: MORNING}, {1: MORNING})


def test_no_more_are_named_than_are_wanted(write: Write, mirror: Mirror) -> None:
    write(add, *range(1, 21))

    found = compared(mirror, [[i, NOON] for i in range(11, 41)], most=5)

    assert len(found.lacking) + len(found.differing) + len(found.doubtful) == 6
    assert len(found.unseen) == 6


def test_without_a_place_for_files_it_is_kept_in_memory(
    write: Write, mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    write(add, 1)

    assert compared(mirror, [[1, MORNING]], [[2, MORNING]]).lacking == [2]


def test_other_transactions_go_on_while_it_is_compared(write: Write, mirror: Mirror) -> None:
    write(add, 1, 2)
    written, seen = threading.Event(), list[bool]()

    def go_on() -> None:
        seen.append(written.wait(30))

    async def both() -> Differences:
        with closing(Census(99, NOON)) as found:
            found.add(1, json.dumps([[1, MORNING]]).encode())
            compare = read_beside(mirror, census.compare, LISTING, found, NOTHING, 50, go_on)
            comparing = asyncio.create_task(compare)
            await mirror.write(add, 3)
            written.set()
            return await comparing

    assert asyncio.run(both()).unseen[:1] == [2]
    assert all(seen)


def test_a_stop_ends_the_comparing(write: Write, mirror: Mirror) -> None:
    write(add, 1)

    def stop() -> None:
        raise Interrupted("stopped")

    with closing(Census(99, NOON)) as found:
        found.add(1, json.dumps([[1, MORNING]]).encode())
        compare = read_beside(mirror, census.compare, LISTING, found, NOTHING, 50, stop)
        with pytest.raises(Interrupted):
            asyncio.run(compare)
