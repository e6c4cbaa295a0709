"""What a page costs the daemon, told without a clock."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import htpy
import pytest
import sqlalchemy as sa

from cfsync.web.console import readings
from cfsync.web.console.html.parts import layout
from tests.push.conftest import Account
from tests.web.console.conftest import Visitor
from tests.web.console.test_every_route import asked


@contextmanager
def statements() -> Iterator[list[tuple[str, threading.Thread]]]:
    """Each SQL statement, and its thread."""
    found: list[tuple[str, threading.Thread]] = []

    def note(_conn: object, _cursor: object, sql: str, *_: object) -> None:
        found.append((sql, threading.current_thread()))

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)


def test_no_page_is_read_or_made_where_requests_are_answered(
    visitor: Visitor, account: Account, contact: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[threading.Thread] = []
    document = layout.document

    def noted(*given: Any, **more: Any) -> htpy.Element:
        made.append(threading.current_thread())
        return document(*given, **more)

    monkeypatch.setattr(layout, "document", noted)
    with statements() as read:
        for method, path in asked(visitor, id=contact):
            if method == "GET":
                visitor.get(path)

    assert len(made) >= 8
    assert len(read) > 50
    assert threading.current_thread() not in {*made, *(thread for _, thread in read)}


def test_an_overview_is_read_once_in_a_while(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By who looks together, until somebody decides something."""
    read: list[str] = []
    overview = readings.overview

    def noted(*given: Any) -> Any:
        read.append(given[3])
        return overview(*given)

    monkeypatch.setattr(readings, "overview", noted)
    monkeypatch.setattr("cfsync.web.console.pages.OVERVIEW_S", 3_600.0)
    for path in ("/", "/", "/?range=7d", "/"):
        visitor.see(path)
    assert read == ["24h", "7d"]

    visitor.press("/pause/contacts", "pause")

    assert read == ["24h", "7d", "24h"]


def test_the_rows_of_a_table_are_counted_once_for_an_overview(visitor: Visitor) -> None:
    with statements() as read:
        visitor.see("/")

    counted = [sql for sql, _ in read if re.search(r'count\(\*\) FROM "?contacts"?\b', sql)]
    assert len(counted) == 1


def test_the_rows_of_a_small_mirror_are_counted_again_soon(
    visitor: Visitor, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that a first backfill is seen to fill it."""
    monkeypatch.setattr("cfsync.web.console.session.FEW_S", 0.0)
    many = len(account.ids_of("contacts"))
    for there in (many, many + 1):
        link = visitor.see("/").partition('href="/records/contacts"')[2]
        assert f'<span class="count">{there}</span>' in link.partition("</a>")[0]
        account.sql("INSERT INTO contacts (email_address) VALUES (?)", f"{there}@example.com")
