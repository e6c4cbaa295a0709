from __future__ import annotations

from typing import Any

import pytest

from cfsync.sandbox import World

from .conftest import Client


def body(**fields: Any) -> dict[str, Any]:
    return {"contact": fields}


def test_a_contact_is_created_shown_changed_and_deleted(
    client: Client, world: World, workspace: int
) -> None:
    path = f"/workspaces/{workspace}/contacts"

    made = client.post(path, body(email_address="ada@example.com", first_name="Ada"))
    one = f"/contacts/{made.data['id']}"
    changed = client.put(one, body(first_name=None, last_name="King"))

    assert made.status == 201
    assert made.data["workspace_id"] == workspace
    assert changed.status == 200
    assert (changed.data["first_name"], changed.data["last_name"]) == (None, "King")
    assert changed.data["email_address"] == "ada@example.com"
    assert changed.data["updated_at"] > made.data["updated_at"]
    assert client.walk(path)[-1] == made.data["id"]
    gone = client.delete(one)
    assert (gone.status, gone.raw) == (204, b"")
    assert client.get(one).status == 404
    assert client.delete(one).status == 404
    assert made.data["id"] not in client.walk(path)


def test_put_and_patch_are_the_same_partial_update(
    client: Client, world: World, contact: int
) -> None:
    before = client.get(f"/contacts/{contact}").data

    answer = client.ask("PATCH", f"/contacts/{before['public_id']}", body(time_zone="Tokyo"))

    expected = before | {"time_zone": "Tokyo", "updated_at": answer.data["updated_at"]}
    assert answer.data == expected


def test_what_may_not_be_sent_is_ignored(client: Client, contact: int) -> None:
    before = client.get(f"/contacts/{contact}").data

    answer = client.put(f"/contacts/{contact}", body(uuid="x", id=1, nonsense=2))

    assert (answer.status, answer.data) == (200, before)


def test_an_address_is_unique_in_its_workspace(client: Client, world: World, contact: int) -> None:
    here, elsewhere = world.workspaces
    taken = world.get("contacts", contact)["email_address"]
    other = world.ids("contacts", here)[9]
    refused = {"errors": {"email_address": ["has already been taken"]}}

    for answer in (
        client.post(f"/workspaces/{here}/contacts", body(email_address=taken)),
        client.put(f"/contacts/{other}", body(email_address=taken.upper())),
    ):
        assert (answer.status, answer.data) == (422, refused)
    again = client.post(f"/workspaces/{elsewhere}/contacts", body(email_address=taken))
    assert again.status == 201


def test_an_address_is_free_again_when_its_contact_is_deleted_or_changed(
    client: Client, world: World, workspace: int
) -> None:
    path = f"/workspaces/{workspace}/contacts"
    first, second = world.records("contacts", workspace)[:2]

    client.delete(f"/contacts/{first['id']}")
    client.put(f"/contacts/{second['id']}", body(email_address="moved@example.com"))

    for taken in (first, second):
        made = client.post(path, body(email_address=taken["email_address"]))
        assert made.status == 201


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("email_address", "no address", "is invalid"),
        ("first_name", 5, "is invalid"),
        ("first_name", "a\0b", "contains a null byte"),
        ("first_name", "x" * 70_000, "is too long (maximum is 65535 characters)"),
        ("custom_attributes", ["x"], "is invalid"),
        ("custom_attributes", None, "can't be blank"),
        ("tag_ids", [1], "must exist"),
    ],
)
def test_a_value_that_no_rule_allows_is_refused(
    field: str, value: Any, why: str, client: Client, contact: int
) -> None:
    before = client.get(f"/contacts/{contact}").data

    answer = client.put(f"/contacts/{contact}", body(**{field: value}))

    assert (answer.status, answer.data) == (422, {"errors": {field: [why]}})
    assert client.get(f"/contacts/{contact}").data == before


@pytest.mark.parametrize("sent", [b"{", b"[]", b'{"contact": 5}', b'{"first_name": "Ada"}', b""])
def test_a_body_without_the_record_is_malformed(sent: bytes, client: Client, contact: int) -> None:
    answer = client.put(f"/contacts/{contact}", sent)

    assert answer.status == 400
    assert "error" in answer.data


def test_upsert_creates_once_and_then_updates_without_clearing(
    client: Client, workspace: int
) -> None:
    path = f"/workspaces/{workspace}/contacts/upsert"
    tag = client.get(f"/workspaces/{workspace}/contacts/tags").ids[0]

    made = client.post(path, body(email_address="ada@example.com", first_name="Ada", tag_ids=[tag]))
    again = client.post(
        path,
        body(email_address="Ada@example.com", first_name=None, tag_ids=[], last_name="King"),
    )

    assert (made.status, again.status) == (201, 200)
    assert again.data["id"] == made.data["id"]
    assert (again.data["first_name"], again.data["last_name"]) == ("Ada", "King")
    assert [t["id"] for t in again.data["tags"]] == [tag]
    assert client.post(path, body(first_name="Nobody")).status == 422


def test_upsert_finds_a_seeded_contact_in_its_own_workspace_only(
    client: Client, world: World, contact: int
) -> None:
    here, elsewhere = world.workspaces
    sent = body(email_address=world.get("contacts", contact)["email_address"], first_name="Ada")

    there = client.post(f"/workspaces/{elsewhere}/contacts/upsert", sent)
    found = client.post(f"/workspaces/{here}/contacts/upsert", sent)

    assert there.status == 201
    assert (found.status, found.data["id"]) == (200, contact)


def test_tag_ids_is_the_whole_set_and_shown_as_tags(
    client: Client, workspace: int, contact: int
) -> None:
    one, two, three = client.get(f"/workspaces/{workspace}/contacts/tags").ids
    path = f"/contacts/{contact}"

    first = client.put(path, body(tag_ids=[one, two])).data
    second = client.put(path, body(tag_ids=[two, three])).data
    none = client.put(path, body(tag_ids=[])).data

    assert {t["id"] for t in first["tags"]} == {one, two}
    assert {t["id"] for t in second["tags"]} == {two, three}
    assert none["tags"] == []
    assert "tag_ids" not in none
    assert first["updated_at"] < second["updated_at"] < none["updated_at"]
    same = client.put(path, body(tag_ids=[]))
    assert same.data["updated_at"] == none["updated_at"]


def test_applied_tags_and_a_contacts_tags_are_one(
    client: Client, workspace: int, contact: int
) -> None:
    one, two, three = client.get(f"/workspaces/{workspace}/contacts/tags").ids
    before = client.put(f"/contacts/{contact}", body(tag_ids=[one, two])).data
    applied = f"/contacts/{contact}/applied_tags"
    sent = {"contacts_applied_tag": {"tag_id": three}}

    made = client.post(applied, sent)

    assert made.status == 201
    assert (made.data["contact_id"], made.data["tag"]["id"]) == (contact, three)
    assert {a["tag_id"] for a in client.get(applied).data} == {one, two, three}
    assert client.get(applied, filter_tag_id=three).ids == [made.data["id"]]
    assert client.post(applied, sent).status == 422
    tagged = client.get(f"/contacts/{contact}").data
    assert [t["id"] for t in tagged["tags"]] == [one, two, three]
    assert tagged["tags"][-1]["applied_at"] == made.data["created_at"]
    assert tagged["updated_at"] > before["updated_at"]
    assert client.delete(f"/contacts/applied_tags/{made.data['id']}").status == 204
    untagged = client.get(f"/contacts/{contact}").data
    assert [t["id"] for t in untagged["tags"]] == [one, two]
    assert untagged["updated_at"] > tagged["updated_at"]


def test_a_deleted_or_renamed_tag_shows_in_its_contacts(
    client: Client, workspace: int, contact: int
) -> None:
    one, two, _ = client.get(f"/workspaces/{workspace}/contacts/tags").ids
    client.put(f"/contacts/{contact}", body(tag_ids=[one, two]))

    client.put(f"/contacts/tags/{one}", {"contacts_tag": {"name": "Renamed"}})
    client.delete(f"/contacts/tags/{two}")

    tags = client.get(f"/contacts/{contact}").data["tags"]
    assert [(t["id"], t["name"]) for t in tags] == [(one, "Renamed")]
    assert len(client.get(f"/contacts/{contact}/applied_tags").data) == 1


def test_custom_attributes_get_keys_in_snake_case_and_no_nulls(
    client: Client, contact: int
) -> None:
    sent = {"Favourite Colour": "red", "shoeSize": 43, "gone": None, "already_fine": "x"}

    answer = client.put(f"/contacts/{contact}", body(custom_attributes=sent))

    assert answer.data["custom_attributes"] == {
        "favourite_colour": "red",
        "shoe_size": "43",
        "gone": "",
        "already_fine": "x",
    }


def test_a_redacted_contact_leaves_the_list_and_is_not_found(
    client: Client, world: World, workspace: int
) -> None:
    order = world.records("orders", workspace)[0]
    contact = order["contact_id"]

    assert client.delete(f"/contacts/{contact}/gdpr_destroy").status == 204

    assert client.get(f"/contacts/{contact}").status == 404
    assert contact not in client.walk(f"/workspaces/{workspace}/contacts")
    quoted = client.get(f"/orders/{order['id']}").data["contact"]
    assert (quoted["id"], quoted["email_address"]) == (contact, None)


def test_what_hangs_on_a_deleted_contact_is_gone(
    client: Client, world: World, contact: int
) -> None:
    applied = world.ids("contact_applied_tags", contact)[0]

    client.delete(f"/contacts/{contact}")

    assert client.get(f"/contacts/applied_tags/{applied}").status == 404
