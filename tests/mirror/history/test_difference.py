"""What counts as a change of a record, and how changes are done again and undone."""

from __future__ import annotations

from typing import Any

import pytest

from cfsync.mirror.history.changes import Change, ChangeOp, difference
from cfsync.mirror.history.replay import redone, undone
from cfsync.resources import RESOURCES

CONTACTS = RESOURCES["contacts"]
ADA: dict[str, Any] = {
    "id": 5,
    "workspace_id": 10,
    "email_address": "ada@example.com",
    "phone_number": None,
    "tags": [{"id": 1}],
    "tag_ids": [1, 2],
    "updated_at": "2026-01-01T00:00:00.000Z",
}


def test_a_change_has_old_and_new_of_what_differs() -> None:
    after = ADA | {"phone_number": "1", "updated_at": "2026-01-02T00:00:00.000Z"}

    assert difference(CONTACTS, ADA, after) == Change(
        ChangeOp.UPDATE,
        5,
        {
            "phone_number": [None, "1"],
            "updated_at": ["2026-01-01T00:00:00.000Z", "2026-01-02T00:00:00.000Z"],
        },
        10,
        "2026-01-02T00:00:00.000Z",
    )


@pytest.mark.parametrize(
    "says_nothing",
    [{"updated_at": "2026-01-02T00:00:00.000Z"}, {"tags": []}, {"tag_ids": [2, 1]}, {}],
)
def test_copies_of_other_records_and_times_alone_are_no_change(
    says_nothing: dict[str, Any],
) -> None:
    assert difference(CONTACTS, ADA, ADA | says_nothing) is None


def test_fields_that_a_write_lacks_stay() -> None:
    assert difference(CONTACTS, ADA, {"id": 5, "email_address": "ada@example.com"}) is None


def test_a_null_for_a_field_of_the_path_leaves_what_there_is() -> None:
    variants = RESOURCES["product_variants"]
    path = next(f.name for f in variants.columns if f.path)
    row = {"id": 7, path: 3, "name": "A"}

    assert difference(variants, row, {"id": 7, path: None, "name": "A"}) is None


def test_inserts_and_deletes_hold_the_whole_row() -> None:
    inserted, deleted = difference(CONTACTS, None, ADA), difference(CONTACTS, ADA, None)

    assert inserted is not None
    assert deleted is not None
    assert (inserted.op, deleted.op) == (ChangeOp.INSERT, ChangeOp.DELETE)
    assert inserted.patch["email_address"] == [None, "ada@example.com"]
    assert deleted.patch["email_address"] == ["ada@example.com", None]
    assert "phone_number" not in inserted.patch


def test_what_is_done_again_and_undone_is_the_row() -> None:
    after = {"id": 5, "phone_number": "1"}
    patch = {"phone_number": [None, "1"]}

    assert redone({"id": 5, "phone_number": None}, "update", patch) == after
    assert undone(after, "update", patch) == {"id": 5, "phone_number": None}
    assert undone(after, "insert", {}) is None
    assert redone(after, "delete", {}) is None
    assert undone(None, "delete", {"phone_number": ["1", None]}) == {"phone_number": "1"}
