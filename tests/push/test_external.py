"""Orders, invoices and courses: what ClickFunnels lets others create, and what only itself."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cfsync.sync.decisions.conflicts import open_conflicts, resolve
from tests.push.checks import conflicts, sent, settled
from tests.push.conftest import Account


@pytest.fixture
def items(account: Account) -> str:
    """The line items of an order, as JSON: two of the first product's price of 5.00."""
    product = account.ids_of("products")[0]
    variant = account.one("SELECT default_variant_id FROM products WHERE id = ?", product)
    price = account.world.create("product_prices", product, amount="5.00")
    item = {"variant_id": variant, "products_price_id": price, "quantity": 2}
    return json.dumps([item])


ORDER = (
    "INSERT INTO orders (contact_id, payment_processor, order_type, live_mode, line_items,"
    " external_id) VALUES (?, 'external', 'one-time-order', ?, ?, 'shop-1') RETURNING id"
)
INVOICE = (
    "INSERT INTO order_invoices (order_id, payment_processor, external_id, status)"
    " VALUES (?, 'external', 'inv-1', 'unpaid') RETURNING id"
)


def real_id(account: Account, resource: str) -> int:
    found = account.one("SELECT id FROM cf_ids WHERE resource = ?", resource)
    assert isinstance(found, int)
    return found


def test_an_external_order_and_its_invoice_are_created_and_changed(
    account: Account, app_sql: Any, contact: int, items: str
) -> None:
    with app_sql.transaction():
        ((order,),) = app_sql(ORDER, contact, True, items)
        ((invoice,),) = app_sql(INVOICE, order)
        app_sql("UPDATE order_invoices SET due_at = '2026-12-01' WHERE id = ?", invoice)

    assert account.push().exit_code == 0

    order, invoice = real_id(account, "orders"), real_id(account, "order_invoices")
    (made, billed) = account.world.ledger.writes()
    assert made.fields == {
        "contact_id": contact,
        "order_type": "one-time-order",
        "live_mode": True,
        "external_id": "shop-1",
        "line_items": json.loads(items),
    }
    assert (billed.method, billed.path) == ("POST", f"/orders/{order}/invoices")
    total, lines = account.sql("SELECT total_amount, line_items FROM orders WHERE id = ?", order)[0]
    assert float(total) == 10
    assert "products_variant" in str(lines)
    assert account.one("SELECT invoice_number FROM order_invoices WHERE id = ?", invoice)
    app_sql("UPDATE orders SET billing_status = 'paid' WHERE id = ?", order)
    paid = "status = 'paid', paid_at = '2026-12-02'"
    app_sql(f"UPDATE order_invoices SET {paid} WHERE id = ?", invoice)
    assert account.push().exit_code == 0
    assert account.world.get("orders", order)["billing_status"] == "paid"
    assert account.world.get("order_invoices", invoice)["status"] == "paid"


def test_an_invoice_of_an_order_that_a_processor_made_is_refused_by_its_reason(
    account: Account, app_sql: Any
) -> None:
    order = account.ids_of("orders")[0]
    app_sql(INVOICE, order)

    assert account.push().exit_code == 5

    reason = f"order_id {order}: its payment_processor is stripe, not external"
    assert account.column("SELECT error FROM cf_outbox WHERE state = 'parked'") == [reason]
    assert account.writes() == []


def test_an_order_of_a_product_that_is_new_too_has_its_real_ids(
    account: Account, app_sql: Any, contact: int
) -> None:
    item = {"variant_id": 950000000000002, "products_price_id": 950000000000003, "quantity": 3}
    with app_sql.transaction():
        app_sql("INSERT INTO products (id, name) VALUES (950000000000001, 'Book')")
        app_sql(
            "INSERT INTO product_variants"
            " (id, product_id, name, product_type, weight_unit, properties_values)"
            " VALUES (950000000000002, 950000000000001, 'Red', 'physical', 'lb', '[]')"
        )
        app_sql(
            "INSERT INTO product_prices (id, product_id, variant_id, amount)"
            " VALUES (950000000000003, 950000000000001, 950000000000002, '5.00')"
        )
        app_sql(ORDER, contact, True, json.dumps([item]))

    assert account.push().exit_code == 0

    (made,) = account.world.ledger.writes("orders")
    assert made.fields["line_items"] == [
        {
            "variant_id": real_id(account, "product_variants"),
            "products_price_id": real_id(account, "product_prices"),
            "quantity": 3,
        }
    ]


def test_an_order_that_is_created_anew_sends_its_items_as_they_were_given(
    account: Account, app_sql: Any, contact: int, items: str
) -> None:
    app_sql(ORDER, contact, True, items)
    account.push()
    gone = real_id(account, "orders")
    account.world.delete("orders", gone)
    app_sql("UPDATE orders SET notes = 'again' WHERE id = ?", gone)
    assert account.push().exit_code == 5
    (conflict,) = account.desk(open_conflicts)

    account.desk(resolve, conflict.id, "local")

    assert account.push().exit_code == 0
    (_, made) = account.world.ledger.writes("orders", "create")
    assert made.fields["line_items"] == json.loads(items)
    assert account.one("SELECT total_amount FROM orders WHERE notes = 'again'") == 10


REFUSED = [
    (ORDER.replace("'external'", "'stripe'"), "orders: INSERT is refused unless payment_processor"),
    (ORDER.replace("'external'", "NULL"), "orders: INSERT is refused unless payment_processor is"),
    (
        "UPDATE orders SET order_type = 'x' WHERE id = (SELECT min(id) FROM orders)",
        "orders.order_type is read-only",
    ),
    (
        "UPDATE orders SET payment_processor = 'external' WHERE id = (SELECT min(id) FROM orders)",
        "orders.payment_processor is read-only",
    ),
    (
        "INSERT INTO order_invoices (order_id, external_id, status) VALUES"
        " ((SELECT min(id) FROM orders), 'i', 'paid')",
        "order_invoices: INSERT is refused unless payment_processor is 'external'",
    ),
    (
        "INSERT INTO order_invoices (payment_processor, external_id, status)"
        " VALUES ('external', 'i', 'paid')",
        "order_invoices.order_id must be given",
    ),
    (
        "UPDATE order_invoices SET status = 'void' WHERE payment_processor = 'stripe'",
        "order_invoices.status is read-only in ClickFunnels unless payment_processor is 'external'",
    ),
    (
        "UPDATE orders SET trial_end_at = '2027-01-01'",
        "orders.trial_end_at is read-only in ClickFunnels unless in_trial is true",
    ),
]


@pytest.mark.parametrize(("statement", "words"), REFUSED)
def test_what_a_processor_makes_is_refused_at_once(
    account: Account, app_sql: Any, contact: int, items: str, statement: str, words: str
) -> None:
    params = (contact, True, items) if "?" in statement else ()

    with pytest.raises(Exception, match=words):
        app_sql(statement, *params)

    assert account.states() == []


@pytest.fixture
def in_trial(account: Account) -> int:
    order = account.ids_of("orders")[0]
    account.world.edit("orders", order, in_trial=True, trial_end_at="2026-12-01T00:00:00.000Z")
    account.pull("orders")
    return order


@pytest.mark.parametrize("late", [True, False])
def test_a_change_that_is_applied_later_is_neither_ignored_nor_a_conflict(
    account: Account, app_sql: Any, in_trial: int, late: bool
) -> None:
    account.world.store.late_changes = late
    moved = "2027-01-01T00:00:00.000Z"
    app_sql(
        "UPDATE orders SET trial_end_at = ?, renewal_at = ? WHERE id = ?", moved, moved, in_trial
    )

    report = account.push()

    assert report.exit_code == 0
    assert report.counts["orders"]["ignored"] == 0
    assert report.counts["orders"]["later"] == (2 if late else 0)
    assert sent(account) == [("update", {"trial_end_at": moved, "renewal_at": moved})]
    assert conflicts(account) == []
    settled(account, "orders", in_trial)
    account.world.edit("orders", in_trial, trial_end_at=moved, renewal_at=moved)
    account.pull("orders")
    settled(account, "orders", in_trial)


def test_a_course_is_created_and_changed(account: Account, app_sql: Any) -> None:
    app_sql("INSERT INTO courses (title) VALUES ('Sums')")
    account.push()
    course = real_id(account, "courses")
    app_sql("UPDATE courses SET description = 'By hand' WHERE id = ?", course)

    assert account.push().exit_code == 0

    assert sent(account) == [
        ("create", {"title": "Sums"}),
        ("update", {"description": "By hand"}),
    ]
    settled(account, "courses", course)


def test_the_image_of_a_course_is_sent_and_its_column_is_emptied(
    account: Account, app_sql: Any
) -> None:
    (course,) = account.ids_of("courses")
    app_sql(
        "INSERT INTO images (id, name, upload_source_url)"
        " VALUES (950000000000003, 'I', 'https://e.org/i')"
    )
    app_sql("UPDATE courses SET image_id = '950000000000003' WHERE id = ?", course)

    assert account.push().exit_code == 0

    image = str(real_id(account, "images"))
    assert sent(account)[1:] == [("update", {"image_id": image})]
    assert account.one("SELECT image_id FROM courses WHERE id = ?", course) is None
    settled(account, "courses", course)


def test_a_contact_that_can_not_be_deleted_parks_with_the_words(
    account: Account, app_sql: Any
) -> None:
    contact = account.one("SELECT contact_id FROM enrollments ORDER BY id LIMIT 1")
    account.world.store.strict_deletes = True
    app_sql("DELETE FROM contacts WHERE id = ?", contact)

    assert account.push().exit_code == 5

    assert account.sql("SELECT state, error FROM cf_outbox") == [
        ("parked", "base Contact has course enrollments and can't be deleted")
    ]
    assert account.world.get("contacts", contact)
