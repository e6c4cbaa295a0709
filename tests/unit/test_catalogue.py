"""The catalogue says what the API's facts say, and no more than it names here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cfsync.resources import ALL, RESOURCES, Field, Resource, levels

FACTS = Path(__file__).parent.parent / "facts"
FIELDS: dict[str, list[dict[str, Any]]] = json.loads((FACTS / "fields.json").read_text())
ROUTES: dict[str, list[str]] = json.loads((FACTS / "routes.json").read_text())
FILTERS: dict[str, list[str]] = json.loads((FACTS / "filters.json").read_text())
VALUES: dict[str, list[str]] = json.loads((FACTS / "values.json").read_text())

TYPES = {
    "integer": {"integer"},
    "string": {"text", "money", "integer", "number"},
    "datetime": {"timestamp"},
    "boolean": {"boolean"},
    "number": {"number", "money"},
    "object": {"json"},
    "array": {"json"},
    "array of object": {"json"},
    "array of integer": {"json"},
}

MONEY = {
    "orders": ["total_amount", "tax_amount"],
    "order_invoices": [
        "due_amount",
        "total_amount",
        "subtotal_amount",
        "tax_amount",
        "shipping_amount",
        "discount_amount",
    ],
    "order_transactions": ["amount"],
    "product_prices": ["amount", "cost", "trial_amount", "setup_amount", "compare_at_amount"],
    "discounts": ["amount"],
    "shipping_rates": ["price"],
    "sales_stages": ["weighted_value"],
    "sales_opportunities": ["value"],
}

EXTERNAL_ORDERS_TAKE = [
    "shipping_address_first_name",
    "shipping_address_last_name",
    "shipping_address_organization_name",
    "shipping_address_phone_number",
    "shipping_address_street_one",
    "shipping_address_street_two",
    "shipping_address_city",
    "shipping_address_region",
    "shipping_address_country",
    "shipping_address_postal_code",
    "billing_address_street_one",
    "billing_address_street_two",
    "billing_address_city",
    "billing_address_region",
    "billing_address_country",
    "billing_address_postal_code",
    "billing_status",
    "service_status",
    "next_charge_at",
    "activated_at",
    "canceled_at",
    "canceled_by",
    "cancel_reason",
    "cancel_description",
    "churned_at",
    "external_id",
]

FIELDS_LEFT_OUT = {
    ("external_purchase_endpoints", "secret"): "it would stand in the mirror for all to read",
    ("contacts", "email_engagement"): "it changes without the contact, so the mirror's were stale",
}
"""Fields of the facts that the catalogue does not have, each with the reason."""


def is_taken(name: str, fact: dict[str, Any]) -> bool:
    return (name, fact["field"]) not in FIELDS_LEFT_OUT


EVERY_FIELD = [
    pytest.param(name, fact, id=f"{name}.{fact['field']}")
    for name, facts in FIELDS.items()
    if name in ALL
    for fact in facts
    if is_taken(name, fact)
]


DESCRIBED = [r for r in ALL.values() if r.name in FIELDS]
"""The resources of the vendor's document. A newer one can be in the catalogue alone."""


@pytest.fixture
def described(name: str) -> None:
    if name not in FIELDS:
        pytest.skip(f"the vendor's document does not describe {name}")


def test_every_record_of_the_facts_is_in_the_catalogue() -> None:
    assert set(FIELDS) - set(ALL) == {"order_line_items"}
    assert {r.name for r in DESCRIBED} == set(FIELDS) & set(ROUTES) >= set(FILTERS)


@pytest.mark.parametrize(("value", "group"), [("A", "standard"), ("B", "standard"), ("C", "all")])
def test_what_is_of_use_is_mirrored_by_default(value: str, group: str) -> None:
    assert {name: ALL[name].group for name in VALUES[value]} == dict.fromkeys(VALUES[value], group)


@pytest.mark.usefixtures("described")
@pytest.mark.parametrize("name", ALL)
def test_the_fields_are_those_of_the_facts_and_the_added_ones(name: str) -> None:
    known = {fact["field"] for fact in FIELDS[name] if is_taken(name, fact)}
    fields = ALL[name].by_name

    assert known <= set(fields)
    added = [fields[field] for field in set(fields) - known]
    assert all([f.path, f.secret, bool(f.derived)].count(True) == 1 for f in added)
    paths = {f.name for f in fields.values() if f.path} - known
    own = {"id"} if ALL[name].single or ALL[name].key else set()
    assert (
        paths == {f.name for f in added if f.path} <= {"workspace_id", ALL[name].parent_field, *own}
    )


@pytest.mark.parametrize(("name", "fact"), EVERY_FIELD)
def test_a_field_is_what_the_facts_say(name: str, fact: dict[str, Any]) -> None:
    field = ALL[name].by_name[fact["field"]]

    said = _said(field)
    if field.update_if:  # the facts leave out the condition, or say it in words
        said["update"] = fact["update"]
    assert said == fact | {
        "type": field.type if field.type in TYPES[fact["type"]] else fact["type"],
        "write_only": fact.get("write_only", False),
        "values": None,
        "expand": fact.get("expand", False),
        "update": fact["update"] or bool(field.via),
    }


def _said(field: Field) -> dict[str, Any]:
    create = "required" if field.required else "yes" if field.create else ""
    return {
        "field": field.name,
        "type": field.type,
        "null": field.null,
        "create": create,
        "update": field.update,
        "write_only": field.write_only,
        "expand": field.on_request,
        "values": None,
    }


def test_the_only_secrets_are_those_of_endpoints() -> None:
    secrets = [(r.name, f.name) for r in ALL.values() for f in r.fields if f.secret]

    assert secrets == [
        ("webhook_endpoints", "webhook_secret"),
        ("external_purchase_endpoints", "webhook_secret"),
    ]


@pytest.mark.usefixtures("described")
@pytest.mark.parametrize("name", ALL)
def test_money_is_told_from_text(name: str) -> None:
    assert [f.name for f in ALL[name].fields if f.type == "money"] == MONEY.get(name, [])


def test_external_orders_take_more_fields() -> None:
    conditional = [
        (r.name, f.name, f.update_if) for r in ALL.values() for f in r.fields if f.update_if
    ]

    external = [f for f in conditional if f[2] == ("payment_processor", "external")]
    assert [f[1] for f in external if f[0] == "orders"] == EXTERNAL_ORDERS_TAKE
    assert [f[1] for f in external if f[0] == "order_invoices"] == [
        f["field"] for f in FIELDS["order_invoices"] if f["update"]
    ]
    assert [f for f in conditional if f not in external] == [
        ("orders", "trial_end_at", ("in_trial", "true"))
    ]


@pytest.mark.usefixtures("described")
@pytest.mark.parametrize("name", ALL)
def test_the_routes_are_those_of_the_facts(name: str) -> None:
    assert sorted(_routes(ALL[name])) == sorted(ROUTES[name])


def _routes(resource: Resource) -> list[str]:
    routes = [f"GET {resource.list_path}"]
    if resource.has_get and not resource.single:
        routes += [f"GET {resource.one_path}"]
    # of several paths of creates the first is the documents'; the others are older
    create = next(iter(resource.create_paths.values()), resource.list_path)
    routes += [f"POST {create}"] if resource.insert else []
    routes += [f"PUT {resource.one_path}"] if resource.update else []
    routes += [f"DELETE {resource.one_path}"] if resource.delete else []
    return routes + [f"{a.method} {a.path}" for a in resource.actions.values()]


@pytest.mark.usefixtures("described")
@pytest.mark.parametrize("name", ALL)
def test_the_filters_are_those_of_the_facts(name: str) -> None:
    known = [f for f in FILTERS.get(name, []) if f in ALL[name].by_name]

    assert list(ALL[name].filters) == known


@pytest.mark.parametrize("name", ALL)
def test_what_a_catalogue_entry_names_exists(name: str) -> None:
    resource = ALL[name]
    names = set(resource.by_name)

    assert {*resource.filters, *resource.natural} <= names
    assert {f.ref for f in resource.fields if f.ref} <= set(ALL)
    assert {a for f in resource.fields for a in f.actions.values()} <= set(resource.actions)
    assert {f.derived for f in resource.fields if f.derived} <= names
    assert {key.ref for f in resource.fields for key in f.items if key.ref} <= set(ALL)
    assert len([f for f in resource.fields if resource.parent and f.ref == resource.parent]) == (
        resource.parent is not None
    )
    assert all(f.create for f in resource.fields if f.required)


def test_all_records_but_those_of_the_account_know_their_workspace() -> None:
    assert [r.name for r in RESOURCES.values() if not r.in_workspace] == [
        "teams",
        "webhook_event_types",
        "team_memberships",
        "users",
        "countries",
        "regions",
    ]


def test_parents_stand_before_their_children() -> None:
    order = list(ALL)

    assert all(order.index(r.parent) < order.index(r.name) for r in ALL.values() if r.parent)


def test_levels_go_from_the_team_down() -> None:
    names = [[r.name for r in level] for level in levels(RESOURCES.values())]

    assert names[0] == ["teams", "webhook_event_types", "users", "countries"]
    assert names[1] == ["workspaces", "team_memberships", "regions"]
    assert names[2] == [r.name for r in RESOURCES.values() if r.parent == "workspaces"]
    assert {*names[3]} >= {r.name for r in RESOURCES.values() if r.parent in names[2]} > set()
