"""A field's value with some edits and without others."""

from __future__ import annotations

from typing import Any

import pytest

from cfsync.mirror.bookkeeping.outbox import Edit, Op, OutboxState
from cfsync.mirror.user_decisions.replay import replay, without
from cfsync.resources import RESOURCES

CONTACTS = RESOURCES["contacts"]
FIELDS = CONTACTS.by_name


def edit(seq: int, op: Op = Op.UPDATE, **patch: Any) -> Edit:
    return Edit(
        seq=seq,
        resource="contacts",
        record_id=7,
        op=op,
        patch=patch,
        state=OutboxState.PENDING,
        captured_at="2026-01-01T00:00:00.000Z",
    )


@pytest.mark.parametrize(
    ("field", "value", "edits", "after"),
    [
        ("first_name", "A", [], "A"),
        ("first_name", "A", [("A", "B"), ("B", "C")], "C"),
        ("first_name", "A", [("A", None)], None),
        ("tag_ids", [1, 9], [([1], [1, 2]), ([1, 2], [2])], [2, 9]),
        ("tag_ids", None, [(None, [3])], [3]),
        ("custom_attributes", {"a": "1", "z": "9"}, [({"a": "1"}, {"a": "2"})],
         {"a": "2", "z": "9"}),
        ("custom_attributes", {"a": "1", "z": "9"}, [({"a": "1"}, {})], {"z": "9"}),
        ("custom_attributes", {"hat_size": "1"}, [({}, {"Hat Size": "2"})], {"hat_size": "2"}),
        ("custom_attributes", None, [(None, {"a": "1"})], {"a": "1"}),
        ("custom_attributes", {"a": "1"}, [({}, {"a": ""}), ({"a": None}, {})], {"a": "1"}),
    ],
)  # fmt: skip
def test_edits_are_replayed(field, value, edits, after):
    assert replay(FIELDS[field], value, edits) == after


def test_a_dropped_edit_leaves_the_base():
    dropped = [edit(1, first_name=["A", "B"], last_name=["L", "M"])]

    assert without(CONTACTS, {"first_name": "R", "last_name": "S"}, dropped=dropped, kept=[]) == {
        "first_name": "R",
        "last_name": "S",
    }


def test_edits_that_are_kept_stand_before_and_behind_it():
    dropped = [edit(2, first_name=["B", "C"], last_name=["L", "M"])]
    kept = [edit(1, first_name=["A", "B"]), edit(3, last_name=["M", "N"])]

    values = without(CONTACTS, {"first_name": "A", "last_name": "L"}, dropped=dropped, kept=kept)

    assert values == {"first_name": "B", "last_name": "N"}


def test_what_clickfunnels_does_not_show_goes_back_to_what_it_was():
    fulfillments = RESOURCES["fulfillments"]
    dropped = [edit(1, notify_customer=[None, True]), edit(2, notify_customer=[True, False])]

    assert without(fulfillments, {"status": "fulfilled"}, dropped=dropped, kept=[]) == {
        "notify_customer": None
    }


def test_a_dropped_delete_is_no_change_of_a_field():
    assert (
        without(CONTACTS, {}, dropped=[edit(1, Op.DELETE, first_name=["A", None])], kept=[]) == {}
    )
