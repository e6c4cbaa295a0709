"""An edit that cfsync appends itself names who made the edit, or the decision, behind it."""

from __future__ import annotations

from typing import Any

from cfsync.mirror.history.person import acting_as
from cfsync.sync.decisions import adopt as adopting
from cfsync.sync.decisions import conflicts
from tests.push.conftest import Account

AUTHORS = "SELECT op, db_user, application FROM cf_outbox ORDER BY seq"


def test_what_a_create_could_not_carry_is_an_edit_of_who_inserted_the_row(
    account: Account,
) -> None:
    account.sql("INSERT INTO products (name, archived) VALUES ('Book', ?)", True)
    account.sql("UPDATE cf_outbox SET db_user = 'ada', application = 'crm'")

    account.push()

    assert account.sql(AUTHORS) == [("insert", "ada", "crm"), ("update", "ada", "crm")]


def test_what_the_record_lacks_that_a_row_becomes_is_an_edit_of_who_inserted_the_row(
    account: Account,
) -> None:
    there = account.world.create("products", account.workspace, name="Book", seo_title=None)
    account.sql("INSERT INTO products (name, seo_title) VALUES ('Book', 'Here')")
    account.sql(
        "UPDATE cf_outbox SET db_user = 'ada', application = 'crm', state = 'parked', error = ?",
        f"unknown: it may exist already ({there})",
    )

    async def adopt(context: Any) -> None:
        await adopting.adopt(context, await adopting.compare(context, 1, str(there)))

    account.run(adopt)

    assert account.sql(AUTHORS) == [("insert", "ada", "crm"), ("update", "ada", "crm")]


def test_a_record_that_is_created_anew_is_an_insert_of_who_decided_so(
    account: Account, contact: int
) -> None:
    account.sql("UPDATE contacts SET first_name = 'Here' WHERE id = ?", contact)
    account.world.delete("contacts", contact)
    account.push()
    (conflict,) = account.desk(conflicts.open_conflicts)

    with acting_as("grace"):
        account.desk(conflicts.resolve, conflict.id, "local")

    assert account.sql(AUTHORS)[-1] == ("insert", "grace", "cfsync")
