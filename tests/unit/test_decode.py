from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cfsync import decode
from cfsync.decode import decode_record
from cfsync.errors import BadAnswer
from cfsync.records import Listing, Record
from cfsync.resources import ALL

NEW_YEAR = "2025-01-01T00:00:00.000Z"


def decoded(resource: str, body: dict[str, Any], listing: Listing | None = None) -> Record:
    return decode_record(ALL[resource], body, listing)


def test_a_record_shows_what_its_body_shows_and_no_more():
    record = decoded("contacts", {"id": 5, "first_name": "Anna", "last_name": None})

    assert record.values == {"id": 5, "first_name": "Anna", "last_name": None}
    assert (record.resource, record.id, record.updated_at) == ("contacts", 5, None)
    assert record.noted == record.unknown == ()


def test_updated_at_is_canonical():
    record = decoded("contacts", {"id": 5, "updated_at": "2025-01-01T01:00:00+01:00"})

    assert record.updated_at == record.values["updated_at"] == NEW_YEAR


def test_the_listing_gives_the_ids_of_the_path():
    record = decoded("submissions", {"id": 5}, Listing("submissions", 9, 7))

    assert record.values == {"id": 5, "form_id": 9, "workspace_id": 7}


def test_ids_of_the_path_in_the_body_win():
    record = decoded("enrollments", {"id": 5, "course_id": 8}, Listing("enrollments", 9, 7))

    assert record.values == {"id": 5, "course_id": 8, "workspace_id": 7}


@pytest.mark.parametrize("sent", [None, "8a", 8.5, 2**63])
def test_ids_of_the_path_that_are_none_in_the_body_are_those_of_the_path(sent: Any):
    record = decoded("orders", {"id": 5, "workspace_id": sent}, Listing("orders", 7, 7))

    assert record.values == {"id": 5, "workspace_id": 7}
    assert record.noted == (() if sent is None else ("workspace_id",))


def test_without_a_listing_the_ids_of_the_path_are_absent():
    assert decoded("product_prices", {"id": 5}).values == {"id": 5}


def test_a_listing_below_nothing_gives_no_ids():
    assert decoded("teams", {"id": 5}, Listing("teams", 0)).values == {"id": 5}


def test_a_workspace_is_its_own_workspace():
    record = decoded("workspaces", {"id": 7, "name": "Shop"}, Listing("workspaces", 3))

    assert record.values == {"id": 7, "name": "Shop", "workspace_id": 7, "team_id": 3}


def test_tag_ids_are_the_sorted_ids_of_the_tags():
    record = decoded("contacts", {"id": 5, "tags": [{"id": 9}, {"id": 2, "name": "vip"}]})

    assert record.values["tag_ids"] == [2, 9]
    assert record.values["tags"] == [{"id": 9}, {"id": 2, "name": "vip"}]


def test_values_of_another_json_type_are_converted_and_named():
    sent = {"id": 5, "uuid": 0, "workspace_id": "7", "tags": [{"id": "9"}, {"id": 2}]}

    record = decoded("contacts", sent)

    assert record.values == {
        "id": 5, "uuid": "0", "workspace_id": 7, "tags": sent["tags"], "tag_ids": [2, 9],
    }  # fmt: skip
    assert record.converted == {"uuid": 0, "workspace_id": "7"}
    assert record.noted == ()


@pytest.mark.parametrize(("contact", "id_"), [({"id": 8, "first_name": "Ada"}, 8), (None, None)])
def test_the_id_of_an_object_is_a_column(contact: Any, id_: int | None):
    record = decoded("community_memberships", {"id": 5, "contact": contact})

    assert record.values["contact_id"] == id_
    assert record.noted == ()


@pytest.mark.parametrize("contact", [7, "x", [], [{"id": 8}], {}, {"id": "x"}])
def test_an_object_of_another_shape_is_noted(contact: Any):
    record = decoded("community_memberships", {"id": 5, "contact": contact})

    assert record.values["contact_id"] is None
    assert "contact_id" in record.noted


@pytest.mark.parametrize("tags", [None, []])
def test_no_tags_are_an_empty_set(tags: Any):
    assert decoded("contacts", {"id": 5, "tags": tags}).values["tag_ids"] == []


@pytest.mark.parametrize("tags", [[7], [{"name": "vip"}], [{"id": "x"}], "vip", 7, {"id": 7}])
def test_tags_of_another_shape_are_noted(tags: Any):
    record = decoded("contacts", {"id": 5, "tags": tags})

    assert record.values["tag_ids"] is None
    assert "tag_ids" in record.noted


@pytest.mark.parametrize("sent", [[], ["red"], [{"id": 1}], "red", 7])
def test_a_map_of_another_shape_is_noted(sent: Any):
    record = decoded("contacts", {"id": 5, "custom_attributes": sent})

    assert record.values == {"id": 5, "custom_attributes": None}
    assert record.noted == ("custom_attributes",)


@pytest.mark.parametrize("sent", ["nul\0", "\ud800", {"a": 7}, ["x"]])
def test_a_secret_that_can_not_be_held_is_noted_and_kept_nowhere(sent: Any):
    record = decoded("webhook_endpoints", {"id": 5, "webhook_secret": sent})

    assert (record.secrets, record.body, record.noted) == ({}, '{"id":5}', ("webhook_secret",))


def test_what_no_column_can_hold_is_noted_and_kept_in_the_body():
    sent = {"id": 5, "first_name": "nul\0", "last_name": "\ud800", "time_zone": ["x"], "visits": {}}

    record = decoded("contacts", sent)

    assert record.values == {
        "id": 5, "first_name": None, "last_name": None, "time_zone": None, "visits": {},
    }  # fmt: skip
    assert record.noted == ("first_name", "last_name", "time_zone")
    assert json.loads(record.body) == sent


def test_the_body_is_compact_text_as_sent():
    assert decoded("contacts", {"id": 5, "first_name": "Zoë", "new": [1, 2]}).body == (
        '{"id":5,"first_name":"Zoë","new":[1,2]}'
    )


def test_a_body_that_utf8_cannot_hold_is_ascii():
    assert decoded("contacts", {"id": 5, "new": "\udc00", "n": 2**70}).body == (
        '{"id":5,"new":"\\udc00","n":1180591620717411303424}'
    )


def test_fields_that_the_catalogue_does_not_know_are_named():
    record = decoded("contacts", {"id": 5, "shoe_size": 41, "tag_ids": [1]})

    assert record.unknown == ("shoe_size", "tag_ids")
    assert record.values == {"id": 5}


def test_secrets_are_in_neither_values_nor_body():
    record = decoded("webhook_endpoints", {"id": 5, "name": "n", "webhook_secret": "hush"})

    assert record.secrets == {"webhook_secret": "hush"}
    assert record.values == {"id": 5, "name": "n"}
    assert record.unknown == ()
    assert "hush" not in record.body


def test_a_secret_that_is_not_shown_is_none():
    record = decoded("webhook_endpoints", {"id": 5, "webhook_secret": None})

    assert record.secrets == {}
    assert record.body == '{"id":5}'


@pytest.mark.parametrize("id_", [None, "5", 5.0, True, 0, -5, 2**63])
def test_a_record_without_a_usable_id_is_refused(id_: Any):
    with pytest.raises(BadAnswer, match="a record of contacts without a usable id"):
        decoded("contacts", {"id": id_, "first_name": "Anna"})


def test_every_resource_reads_its_own_kept_body():
    for name in ALL:
        record = decoded(name, {"id": 5, "updated_at": NEW_YEAR, **with_key(name)})
        assert decoded(name, json.loads(record.body)) == record


def with_key(name: str) -> dict[str, str]:
    return dict.fromkeys(ALL[name].key, "NW")


odd_texts = st.sampled_from(
    ["", "nul\0", "\\u0000", "\ud800", "\u2028", NEW_YEAR, "2025-01-01", "1.50", "1e3", "é"]
)
odd_numbers = st.sampled_from(
    [0, -1, 2**53 + 1, 2**63 - 1, -(2**63), 2**63, 2**64, 1.5, -0.0, 1e308, float("inf")]
)
odd_values = st.recursive(
    st.none() | st.booleans() | odd_numbers | odd_texts | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(odd_texts, inner, max_size=3)
        | st.just([{"id": 2}, {"id": 1}])
    ),
    max_leaves=6,
)


@given(st.data())
@settings(max_examples=100, deadline=None, database=None)
def test_what_is_taken_as_it_is_is_what_a_look_at_each_value_gives(data: st.DataObject):
    resource = data.draw(st.sampled_from(list(ALL.values())), "resource")
    names = st.sampled_from([*resource.by_name, "unheard_of"])
    body = data.draw(st.dictionaries(names, odd_values, max_size=4), "body") | {"id": 5}
    body |= with_key(resource.name)
    looked_at = replace(decode._plan(resource.name), as_is={})

    quick = decoded(resource.name, body)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decode, "_plan", lambda _: looked_at)
        slow = decoded(resource.name, body)

    assert repr(quick) == repr(slow)
