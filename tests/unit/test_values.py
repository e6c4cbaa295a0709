from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from cfsync.merge import find_drift
from cfsync.resources import RESOURCES
from cfsync.resources.model import Field
from cfsync.values import Unholdable, decode, equal, json_of


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        ("integer", 0),
        ("integer", -(2**63)),
        ("integer", 2**63 - 1),
        ("text", ""),
        ("text", "line\nbreak, Zoë, 😀, \x1f"),
        ("boolean", False),
        ("timestamp", "2025-05-21T12:18:51.772Z"),
        ("timestamp", "2024-02-29T23:59:59.999Z"),
        ("timestamp", "2025-01-31T00:00:00.000Z"),
        ("money", "123.00"),
        ("money", "-0.5"),
        ("money", "7"),
        ("number", 1.5),
        ("number", 3),
        ("json", {"a": [1, None, "\\u0000"]}),
        ("json", []),
    ],
)
def test_canonical_values_stay_as_they_are(type_: Any, value: Any):
    assert decode(type_, value) == value
    assert type(decode(type_, value)) is type(value)


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        ("integer", 2**63),
        ("integer", -(2**63) - 1),
        ("integer", True),
        ("integer", 1.5),
        ("integer", "01"),
        ("integer", "1.0"),
        ("integer", "9223372036854775808"),
        ("integer", 1e17),
        ("text", "a\0b"),
        ("text", "ë\0"),
        ("text", "\ud800"),
        ("text", float("inf")),
        ("text", ["a"]),
        ("boolean", 2),
        ("boolean", 1.0),
        ("boolean", "yes"),
        ("boolean", []),
        ("timestamp", 1748779200),
        ("timestamp", ""),
        ("timestamp", "2025-02-31T00:00:00.000Z"),
        ("timestamp", "2025-02-29T00:00:00.000Z"),
        ("timestamp", "2025-04-31T00:00:00.000Z"),
        ("timestamp", "2025-13-01T00:00:00.000Z"),
        ("timestamp", "2025-05-00T00:00:00.000Z"),
        ("timestamp", "2025-05-21T24:00:01.000Z"),
        ("timestamp", "0000-05-21T12:18:51.772Z"),
        ("timestamp", "10000-05-21T12:18:51.772Z"),
        ("timestamp", "0001-01-01T00:00:00.000+02:00"),
        ("timestamp", "9999-12-31T23:59:59.000-02:00"),
        ("money", ""),
        ("money", "NaN"),
        ("money", "1e999999"),
        ("money", "1_000"),
        ("money", " 1"),
        ("money", "1\n"),
        ("money", "9" * 1001),
        ("number", float("nan")),
        ("number", float("-inf")),
        ("number", 2**63),
        ("number", True),
        ("number", "0.12345678901234567890"),
        ("number", "9" * 400),
        ("number", "many"),
        ("money", float("inf")),
        ("money", True),
        ("json", "text"),
        ("json", 1),
        ("json", {"a": ["\0"]}),
        ("json", [{"\0": 1}]),
        ("json", ["\udfff"]),
        ("json", [2**64]),
    ],
)
def test_what_a_column_cannot_hold_is_refused(type_: Any, value: Any):
    with pytest.raises(Unholdable):
        decode(type_, value)


@pytest.mark.parametrize(
    ("type_", "sent", "canonical"),
    [
        ("integer", "490402", 490402),
        ("integer", "-7", -7),
        ("integer", 3.0, 3),
        ("text", 490402, "490402"),
        ("text", 1.5, "1.5"),
        ("text", True, "true"),
        ("boolean", 0, False),
        ("boolean", 1, True),
        ("boolean", "false", False),
        ("boolean", "1", True),
        ("money", 12, "12"),
        ("money", -12.5, "-12.5"),
        ("money", 1e22, "10000000000000000000000"),
        ("number", "92.0", 92.0),
        ("number", "-3", -3.0),
    ],
)
def test_another_json_type_that_converts_without_loss_is_the_value(
    type_: Any, sent: Any, canonical: Any
):
    assert decode(type_, sent) == canonical
    assert type(decode(type_, sent)) is type(canonical)


def test_null_is_null_for_every_type():
    assert decode("money", None) is None


@pytest.mark.parametrize(
    ("sent", "canonical"),
    [
        ("2025-05-21T12:18:51Z", "2025-05-21T12:18:51.000Z"),
        ("2025-05-21T14:18:51.772+02:00", "2025-05-21T12:18:51.772Z"),
        ("2025-05-21T12:18:51.772987Z", "2025-05-21T12:18:51.772Z"),
        ("2025-05-21 12:18:51", "2025-05-21T12:18:51.000Z"),
        ("2025-05-21", "2025-05-21T00:00:00.000Z"),
        ("0999-05-21T12:18:51.772Z", "0999-05-21T12:18:51.772Z"),
        ("2025-W21-3T12:18:51.772Z", "2025-05-21T12:18:51.772Z"),
    ],
)
def test_other_forms_of_a_time_become_the_canonical_one(sent: str, canonical: str):
    assert decode("timestamp", sent) == canonical


def test_canonical_times_compare_as_text():
    sent = [
        "9999-12-31T23:59:59.999Z",
        "2025-05-21T14:18:51+02:00",
        "2025-05-21T12:18:51.001Z",
        "0999-01-01",
        "2025-05-21T12:18:50.9999Z",
    ]

    assert sorted(decode("timestamp", t) for t in sent) == [
        "0999-01-01T00:00:00.000Z",
        "2025-05-21T12:18:50.999Z",
        "2025-05-21T12:18:51.000Z",
        "2025-05-21T12:18:51.001Z",
        "9999-12-31T23:59:59.999Z",
    ]


def test_money_is_equal_by_value():
    amount = Field("amount", "money")

    assert equal(amount, "123.00", "123")
    assert not equal(amount, "123.00", "123.01")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (Field("amount", "money"), "a lot"),
        (Field("at", "timestamp"), "soon"),
        (Field("attributes", "json", merge="map"), ["red"]),
        (Field("tag_ids", "json", merge="set"), [{"id": 1}]),
        (Field("data", "json"), {"n": 2**70}),
    ],
)
def test_what_drifted_into_a_column_is_equal_to_itself_alone(field: Field, value: Any):
    assert equal(field, value, deepcopy(value))
    assert not equal(field, value, None)


@pytest.mark.parametrize("other", [None, {}, {"plan": None}, {"Plan": ""}])
def test_an_empty_attribute_is_the_same_as_none(other: dict[str, Any] | None):
    attributes = RESOURCES["contacts"].by_name["custom_attributes"]

    assert equal(attributes, {"plan": ""}, other)
    assert not equal(attributes, {"plan": "gold"}, other)
    versions = {"base": {"plan": ""}, "local": other, "remote": {"plan": ""}}
    legs = {side: {attributes.name: value} for side, value in versions.items()}
    assert not find_drift(RESOURCES["contacts"], **legs, edited=()).conflicts


def test_json_of_the_mirror_is_read_whatever_it_holds():
    assert json_of('["\\ud800", 1180591620717411303424]') == ["\ud800", 2**70]
