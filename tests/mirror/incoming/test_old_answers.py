"""What was asked for before something newer came in is not written over it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cfsync.decode import decode_record
from cfsync.mirror.bookkeeping import bases, tombstones
from cfsync.mirror.incoming import page as store
from cfsync.mirror.incoming.page import Origin, Written
from cfsync.records import Listing
from cfsync.resources import RESOURCES
from tests.conftest import Sql

CONTACTS = RESOURCES["contacts"]
PLACE = Listing("contacts", 10, 10)
Read = Callable[..., Written]


@pytest.fixture
def read(write: Any) -> Read:
    """`read(asked, first_name=..., ...)`: contact 5 as a pull shows it."""

    def page(asked: int, **fields: Any) -> Written:
        record = decode_record(CONTACTS, {"id": 5, **fields}, PLACE)
        found: Written = write(
            store.write, CONTACTS, [record], Origin("pull", asked), policy="clickfunnels"
        )
        return found

    return page


def suspect(write: Any, asked: int) -> None:
    write(
        tombstones.note_missing,
        CONTACTS,
        PLACE,
        above=0,
        upto=None,
        asked=asked,
        listed=set(),
    )


def bury(write: Any, asked: int) -> bool:
    found: bool = write(tombstones.bury, CONTACTS, 5, cause="deleted", asked=asked, keep=False)
    return found


def test_an_older_page_is_not_written_over_a_newer_one(read: Read, write: Any, sql: Sql) -> None:
    asked = write(bases.highest_rev)
    read(asked, first_name="New")

    again = read(asked, first_name="Old")

    assert again.again == (5,)
    assert sql("SELECT first_name FROM contacts") == [("New",)]


def test_an_older_page_brings_no_record_back_that_is_gone(read: Read, write: Any, sql: Sql) -> None:
    asked = read(write(bases.highest_rev), first_name="Ada").rev
    suspect(write, asked)
    assert bury(write, asked)

    again = read(asked, first_name="Ada")

    assert again.again == (5,)
    assert sql("SELECT id FROM contacts") == []
    assert read(write(bases.highest_rev), first_name="Ada").new == 1


def test_an_older_404_buries_no_record_that_was_read_since(
    read: Read, write: Any, sql: Sql
) -> None:
    asked = read(write(bases.highest_rev), first_name="Ada").rev
    suspect(write, asked)
    read(asked, first_name="Augusta")

    assert not bury(write, asked)

    assert sql("SELECT first_name FROM contacts") == [("Augusta",)]
    assert sql("SELECT record_id FROM cf_tombstones") == []


def test_a_field_that_is_not_shown_keeps_its_value(read: Read, write: Any, sql: Sql) -> None:
    rev = read(write(bases.highest_rev), first_name="Ada", last_name="Lovelace").rev

    read(rev, first_name="Augusta")

    assert sql("SELECT first_name, last_name FROM contacts") == [("Augusta", "Lovelace")]


def test_a_record_that_came_in_after_the_page_was_asked_for_is_not_suspected(
    read: Read, write: Any, sql: Sql
) -> None:
    asked = write(bases.highest_rev)
    read(asked, first_name="New")

    suspect(write, asked)

    assert sql("SELECT record_id FROM cf_tombstones") == []
    suspect(write, write(bases.highest_rev))
    assert sql("SELECT record_id FROM cf_tombstones") == [(5,)]
