"""Bulk tagging and the workspace stats, as the API's documents of August 2026 have them."""

from __future__ import annotations

from typing import Any

import pytest

from cfsync.sandbox import World

from .conftest import Client


@pytest.fixture
def people(world: World, workspace: int) -> list[int]:
    return world.ids("contacts", workspace)[:4]


@pytest.fixture
def tag(world: World, workspace: int) -> int:
    return world.create("contact_tags", workspace, name="Bulk")


def action(world: World, tag: int, people: list[int], kind: str = "add") -> dict[str, Any]:
    return {
        "contacts_tag_action": {
            "action_type": kind,
            "tag_ids": [world.get("contact_tags", tag)["public_id"]],  # type: ignore[index]
            "target_ids": [world.get("contacts", i)["public_id"] for i in people],  # type: ignore[index]
        }
    }


def tagged(world: World, tag: int, people: list[int]) -> list[bool]:
    shown = [world.get("contacts", i) or {} for i in people]
    return [tag in [t["id"] for t in contact["tags"]] for contact in shown]


def test_an_action_adds_and_removes_a_tag_of_its_targets(
    client: Client, world: World, workspace: int, people: list[int], tag: int
) -> None:
    path = f"/workspaces/{workspace}/contacts/tag_actions"
    before = [(world.get("contacts", i) or {})["updated_at"] for i in people]

    added = client.post(path, action(world, tag, people[:3]))

    assert (added.status, added.data["target_count"], added.data["performed_count"]) == (201, 3, 3)
    assert (added.data["tag_ids"], added.data["target_ids"]) == ([tag], people[:3])
    assert added.data["completed_at"]
    assert tagged(world, tag, people) == [True, True, True, False]
    after = [(world.get("contacts", i) or {})["updated_at"] for i in people]
    assert [a > b for a, b in zip(after, before, strict=True)] == [True, True, True, False]
    assert client.post(path, action(world, tag, people[1:], "remove")).status == 201
    assert tagged(world, tag, people) == [True, False, False, False]
    assert len(client.get(path).ids) == len(set(client.get(path).ids))


def test_an_action_may_run_later_in_part_and_without_a_trace(
    client: Client, world: World, workspace: int, people: list[int], tag: int
) -> None:
    bulk = world.store.bulk
    bulk.bulk_looks, bulk.bulk_share, bulk.bulk_touches = 2, 0.5, False
    bulk.bulk_shows_targets = False
    path = f"/workspaces/{workspace}/contacts/tag_actions"
    before = client.get(f"/contacts/{people[0]}").data["updated_at"]

    made = client.post(path, action(world, tag, people)).data

    one = f"/contacts/tag_actions/{made['id']}"
    assert (made["completed_at"], client.get(one).data["completed_at"]) == (None, None)
    done = client.get(one).data
    assert (done["target_ids"], done["target_count"], done["performed_count"]) == (None, 4, 2)
    assert tagged(world, tag, people) == [True, True, False, False]
    assert client.get(f"/contacts/{people[0]}").data["updated_at"] == before


def test_an_action_that_is_deleted_does_not_run(
    client: Client, world: World, workspace: int, people: list[int], tag: int
) -> None:
    world.store.bulk.bulk_looks = 1
    made = client.post(f"/workspaces/{workspace}/contacts/tag_actions", action(world, tag, people))

    assert client.delete(f"/contacts/tag_actions/{made.data['id']}").status == 204

    client.get(f"/workspaces/{workspace}/contacts/tag_actions")
    assert not any(tagged(world, tag, people))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"target_all": True}, "base"),
        ({"action_type": "toggle"}, "action_type"),
        ({"target_ids": ["p1"] * 5001}, "target_ids"),
        ({"tag_ids": [1]}, "tag_ids"),
    ],
)
def test_an_action_that_makes_no_sense_is_refused(
    changes: dict[str, Any],
    field: str,
    client: Client,
    world: World,
    workspace: int,
    people: list[int],
    tag: int,
) -> None:
    body = action(world, tag, people)
    body["contacts_tag_action"] |= changes

    refused = client.post(f"/workspaces/{workspace}/contacts/tag_actions", body)

    assert (refused.status, list(refused.data["errors"])) == (422, [field])
    assert not any(tagged(world, tag, people))


def test_stats_count_and_sum_where_the_trial_is_open(
    client: Client, world: World, workspace: int
) -> None:
    path = f"/workspaces/{workspace}/stats"
    assert client.get(path, resource="contact", count="true").status == 403
    world.stats_open = True

    contacts = client.get(path, resource="contact", count="true").data
    world.stats_nested = True
    orders = client.get(path, resource="order", count="true", sum="total_amount").data["stats"]

    assert contacts["count"] == len(world.ids("contacts", workspace))
    assert orders["count"] == len(world.ids("orders", workspace))
    assert float(orders["sum"]["total_amount"]) > 0
