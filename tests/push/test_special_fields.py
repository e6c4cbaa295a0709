"""Fields that take a call of their own, are sent whole, or are never shown again."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import SECRETS
from tests.push.checks import sent, settled
from tests.push.conftest import Account

FULFILLED = "included_orders_invoices_line_items_attributes"


def fulfillment(account: Account, app_sql: Any, more: str = "") -> int:
    (contact,) = account.column("SELECT min(id) FROM contacts")
    (location,) = account.column("SELECT min(id) FROM fulfillment_locations")
    names = f"contact_id, location_id, {FULFILLED}, notify_customer"
    app_sql(
        f"INSERT INTO fulfillments ({names}) VALUES (?, ?, ?, ?)",
        contact,
        location,
        '[{"id": 7, "quantity": 1}]',
        True,
    )
    account.push()
    return int(account.one("SELECT id FROM cf_ids WHERE resource = 'fulfillments'"))


def test_a_fulfillment_is_created_and_its_write_only_fields_are_emptied(
    account: Account, app_sql: Any
) -> None:
    record = fulfillment(account, app_sql)

    ((verb, fields),) = sent(account)
    assert verb == "create"
    assert fields[FULFILLED] == [{"id": 7, "quantity": 1}]
    assert fields["notify_customer"] is True
    columns = f"{FULFILLED}, notify_customer, ignore_out_of_stock, status"
    assert app_sql(f"SELECT {columns} FROM fulfillments WHERE id = ?", record) == [
        (None, None, None, "fulfilled")
    ]
    settled(account, "fulfillments", record)


def test_tracking_with_a_notification_is_sent_once_and_the_flag_is_cleared(
    account: Account, app_sql: Any
) -> None:
    record = fulfillment(account, app_sql)
    app_sql(
        "UPDATE fulfillments SET tracking_code = 'T', notify_customer = ? WHERE id = ?",
        True,
        record,
    )
    account.push()

    assert sent(account)[1:] == [("update", {"tracking_code": "T", "notify_customer": True})]
    assert account.one("SELECT notify_customer FROM fulfillments WHERE id = ?", record) is None
    settled(account, "fulfillments", record)


def test_a_fulfillment_is_cancelled_by_its_status(account: Account, app_sql: Any) -> None:
    record = fulfillment(account, app_sql)
    app_sql("UPDATE fulfillments SET status = 'cancelled' WHERE id = ?", record)
    account.push()

    assert sent(account)[1:] == [("cancel", {})]
    assert account.world.get("fulfillments", record)["status"] == "cancelled"  # type: ignore[index]
    settled(account, "fulfillments", record)


@pytest.mark.parametrize(("archived", "verb"), [(True, "archive"), (False, "unarchive")])
def test_archived_is_changed_by_its_own_call_beside_the_fields(
    account: Account, app_sql: Any, archived: bool, verb: str
) -> None:
    (product,) = account.column("SELECT max(id) FROM products")
    account.world.archive(product, archived=not archived)
    account.pull()

    app_sql("UPDATE products SET name = 'Old', archived = ? WHERE id = ?", archived, product)
    account.push()

    assert sent(account) == [("update", {"name": "Old"}), (verb, {})]
    settled(account, "products", product)


def test_an_external_order_takes_more_than_notes(account: Account, app_sql: Any) -> None:
    (order,) = account.column("SELECT min(id) FROM orders")
    account.world.edit("orders", order, payment_processor="external")
    account.pull()

    app_sql(
        "UPDATE orders SET notes = 'n', shipping_address_city = 'Rome',"
        " next_charge_at = '2030-01-02T03:04:05.678Z' WHERE id = ?",
        order,
    )
    account.push()

    assert sent(account) == [
        (
            "update",
            {
                "shipping_address_city": "Rome",
                "notes": "n",
                "next_charge_at": "2030-01-02T03:04:05.678Z",
            },
        )
    ]
    settled(account, "orders", order)


def test_tags_are_added_and_removed_one_by_one(account: Account, app_sql: Any) -> None:
    one, two, three = account.column("SELECT id FROM contact_tags ORDER BY id")
    (contact,) = account.column("SELECT max(id) FROM contacts")
    app_sql("UPDATE contacts SET tag_ids = ? WHERE id = ?", f"[{one}, {two}]", contact)
    account.push()
    assert account.tags(contact) == [one, two]
    account.world.ledger.clear()

    app_sql("UPDATE contacts SET tag_ids = ? WHERE id = ?", f"[{three}, {two}]", contact)
    account.push()

    assert [(e.resource, e.verb) for e in account.world.ledger.writes()] == [
        ("contact_applied_tags", "create"),
        ("contact_applied_tags", "delete"),
    ]
    assert account.tags(contact) == [two, three]
    settled(account, "contacts", contact)


def test_tags_of_an_order_are_added_and_removed_one_by_one(account: Account, app_sql: Any) -> None:
    """Their list has no filter by the tag."""
    account.settings["CFSYNC_API__MIRROR"] = "standard"
    names = ("one", "two", "three")
    one, two, three = (
        account.world.create("order_tags", account.workspace, name=name, color="#fff")
        for name in names
    )
    account.pull()
    (order,) = account.column("SELECT min(id) FROM orders")
    app_sql("UPDATE orders SET tag_ids = ? WHERE id = ?", f"[{one}, {two}]", order)
    account.push()
    account.world.ledger.clear()

    app_sql("UPDATE orders SET tag_ids = ? WHERE id = ?", f"[{three}, {two}]", order)
    account.push()

    assert account.writes() == [("create", "order_applied_tags"), ("delete", "order_applied_tags")]
    shown = account.world.get("orders", order)
    assert shown is not None
    assert sorted(shown["tag_ids"]) == [two, three]
    settled(account, "orders", order)


def test_a_new_contact_brings_its_tags_and_one_that_exists_gets_them_added(
    account: Account, app_sql: Any
) -> None:
    one, two, _ = account.column("SELECT id FROM contact_tags ORDER BY id")
    there = account.world.create(
        "contacts", account.workspace, email_address="there@example.com", tag_ids=[one]
    )
    insert = "INSERT INTO contacts (email_address, tag_ids) VALUES (?, ?)"
    app_sql(insert, "new@example.com", f"[{one}, {two}]")
    app_sql(insert, "there@example.com", f"[{two}]")

    account.push()

    (new,) = account.column("SELECT id FROM contacts WHERE email_address = 'new@example.com'")
    assert account.tags(new) == [one, two]
    assert account.tags(there) == [one, two]
    assert sent(account, "contacts") == [
        ("upsert", {"email_address": "new@example.com", "tag_ids": [one, two]})
    ]
    settled(account, "contacts", there)


def test_one_attribute_is_changed_and_the_others_stay(account: Account, app_sql: Any) -> None:
    (contact,) = account.column("SELECT max(id) FROM contacts")
    account.world.edit("contacts", contact, custom_attributes={"size": "7", "colour": "red"})
    account.pull()

    app_sql(
        "UPDATE contacts SET custom_attributes = ? WHERE id = ?",
        '{"size": "8", "colour": "red", "Favourite Hat": "bowler"}',
        contact,
    )
    account.push()

    # The server replaces the whole map.
    merged = {"size": "8", "colour": "red", "favourite_hat": "bowler"}
    assert sent(account) == [("update", {"custom_attributes": merged})]
    settled(account, "contacts", contact)


@pytest.mark.parametrize(
    ("name", "field"), [("webhook_endpoints", "url"), ("external_purchase_endpoints", "provider")]
)
def test_the_secret_of_an_endpoint_is_kept_in_cf_secrets_alone(
    account: Account, app_sql: Any, name: str, field: str
) -> None:
    account.settings["CFSYNC_API__MIRROR"] = "standard"
    app_sql(f"INSERT INTO {name} ({field}, name) VALUES ('https://h.org', 'h')")
    account.push()

    (record,) = account.column(f"SELECT max(id) FROM {name} WHERE id < 900000000000000")

    def of_record(tx: Tx) -> list[Any]:
        mine = (SECRETS.c.resource == name, SECRETS.c.record_id == record)
        return list(tx.conn.execute(SECRETS.select().where(*mine)).mappings())

    (secret,) = asyncio.run(account.mirror.read(of_record))
    assert secret["field"] == "webhook_secret"
    (body,) = account.column("SELECT body FROM cf_base WHERE resource = ? AND id = ?", name, record)
    registered = account.one("SELECT count(*) FROM cf_meta WHERE key LIKE 'endpoint/%'")
    assert registered == (name == "webhook_endpoints")
    assert secret["value"] not in body
