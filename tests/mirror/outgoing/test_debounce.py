"""Edits are sent some time after the last one of their record, by the database's clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cfsync.mirror.outgoing import debounce
from cfsync.resources import RESOURCES

Write = Callable[..., Any]
CONTACTS = RESOURCES["contacts"]


@pytest.fixture
def edit(sql: Any) -> Callable[..., None]:
    """`edit(record, 3.5, ...)`: edits of a contact so many seconds ago, oldest first."""

    def put(record: int, *ages: float, state: str = "pending") -> None:
        for age in ages:
            at = (
                f"strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '{-age} seconds')"
                if sql.is_sqlite
                else f"clock_timestamp() - make_interval(secs => {age})"
            )
            sql(
                "INSERT INTO cf_outbox (resource, record_id, op, patch, state, captured_at)"
                f" VALUES ('contacts', {record}, 'update', '{{}}', '{state}', {at})"
            )

    return put


def soonest(write: Write, *tried: int) -> dict[str, float]:
    found: dict[str, float] = write(
        debounce.seconds_until_ready, ["contacts", "orders"], debounce=10, tried=tried
    )
    return found


def test_the_oldest_edit_decides_how_long_to_wait(write: Write, edit: Callable[..., None]) -> None:
    assert soonest(write) == {}
    edit(1, 4)
    assert soonest(write)["contacts"] == pytest.approx(6, abs=1)
    edit(2, 11)
    assert soonest(write) == {"contacts": 0.0}


def test_edits_that_were_tried_or_wait_for_a_person_start_no_push(
    write: Write, edit: Callable[..., None]
) -> None:
    edit(1, 20)
    edit(2, 20, state="parked")
    (tried,) = write(debounce.ready_seqs, "contacts", debounce=10)

    assert soonest(write, tried) == {}
    assert write(debounce.open_among, [tried, tried + 1]) == {tried}


@pytest.mark.parametrize(
    ("ages", "is_young"),
    [
        ((20,), False),
        ((20, 3), True),  # left alone for 3 s
        ((61, 3), False),  # edited on and on for a minute
        ((-30,), False),  # of the future: the clock was set back
    ],
)
def test_a_record_is_young_while_it_is_being_edited(
    write: Write, edit: Callable[..., None], ages: tuple[float, ...], is_young: bool
) -> None:
    edit(7, *ages)

    assert write(debounce.recently_edited, CONTACTS, debounce=10) == ({7} if is_young else set())
    assert write(debounce.recently_edited, CONTACTS, debounce=0) == set()


def test_an_edit_dated_in_the_future_is_sent_at_once(
    write: Write, edit: Callable[..., None]
) -> None:
    edit(1, -3600)

    assert soonest(write) == {"contacts": 0.0}
    assert len(write(debounce.ready_seqs, "contacts", debounce=10)) == 1, (
        "tried once, not each second"
    )
