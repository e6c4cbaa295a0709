"""The merge's decision table for sets and maps: member by member, key by key."""

from __future__ import annotations

from typing import Any

import pytest

from cfsync.merge import FieldConflict, FieldEdit, Merged, Policy, merge
from cfsync.records import ABSENT
from cfsync.resources import RESOURCES

NOON, LATER = "2025-05-21T12:00:00.000Z", "2025-05-21T12:00:00.001Z"
ALL_POLICIES = pytest.mark.parametrize("policy", ["clickfunnels", "local", "newest", "hold"])


def merged(
    field: str,
    base: Any,
    local: Any,
    remote: Any,
    *,
    policy: Policy = "clickfunnels",
    edit: FieldEdit | None = None,
) -> Merged:
    """Merge a contact with one open edit; a base of ABSENT is not known."""
    return merge(
        RESOURCES["contacts"],
        base={} if base is ABSENT else {field: base},
        local={field: local},
        remote={"id": 5, "updated_at": NOON, field: remote},
        edits={field: edit or FieldEdit(NOON)},
        policy=policy,
    )


def outcome(result: Merged, field: str) -> tuple[Any, Any, tuple[FieldConflict, ...]]:
    assert result.send.keys() <= {field}
    return result.row[field], result.send.get(field, ABSENT), result.conflicts


SETS = {
    "added here": ([1], [1, 2], [1], [1, 2], [1, 2]),
    "taken away here": ([1, 2], [1], [1, 2], [1], [1]),
    "added there": ([1], [1], [1, 3], [1, 3], ABSENT),
    "taken away there": ([1, 2], [1, 2], [1], [1], ABSENT),
    "added on both sides": ([1], [1, 2], [1, 3], [1, 2, 3], [1, 2, 3]),
    "the same added on both sides": ([1], [1, 2], [2, 1], [1, 2], ABSENT),
    "taken away on both sides": ([1, 2, 3], [1, 3], [2, 3], [3], [3]),
    "added here, taken away there": ([1, 2], [1, 2, 3], [2], [2, 3], [2, 3]),
    "taken away here, added there": ([1, 2], [1], [1, 2, 3], [1, 3], [1, 3]),
    "the last one taken away": ([1], [], [1], [], []),
    "cleared here": ([1], None, [1, 2], [2], [2]),
    "null there": ([1], [1, 2], None, [2], [2]),
    "another order is no change": ([1, 2], [2, 1], [1, 2], [1, 2], ABSENT),
    "base unknown": (ABSENT, [2], [1], [1, 2], [1, 2]),
}
"""base, local, remote, the row's value, what is sent"""


@ALL_POLICIES
@pytest.mark.parametrize(("base", "local", "remote", "value", "send"), SETS.values(), ids=SETS)
def test_a_set_takes_in_the_changes_of_both_sides(
    base: Any, local: Any, remote: Any, value: Any, send: Any, policy: Policy
):
    result = merged("tag_ids", base, local, remote, policy=policy)

    assert outcome(result, "tag_ids") == (value, send, ())


SET_ECHOES = {
    "all arrived": ([1], [1, 2], [1, 2], [1, 2], [1, 2], ABSENT),
    "nothing arrived": ([1], [1, 2], [1, 2], [1], [1, 2], [1, 2]),
    "an addition that arrived was taken back since": ([1], [1, 2], [1], [1, 2], [1], [1]),
    "a removal that arrived was taken back since": ([1, 2], [1], [1, 2], [1], [1, 2], [1, 2]),
    "a part arrived, and was taken back since": ([1], [1, 2, 3], [1, 3], [1, 2], [1, 3], [1, 3]),
    "it arrived, and others added": ([1], [1, 2], [1], [1, 2, 7], [1, 7], [1, 7]),
}
"""base, sent, local, remote, the row's value, what is sent"""


@pytest.mark.parametrize(
    ("base", "sent", "local", "remote", "value", "send"), SET_ECHOES.values(), ids=SET_ECHOES
)
def test_a_member_that_was_sent_and_is_there_is_our_own_echo(
    base: Any, sent: Any, local: Any, remote: Any, value: Any, send: Any
):
    result = merged("tag_ids", base, local, remote, edit=FieldEdit(NOON, sent=sent))

    assert outcome(result, "tag_ids") == (value, send, ())


A, B, C, D = ({"size": size} for size in ("S", "M", "L", "XL"))

MAPS = {
    "changed here": (A, B, A, B, B),
    "changed there": (A, A, B, B, ABSENT),
    "the same change": (A, B, B, B, ABSENT),
    "taken back": (A, A, A, A, ABSENT),
    "added here": ({}, A, {}, A, A),
    "added there": ({}, {}, A, A, ABSENT),
    "taken away here": (A, {}, A, {"size": ""}, {"size": ""}),
    "taken away there": (A, A, {}, {}, ABSENT),
    "null here": (A, {"size": None}, A, {"size": ""}, {"size": ""}),
    "cleared here": (A, None, A, {"size": ""}, {"size": ""}),
    "null and nothing are one": ({}, {"size": None}, {}, {}, ABSENT),
    "null there": ({}, A, None, A, A),
    "base unknown": (ABSENT, A, {"shoe": "9"}, {**A, "shoe": "9"}, {**A, "shoe": "9"}),
    "other keys on both sides": (
        {"shoe": "9", "hat": "5"},
        {"shoe": "10", "hat": "5"},
        {"shoe": "9", "hat": "6", "belt": "80"},
        {"shoe": "10", "hat": "6", "belt": "80"},
        {"shoe": "10", "hat": "6", "belt": "80"},
    ),
    "the server's form is no change": (
        {"favourite_colour": "red", "note": ""},
        {"Favourite Colour": "red", "Note": None},
        {"favourite_colour": "red", "note": ""},
        {"favourite_colour": "red", "note": ""},
        ABSENT,
    ),
    "another spelling beside the server's": (
        {"favourite_colour": "blue"},
        {"favourite_colour": "blue", "Favourite Colour": "red"},
        {"favourite_colour": "blue"},
        {"favourite_colour": "red"},
        {"favourite_colour": "red"},
    ),
    "another spelling before the server's": (
        {"favourite_colour": "blue"},
        {"Favourite Colour": "red", "favourite_colour": "blue"},
        {"favourite_colour": "blue"},
        {"favourite_colour": "red"},
        {"favourite_colour": "red"},
    ),
    "sent in the server's form": (
        {},
        {"favouriteColour": "red"},
        {},
        {"favourite_colour": "red"},
        {"favourite_colour": "red"},
    ),
    "names that the server writes otherwise": (
        {"utm__source": "a", "größe": "1", "サイズ": "2", "サ": "3"},
        {"utm__source": "a", "größe": "2", "サイズ": "2", "サ": "3"},
        {"utm__source": "a", "größe": "1", "サイズ": "2", "サ": "3"},
        {"utm__source": "a", "größe": "2", "サイズ": "2", "サ": "3"},
        {"utm__source": "a", "größe": "2", "サイズ": "2", "サ": "3"},
    ),
}
"""base, local, remote, the row's value, what is sent"""


@ALL_POLICIES
@pytest.mark.parametrize(("base", "local", "remote", "value", "send"), MAPS.values(), ids=MAPS)
def test_a_map_takes_in_the_changes_of_both_sides_key_by_key(
    base: Any, local: Any, remote: Any, value: Any, send: Any, policy: Policy
):
    result = merged("custom_attributes", base, local, remote, policy=policy)

    assert outcome(result, "custom_attributes") == (value, send, ())


MAP_CONFLICTS = {
    "clickfunnels": (C, ABSENT, "clickfunnels"),
    "local": (B, B, "local"),
    "hold": (B, ABSENT, "hold"),
    "newest": (C, ABSENT, "clickfunnels"),
}


@pytest.mark.parametrize(
    ("policy", "value", "send", "winner"),
    [(policy, *rest) for policy, rest in MAP_CONFLICTS.items()],
    ids=MAP_CONFLICTS,
)
def test_a_key_that_both_sides_changed_is_a_conflict_of_that_key(
    policy: Policy, value: Any, send: Any, winner: Any
):
    result = merged("custom_attributes", A, B, C, policy=policy)

    conflict = FieldConflict("custom_attributes.size", "S", "M", "L", winner)
    assert outcome(result, "custom_attributes") == (value, send, (conflict,))


def test_a_key_in_conflict_holds_up_no_other_key():
    result = merged(
        "custom_attributes",
        {"size": "S", "hat": "5"},
        {"size": "M", "hat": "6"},
        {"size": "L", "hat": "5"},
        policy="hold",
    )

    conflict = FieldConflict("custom_attributes.size", "S", "M", "L", "hold")
    row, sent = {"size": "M", "hat": "6"}, {"size": "L", "hat": "6"}
    assert outcome(result, "custom_attributes") == (row, sent, (conflict,))


@pytest.mark.parametrize(
    ("local", "remote", "kept_local", "kept_remote"),
    [({}, B, "", "M"), (B, {}, "M", "")],
    ids=["taken away here", "taken away there"],
)
def test_taking_a_key_away_can_conflict(local: Any, remote: Any, kept_local: str, kept_remote: str):
    result = merged("custom_attributes", A, local, remote)

    conflict = FieldConflict("custom_attributes.size", "S", kept_local, kept_remote, "clickfunnels")
    assert outcome(result, "custom_attributes") == (remote, ABSENT, (conflict,))


@ALL_POLICIES
@pytest.mark.parametrize("remote", [A, C])
def test_a_key_whose_conflict_waits_for_a_human_is_not_sent(policy: Policy, remote: Any):
    edit = FieldEdit(LATER, held=frozenset({"custom_attributes.size"}))

    result = merged("custom_attributes", A, B, remote, policy=policy, edit=edit)

    assert result.send == {}


@ALL_POLICIES
def test_a_parked_map_loses_its_keys_in_conflict_and_no_others(policy: Policy):
    result = merged(
        "custom_attributes",
        {"size": "S", "hat": "5"},
        {"size": "M", "hat": "6"},
        {"size": "L", "hat": "5"},
        policy=policy,
        edit=FieldEdit(LATER, parked=True),
    )

    assert result.row["custom_attributes"] == {"size": "L", "hat": "6"}
    assert result.conflicts == (
        FieldConflict("custom_attributes.size", "S", "M", "L", "clickfunnels"),
    )


MAP_ECHOES = {
    "arrived": (A, B, B, B, B, ABSENT),
    "arrived in the server's form": (
        {},
        {"Favourite Colour": "red", "Note": None},
        {"Favourite Colour": "red", "Note": None},
        {"favourite_colour": "red", "note": ""},
        {"favourite_colour": "red", "note": ""},
        ABSENT,
    ),
    "did not arrive": (A, B, B, A, B, B),
    "arrived, and was changed since": (A, B, D, B, D, D),
    "arrived, and was taken back since": (A, B, A, B, A, A),
    "a removal arrived, and was taken back since": (A, {}, A, {}, A, A),
    "arrived and was changed since, and others added": (
        A,
        B,
        D,
        {**B, "hat": "5"},
        {**D, "hat": "5"},
        {**D, "hat": "5"},
    ),
}
"""base, sent, local, remote, the row's value, what is sent"""


@ALL_POLICIES
@pytest.mark.parametrize(
    ("base", "sent", "local", "remote", "value", "send"), MAP_ECHOES.values(), ids=MAP_ECHOES
)
def test_a_key_that_was_sent_and_is_there_is_our_own_echo(
    base: Any, sent: Any, local: Any, remote: Any, value: Any, send: Any, policy: Policy
):
    edit = FieldEdit(NOON, sent=sent)

    result = merged("custom_attributes", base, local, remote, policy=policy, edit=edit)

    assert outcome(result, "custom_attributes") == (value, send, ())
