"""What was asked for before something newer came in is not written over it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cfsync.decode import decode_record
from cfsync.mirror.bookkeeping import bases, tombstones
from cfsync.mirror.bookkeeping.tombstones import Cause, Evidence
from cfsync.mirror.history.changes import BY_PUSH
from cfsync.mirror.incoming import page as store
from cfsync.mirror.incoming.page import Written
from cfsync.mirror.incoming.reading import Reading
from cfsync.mirror.lists import missing_rows
from cfsync.mirror.lists.missing_rows import ShownRange
from cfsync.records import Listing
from cfsync.resources import RESOURCES
from tests.conftest import Sql

CONTACTS = RESOURCES["contacts"]
PLACE = Listing("contacts", 10, 10)
Read = Callable[..., Written]


@pytest.fixture
def read(write: Any) -> Read:
    """`read(asked, first_name=..., ...)`: contact 5 as a pull shows it."""

    def page(rev_before: int, **fields: Any) -> Written:
        record = decode_record(CONTACTS, {"id": 5, **fields}, PLACE)
        found: Written = write(
            store.write_records,
            Reading(CONTACTS, "pull", rev_before, "", "clickfunnels"),
            [record],
        )
        return found

    return page


def suspect(write: Any, rev_before: int) -> None:
    write(missing_rows.add_unlisted, CONTACTS, PLACE, ShownRange(0, None, set(), rev_before))


def bury(write: Any, rev_before: int) -> bool:
    evidence = Evidence(Cause.DELETED, rev_before, BY_PUSH)
    found: bool = write(tombstones.confirm, CONTACTS, 5, evidence, keep_row=False)
    return found


def test_an_older_page_is_not_written_over_a_newer_one(read: Read, write: Any, sql: Sql) -> None:
    rev_before = write(bases.highest_rev)
    read(rev_before, first_name="New")

    again = read(rev_before, first_name="Old")

    assert again.again == (5,)
    assert sql("SELECT first_name FROM contacts") == [("New",)]


def test_an_older_page_brings_no_record_back_that_is_gone(read: Read, write: Any, sql: Sql) -> None:
    rev_before = read(write(bases.highest_rev), first_name="Ada").rev
    suspect(write, rev_before)
    assert bury(write, rev_before)

    again = read(rev_before, first_name="Ada")

    assert again.again == (5,)
    assert sql("SELECT id FROM contacts") == []
    assert read(write(bases.highest_rev), first_name="Ada").new == 1


def test_an_older_404_buries_no_record_that_was_read_since(
    read: Read, write: Any, sql: Sql
) -> None:
    rev_before = read(write(bases.highest_rev), first_name="Ada").rev
    suspect(write, rev_before)
    read(rev_before, first_name="Augusta")

    assert not bury(write, rev_before)

    assert sql("SELECT first_name FROM contacts") == [("Augusta",)]
    assert sql("SELECT record_id FROM cf_tombstones") == []


def test_a_field_that_is_not_shown_keeps_its_value(read: Read, write: Any, sql: Sql) -> None:
    rev = read(write(bases.highest_rev), first_name="Ada", last_name="Lovelace").rev

    read(rev, first_name="Augusta")

    assert sql("SELECT first_name, last_name FROM contacts") == [("Augusta", "Lovelace")]


def test_a_record_that_came_in_after_the_page_was_asked_for_is_not_suspected(
    read: Read, write: Any, sql: Sql
) -> None:
    rev_before = write(bases.highest_rev)
    read(rev_before, first_name="New")

    suspect(write, rev_before)

    assert sql("SELECT record_id FROM cf_tombstones") == []
    suspect(write, write(bases.highest_rev))
    assert sql("SELECT record_id FROM cf_tombstones") == [(5,)]
