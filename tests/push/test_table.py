"""What SQL may write, table by table: one call with the edited fields, then both sides agree."""

from __future__ import annotations

from typing import Any

import pytest

from cfsync.records import is_provisional
from cfsync.sync.report import Report
from tests.push.checks import parent_of, sent, settled
from tests.push.conftest import Account

UPDATES: list[tuple[str, str, Any, dict[str, Any]]] = [
    ("contacts", "first_name = 'Zoe'", None, {"first_name": "Zoe"}),
    ("contacts", "phone_number = NULL, uuid = uuid", None, {"phone_number": None}),
    ("contacts", "email_address = 'zoe@example.com'", None, {"email_address": "zoe@example.com"}),
    ("contacts", "time_zone = 'Bern', website_url = 'https://e.org'", None,
     {"time_zone": "Bern", "website_url": "https://e.org"}),
    ("contact_tags", "name = 'VIP', color = '#123456'", None, {"name": "VIP", "color": "#123456"}),
    ("products", "name = 'Book', visible_in_store = ?", False,
     {"name": "Book", "visible_in_store": False}),
    ("product_variants", "sku = 'B-1', weight = 2.25", None, {"sku": "B-1", "weight": 2.25}),
    ("orders", "notes = 'call back'", None, {"notes": "call back"}),
    ("fulfillments", "tracking_code = 'T1', tracking_url = 'https://t.org/1'", None,
     {"tracking_code": "T1", "tracking_url": "https://t.org/1"}),
    ("fulfillment_locations", "name = 'Rome', address = ?", '{"city": "Rome"}',
     {"name": "Rome", "address": {"city": "Rome"}}),
    ("enrollments", "suspended = ?, suspension_reason = 'late'", True,
     {"suspended": True, "suspension_reason": "late"}),
    ("forms", "name = 'Sign up'", None, {"name": "Sign up"}),
    ("submissions", "contact_id = NULL", None, {"contact_id": None}),
    ("images", "name = 'Logo', alt_text = 'our logo'", None,
     {"name": "Logo", "alt_text": "our logo"}),
    ("webhook_endpoints", "name = 'hook', url = 'https://h.org/2'", None,
     {"name": "hook", "url": "https://h.org/2"}),
]  # fmt: skip


@pytest.mark.parametrize(("table", "sets", "value", "fields"), UPDATES)
def test_an_update_is_one_call_with_the_edited_fields(
    account: Account, app_sql: Any, table: str, sets: str, value: Any, fields: dict[str, Any]
) -> None:
    record = account.column(f"SELECT max(id) FROM {table}")[0]
    app_sql(f"UPDATE {table} SET {sets} WHERE id = ?", *([] if value is None else [value]), record)

    report = account.push()

    assert sent(account) == [("update", fields)]
    assert report.exit_code == 0
    settled(account, table, record)


def test_the_tags_of_a_product_are_sent_as_a_set(account: Account, app_sql: Any) -> None:
    where = "SELECT max(id) FROM products WHERE workspace_id = ?"
    product = account.column(where, account.workspace)[0]
    first, second = (
        account.world.create("product_tags", account.workspace, name=name) for name in "ab"
    )
    app_sql("UPDATE products SET tag_ids = ? WHERE id = ?", f"[{second},{first},{second}]", product)

    report = account.push()

    assert sent(account) == [("update", {"tag_ids": [first, second]})]
    assert report.exit_code == 0
    settled(account, "products", product)


INSERTS: list[tuple[str, str, tuple[Any, ...], list[tuple[str, dict[str, Any]]]]] = [
    ("contacts", "(email_address, first_name) VALUES ('new@example.com', 'New')", (),
     [("upsert", {"email_address": "new@example.com", "first_name": "New"})]),
    ("contacts", "(first_name, custom_attributes) VALUES ('New', ?)", ('{"hat_size": "7"}',),
     [("create", {"first_name": "New", "custom_attributes": {"hat_size": "7"}})]),
    ("contact_tags", "(name) VALUES ('VIP')", (), [("create", {"name": "VIP"})]),
    ("products", "(name, visible_in_store) VALUES ('Book', ?)", (True,),
     [("create", {"name": "Book", "visible_in_store": True})]),
    ("products", "(name, archived) VALUES ('Book', ?)", (True,),
     [("create", {"name": "Book"}), ("archive", {})]),
    ("products", "(name, archived) VALUES ('Book', ?)", (False,), [("create", {"name": "Book"})]),
    ("fulfillment_locations", "(name, address_name, email_address, archived, address)"
     " VALUES ('Rome', 'Main', 'rome@example.com', ?, '{\"city\": \"Rome\"}')", (False,),
     [("create", {"name": "Rome", "address_name": "Main", "email_address": "rome@example.com",
                  "archived": False, "address": {"city": "Rome"}})]),
    ("forms", "(name) VALUES ('Sign up')", (), [("create", {"name": "Sign up"})]),
    ("webhook_endpoints", "(url, name, event_type_ids) VALUES ('https://h.org', 'h', ?)",
     ('["contact.created"]',),
     [("create", {"url": "https://h.org", "name": "h", "event_type_ids": ["contact.created"]})]),
    ("images", "(name, upload_source_url) VALUES ('Logo', 'https://e.org/logo.png')", (),
     [("create", {"name": "Logo", "upload_source_url": "https://e.org/logo.png"})]),
]  # fmt: skip


@pytest.mark.parametrize(("table", "values", "params", "calls"), INSERTS)
def test_an_insert_creates_one_record(
    account: Account,
    app_sql: Any,
    table: str,
    values: str,
    params: tuple[Any, ...],
    calls: list[tuple[str, dict[str, Any]]],
) -> None:
    ((local,),) = app_sql(f"INSERT INTO {table} {values} RETURNING id", *params)
    assert is_provisional(local)

    report = account.push()

    assert sent(account) == calls
    (record,) = account.column(
        "SELECT id FROM cf_ids WHERE resource = ? AND local_id = ?", table, local
    )
    assert report.exit_code == 0
    assert account.ids_of(table) == account.world.ids(table, account.workspace)
    settled(account, table, record)


def child(account: Account, app_sql: Any, table: str, parent: str, values: str) -> int:
    """Insert a row below the newest record of `parent`, push, and return its real id."""
    (above,) = account.column(f"SELECT max(id) FROM {parent}")
    ((local,),) = app_sql(
        f"INSERT INTO {table} {values.replace('PARENT', str(above))} RETURNING id"
    )
    account.push()
    (record,) = account.column(
        "SELECT id FROM cf_ids WHERE resource = ? AND local_id = ?", table, local
    )
    return int(record)


VARIANT = {"name": "Red", "product_type": "physical", "weight_unit": "lb", "properties_values": []}

PRICE = {
    "name": "Full",
    "amount": "12.50",
    "currency": "USD",
    "duration": 0,
    "interval": "month",
    "trial_interval": "month",
    "trial_duration": 0,
    "trial_amount": "0.00",
    "interval_count": 1,
}


def test_a_variant_is_created_below_its_product_and_changed(account: Account, app_sql: Any) -> None:
    record = child(
        account, app_sql, "product_variants", "products",
        "(product_id, name, product_type, weight_unit, properties_values)"
        " VALUES (PARENT, 'Red', 'physical', 'lb', '[]')",
    )  # fmt: skip
    assert sent(account) == [("create", VARIANT)]
    assert parent_of(account, "product_variants", record) in account.ids_of("products")
    settled(account, "product_variants", record)


def test_a_price_is_created_and_changed_to_the_cent(account: Account, app_sql: Any) -> None:
    columns = ", ".join(f'"{name}"' for name in PRICE)
    values = ", ".join(f"'{value}'" for value in PRICE.values())
    record = child(
        account, app_sql, "product_prices", "products",
        f"(product_id, {columns}) VALUES (PARENT, {values})",
    )  # fmt: skip
    assert sent(account) == [("create", PRICE)]

    app_sql("UPDATE product_prices SET amount = '15.00', cost = '3.10' WHERE id = ?", record)
    account.push()

    assert sent(account)[1:] == [("update", {"amount": "15.00", "cost": "3.10"})]
    settled(account, "product_prices", record)


@pytest.fixture
def product(account: Account) -> int:
    return account.ids_of("products")[0]


def prices_created(account: Account) -> list[str]:
    """The paths at which prices were asked for, in order."""
    return [p for m, p, *_ in account.world.ledger.calls if m == "POST" and p.endswith("/prices")]


def new_price(account: Account, app_sql: Any, product: int, variant: int | None = None) -> Report:
    values = "(product_id, variant_id, amount) VALUES (?, ?, '5.00')"
    app_sql(f"INSERT INTO product_prices {values}", product, variant)
    return account.push()


def test_a_price_is_created_below_its_variant(account: Account, app_sql: Any, product: int) -> None:
    other = account.world.create("product_variants", product, name="Red")
    default = account.one("SELECT default_variant_id FROM products WHERE id = ?", product)
    account.sweep("product_variants")

    for variant in (None, other):
        assert new_price(account, app_sql, product, variant).exit_code == 0

    paths = [f"/products/variants/{variant}/prices" for variant in (default, other)]
    assert prices_created(account) == paths
    found = account.sql("SELECT id, product_id, variant_id FROM product_prices ORDER BY id")
    assert [row[1:] for row in found[-2:]] == [(product, default), (product, other)]
    settled(account, "product_prices", found[-1][0])


def test_where_prices_have_only_the_old_path_it_is_kept_in_mind(
    account: Account, app_sql: Any, product: int
) -> None:
    default = account.one("SELECT default_variant_id FROM products WHERE id = ?", product)
    new, old = f"/products/variants/{default}/prices", f"/products/{product}/prices"
    account.world.closed_routes = {"POST /products/variants/{parent}/prices"}

    for _ in range(2):
        assert new_price(account, app_sql, product).exit_code == 0
    account.world.closed_routes = {"POST /products/{parent}/prices"}
    for _ in range(2):
        assert new_price(account, app_sql, product).exit_code == 0

    assert prices_created(account) == [new, old, old, old, new, new]
    assert len(account.world.ids("product_prices", product)) == 4


def test_the_old_path_makes_no_price_of_another_variant(
    account: Account, app_sql: Any, product: int
) -> None:
    other = account.world.create("product_variants", product, name="Red")
    account.sweep("product_variants")
    account.world.closed_routes = {"POST /products/variants/{parent}/prices"}

    assert new_price(account, app_sql, product, other).exit_code == 5

    assert account.world.ids("product_prices", product) == []
    assert account.states() == ["parked"]


def test_a_price_of_another_products_variant_is_not_sent(
    account: Account, app_sql: Any, product: int
) -> None:
    other = account.ids_of("products")[1]
    variant = account.one("SELECT default_variant_id FROM products WHERE id = ?", other)
    account.sweep("product_variants")

    assert new_price(account, app_sql, product, variant).exit_code == 5

    assert prices_created(account) == []
    (error,) = account.column("SELECT error FROM cf_outbox")
    assert error == "it names a record below another parent: variant_id and product_id"


def test_an_enrollment_is_created_and_suspended(account: Account, app_sql: Any) -> None:
    (contact,) = account.column("SELECT min(id) FROM contacts")
    record = child(
        account, app_sql, "enrollments", "courses",
        f"(course_id, contact_id) VALUES (PARENT, {contact})",
    )  # fmt: skip
    app_sql("UPDATE enrollments SET suspended = ? WHERE id = ?", True, record)
    account.push()

    assert sent(account) == [("create", {"contact_id": contact}), ("update", {"suspended": True})]
    settled(account, "enrollments", record)


def test_a_submission_is_created_changed_and_deleted(account: Account, app_sql: Any) -> None:
    first, second = account.column("SELECT id FROM contacts ORDER BY id")[:2]
    record = child(
        account, app_sql, "submissions", "forms",
        f"(form_id, contact_id) VALUES (PARENT, {first})",
    )  # fmt: skip
    app_sql("UPDATE submissions SET contact_id = ? WHERE id = ?", second, record)
    account.push()
    settled(account, "submissions", record)
    app_sql("DELETE FROM submissions WHERE id = ?", record)
    account.push()

    assert sent(account) == [
        ("create", {"contact_id": first}),
        ("update", {"contact_id": second}),
        ("delete", {}),
    ]
    assert account.world.get("submissions", record) is None


DELETABLE = ["contacts", "contact_tags", "fulfillment_locations", "forms", "images",
             "webhook_endpoints", "submissions"]  # fmt: skip


@pytest.mark.parametrize("table", DELETABLE)
def test_a_delete_is_one_call_and_leaves_a_tombstone(
    account: Account, app_sql: Any, table: str
) -> None:
    (record,) = account.column(f"SELECT max(id) FROM {table}")
    if table == "webhook_endpoints":  # one of another program waits for approval
        ours = f"https://h.org/webhooks/{account.workspace}"
        account.world.edit(table, record, url=ours)
        account.pull(table)
    app_sql(f"DELETE FROM {table} WHERE id = ?", record)

    account.push()

    assert sent(account) == [("delete", {})]
    assert account.world.get(table, record) is None
    proof = "SELECT side, state FROM cf_tombstones WHERE resource = ? AND record_id = ?"
    assert account.sql(proof, table, record) == [("local", "confirmed")]
    assert account.sql("SELECT id FROM cf_base WHERE resource = ? AND id = ?", table, record) == []
    assert account.push().quiet
    account.pull()
    assert record not in account.ids_of(table)


@pytest.mark.parametrize("table", ["teams", "workspaces"])
def test_teams_and_workspaces_wait_until_push_is_on(
    account: Account, app_sql: Any, table: str
) -> None:
    app_sql(f"UPDATE {table} SET name = 'Renamed'")

    report = account.push()

    assert sent(account) == []
    assert report.quiet
    assert account.states() == ["pending"]
    account.settings[f"CFSYNC_RESOURCES__{table.upper()}__PUSH"] = "true"
    account.push()
    assert sent(account) == [("update", {"name": "Renamed"})]
    assert account.states() == ["done"]
