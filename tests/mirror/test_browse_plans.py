"""Looking through a large table reads few of its rows: what the database plans for each page."""

from __future__ import annotations

import asyncio

import pytest
import sqlalchemy as sa

from cfsync.mirror.db.engine import Mirror, Tx
from cfsync.mirror.reports import browse
from cfsync.mirror.reports.browse import Place
from cfsync.resources import RESOURCES

CONTACTS = RESOURCES["contacts"]
TIME = "2026-01-01T00:00:00.000Z"


def plans(tx: Tx, words: str, after: Place | None, by_id: bool) -> list[str]:
    """What the database plans to do with the table for a page."""
    asked: list[tuple[str, object]] = []

    def note(conn: object, cursor: object, statement: str, parameters: object, *_: object) -> None:
        if "FROM contacts" in statement:
            asked.append((statement, parameters))

    sa.event.listen(tx.conn, "before_cursor_execute", note)
    browse.page(tx, CONTACTS, words, after, by_id=by_id, rows=50)
    sa.event.remove(tx.conn, "before_cursor_execute", note)
    assert asked
    return [
        str(row[-1])
        for statement, parameters in asked
        for row in tx.conn.exec_driver_sql(f"{_explain(tx)} {statement}", parameters)  # type: ignore[arg-type]
    ]


def _explain(tx: Tx) -> str:
    return "EXPLAIN QUERY PLAN" if tx.dialect.name == "sqlite" else "EXPLAIN"


@pytest.mark.parametrize(
    ("words", "after", "by_id"),
    [
        ("", None, False),
        ("", None, True),
        ("", Place(5), True),
        ("", Place(5, TIME), False),
        ("5", None, False),
        ("ada@example.com", None, False),
        ("two words", None, False),
    ],
)
def test_a_page_walks_an_index(
    mirror: Mirror, words: str, after: Place | None, by_id: bool
) -> None:
    if mirror.dialect.name != "sqlite":
        pytest.skip("the plan of a server depends on its statistics")
    found = asyncio.run(mirror.read(plans, words, after, by_id))

    whole = [line for line in found if line.startswith("SCAN contacts") and "USING" not in line]
    # By the key, as far as the page goes, or as far as words are looked for.
    limited = ["SCAN contacts"] if by_id or " " in words else []
    assert [line for line in whole if line not in limited] == []
    assert (
        " " in words or not words or any(line.startswith("SEARCH contacts USING") for line in found)
    )


@pytest.mark.parametrize("after", [None, Place(5, TIME)])
def test_on_postgresql_the_last_changed_rows_are_not_sorted(
    mirror: Mirror, after: Place | None
) -> None:
    if mirror.dialect.name == "sqlite":
        pytest.skip("its indexes have rows without a time at the end")

    def without_other_ways(tx: Tx) -> list[str]:
        for way in ("seqscan", "bitmapscan"):  # which serve a small table
            tx.conn.exec_driver_sql(f"SET LOCAL enable_{way} = off")
        return plans(tx, "", after, by_id=False)

    found = asyncio.run(mirror.read(without_other_ways))

    assert any("Index Scan Backward using cf_contacts_updated_at" in line for line in found)


def test_what_waits_is_found_in_one_pass_over_the_edits(mirror: Mirror) -> None:
    """Each pass counts it: with thousands of refused edits, a look at each of them for each of them
    would take a minute.
    """
    if mirror.dialect.name != "sqlite":
        pytest.skip("the plan of a server depends on its statistics")

    def plan(tx: Tx) -> list[str]:
        query = "EXPLAIN QUERY PLAN SELECT count(*) FROM cf_waiting"
        return [str(row[-1]) for row in tx.conn.exec_driver_sql(query)]

    found = asyncio.run(mirror.read(plan))

    assert [line for line in found if line.startswith("SEARCH i ")] == [
        "SEARCH i USING INDEX cf_outbox_record (resource=? AND record_id=?)"
    ]
