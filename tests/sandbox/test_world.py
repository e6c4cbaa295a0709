from __future__ import annotations

import time
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest

from cfsync.resources import ALL
from cfsync.sandbox import World

from .conftest import Client


def test_a_million_contacts_cost_nothing_until_they_are_read() -> None:
    start = time.perf_counter()
    world = World(contacts=1_000_000)
    took = time.perf_counter() - start

    assert took < 0.05
    assert world.store.plan.counts["contacts"] == 1_100_000


@pytest.mark.parametrize("world", [World(contacts=1_000_000)], ids=["million"])
def test_a_page_anywhere_in_a_million_contacts(client: Client, workspace: int) -> None:
    path = f"/workspaces/{workspace}/contacts"

    first = client.get(path)
    middle = client.get(path, after=1_000_000)
    newest = client.get(path, sort_property="updated_at", sort_order="desc")
    on = client.get(path, sort_property="updated_at", sort_order="desc", after=newest.ids[-1])

    assert 900 < len(first.raw) / 20 < 1500
    assert 1_000_000 < middle.ids[0] < 1_000_100
    stamps = [r["updated_at"] for r in newest.data + on.data]
    assert stamps == sorted(stamps, reverse=True)
    address = middle.data[7]["email_address"]
    assert client.get(path, filter_email_address=address).ids == [middle.ids[7]]


def test_the_same_seed_makes_the_same_world() -> None:
    one, two, other = World(7), World(7), World(8)
    workspace = one.workspaces[0]

    for name in ("contacts", "orders", "products"):
        assert one.records(name, workspace) == two.records(name, workspace)
    assert one.records("contacts", workspace) != other.records("contacts", workspace)


def test_sizes_count_the_listed_contacts() -> None:
    world = World(contacts=100, anonymous=10, workspaces=3, bare=True)
    listed = [id_ for w in world.workspaces for id_ in world.ids("contacts", w)]
    everyone = [id_ for w in world.workspaces for id_ in world.ids("contacts", w, hidden=True)]

    assert (len(listed), len(everyone)) == (100, 110)
    assert world.ids("orders", world.workspaces[0]) == []
    with pytest.raises(ValueError, match="no such resources"):
        World(people=3)


def test_records_of_workspaces_interleave_and_leave_gaps(world: World) -> None:
    one, two = (world.ids("contacts", w) for w in world.workspaces)

    assert one[0] < two[0] < one[1] < two[1]
    together = sorted(one + two)
    assert together[-1] - together[0] > 2 * len(together)


@pytest.mark.parametrize("name", ALL)
def test_every_seeded_record_lies_in_the_workspace_of_what_it_refers_to(name: str) -> None:
    world = World(2, workspaces=3)
    store, resource = world.store, ALL[name]
    total = store.plan.counts[name]
    records = [store.tables[name].get(store.plan.id(name, n)) for n in range(total)]

    for record in records:
        assert record is not None
        for field, target in resource.references.items():
            value = record.get(field)
            for id_ in value if isinstance(value, list) else [value] if value else []:
                found = store.get(target, int(id_))
                assert found is not None, (field, value)
                if ALL[target].in_workspace and target != "images":
                    assert found["workspace_id"] == record["workspace_id"]


def test_every_change_moves_updated_at_even_within_one_moment() -> None:
    moment = datetime(2026, 3, 1, 12, tzinfo=UTC)
    world = World(clock=lambda: moment)
    contact = world.ids("contacts", world.workspaces[0])[0]

    stamps = []
    for name in ("Ada", "Ida", "Eda"):
        world.edit("contacts", contact, first_name=name)
        stamps.append((world.get("contacts", contact) or {})["updated_at"])

    assert stamps == [
        "2026-03-01T12:00:00.000Z",
        "2026-03-01T12:00:00.001Z",
        "2026-03-01T12:00:00.002Z",
    ]


def test_many_records_can_have_one_stamp(client: Client, world: World, workspace: int) -> None:
    same = "2026-03-01T12:00:00.000Z"
    ids = world.ids("contacts", workspace)[:45]
    for id_ in reversed(ids):
        world.edit("contacts", id_, updated_at=same)

    walked = client.walk(
        f"/workspaces/{workspace}/contacts", sort_property="updated_at", sort_order="desc"
    )

    assert walked[:45] == ids[::-1]
    assert len(set(walked)) == len(walked) == 60


def test_a_change_can_be_stamped_before_it_is_seen(
    client: Client, world: World, workspace: int, contact: int
) -> None:
    path = f"/workspaces/{workspace}/contacts"
    before = client.get(f"/contacts/{contact}").data
    seconds = count()
    world.store.clock = lambda: datetime(2026, 3, 1, 12, 0, next(seconds), tzinfo=UTC)
    made = world.appear_late("contacts", parent=workspace, email_address="late@example.com")
    world.appear_late("contacts", contact, first_name="Late")
    world.edit("contacts", world.ids("contacts", workspace)[0], first_name="Newer")

    assert client.get(f"/contacts/{contact}").data == before
    assert client.get(f"/contacts/{made}").status == 404

    world.appear()

    after = client.get(f"/contacts/{contact}").data
    assert after["first_name"] == "Late"
    assert client.get(path, sort_property="updated_at", sort_order="desc").ids[1:3] == [
        contact,
        made,
    ]


def test_what_a_person_does_shows_in_the_api(client: Client, world: World, workspace: int) -> None:
    product = next(p["id"] for p in world.records("products", workspace) if not p["archived"])
    tag = world.ids("contact_tags", workspace)[0]

    made = world.create("contacts", workspace, first_name="Ada", tag_ids=[tag])
    world.edit("contacts", made, last_name="King", tag_ids=[])
    world.archive(product)

    assert client.get(f"/contacts/{made}").data["last_name"] == "King"
    assert client.get(f"/contacts/{made}").data["tags"] == []
    assert client.get(f"/products/{product}").data["archived"] is True
    world.redact(made)
    assert client.get(f"/contacts/{made}").status == 404


def test_the_ledger_holds_every_write_that_was_accepted(
    client: Client, world: World, workspace: int, contact: int
) -> None:
    path = f"/workspaces/{workspace}/contacts"
    sent = {"email_address": "ada@example.com", "nonsense": 1}

    made = client.post(path, {"contact": sent})
    client.post(path, {"contact": sent})
    client.get(path)
    client.delete(f"/contacts/{contact}")
    world.edit("contacts", made.data["id"], first_name="Ada")

    found = [(e.by, e.verb, e.method, e.path, e.id, e.fields) for e in world.ledger]
    assert found == [
        ("api", "create", "POST", path, made.data["id"], sent),
        ("api", "delete", "DELETE", f"/contacts/{contact}", contact, {}),
        ("person", "update", "", "", made.data["id"], {"first_name": "Ada"}),
    ]
    assert len(world.ledger.writes("contacts", "create")) == 1
    assert world.ledger.requests == {
        "POST /workspaces/{parent}/contacts 201": 1,
        "POST /workspaces/{parent}/contacts 422": 1,
        "GET /workspaces/{parent}/contacts 200": 1,
        "DELETE /contacts/{id} 204": 1,
    }
    assert list(world.ledger.calls)[2] == ("GET", path, 200)


def events(client: Client, workspace: int) -> list[dict[str, Any]]:
    return client.get(f"/workspaces/{workspace}/webhooks/outgoing/events").data


def test_the_events_log_has_what_happened(
    client: Client, world: World, workspace: int, contact: int
) -> None:
    hidden = set(world.ids("contacts", workspace, hidden=True)) - set(
        world.ids("contacts", workspace)
    )
    course = world.ids("courses", workspace)[0]
    heard: list[str] = []
    world.store.listeners.append(lambda event, _: heard.append(event["event_type_id"]))

    world.edit("contacts", contact, first_name="Ada")
    world.identify(min(hidden), first_name="Known")
    client.delete(f"/contacts/{contact}")
    enrolled = world.create("enrollments", course, contact_id=min(hidden), suspended=True)
    world.edit("products", world.ids("products", workspace)[0], name="Book")
    world.edit("forms", world.ids("forms", workspace)[0], name="no such event type")

    log = events(client, workspace)
    assert [e["event_type_id"] for e in log] == heard
    assert heard == [
        "contact.updated",
        "contact.updated",
        "contact.identified",
        "contact.deleted",
        "courses/enrollment.created",
        "courses/enrollment.suspended",
        "product.updated",
    ]
    assert (log[0]["subject_id"], log[0]["subject_type"]) == (contact, "Contact")
    assert (log[4]["subject_id"], log[4]["subject_type"]) == (enrolled, "Courses::Enrollment")
    assert log[0]["data"]["first_name"] == "Ada"
    assert [e["id"] for e in log] == sorted(e["id"] for e in log)
    assert len({e["uuid"] for e in log}) == len(log)


def test_events_can_be_held_to_the_endpoints_types_or_switched_off(
    client: Client, world: World, workspace: int
) -> None:
    product = world.ids("products", workspace)[0]
    contact = world.ids("contacts", workspace)[0]

    for setting in ("never", "endpoints"):
        world.store.events = setting
        world.edit("products", product, name=setting)
        world.edit("contacts", contact, first_name=setting)

    assert [e["data"]["first_name"] for e in events(client, workspace)] == ["endpoints"]
