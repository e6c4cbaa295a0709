"""Rows that refer to rows without a real id yet, in one transaction or in several."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from cfsync.mirror.bookkeeping.reasons import OWN_KEY
from cfsync.sync.decisions import outbox
from tests.conftest import POSTGRESQL_ONLY, SQLITE_ONLY
from tests.push.checks import differences, during_the_call, json_of, sent, settled
from tests.push.conftest import Account

pytestmark = pytest.mark.usefixtures("no_retries")

ITEMS = '[{"id": 7, "quantity": 1}]'
FULFILL = (
    "INSERT INTO fulfillments"
    " (id, contact_id, location_id, included_orders_invoices_line_items_attributes)"
    " VALUES (?, ?, ?, ?)"
)


@pytest.fixture
def location(account: Account) -> int:
    return account.ids_of("fulfillment_locations")[0]


def real(account: Account, table: str, local: int) -> int:
    return int(
        account.one("SELECT id FROM cf_ids WHERE resource = ? AND local_id = ?", table, local)
    )


def test_a_contact_and_a_fulfillment_for_it_in_one_transaction(
    account: Account, app_sql: Any, location: int
) -> None:
    with app_sql.transaction():
        app_sql(FULFILL, 950000000000002, 950000000000001, location, ITEMS)
        app_sql(
            "INSERT INTO contacts (id, email_address) VALUES (950000000000001, 'new@example.com')"
        )

    report = account.push()

    contact, fulfillment = (
        real(account, "contacts", 950000000000001),
        real(account, "fulfillments", 950000000000002),
    )
    assert report.exit_code == 0
    assert account.one("SELECT contact_id FROM fulfillments WHERE id = ?", fulfillment) == contact
    assert account.world.ledger.writes("fulfillments")[0].fields["contact_id"] == contact
    settled(account, "fulfillments", fulfillment)


def test_a_tag_and_a_contact_that_has_it_in_one_transaction(account: Account, app_sql: Any) -> None:
    with app_sql.transaction():
        app_sql("INSERT INTO contact_tags (id, name) VALUES (950000000000007, 'VIP')")
        app_sql(
            "INSERT INTO contacts (id, email_address, tag_ids)"
            " VALUES (950000000000001, 'n@e.org', '[950000000000007]')"
        )
    existing = account.ids_of("contacts")[-1]
    app_sql("UPDATE contacts SET tag_ids = '[950000000000007]' WHERE id = ?", existing)

    account.push()

    tag, contact = (
        real(account, "contact_tags", 950000000000007),
        real(account, "contacts", 950000000000001),
    )
    assert account.tags(contact) == [tag]
    assert account.tags(existing) == [tag]
    for record in (contact, existing):
        stored = account.one("SELECT tag_ids FROM contacts WHERE id = ?", record)
        assert json_of(account, stored) == [tag]
        assert differences(account, "contacts", record) == []


def test_a_reference_that_commits_after_its_target_was_made_is_put_right(
    account: Account, app_sql: Any, location: int
) -> None:
    app_sql("INSERT INTO contacts (id, email_address) VALUES (950000000000001, 'new@example.com')")
    app_sql("INSERT INTO contact_tags (id, name) VALUES (950000000000007, 'VIP')")
    account.push()

    app_sql(FULFILL, 950000000000002, 950000000000001, location, ITEMS)
    contact = real(account, "contacts", 950000000000001)
    app_sql("UPDATE contacts SET tag_ids = '[950000000000007]' WHERE id = ?", contact)
    account.push()

    assert account.one("SELECT contact_id FROM fulfillments WHERE contact_id = ?", contact)
    assert account.tags(contact) == [real(account, "contact_tags", 950000000000007)]
    settled(account, "contacts", contact)


def test_a_reference_that_is_no_change_in_clickfunnels_is_put_right_all_the_same(
    account: Account, app_sql: Any
) -> None:
    app_sql("INSERT INTO contact_tags (id, name) VALUES (950000000000007, 'VIP')")
    account.push()
    tag, contact = (
        real(account, "contact_tags", 950000000000007),
        account.ids_of("contacts")[-1],
    )
    app_sql("UPDATE contacts SET tag_ids = '[950000000000007]' WHERE id = ?", contact)
    for applied in account.world.records("contact_applied_tags", contact):
        account.world.delete("contact_applied_tags", applied["id"])
    account.world.create("contact_applied_tags", contact, tag_id=tag)
    account.world.ledger.clear()

    account.push()

    assert sent(account) == []
    stored = account.one("SELECT tag_ids FROM contacts WHERE id = ?", contact)
    assert json_of(account, stored) == [tag]


def test_a_reference_made_while_its_target_is_on_its_way(
    account: Account, app_sql: Any, location: int
) -> None:
    app_sql("INSERT INTO contacts (id, email_address) VALUES (950000000000001, 'new@example.com')")

    during_the_call(
        account,
        lambda: app_sql(FULFILL, 950000000000002, 950000000000001, location, ITEMS),
        method="POST",
    )
    account.push()

    fulfillment = real(account, "fulfillments", 950000000000002)
    assert account.one("SELECT contact_id FROM fulfillments WHERE id = ?", fulfillment) == real(
        account, "contacts", 950000000000001
    )


def test_a_reference_to_a_parked_insert_waits_and_holds_up_nobody(
    account: Account, app_sql: Any, location: int
) -> None:
    app_sql("INSERT INTO contacts (id, email_address) VALUES (950000000000001, 'no@address')")
    app_sql(FULFILL, 950000000000002, 950000000000001, location, ITEMS)
    app_sql(FULFILL, 950000000000003, account.ids_of("contacts")[-1], location, ITEMS)

    account.push()
    account.push()

    assert [e.resource for e in account.world.ledger.writes()] == ["fulfillments"]
    assert account.states() == ["parked", "pending", "done"]
    assert (
        account.one("SELECT error FROM cf_outbox WHERE seq = 2")
        == "waits for contacts 950000000000001"
    )

    app_sql("UPDATE contacts SET email_address = 'now@example.com' WHERE id = 950000000000001")
    account.push()
    assert set(account.states()) == {"done"}


def test_a_reference_to_a_row_that_will_never_be_made_waits_for_a_human(
    account: Account, app_sql: Any, location: int
) -> None:
    app_sql("INSERT INTO contacts (id, email_address) VALUES (950000000000001, 'new@example.com')")
    app_sql(FULFILL, 950000000000002, 950000000000001, location, ITEMS)
    app_sql("DELETE FROM contacts WHERE id = 950000000000001")

    assert account.push().exit_code == 5
    assert account.states() == ["done", "parked", "done"]
    reason = account.one("SELECT error FROM cf_outbox WHERE seq = 2")
    assert reason == "refers to contacts 950000000000001, which will never be created"


def test_a_whole_product_with_variant_and_price_in_one_transaction(
    account: Account, app_sql: Any
) -> None:
    with app_sql.transaction():
        app_sql(
            "INSERT INTO products (id, name, archived) VALUES (950000000000001, 'Book', ?)", True
        )
        app_sql(
            "INSERT INTO product_variants"
            " (id, product_id, name, product_type, weight_unit, properties_values)"
            " VALUES (950000000000002, 950000000000001, 'Red', 'physical', 'lb', '[]')"
        )

    assert account.push().exit_code == 0

    product = real(account, "products", 950000000000001)
    variant = real(account, "product_variants", 950000000000002)
    assert account.one("SELECT product_id FROM product_variants WHERE id = ?", variant) == product
    assert [e.verb for e in account.world.ledger.writes()] == ["create", "archive", "create"]
    account.pull()
    assert differences(account, "products", product) == []


def test_references_as_text_move_too(account: Account, app_sql: Any) -> None:
    app_sql(
        "INSERT INTO images (id, name, upload_source_url)"
        " VALUES (950000000000003, 'I', 'https://e.org/i')"
    )
    (product,) = account.column("SELECT max(id) FROM products")
    app_sql(
        "UPDATE products SET seo_image_id = '950000000000003', image_ids = '[950000000000003]'"
        " WHERE id = ?",
        product,
    )

    account.push()

    image = real(account, "images", 950000000000003)
    assert account.world.ledger.writes("products")[0].fields == {
        "seo_image_id": str(image),
        "image_ids": [image],
    }
    settled(account, "products", product)


def test_a_table_of_the_users_own_follows_by_its_foreign_key(account: Account) -> None:
    account.sql(
        "CREATE TABLE notes (contact BIGINT REFERENCES contacts (id)"
        " ON UPDATE CASCADE ON DELETE CASCADE)"
    )
    grant(account, "notes")
    account.sql(
        "INSERT INTO contacts (id, email_address) VALUES (950000000000001, 'new@example.com')"
    )
    account.sql("INSERT INTO notes VALUES (950000000000001)")

    account.push()

    assert account.column("SELECT contact FROM notes") == [
        real(account, "contacts", 950000000000001)
    ]


@pytest.mark.parametrize("deferred", ["", " DEFERRABLE INITIALLY DEFERRED"])
def test_a_row_that_a_constraint_of_the_user_holds_parks_alone(
    account: Account, deferred: str
) -> None:
    account.sql(f"CREATE TABLE notes (contact BIGINT REFERENCES contacts (id){deferred})")
    grant(account, "notes")
    account.sql(
        "INSERT INTO contacts (id, email_address) VALUES (950000000000001, 'held@example.com')"
    )
    account.sql(
        "INSERT INTO contacts (id, email_address) VALUES (950000000000002, 'free@example.com')"
    )
    account.sql("INSERT INTO notes VALUES (950000000000001)")

    report = account.push()

    assert report.exit_code == 5
    assert account.states() == ["parked", "done"]
    assert "constraint" in account.one("SELECT error FROM cf_outbox WHERE seq = 1")
    account.sql("DELETE FROM notes")
    account.sql("UPDATE contacts SET last_name = 'L' WHERE id = 950000000000001")
    account.sql("UPDATE cf_outbox SET state = 'pending' WHERE seq = 1")
    account.push()
    account.push()
    assert [verb for verb, _ in sent(account)] == ["upsert", "upsert", "update"]
    assert set(account.states()) == {"done"}
    settled(account, "contacts", real(account, "contacts", 950000000000001))


def grant(account: Account, table: str) -> None:
    if account.mirror.dialect.name == "postgresql":
        account.sql(f"ALTER TABLE {table} OWNER TO cfsync_owner")
        account.sql(f"GRANT ALL ON {table} TO cfsync_daemon")


def test_a_pull_that_was_faster_has_made_the_row_and_the_two_become_one(
    account: Account, app_sql: Any
) -> None:
    app_sql(
        "INSERT INTO contacts (id, email_address, first_name)"
        " VALUES (950000000000001, 'n@e.org', 'New')"
    )
    account.world.fault("reset_after", method="POST")
    account.push()
    account.pull()
    (pulled,) = account.column("SELECT min(id) FROM contacts WHERE email_address = 'n@e.org'")
    app_sql("UPDATE contacts SET first_name = 'Edited' WHERE id = ?", pulled)
    app_sql("UPDATE contacts SET last_name = 'Also' WHERE id = 950000000000001")

    account.push()
    account.push()

    assert account.column("SELECT id FROM contacts WHERE email_address = 'n@e.org'") == [pulled]
    assert [verb for verb, _ in sent(account)] == ["upsert", "update"]
    shown = account.world.get("contacts", pulled) or {}
    assert (shown["first_name"], shown["last_name"]) == ("Edited", "Also")
    settled(account, "contacts", pulled)


def test_the_users_own_rows_follow_where_a_pull_was_faster(account: Account) -> None:
    account.sql(
        "CREATE TABLE notes (contact BIGINT REFERENCES contacts (id)"
        " ON UPDATE CASCADE ON DELETE CASCADE)"
    )
    grant(account, "notes")
    account.sql(
        "INSERT INTO contacts (id, email_address, first_name)"
        " VALUES (950000000000001, 'n@e.org', 'New')"
    )
    account.sql("INSERT INTO notes VALUES (950000000000001)")
    account.world.fault("reset_after", method="POST")
    account.push()
    account.pull()
    (pulled,) = account.column("SELECT min(id) FROM contacts WHERE email_address = 'n@e.org'")
    assert pulled < 950000000000001

    account.push()
    account.push()

    assert account.column("SELECT id FROM contacts WHERE email_address = 'n@e.org'") == [pulled]
    assert account.column("SELECT contact FROM notes") == [pulled]
    settled(account, "contacts", pulled)


def test_a_pull_was_faster_and_the_user_deleted_his_row_the_delete_goes_to_the_real_one(
    account: Account, app_sql: Any
) -> None:
    app_sql("INSERT INTO contacts (id, email_address) VALUES (950000000000001, 'n@e.org')")
    account.world.fault("reset_after", method="POST")
    account.push()
    account.pull()
    app_sql("DELETE FROM contacts WHERE id = 950000000000001")

    account.push()
    account.push()

    assert [verb for verb, _ in sent(account)] == ["upsert", "delete"]
    assert account.column("SELECT id FROM contacts WHERE email_address = 'n@e.org'") == []
    assert set(account.states()) == {"done"}


def test_an_answer_that_is_older_than_a_pull_is_put_off_until_the_record_is_read_again(
    account: Account, app_sql: Any, contact: int
) -> None:
    app_sql("UPDATE contacts SET first_name = 'Ours' WHERE id = ?", contact)

    def meanwhile() -> None:
        account.world.edit("contacts", contact, last_name="Theirs")
        account.pull("contacts")

    during_the_call(account, meanwhile, seconds=1.5)

    assert account.states() == ["sending"]
    assert account.one("SELECT last_name FROM contacts WHERE id = ?", contact) == "Theirs"
    account.push()
    assert len(sent(account)) == 1
    settled(account, "contacts", contact)


@POSTGRESQL_ONLY
def test_a_row_that_is_held_when_its_answer_comes_is_settled_later(
    account: Account, app_sql: Any, contact: int
) -> None:
    app_sql("UPDATE contacts SET first_name = 'Ours' WHERE id = ?", contact)

    with psycopg.connect(app_sql.dsn) as holder:
        during_the_call(
            account,
            lambda: holder.execute(
                "UPDATE contacts SET last_name = 'Open' WHERE id = %s", [contact]
            ),
        )
        assert account.states() == ["sending"]
        account.push()
        assert account.states() == ["sending"]

    account.push()
    assert sent(account) == [
        ("update", {"first_name": "Ours"}),
        ("update", {"last_name": "Open"}),
    ]
    settled(account, "contacts", contact)


@POSTGRESQL_ONLY
def test_a_new_row_that_is_held_when_its_answer_comes_gets_its_id_later(
    account: Account, app_sql: Any
) -> None:
    app_sql("INSERT INTO contact_tags (id, name) VALUES (950000000000001, 'VIP')")

    with psycopg.connect(app_sql.dsn) as holder:
        during_the_call(
            account,
            lambda: holder.execute(
                "UPDATE contact_tags SET color = '#111111' WHERE id = 950000000000001"
            ),
            method="POST",
        )
        assert account.states() == ["sending"]

    account.push()
    assert [verb for verb, _ in sent(account)] == ["create", "update"]
    settled(account, "contact_tags", real(account, "contact_tags", 950000000000001))


@SQLITE_ONLY
def test_an_edit_in_a_workspace_that_is_left_out_waits(
    account: Account, app_sql: Any, contact: int
) -> None:
    other = account.world.create("workspaces", account.world.ids("teams")[0], name="Other")
    account.sweep("workspaces")
    app_sql("UPDATE contacts SET first_name = 'X' WHERE id = ?", contact)
    account.settings["CFSYNC_API__WORKSPACES"] = str(other)

    account.push()

    assert sent(account) == []
    assert account.states() == ["pending"]


UNIQUE = "CREATE UNIQUE INDEX own ON contacts (workspace_id, lower(email_address))"


@pytest.mark.parametrize("unique", [True, False])
def test_a_foreign_key_that_does_not_follow_an_id_is_named_until_it_does(
    account: Account, *, unique: bool
) -> None:
    if unique:
        account.sql(UNIQUE)
    for table in ("notes", "calls"):
        account.sql(f"CREATE TABLE {table} (contact_id BIGINT REFERENCES contacts (id))")
        grant(account, table)
    account.sql(
        "INSERT INTO contacts (id, email_address) VALUES (950000000000001, 'held@example.com')"
    )
    account.sql("INSERT INTO notes VALUES (950000000000001)")

    account.push()

    (wait,) = account.sql("SELECT kind, resource, id, reason, command FROM cf_waiting")
    assert wait == (
        "parked",
        "contacts",
        950000000000001,
        f"{OWN_KEY} notes (contact_id) has no ON UPDATE CASCADE",
        "give the foreign key ON UPDATE CASCADE, then cfsync outbox retry 1",
    )
    for _ in range(2):
        account.pull()
        assert account.sql("SELECT kind, resource, id, reason, command FROM cf_waiting") == [wait]
        assert account.sql("SELECT state, attempts FROM cf_outbox") == [("parked", 1)]
    with_email = "SELECT id FROM contacts WHERE email_address = 'held@example.com'"
    assert account.column(with_email) == [950000000000001]

    follow(account, "notes")
    account.pull()
    account.push()
    account.pull()

    contact = real(account, "contacts", 950000000000001)
    assert account.column(with_email) == account.column("SELECT contact_id FROM notes") == [contact]
    assert account.sql("SELECT reason FROM cf_waiting") == []
    assert account.states() == ["done"]
    assert sent(account) == [("upsert", {"email_address": "held@example.com"})]
    settled(account, "contacts", contact)


def test_an_insert_that_is_dropped_leaves_the_record_to_the_next_pull(account: Account) -> None:
    account.sql("CREATE TABLE notes (contact_id BIGINT REFERENCES contacts (id))")
    grant(account, "notes")
    account.sql(
        "INSERT INTO contacts (id, email_address) VALUES (950000000000001, 'held@example.com')"
    )
    account.sql("INSERT INTO notes VALUES (950000000000001)")
    account.push()
    account.pull()
    contact = real(account, "contacts", 950000000000001)
    assert contact not in account.ids_of("contacts")

    account.sql("DELETE FROM notes")
    account.desk(outbox.discard, ["1"])
    account.pull()

    assert contact in account.ids_of("contacts")
    assert account.sql("SELECT reason FROM cf_waiting") == []


def follow(account: Account, table: str) -> None:
    """Give a foreign key ON UPDATE CASCADE; in SQLite that takes a new table."""
    key = "REFERENCES contacts (id) ON UPDATE CASCADE"
    if account.mirror.dialect.name == "postgresql":
        account.sql(f"ALTER TABLE {table} DROP CONSTRAINT {table}_contact_id_fkey")
        account.sql(f"ALTER TABLE {table} ADD FOREIGN KEY (contact_id) {key}")
    else:
        account.sql(f"CREATE TABLE new (contact_id BIGINT {key})")
        account.sql(f"INSERT INTO new SELECT * FROM {table}")
        account.sql(f"DROP TABLE {table}")
        account.sql(f"ALTER TABLE new RENAME TO {table}")
