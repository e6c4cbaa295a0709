from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from cfsync.resources import ALL
from cfsync.sandbox import Running, World

from .conftest import Client, first_parent


def contacts(workspace: int) -> str:
    return f"/workspaces/{workspace}/contacts"


def by_change(world: World, workspace: int) -> list[int]:
    records = world.records("contacts", workspace)
    return [r["id"] for r in sorted(records, key=lambda r: (r["updated_at"], r["id"]))]


@pytest.mark.parametrize("name", ALL)
def test_every_list_and_record_is_served_with_the_fields_of_the_catalogue(
    name: str, client: Client, world: World
) -> None:
    resource = ALL[name]
    parent = first_parent(world, resource, world.workspaces[0])
    if name == "webhook_events":
        world.edit("contacts", world.ids("contacts", parent)[0], first_name="Ada")

    page = client.get(resource.list_path.format(parent=parent))

    assert page.status == 200
    assert page.data
    records = page.data if isinstance(page.data, list) else page.data.get(name, [page.data])
    hidden = ("path", "write_only", "secret", "on_request")
    shown = {
        f.derived if f.derived and f.type == "text" else f.name
        for f in resource.fields
        if not any(getattr(f, how) for how in hidden)
    }
    for record in records:
        assert set(record) == shown
        names = resource.key[:1] or ("id", "public_id")
        for key in () if resource.single else (record[n] for n in names):
            one = client.get(resource.one_path.format(id=key, parent=parent))
            assert one.data == record if resource.has_get else one.status == 404


def test_some_fields_are_shown_where_a_request_names_them(
    client: Client, world: World, workspace: int
) -> None:
    page = world.ids("pages", workspace)[0]
    world.edit("pages", page, markup="<p>Hello</p>", custom_css="p {}")

    asked = client.get(f"/pages/{page}", **{"expand[]": "markup"})
    listed = client.get(f"/workspaces/{workspace}/pages", **{"expand[]": "markup"})

    assert asked.data["markup"] == "<p>Hello</p>"
    assert "custom_css" not in asked.data
    assert "markup" not in listed.data[0]


def test_a_page_has_twenty_records_in_the_order_of_ids(client: Client, workspace: int) -> None:
    page = client.get(contacts(workspace))

    assert len(page.ids) == 20
    assert page.ids == sorted(page.ids)
    assert page.headers["Pagination-Next"] == str(page.ids[-1])
    assert page.headers["Link"].endswith(f'/contacts?after={page.ids[-1]}>; rel="next"')


def test_the_last_page_has_no_headers_to_go_on(client: Client, workspace: int) -> None:
    last = client.walk(contacts(workspace))[-1]

    page = client.get(contacts(workspace), after=last - 1)

    assert page.ids == [last]
    assert "Pagination-Next" not in page.headers
    assert "Link" not in page.headers


def test_a_list_of_exactly_twenty_records_is_one_page(client: Client, workspace: int) -> None:
    twenty = client.walk(contacts(workspace))[-20:]

    page = client.get(contacts(workspace), after=twenty[0] - 1)

    assert page.ids == twenty
    assert "Pagination-Next" not in page.headers


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("sort", ["id", "updated_at"])
def test_a_walk_meets_every_record_once_in_its_order(
    order: str, sort: str, client: Client, world: World, workspace: int
) -> None:
    world.edit("contacts", world.ids("contacts", workspace)[7], first_name="Ada")
    world.delete("contacts", world.ids("contacts", workspace)[3])
    world.create("contacts", workspace, email_address="new@example.com")
    expected = sorted(world.ids("contacts", workspace))
    if sort == "updated_at":
        expected = by_change(world, workspace)

    walked = client.walk(contacts(workspace), sort_property=sort, sort_order=order)

    assert len(walked) == 60
    assert walked == (expected if order == "asc" else expected[::-1])


def test_the_two_orders_differ(client: Client, workspace: int) -> None:
    by_id = client.get(contacts(workspace)).ids

    assert client.get(contacts(workspace), sort_property="updated_at").ids != by_id


def test_any_integer_is_a_cursor_in_the_order_of_ids(client: Client, workspace: int) -> None:
    ids = client.walk(contacts(workspace))
    between = next(id_ for id_ in range(ids[30], ids[31]) if id_ not in ids) + 0

    assert client.get(contacts(workspace), after=between).ids == ids[31:51]
    assert client.get(contacts(workspace), after=-5).ids == ids[:20]
    assert client.get(contacts(workspace), after=10**12).ids == []
    assert client.get(contacts(workspace), after=10**12, sort_order="desc").ids == ids[:-21:-1]


def test_a_changed_record_moves_to_the_newest_end(
    client: Client, world: World, workspace: int
) -> None:
    oldest = by_change(world, workspace)[0]

    world.edit("contacts", oldest, first_name="Ada")

    newest = client.get(contacts(workspace), sort_property="updated_at", sort_order="desc").ids
    assert newest[0] == oldest
    after = client.get(contacts(workspace), sort_property="updated_at", after=oldest)
    assert after.ids == []


def test_a_cursor_that_is_gone_is_not_found_in_the_order_of_changes(
    client: Client, world: World, contact: int, workspace: int
) -> None:
    world.delete("contacts", contact)

    assert client.get(contacts(workspace), after=contact).status == 200
    assert client.get(contacts(workspace), after=contact, sort_property="updated_at").status == 404
    world.gone_cursor = "empty"
    empty = client.get(contacts(workspace), after=contact, sort_property="updated_at")
    assert (empty.status, empty.data) == (200, [])


def test_a_filter_takes_several_values_and_joins_with_the_others(
    client: Client, world: World, workspace: int
) -> None:
    first, second, third = world.records("contacts", workspace)[:3]
    both = f"{first['id']},{second['public_id']}"

    assert client.get(contacts(workspace), filter_id=both).ids == [first["id"], second["id"]]
    found = client.get(
        contacts(workspace), filter_id=both, filter_email_address=second["email_address"]
    )
    assert found.ids == [second["id"]]
    assert client.get(contacts(workspace), filter_email_address="no@example.com").ids == []
    elsewhere = contacts(world.workspaces[1])
    assert client.get(elsewhere, filter_id=third["id"]).ids == []
    assert client.get(elsewhere, filter_email_address=third["email_address"]).ids == []


def test_an_address_with_a_plus_is_found(client: Client, world: World, workspace: int) -> None:
    made = world.create("contacts", workspace, email_address="a+b@example.com")

    assert client.get(contacts(workspace), filter_email_address="a+b@example.com").ids == [made]


@pytest.mark.parametrize(
    ("path", "name", "field"),
    [
        ("products", "products", "archived"),
        ("orders", "orders", "order_type"),
        ("orders", "orders", "contact_id"),
        ("orders/invoices", "order_invoices", "invoice_number"),
        ("contacts/tags", "contact_tags", "name"),
        ("form_submissions", "form_submissions", "page_id"),
    ],
)
def test_listed_attributes_filter(
    path: str, name: str, field: str, client: Client, world: World, workspace: int
) -> None:
    records = world.records(name, workspace)
    wanted = records[-1][field]
    text = str(wanted).lower() if isinstance(wanted, bool) else wanted

    found = client.walk(f"/workspaces/{workspace}/{path}", **{f"filter_{field}": text})

    assert found == [r["id"] for r in records if r[field] == wanted]


@pytest.mark.parametrize(
    "query",
    [{"filter_first_name": "Ada"}, {"sort_order": "up"}, {"sort_property": "name"}, {"after": "x"}],
)
def test_what_a_list_does_not_know_is_malformed(
    query: dict[str, str], client: Client, workspace: int
) -> None:
    answer = client.get(contacts(workspace), **query)

    assert answer.status == 400
    assert "error" in answer.data


def test_the_gateway_form_serves_the_same(
    server: Running, client: Client, client_of: Callable[[str], Client], workspace: int
) -> None:
    gateway = client_of(server.gateway)

    assert gateway.walk(contacts(workspace)) == client.walk(contacts(workspace))
    link = gateway.get(contacts(workspace)).headers["Link"]
    assert re.match(r"<https://shop-1\.myclickfunnels\.com/api/v2/workspaces/\d+/contacts", link)


def test_invoices_are_listed_below_their_order_too(
    client: Client, world: World, workspace: int
) -> None:
    invoices = world.records("order_invoices", workspace)
    order = invoices[4]["order_id"]

    found = client.get(f"/orders/{order}/invoices")

    of_it = [i["id"] for i in invoices if i["order_id"] == order]
    assert found.ids == of_it
    assert 0 < len(of_it) < len(invoices)


def test_a_list_below_a_missing_parent_is_not_found(client: Client) -> None:
    for path in ("/workspaces/1/contacts", "/orders/1/transactions", "/contacts/1/applied_tags"):
        assert client.get(path).status == 404


def test_anonymous_contacts_are_not_listed_until_they_are_identified(
    client: Client, world: World, workspace: int
) -> None:
    everything = world.ids("contacts", workspace, hidden=True)
    hidden = sorted(set(everything) - set(client.walk(contacts(workspace))))

    assert len(hidden) == 6
    assert client.get(f"/contacts/{hidden[0]}").data["anonymous"] == "true"
    assert client.get(contacts(workspace), filter_id=hidden[0]).ids == []
    world.identify(hidden[0], email_address="known@example.com")
    assert hidden[0] in client.walk(contacts(workspace))
    newest = client.get(contacts(workspace), sort_property="updated_at", sort_order="desc")
    assert newest.ids[0] == hidden[0]
