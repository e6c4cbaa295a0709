"""An answer is merged like a pulled record, and edits made during the call are kept."""

from __future__ import annotations

from typing import Any

from cfsync.sync.decisions import conflicts as operator
from tests.push.checks import (
    conflicts,
    during_the_call,
    in_clickfunnels,
    in_mirror,
    json_of,
    sent,
    settled,
)
from tests.push.conftest import Account


def test_a_normalised_answer_is_not_sent_again(
    account: Account, app_sql: Any, contact: int
) -> None:
    app_sql(
        "UPDATE contacts SET custom_attributes = ? WHERE id = ?",
        '{"Favourite Hat": "bowler", "shoe": null}',
        contact,
    )

    assert account.push().exit_code == 0
    assert len(sent(account)) == 1
    stored = account.one("SELECT custom_attributes FROM contacts WHERE id = ?", contact)
    assert json_of(account, stored)["favourite_hat"] == "bowler"
    assert "Favourite Hat" not in json_of(account, stored)
    settled(account, "contacts", contact)


def test_a_value_that_the_server_rewrites_is_stored_and_not_sent_again(
    account: Account, app_sql: Any, contact: int
) -> None:
    account.world.fault("body", method="PUT", fields={"phone_number": "+1 555"})
    app_sql("UPDATE contacts SET phone_number = '1-555' WHERE id = ?", contact)

    report = account.push()

    assert report.counts["contacts"]["normalised"] == 1
    assert report.exit_code == 0
    assert in_mirror(account, contact, "phone_number") == "+1 555"
    account.world.edit("contacts", contact, phone_number="+1 555")
    account.push()
    assert len(sent(account)) == 1
    app_sql("UPDATE contacts SET phone_number = '2' WHERE id = ?", contact)
    account.push()
    assert sent(account)[1:] == [("update", {"phone_number": "2"})]


def test_a_value_that_is_stored_in_another_form_is_no_edit_the_second_time(
    account: Account, app_sql: Any, contact: int
) -> None:
    stored = {"phone_number": "+15550102030", "last_name": "Vera"}
    imported = "UPDATE contacts SET phone_number = '(555) 010-2030', last_name = 'Vera '"
    account.world.fault("body", method="PUT", fields=stored)
    app_sql(f"{imported} WHERE id = ?", contact)
    account.push()
    account.world.edit("contacts", contact, **stored)
    account.pull("contacts")
    night_one = sent(account)

    app_sql(f"{imported} WHERE id = ?", contact)
    report = account.push()

    assert (report.exit_code, sent(account), conflicts(account)) == (0, night_one, [])
    assert in_mirror(account, contact, "phone_number") == "+15550102030"
    settled(account, "contacts", contact)
    account.sweep("contacts")
    app_sql(f"{imported}, first_name = 'Ada' WHERE id = ?", contact)
    account.push()
    assert sent(account) == [*night_one, ("update", {"first_name": "Ada"})]
    settled(account, "contacts", contact)


def ignored_once(account: Account, app_sql: Any, contact: int, field: str, value: Any) -> str:
    """An UPDATE that ClickFunnels has answered with the value that was there, and the conflict is
    resolved; returns the statement.
    """
    there = account.world.get("contacts", contact) or {}
    account.world.fault("body", method="PUT", fields={field: there[field]})
    imported = f"UPDATE contacts SET {field} = '{value}' WHERE id = {contact}"
    app_sql(imported)
    account.push()
    account.world.edit("contacts", contact, **{field: there[field]})
    (conflict,) = account.desk(operator.open_conflicts)
    account.desk(operator.resolve, conflict.id, "remote")
    account.pull("contacts")
    return imported


def test_another_form_of_the_value_that_is_there_is_no_edit_the_second_time(
    account: Account, app_sql: Any, contact: int, names: tuple[str, str]
) -> None:
    imported = ignored_once(account, app_sql, contact, "first_name", f"{names[0]} ")
    night_one = sent(account)

    app_sql(imported)
    report = account.push()

    assert (report.exit_code, sent(account), conflicts(account)) == (0, night_one, [])
    assert in_mirror(account, contact) == names[0]
    settled(account, "contacts", contact)
    account.world.edit("contacts", contact, first_name="Changed")
    account.pull("contacts")
    app_sql(imported)
    account.push()
    assert sent(account)[len(night_one) :] == [("update", {"first_name": f"{names[0]} "})]


def test_a_value_that_a_person_decides_for_is_sent_again(
    account: Account, app_sql: Any, contact: int, names: tuple[str, str]
) -> None:
    account.world.fault("body", method="PUT", fields={"first_name": names[0]})
    app_sql("UPDATE contacts SET first_name = 'Ours' WHERE id = ?", contact)
    account.push()
    account.world.edit("contacts", contact, first_name=names[0])
    account.pull("contacts")
    (conflict,) = account.desk(operator.open_conflicts)

    account.desk(operator.resolve, conflict.id, "local")
    account.push()

    assert sent(account) == [("update", {"first_name": "Ours"})] * 2
    assert in_clickfunnels(account, contact) == "Ours"
    settled(account, "contacts", contact)


def test_a_value_in_another_form_is_sent_again_after_a_change_in_clickfunnels(
    account: Account, app_sql: Any, contact: int
) -> None:
    account.world.fault("body", method="PUT", fields={"phone_number": "+15550102030"})
    imported = "UPDATE contacts SET phone_number = '(555) 010-2030' WHERE id = ?"
    app_sql(imported, contact)
    account.push()
    account.world.edit("contacts", contact, phone_number="+15559999999")
    account.pull("contacts")

    app_sql(imported, contact)
    account.push()

    assert sent(account)[1:] == [("update", {"phone_number": "(555) 010-2030"})]


def test_a_field_shown_as_another_json_type_is_sent_as_that_type(
    account: Account, app_sql: Any
) -> None:
    product = account.world.create("products", account.workspace, name="Book")
    price = account.world.create("product_prices", product, amount=12.5, key=1)
    account.sweep("products")
    account.sweep("product_prices")
    assert account.one('SELECT "key" FROM product_prices WHERE id = ?', price) == "1"
    assert float(account.one("SELECT amount FROM product_prices WHERE id = ?", price)) == 12.5

    app_sql("UPDATE product_prices SET amount = '13.50' WHERE id = ?", price)

    assert account.push().exit_code == 0
    assert sent(account) == [("update", {"amount": 13.5})]
    assert account.sql("SELECT field FROM cf_notes WHERE kind = 'converted' ORDER BY field") == [
        ("amount",),
        ("key",),
    ]
    settled(account, "product_prices", price)


def test_an_upsert_sends_the_json_type_that_the_known_record_shows(
    account: Account, app_sql: Any
) -> None:
    account.world.create(
        "contacts", account.workspace, email_address="known@example.com", phone_number=5550102030
    )
    app_sql(
        "INSERT INTO contacts (email_address, phone_number)"
        " VALUES ('known@example.com', '5550102031')"
    )

    account.push()

    # The sandbox takes texts only: it would have taken '5550102031'.
    reason = account.one("SELECT error FROM cf_outbox WHERE state = 'parked'")
    assert reason == "phone_number is invalid"


def test_an_amount_with_more_digits_than_sqlite_holds_is_no_difference(
    account: Account, app_sql: Any
) -> None:
    exact = "12345678901234567.89"
    product = account.world.create("products", account.workspace, name="Ship")
    price = account.world.create("product_prices", product, amount=exact, setup_amount="1.50")
    account.sweep("products")
    account.sweep("product_prices")
    app_sql("UPDATE product_prices SET setup_amount = '2.50', amount = amount WHERE id = ?", price)

    account.push()
    account.sweep("product_prices")

    assert sent(account) == [("update", {"setup_amount": "2.50"})]
    assert account.world.get("product_prices", price)["amount"] == exact
    settled(account, "product_prices", price)


def test_a_200_that_changed_nothing_shows_the_servers_value_and_keeps_the_edits(
    account: Account, app_sql: Any, contact: int, names: tuple[str, str]
) -> None:
    account.world.fault("body", method="PUT", fields={"first_name": names[0]})
    app_sql("UPDATE contacts SET first_name = 'Ours', last_name = 'Taken' WHERE id = ?", contact)

    report = account.push()

    assert report.exit_code == 5
    assert report.counts["contacts"]["ignored"] == 1
    assert in_mirror(account, contact) == names[0]
    assert in_mirror(account, contact, "last_name") == "Taken"
    assert conflicts(account) == [("first_name", names[0], "Ours", names[0], "clickfunnels")]
    assert account.states() == ["done"]
    account.push()
    assert len(sent(account)) == 1


def test_an_edit_of_the_field_while_the_call_is_out_is_kept_and_sent_next(
    account: Account, app_sql: Any, contact: int
) -> None:
    app_sql("UPDATE contacts SET first_name = 'One' WHERE id = ?", contact)

    during_the_call(
        account, lambda: app_sql("UPDATE contacts SET first_name = 'Two' WHERE id = ?", contact)
    )

    assert in_mirror(account, contact) == "Two"
    assert in_clickfunnels(account, contact) == "One"
    account.push()
    assert sent(account) == [("update", {"first_name": "One"}), ("update", {"first_name": "Two"})]
    assert conflicts(account) == []
    settled(account, "contacts", contact)


def test_an_edit_of_another_field_while_the_call_is_out_is_kept_and_sent_next(
    account: Account, app_sql: Any, contact: int
) -> None:
    app_sql("UPDATE contacts SET first_name = 'One' WHERE id = ?", contact)

    during_the_call(
        account, lambda: app_sql("UPDATE contacts SET last_name = 'Two' WHERE id = ?", contact)
    )
    account.push()

    assert sent(account) == [("update", {"first_name": "One"}), ("update", {"last_name": "Two"})]
    settled(account, "contacts", contact)


def test_a_change_in_clickfunnels_that_the_answer_shows_is_taken(
    account: Account, app_sql: Any, contact: int
) -> None:
    app_sql("UPDATE contacts SET first_name = 'Ours' WHERE id = ?", contact)
    account.world.fault("body", method="PUT", fields={"last_name": "Theirs"})
    account.world.edit("contacts", contact, last_name="Theirs")

    account.push()

    assert in_mirror(account, contact, "last_name") == "Theirs"
    settled(account, "contacts", contact)


def test_a_row_that_is_edited_while_its_create_is_out_keeps_the_edit(
    account: Account, app_sql: Any
) -> None:
    app_sql("INSERT INTO contacts (id, email_address) VALUES (950000000000005, 'new@example.com')")

    during_the_call(
        account,
        lambda: app_sql("UPDATE contacts SET first_name = 'Late' WHERE id = 950000000000005"),
        method="POST",
    )
    account.push()

    (record,) = account.column("SELECT id FROM cf_ids")
    assert sent(account) == [
        ("upsert", {"email_address": "new@example.com"}),
        ("update", {"first_name": "Late"}),
    ]
    settled(account, "contacts", record)


def test_a_row_that_is_deleted_while_its_create_is_out_is_deleted_by_its_real_id(
    account: Account, app_sql: Any
) -> None:
    app_sql("INSERT INTO contact_tags (id, name) VALUES (950000000000005, 'VIP')")

    during_the_call(
        account,
        lambda: app_sql("DELETE FROM contact_tags WHERE id = 950000000000005"),
        method="POST",
    )
    account.push()

    assert [verb for verb, _ in sent(account)] == ["create", "delete"]
    (record,) = account.column("SELECT id FROM cf_ids")
    assert account.world.get("contact_tags", record) is None
    assert record not in account.ids_of("contact_tags")
    assert set(account.states()) == {"done"}
