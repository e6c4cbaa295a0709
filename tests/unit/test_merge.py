"""The merge's decision table for fields with one value, with one test a line."""

from __future__ import annotations

from typing import Any

import pytest

from cfsync.merge import FieldConflict, FieldEdit, Merged, Policy, merge
from cfsync.records import ABSENT
from cfsync.resources import RESOURCES

NOON, LATER = "2025-05-21T12:00:00.000Z", "2025-05-21T12:00:00.001Z"
NEVER = object()
"""A value that stands for: the field is not there."""


def merged(
    field: str,
    base: Any,
    local: Any,
    remote: Any,
    *,
    resource: str = "contacts",
    policy: Policy = "clickfunnels",
    updated_at: str | None = NOON,
    edit: FieldEdit | None = None,
) -> Merged:
    """Merge a record with one open edit."""
    return merge(
        RESOURCES[resource],
        base=leg(field, base),
        local=leg(field, local),
        remote={"id": 5, "updated_at": updated_at, **leg(field, remote)},
        edits={field: edit or FieldEdit(NOON)},
        policy=policy,
    )


def leg(field: str, value: Any) -> dict[str, Any]:
    return {} if value is NEVER else {field: value}


def outcome(result: Merged, field: str) -> tuple[Any, Any, tuple[FieldConflict, ...]]:
    assert result.send.keys() <= {field}
    return result.row.get(field, NEVER), result.send.get(field, ABSENT), result.conflicts


ALL_POLICIES = pytest.mark.parametrize("policy", ["clickfunnels", "local", "newest", "hold"])

FORMS = [
    ("contacts", "first_name", "Ann", "Bea", "Bea"),
    ("contacts", "first_name", None, "Bea", "Bea"),
    ("contacts", "first_name", "Ann", None, None),
    ("contacts", "first_name", "Ann", "", ""),
    ("enrollments", "suspended", False, True, True),
    ("product_prices", "amount", "10.00", "123", "123.00"),
    ("orders", "activated_at", None, "2025-05-21T12:18:51.000Z", "2025-05-21T12:18:51.000Z"),
    (
        "fulfillment_locations",
        "address",
        {"city": "Rome"},
        {"zip": "1", "city": "Bern"},
        {"city": "Bern", "zip": "1"},
    ),
    ("products", "image_ids", [1, 2], [2, 1], [2, 1]),
]
"""resource, field, old value, new value, the new value as ClickFunnels shows it."""


@ALL_POLICIES
@pytest.mark.parametrize(("resource", "field", "old", "new", "shown"), FORMS)
def test_a_remote_value_that_was_sent_is_our_own_echo(
    resource: str, field: str, old: Any, new: Any, shown: Any, policy: Policy
):
    edit = FieldEdit(NOON, sent=new)

    result = merged(field, old, new, shown, resource=resource, policy=policy, edit=edit)

    assert outcome(result, field) == (shown, ABSENT, ())


@ALL_POLICIES
@pytest.mark.parametrize("later", ["Cid", "Ann", "", None])
def test_an_edit_made_while_its_echo_was_under_way_is_sent_without_a_conflict(
    later: str | None, policy: Policy
):
    edit = FieldEdit(NOON, sent="Bea")

    result = merged("first_name", "Ann", later, "Bea", policy=policy, edit=edit)

    assert outcome(result, "first_name") == (later, later, ())


def test_a_null_that_was_sent_has_an_echo_too():
    edit = FieldEdit(NOON, sent=None)

    result = merged("first_name", "Ann", "Cid", None, edit=edit)

    assert outcome(result, "first_name") == ("Cid", "Cid", ())


def test_a_remote_value_that_was_not_sent_is_no_echo():
    edit = FieldEdit(NOON, sent="Bea")

    result = merged("first_name", "Ann", "Bea", "Dan", edit=edit)

    conflict = FieldConflict("first_name", "Ann", "Bea", "Dan", "clickfunnels")
    assert outcome(result, "first_name") == ("Dan", ABSENT, (conflict,))


def test_a_call_that_did_not_arrive_leaves_its_edit_to_be_sent():
    edit = FieldEdit(NOON, sent="Bea")

    result = merged("first_name", "Ann", "Bea", "Ann", edit=edit)

    assert outcome(result, "first_name") == ("Bea", "Bea", ())


@ALL_POLICIES
@pytest.mark.parametrize(("resource", "field", "old", "new", "shown"), FORMS)
def test_what_both_sides_have_is_not_sent(
    resource: str, field: str, old: Any, new: Any, shown: Any, policy: Policy
):
    result = merged(field, old, new, shown, resource=resource, policy=policy)

    assert outcome(result, field) == (shown, ABSENT, ())


@ALL_POLICIES
@pytest.mark.parametrize(("resource", "field", "old", "new", "shown"), FORMS)
def test_an_edit_that_was_taken_back_is_not_sent(
    resource: str, field: str, old: Any, new: Any, shown: Any, policy: Policy
):
    result = merged(field, new, new, shown, resource=resource, policy=policy)

    assert outcome(result, field) == (shown, ABSENT, ())


@ALL_POLICIES
@pytest.mark.parametrize(("resource", "field", "old", "new", "shown"), FORMS)
def test_a_local_change_stands_and_is_sent(
    resource: str, field: str, old: Any, new: Any, shown: Any, policy: Policy
):
    result = merged(field, old, new, old, resource=resource, policy=policy)

    assert outcome(result, field) == (new, new, ())


@ALL_POLICIES
@pytest.mark.parametrize(("resource", "field", "old", "new", "shown"), FORMS)
def test_a_remote_change_is_taken_where_the_edit_was_taken_back(
    resource: str, field: str, old: Any, new: Any, shown: Any, policy: Policy
):
    result = merged(field, old, old, shown, resource=resource, policy=policy)

    assert outcome(result, field) == (shown, ABSENT, ())


@pytest.mark.parametrize(
    ("policy", "edited_at", "updated_at", "value", "send", "winner"),
    [
        ("clickfunnels", LATER, NOON, "Dan", ABSENT, "clickfunnels"),
        ("local", "2025-05-21T11:59:59.999Z", NOON, "Cid", "Cid", "local"),
        ("newest", LATER, NOON, "Cid", "Cid", "local"),
        ("newest", "2025-05-21T11:59:59.999Z", NOON, "Dan", ABSENT, "clickfunnels"),
        ("newest", NOON, NOON, "Dan", ABSENT, "clickfunnels"),
        ("newest", NOON, None, "Dan", ABSENT, "clickfunnels"),
        ("hold", LATER, NOON, "Cid", ABSENT, "hold"),
    ],
)
def test_the_policy_names_the_winner_of_a_conflict_and_the_loser_is_kept(
    policy: Policy, edited_at: str, updated_at: str | None, value: Any, send: Any, winner: Any
):
    result = merged(
        "first_name",
        "Ann",
        "Cid",
        "Dan",
        policy=policy,
        updated_at=updated_at,
        edit=FieldEdit(edited_at),
    )

    conflict = FieldConflict("first_name", "Ann", "Cid", "Dan", winner)
    assert outcome(result, "first_name") == (value, send, (conflict,))


@ALL_POLICIES
def test_a_parked_edit_always_loses_a_conflict(policy: Policy):
    edit = FieldEdit(LATER, parked=True)

    result = merged("first_name", "Ann", "Cid", "Dan", policy=policy, edit=edit)

    conflict = FieldConflict("first_name", "Ann", "Cid", "Dan", "clickfunnels")
    assert outcome(result, "first_name") == ("Dan", ABSENT, (conflict,))


def test_a_parked_edit_stands_while_clickfunnels_does_not_change_the_field():
    result = merged("first_name", "Ann", "Cid", "Ann", edit=FieldEdit(NOON, parked=True))

    assert result.row["first_name"] == "Cid"
    assert result.conflicts == ()


@ALL_POLICIES
@pytest.mark.parametrize("remote", ["Ann", "Dan"])
def test_a_field_whose_conflict_waits_for_a_human_is_not_sent(policy: Policy, remote: str):
    edit = FieldEdit(LATER, held=frozenset({"first_name"}))

    result = merged("first_name", "Ann", "Cid", remote, policy=policy, edit=edit)

    assert result.send == {}


def test_a_held_edit_stays_in_the_row():
    edit = FieldEdit(NOON, held=frozenset({"first_name"}))

    result = merged("first_name", "Dan", "Cid", "Dan", policy="hold", edit=edit)

    assert outcome(result, "first_name") == ("Cid", ABSENT, ())


def test_what_is_held_holds_up_no_other_field():
    edit = FieldEdit(NOON, held=frozenset({"last_name"}))

    result = merged("first_name", "Ann", "Cid", "Ann", edit=edit)

    assert outcome(result, "first_name") == ("Cid", "Cid", ())


@pytest.mark.parametrize(("remote", "send"), [(None, "Cid"), ("Cid", ABSENT)])
def test_where_the_base_is_unknown_only_a_remote_value_can_conflict(remote: Any, send: Any):
    result = merged("first_name", NEVER, "Cid", remote)

    assert outcome(result, "first_name") == ("Cid", send, ())


def test_where_the_base_is_unknown_another_remote_value_conflicts():
    result = merged("first_name", NEVER, "Cid", "Dan")

    conflict = FieldConflict("first_name", None, "Cid", "Dan", "clickfunnels")
    assert outcome(result, "first_name") == ("Dan", ABSENT, (conflict,))


def test_clearing_a_field_whose_base_is_unknown_is_an_edit():
    result = merged("first_name", NEVER, None, "Dan", policy="local")

    conflict = FieldConflict("first_name", None, None, "Dan", "local")
    assert outcome(result, "first_name") == (None, None, (conflict,))


@ALL_POLICIES
@pytest.mark.parametrize("value", [True, False])
def test_a_field_that_is_never_shown_is_sent_as_it_stands(value: bool, policy: Policy):
    result = merged("notify_customer", NEVER, value, NEVER, resource="fulfillments", policy=policy)

    assert outcome(result, "notify_customer") == (value, value, ())


def test_a_field_that_is_never_shown_and_not_given_is_not_sent():
    result = merged("notify_customer", NEVER, None, NEVER, resource="fulfillments")

    assert outcome(result, "notify_customer") == (None, ABSENT, ())


def test_without_an_edit_the_remote_value_is_taken_whatever_the_row_holds():
    remote = {"id": 5, "updated_at": NOON, "first_name": "Dan", "tag_ids": [1]}

    result = merge(
        RESOURCES["contacts"],
        base={"first_name": "Ann", "tag_ids": []},
        local={"first_name": "Cid", "tag_ids": [2], "last_name": "Lee"},
        remote=remote,
        edits={},
        policy="local",
    )

    assert result == Merged(remote, {}, ())


def test_each_field_is_decided_by_itself():
    result = merge(
        RESOURCES["contacts"],
        base={"first_name": "Ann", "last_name": "Lee", "phone_number": "1", "tag_ids": [1]},
        local={"first_name": "Bea", "last_name": "Ray", "phone_number": "2", "tag_ids": [1, 2]},
        remote={"first_name": "Ann", "last_name": "Fox", "phone_number": "3", "tag_ids": [1]},
        edits={n: FieldEdit(NOON) for n in ("first_name", "last_name", "tag_ids")},
        policy="clickfunnels",
    )

    assert result == Merged(
        {"first_name": "Bea", "last_name": "Fox", "phone_number": "3", "tag_ids": [1, 2]},
        {"first_name": "Bea", "tag_ids": [1, 2]},
        (FieldConflict("last_name", "Lee", "Ray", "Fox", "clickfunnels"),),
    )
