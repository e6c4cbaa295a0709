"""A backup is restored: nothing is sent twice, and nothing that others wrote since is lost."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from cfsync.mirror.db.engine import Mirror
from cfsync.sync.decisions import outbox
from cfsync.sync.decisions.recover import HELD, recover
from tests.conftest import Sql
from tests.push.conftest import Account, now


@pytest.fixture
def restored(
    account: Account,
    opened: Callable[[str], Account],
    mirror_url: str,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> Iterator[Callable[[], Callable[[], Account]]]:
    """Takes a backup when it is called; what it returns opens it, as restored beside the account
    that went on.
    """
    with ExitStack() as reopened:

        def backup() -> Callable[[], Account]:
            if mirror_url.startswith("sqlite"):
                copy = tmp_path / "backup.db"
                account.sql("PRAGMA wal_checkpoint(TRUNCATE)")
                shutil.copy(account.sql.path, copy)
                return lambda: opened(f"sqlite:///{copy}")
            server = request.getfixturevalue("postgres")
            account.mirror.close()
            account.sql.conn.close()
            name = server.create(mirror_url.partition("@/")[2].partition("?")[0])
            account.mirror = reopened.enter_context(
                closing(Mirror.open(mirror_url, must_exist=True, clock=now))
            )
            account.sql = Sql(mirror_url, "postgres")
            reopened.enter_context(closing(account.sql.conn))
            return lambda: opened(server.url(name, "cfsync_daemon"))

        yield backup


def counts(account: Account) -> dict[str, int]:
    """Records in ClickFunnels, of what the test creates."""
    names = ("contacts", "contact_tags", "products", "fulfillments", "images")
    return {name: len(account.world.ids(name, account.workspace)) for name in names}


def edit_everything(account: Account) -> None:
    """Ten edits: five creates, four updates and a delete."""
    one, two, three = account.ids_of("contacts")[:3]
    location, product = account.ids_of("fulfillment_locations")[0], account.ids_of("products")[0]
    items = json.dumps([{"id": 1, "quantity": 1}])
    account.sql("INSERT INTO contacts (email_address, first_name) VALUES ('a@b.org', 'Mail')")
    account.sql("INSERT INTO contacts (first_name) VALUES ('NoMail')")
    account.sql("INSERT INTO contact_tags (name) VALUES ('VIP')")
    account.sql("INSERT INTO products (name) VALUES ('Book')")
    account.sql(
        "INSERT INTO fulfillments (contact_id, location_id, tracking_code,"
        " included_orders_invoices_line_items_attributes) VALUES (?, ?, 'T9', ?)",
        one, location, items,
    )  # fmt: skip
    account.sql("UPDATE contacts SET first_name = 'Here' WHERE id = ?", one)
    account.sql("UPDATE contacts SET last_name = 'Here' WHERE id = ?", two)
    account.sql("UPDATE products SET seo_title = 'Here' WHERE id = ?", product)
    account.sql("UPDATE forms SET name = 'Here'")
    account.sql("DELETE FROM contacts WHERE id = ?", three)


def test_edits_that_the_backup_still_holds_are_sent_once(account, restored):
    edit_everything(account)
    backup = restored()
    assert account.push().exit_code == 0
    one = account.ids_of("contacts")[0]
    mail = account.one("SELECT id FROM contacts WHERE email_address = 'a@b.org'")
    account.world.edit("contacts", mail, first_name="Later")
    account.world.edit("contacts", one, first_name="Later")
    after, writes = counts(account), len(account.world.ledger.writes())
    old = backup()

    done = old.run(recover)
    old.push()
    old.pull()
    old.push()

    assert (done.looked_for, done.parked, done.held) == (5, 5, 0)
    assert counts(account) == after
    assert account.world.get("contacts", mail)["first_name"] == "Later"
    assert account.world.get("contacts", one)["first_name"] == "Later"
    assert len(account.world.ledger.writes()) == writes
    assert sorted(old.states()) == ["done"] * 5 + ["parked"] * 5


def test_edits_made_after_the_backup_come_back_as_records(account, restored):
    backup = restored()
    edit_everything(account)
    account.push()
    after = counts(account)
    old = backup()

    done = old.run(recover)

    assert (done.looked_for, done.sweep.state) == (0, "done")
    assert counts(account) == after
    assert old.one("SELECT first_name FROM contacts WHERE email_address = 'a@b.org'") == "Mail"
    assert old.one("SELECT count(*) FROM products") == after["products"]
    assert old.push().quiet
    assert old.sweep().total("changed") == 0


def test_creates_that_are_not_found_are_held_until_approved(account, restored):
    account.sql("INSERT INTO products (name) VALUES ('Book')")
    account.sql("INSERT INTO contacts (email_address) VALUES ('a@b.org')")
    account.sql("UPDATE products SET seo_title = 'T' WHERE name = 'Book'")
    old = restored()()

    done = old.run(recover)

    assert (done.held, done.sweep.exit_code) == (2, 5)
    assert old.column("SELECT DISTINCT error FROM cf_outbox") == [HELD]
    assert old.push().total("created") == 0
    old.desk(outbox.approve, ["1", "2"])
    assert old.push().total("created") == 2


def test_a_create_that_is_retried_is_made_in_spite_of_the_find(account, restored):
    account.sql("INSERT INTO products (name) VALUES ('Book')")
    backup = restored()
    account.push()
    before = counts(account)["products"]
    old = backup()
    old.run(recover)

    old.desk(outbox.retry, ["1"], make_another=True)
    report = old.push()

    assert report.exit_code == 0
    assert counts(account)["products"] == before + 1


def test_a_create_that_is_discarded_leaves_the_record_that_is_there(account, restored):
    account.sql("INSERT INTO products (name) VALUES ('Book')")
    backup = restored()
    account.push()
    old = backup()
    old.run(recover)

    old.desk(outbox.discard, ["1"])

    assert old.one("SELECT count(*) FROM products WHERE name = 'Book'") == 1
    assert old.push().quiet
    assert old.sweep().exit_code == 0


def test_a_row_that_waits_for_another_one_is_held_with_it(account, restored):
    location = account.ids_of("fulfillment_locations")[0]
    account.sql("INSERT INTO contacts (id, first_name) VALUES (950000000000005, 'New')")
    account.sql(
        "INSERT INTO fulfillments (contact_id, location_id,"
        " included_orders_invoices_line_items_attributes) VALUES (950000000000005, ?, '[]')",
        location,
    )
    old = restored()()

    assert old.run(recover).held == 2


def test_every_list_is_walked_whole_afterwards(account, restored):
    backup = restored()
    contact = account.world.create("contacts", account.workspace, first_name="Between")
    account.pull()
    old = backup()

    done = old.run(recover)

    assert done.watermarks > 0
    lanes: list[Any] = old.column(
        "SELECT DISTINCT lane FROM cf_checkpoints WHERE resource <> 'teams'"
    )
    assert lanes == ["sweep"]
    assert contact in old.ids_of("contacts")
    assert old.pull().state == "done"
    assert old.pull().quiet
