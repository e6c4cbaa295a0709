"""What users write by SQL is in the outbox, in their own transaction; nothing else is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from cfsync.mirror.db.engine import Mirror, Tx
from cfsync.mirror.db.tables import TABLES
from cfsync.records import is_provisional
from tests.conftest import POSTGRESQL_ONLY, SQLITE_ONLY, Sql
from tests.mirror.conftest import Daemon


def test_an_update_is_caught_field_by_field(ada: int, sql: Sql) -> None:
    sql("UPDATE contacts SET first_name = 'Ada L.', phone_number = '1' WHERE id = 5")

    patch = {"first_name": ["Ada", "Ada L."], "phone_number": [None, "1"]}
    assert sql.outbox() == [("update", "contacts", 5, patch)]


def test_the_row_of_the_outbox_says_who_when_and_where(ada: int, sql: Sql) -> None:
    sql("UPDATE contacts SET first_name = 'A' WHERE id = 5")

    [(workspace, state, attempts, user, captured)] = sql(
        "SELECT workspace_id, state, attempts, db_user, captured_at FROM cf_outbox"
    )
    assert (workspace, state, attempts) == (10, "pending", 0)
    assert user == (None if sql.is_sqlite else "postgres")
    assert str(captured) > "2026"


@pytest.mark.parametrize(
    "change",
    [
        "first_name = first_name",
        "first_name = 'Ada', phone_number = NULL",
        """tag_ids = '[1,   2]'""",
        """tag_ids = '[2, 1]'""",
        """custom_attributes = '{"size":"m","colour":"red"}'""",
        """custom_attributes = '{"size":"m","colour":"red","hat":"","shoe":null}'""",
        """tags = '[ {"id": 1}, {"id": 2} ]'""",
        "created_at = '2025-05-21 12:18:51.772+00:00'",
        "created_at = '2025-05-21T14:18:51.772+02:00'",
        "cf_rev = cf_rev, id = id, uuid = uuid",
    ],
)
def test_an_update_that_changes_nothing_is_no_edit(ada: int, sql: Sql, change: str) -> None:
    before = sql("SELECT created_at, uuid FROM contacts")

    sql(f"UPDATE contacts SET {change} WHERE id = 5")

    assert sql.outbox() == []
    assert sql("SELECT created_at, uuid FROM contacts") == before


def test_json_and_truth_are_caught_as_json(ada: int, daemon: Daemon, sql: Sql) -> None:
    daemon("products", {"id": 7, "workspace_id": 10, "name": "Mug", "visible_in_store": True})

    sql("""UPDATE contacts SET tag_ids = '[2, 3]', custom_attributes = '{"size": "l"}'""")
    sql("UPDATE products SET visible_in_store = FALSE, image_ids = '[4]'")

    assert [row[3] for row in sql.outbox()] == [
        {
            "custom_attributes": [{"colour": "red", "size": "m"}, {"size": "l"}],
            "tag_ids": [[1, 2], [2, 3]],
        },
        {"visible_in_store": [True, False], "image_ids": [None, [4]]},
    ]


def test_money_is_text_as_written_and_times_are_canonical(
    workspace: int, daemon: Daemon, sql: Sql
) -> None:
    daemon("product_prices", {"id": 3, "product_id": 7, "workspace_id": 10, "amount": "123.00"})
    daemon("orders", {"id": 4, "workspace_id": 10, "payment_processor": "external"})

    sql("UPDATE product_prices SET amount = '99.50'")
    sql("UPDATE orders SET next_charge_at = '2026-01-02 03:04:05'")

    assert [row[3] for row in sql.outbox()] == [
        {"amount": ["123.00", "99.50"]},
        {"next_charge_at": [None, "2026-01-02T03:04:05.000Z"]},
    ]
    if sql.is_sqlite:
        assert sql("SELECT next_charge_at FROM orders") == [("2026-01-02T03:04:05.000Z",)]


def test_an_insert_gets_a_provisional_id_and_the_only_workspace(workspace: int, sql: Sql) -> None:
    [(row_id,)] = sql("INSERT INTO contacts (email_address) VALUES ('b@example.com') RETURNING id")

    assert is_provisional(row_id)
    patch = {"workspace_id": [None, 10], "email_address": [None, "b@example.com"]}
    assert sql.outbox() == [("insert", "contacts", row_id, patch)]
    assert sql("SELECT workspace_id, cf_rev FROM contacts") == [(10, None)]
    assert sql("SELECT workspace_id, highest_id FROM cf_outbox") == [(10, 0)]


def test_an_insert_notes_the_highest_id_of_its_resource(ada: int, sql: Sql) -> None:
    sql("INSERT INTO contacts (first_name) VALUES ('Bob')")

    assert sql("SELECT highest_id FROM cf_outbox") == [(5,)]


def test_a_child_gets_the_workspace_of_its_parent(workspace: int, daemon: Daemon, sql: Sql) -> None:
    daemon("workspaces", {"id": 11, "workspace_id": 11, "team_id": 1})
    daemon("products", {"id": 7, "workspace_id": 11})

    sql(
        "INSERT INTO product_prices (id, product_id, amount, currency)"
        " VALUES (950000000000001, 7, 9.25, 'usd')"
    )

    patch = {
        "workspace_id": [None, 11],
        "product_id": [None, 7],
        "amount": [None, "9.25"],
        "currency": [None, "usd"],
    }
    assert sql.outbox() == [("insert", "product_prices", 950000000000001, patch)]
    assert sql("SELECT workspace_id FROM product_prices") == [(11,)]


def test_a_product_may_be_born_archived(workspace: int, sql: Sql) -> None:
    sql("INSERT INTO products (id, name, archived) VALUES (950000000000001, 'Mug', TRUE)")

    assert sql.outbox()[0][3] == {
        "workspace_id": [None, 10],
        "name": [None, "Mug"],
        "archived": [None, True],
    }


def test_a_delete_keeps_the_whole_row(ada: int, sql: Sql) -> None:
    [(rev,)] = sql("SELECT cf_rev FROM contacts")

    sql("DELETE FROM contacts WHERE id = 5")

    [(op, resource, record_id, patch)] = sql.outbox()
    assert (op, resource, record_id) == ("delete", "contacts", 5)
    assert patch["email_address"] == ["ada@example.com", None]
    assert patch["tag_ids"] == [[1, 2], None]
    assert patch["created_at"] == ["2025-05-21T12:18:51.772Z", None]
    assert patch["cf_rev"] == [rev, None]
    assert set(patch) == set(TABLES["contacts"].c.keys()) - {"id"}


def test_what_is_rolled_back_was_never_captured(ada: int, sql: Sql) -> None:
    sql("BEGIN")
    sql("UPDATE contacts SET first_name = 'X' WHERE id = 5")
    sql("INSERT INTO contacts (first_name) VALUES ('Y')")
    sql("ROLLBACK")

    assert sql.outbox() == []


def test_the_daemons_own_writes_are_let_through(
    ada: int, daemon: Daemon, write: Any, sql: Sql
) -> None:
    daemon("contacts", {"id": 5, "workspace_id": 10, "uuid": "new", "first_name": "B"})
    write(lambda tx: tx.conn.execute(sa.delete(TABLES["contacts"])).rowcount)
    daemon("courses", {"id": 1, "workspace_id": 10, "title": "T"})

    assert sql.outbox() == []
    assert sql("SELECT count(*) FROM contacts") == [(0,)]


def test_the_daemon_may_give_a_row_its_real_id(workspace: int, write: Any, sql: Sql) -> None:
    sql("INSERT INTO contacts (id, first_name) VALUES (950000000000001, 'Bob')")

    def adopt(tx: Tx) -> None:
        table = TABLES["contacts"]
        tx.conn.execute(
            sa.update(table).where(table.c.id == 950000000000001).values(id=77, cf_rev=tx.rev())
        )

    write(adopt)

    assert [row[0] for row in sql.outbox()] == ["insert"]
    assert sql("SELECT id FROM contacts") == [(77,)]


def test_what_a_users_trigger_writes_inside_the_daemons_transaction_is_an_edit(
    ada: int, daemon: Daemon, sql: Sql
) -> None:
    _mark_visited_when_product_comes(sql)

    daemon("products", {"id": 7, "workspace_id": 10, "name": "Mug"})

    assert sql.outbox() == [("update", "contacts", 5, {"last_name": [None, "Visited"]})]


def _mark_visited_when_product_comes(sql: Sql) -> None:
    change = "UPDATE contacts SET last_name = 'Visited' WHERE id = 5"
    if sql.is_sqlite:
        sql(f"CREATE TRIGGER mine AFTER INSERT ON products BEGIN {change}; END")
        return
    sql(
        "CREATE FUNCTION mine() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN {change}; RETURN NULL; END $$"
    )
    sql("CREATE TRIGGER mine AFTER INSERT ON products FOR EACH ROW EXECUTE FUNCTION mine()")


def test_on_conflict_do_update_is_an_update(ada: int, sql: Sql) -> None:
    sql(
        "INSERT INTO contacts (id, first_name) VALUES (5, 'Upserted'), (950000000000003, 'New')"
        " ON CONFLICT (id) DO UPDATE SET first_name = excluded.first_name"
    )

    assert sorted(sql.outbox(), key=lambda row: row[2]) == [
        ("update", "contacts", 5, {"first_name": ["Ada", "Upserted"]}),
        (
            "insert",
            "contacts",
            950000000000003,
            {"workspace_id": [None, 10], "first_name": [None, "New"]},
        ),
    ]


def test_on_conflict_do_nothing_is_nothing(ada: int, sql: Sql) -> None:
    sql("INSERT INTO contacts (id, first_name) VALUES (5, 'X') ON CONFLICT DO NOTHING")

    assert sql.outbox() == []


def test_update_returning_works(ada: int, sql: Sql) -> None:
    assert sql("UPDATE contacts SET first_name = 'R' WHERE id = 5 RETURNING id, first_name") == [
        (5, "R")
    ]
    assert len(sql.outbox()) == 1


def test_a_delete_that_is_taken_back_by_an_insert_is_an_update(ada: int, sql: Sql) -> None:
    [(rev,)] = sql("SELECT cf_rev FROM contacts")

    with sql.transaction():
        sql("DELETE FROM contacts WHERE id = 5")
        sql("INSERT INTO contacts (id, first_name, phone_number) VALUES (5, 'Back', '7')")

    patch = {"first_name": ["Ada", "Back"], "phone_number": [None, "7"]}
    assert sql.outbox() == [("update", "contacts", 5, patch)]
    assert sql("SELECT email_address, uuid, cf_rev FROM contacts") == [
        ("ada@example.com", "u5", rev)
    ]


def test_a_row_with_a_pending_delete_can_come_back_later(ada: int, sql: Sql) -> None:
    sql("DELETE FROM contacts WHERE id = 5")
    sql("INSERT INTO contacts (id) VALUES (5)")

    assert sql.outbox() == []
    assert sql("SELECT first_name FROM contacts") == [("Ada",)]


def test_a_row_that_was_never_sent_can_be_changed_deleted_and_brought_back(
    workspace: int, sql: Sql
) -> None:
    sql("INSERT INTO contacts (id, first_name) VALUES (950000000000001, 'Bob')")
    sql("UPDATE contacts SET first_name = 'Rob' WHERE id = 950000000000001")
    sql("DELETE FROM contacts WHERE id = 950000000000001")
    sql("INSERT INTO contacts (id, last_name) VALUES (950000000000001, 'Roy')")

    assert [(row[0], row[3]) for row in sql.outbox()] == [
        ("insert", {"workspace_id": [None, 10], "first_name": [None, "Bob"]}),
        ("update", {"first_name": ["Bob", "Rob"]}),
        ("update", {"last_name": [None, "Roy"]}),
    ]
    assert sql("SELECT first_name, last_name FROM contacts") == [("Rob", "Roy")]


def test_a_field_of_the_create_can_change_until_it_is_sent(workspace: int, sql: Sql) -> None:
    sql(
        "INSERT INTO images (id, upload_source_url)"
        " VALUES (950000000000001, 'https://a.example/1.png')"
    )
    sql(
        "INSERT INTO fulfillments"
        " (id, contact_id, location_id, included_orders_invoices_line_items_attributes)"
        " VALUES (950000000000002, 950000000000009, 3, '[]')"
    )

    sql("UPDATE fulfillments SET contact_id = 8 WHERE id = 950000000000002")

    assert sql.outbox()[-1] == (
        "update",
        "fulfillments",
        950000000000002,
        {"contact_id": [950000000000009, 8]},
    )


@POSTGRESQL_ONLY
def test_a_listener_is_told_of_edits_and_of_nothing_else(
    ada: int, daemon: Daemon, sql: Sql
) -> None:
    sql("LISTEN cfsync_outbox")

    sql("UPDATE contacts SET first_name = first_name")
    daemon("products", {"id": 7, "workspace_id": 10, "name": "Mug"})
    sql("UPDATE contacts SET first_name = 'N'")

    told = [note.channel for note in sql.conn.notifies(timeout=1, stop_after=1)]
    assert told == ["cfsync_outbox"]


def test_a_role_with_rights_on_the_tables_alone_is_captured_under_its_name(
    ada: int, app_sql: Sql, sql: Sql
) -> None:
    app_sql("UPDATE contacts SET first_name = 'App' WHERE id = 5")
    app_sql("INSERT INTO contacts (id, first_name) VALUES (950000000000001, 'App')")
    app_sql("DELETE FROM contacts WHERE id = 5")
    app_sql("INSERT INTO contacts (id, last_name) VALUES (5, 'Back')")

    assert [row[0] for row in sql.outbox()] == ["update", "insert", "update"]
    if not sql.is_sqlite:
        assert sql("SELECT DISTINCT db_user FROM cf_outbox") == [("cfsync_app",)]


def test_an_edit_names_the_program_that_made_it(
    ada: int, daemon: Daemon, sql: Sql, mirror_url: str
) -> None:
    daemon("contacts", {"id": 6, "workspace_id": 10})
    named, other = Sql(mirror_url, "postgres"), Sql(mirror_url, "postgres")
    if sql.is_sqlite:
        named(
            "CREATE TEMP TRIGGER cf_who AFTER INSERT ON main.cf_outbox BEGIN"
            " UPDATE cf_outbox SET db_user = 'crm' WHERE seq = NEW.seq; END"
        )
    else:
        named("SET application_name = 'crm'")
    with named.transaction():
        named("UPDATE contacts SET first_name = 'A' WHERE id = 5")
    other("UPDATE contacts SET first_name = 'B' WHERE id = 5")
    named("INSERT INTO contacts (first_name) VALUES ('C')")
    named("DELETE FROM contacts WHERE id = 6")
    for user in (named, other):
        user.conn.close()

    found = sql("SELECT db_user, application FROM cf_outbox ORDER BY seq")
    crm, nobody = ("crm", None), (None, None)
    if not sql.is_sqlite:
        crm, nobody = ("postgres", "crm"), ("postgres", None)
    assert found == [crm, nobody, crm, crm]


@POSTGRESQL_ONLY
def test_an_edit_is_by_the_role_that_its_session_has_taken(ada: int, sql: Sql) -> None:
    sql("SET ROLE cfsync_app")
    sql("UPDATE contacts SET first_name = 'A' WHERE id = 5")
    sql("RESET ROLE")
    sql("UPDATE contacts SET first_name = 'B' WHERE id = 5")

    assert sql("SELECT db_user FROM cf_outbox ORDER BY seq") == [("cfsync_app",), ("postgres",)]


@POSTGRESQL_ONLY
def test_the_users_role_sees_nothing_of_the_books(mirror_url: str, app_sql: Sql) -> None:
    for table in ("cf_outbox", "cf_base", "cfsync_secrets.cf_secrets", "cf_meta"):
        with pytest.raises(Exception, match="permission denied"):
            app_sql(f"SELECT * FROM {table}")


def test_an_update_of_many_rows_is_caught_in_one_go(
    workspace: int, daemon: Daemon, sql: Sql
) -> None:
    daemon("contacts", *({"id": i, "workspace_id": 10, "first_name": "x"} for i in range(1, 51)))

    sql("UPDATE contacts SET first_name = 'y', last_name = 'z' WHERE id > 25")

    patch = {"first_name": ["x", "y"], "last_name": [None, "z"]}
    assert sorted(sql.outbox(), key=lambda row: row[2]) == [
        ("update", "contacts", i, patch) for i in range(26, 51)
    ]


def test_numbers_of_the_outbox_are_never_used_again(
    ada: int, write: Callable[..., Any], sql: Sql
) -> None:
    sql("UPDATE contacts SET first_name = 'a' WHERE id = 5")
    [(first,)] = sql("SELECT seq FROM cf_outbox")
    write(lambda tx: tx.conn.execute(sa.text("DELETE FROM cf_outbox")).rowcount)

    sql("UPDATE contacts SET first_name = 'b' WHERE id = 5")

    assert sql("SELECT seq FROM cf_outbox") == [(first + 1,)]


@SQLITE_ONLY
def test_bytes_that_pass_for_text_do_not_stop_the_daemon(
    ada: int, mirror: Mirror, sql: Sql
) -> None:
    sql("UPDATE contacts SET first_name = CAST(x'93' AS TEXT), last_name = '\ufffd \u00e9'")

    query = sa.select(TABLES["contacts"].c["first_name", "last_name"])
    found = asyncio.run(mirror.read(lambda tx: tx.conn.execute(query).all()))

    assert found == [("\ufffd", "\ufffd \u00e9")]


@pytest.mark.parametrize(
    ("given", "stored", "patch"),
    [
        ("[1, 2, 2]", [1, 2], None),
        ("[2, 1]", [1, 2], None),
        ("[10, 2, 1, 10]", [1, 2, 10], [[1, 2], [1, 2, 10]]),
        ("[]", [], [[1, 2], []]),
    ],
)
def test_a_set_is_stored_sorted_and_each_member_once(
    ada: int, sql: Sql, given: str, stored: list[int], patch: Any
) -> None:
    sql("UPDATE contacts SET tag_ids = ?, first_name = 'X' WHERE id = 5", given)

    [(tags,)] = sql("SELECT tag_ids FROM contacts")
    assert (json.loads(tags) if sql.is_sqlite else tags) == stored
    assert sql.outbox()[0][3].get("tag_ids") == patch
    assert sql("SELECT count(*) FROM contact_tag_links") == [(len(stored),)]


def test_a_set_in_an_insert_is_sorted_too(workspace: int, sql: Sql) -> None:
    sql("INSERT INTO contacts (first_name, tag_ids) VALUES ('X', '[10, 2, 10]')")

    [(tags,)] = sql("SELECT tag_ids FROM contacts")
    assert (json.loads(tags) if sql.is_sqlite else tags) == [2, 10]
    assert sql.outbox()[0][3]["tag_ids"] == [None, [2, 10]]
