"""An insert that may have arrived is given its record, and makes another one only when told to."""

from __future__ import annotations

from typing import Any

import pytest

from cfsync.errors import UsageError
from cfsync.sync.decisions import adopt as adopting
from cfsync.sync.decisions import outbox
from cfsync.sync.selection import Filter
from tests.push.checks import conflicts
from tests.push.conftest import Account

WAITING = "SELECT reason, command FROM cf_waiting"


@pytest.fixture
def book(account: Account) -> int:
    """The id of a product that ClickFunnels has, and that a parked insert may be."""
    account.sql("INSERT INTO products (name, seo_title) VALUES ('Book', 'Mine')")
    there = account.world.create(
        "products", account.workspace, name="Book", seo_title="Theirs", seo_description=None
    )
    account.sql("UPDATE products SET seo_description = 'Here' WHERE name = 'Book'")
    account.sql(
        "UPDATE cf_outbox SET state = 'parked', highest_id = ?, error = ?",
        there,
        f"unknown: it may exist already ({there})",
    )
    return there


def adopt(account: Account, seq: int, record_id: int) -> Any:
    async def both(context: Any) -> Any:
        found = await adopting.compare(context, seq, str(record_id))
        await adopting.adopt(context, found)
        return found

    return account.run(both)


@pytest.mark.parametrize("pulled", [False, True])
def test_the_row_becomes_the_record(account: Account, book: int, pulled: bool) -> None:
    if pulled:
        account.pull("products")
    commands = account.sql(WAITING)
    assert (f"unknown: it may exist already ({book})", f"cfsync outbox adopt 1 {book}") in commands
    before = len(account.world.ids("products", account.workspace))

    found = adopt(account, 1, book)

    assert found.differing == ["seo_title", "seo_description"]
    assert account.column("SELECT id FROM products WHERE name = 'Book'") == [book]
    assert conflicts(account) == [("seo_title", None, "Mine", "Theirs", "clickfunnels")]
    assert account.push().total("created") == 0
    product = account.world.get("products", book)
    assert (product["seo_title"], product["seo_description"]) == ("Theirs", "Here")
    assert len(account.world.ids("products", account.workspace)) == before
    assert set(account.states()) == {"done"}
    assert account.push().quiet


def test_a_retry_makes_another_record_only_when_told_to(account: Account, book: int) -> None:
    with pytest.raises(UsageError, match=r"cfsync outbox adopt 1 ID\), or use --make-another"):
        account.desk(outbox.retry, ["1"])
    words = r"waits parked but 1 that may have arrived: .*cfsync outbox adopt 1 ID\)"
    for which, given in (([], Filter(everything=True)), (["products"], Filter())):
        with pytest.raises(UsageError, match=words):
            account.desk(outbox.retry, which, given)

    account.desk(outbox.retry, ["1"], make_another=True)

    assert account.push().total("created") == 1


def test_an_edit_that_waits_with_its_insert_is_no_line_of_its_own(
    account: Account, book: int
) -> None:
    commands = account.column("SELECT command FROM cf_waiting")

    assert account.states() == ["parked", "parked"]
    assert commands == [f"cfsync outbox adopt 1 {book}"]


def test_what_no_row_can_become_is_refused(account: Account, book: int) -> None:
    other = account.world.ids("products", account.workspace)[0]
    account.sql(
        "INSERT INTO cf_ids (resource, local_id, id) VALUES ('products', 999000000000001, ?)", other
    )
    for record, said in ((7, "ClickFunnels has no products 7"), (other, "of another inserted row")):
        with pytest.raises(UsageError, match=said):
            adopt(account, 1, record)
    account.sql("UPDATE cf_outbox SET state = 'pending'")
    with pytest.raises(UsageError, match="edit 1 is pending, not parked or held"):
        adopt(account, 1, book)

    assert account.column("SELECT count(*) FROM cf_conflicts") == [0]
