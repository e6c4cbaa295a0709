"""A push announces the batch of what it sends, and none where nothing is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from cfsync.sync.context import Context
from cfsync.sync.progress import Progress
from cfsync.sync.push.conductor import push
from cfsync.sync.push.planning.plan_file import Approved
from cfsync.sync.report import Report
from tests.push.conftest import Account

Told = list[tuple[int, Mapping[str, int]]]


def announced(account: Account, only: Approved | None = None) -> tuple[Told, Report]:
    """What a push announces, and its report."""
    told: Told = []

    class Heard(Progress):
        def announce(self, batch: int, edits: Mapping[str, int]) -> None:
            told.append((batch, edits))

    async def heard(context: Context) -> Report:
        return await push(replace(context, progress=Heard()), only=only)

    return told, account.run(heard)


def edit_alike(account: Account, table: str, field: str) -> None:
    """An edit of a record to which ClickFunnels has come by itself."""
    record = account.ids_of(table)[0]
    account.world.edit(table, record, **{field: "Same"})
    account.sql(f"UPDATE {table} SET {field} = 'Same' WHERE id = ?", record)


def test_no_batch_is_announced_where_clickfunnels_has_the_values(account: Account) -> None:
    edit_alike(account, "contacts", "first_name")

    told, report = announced(account)

    assert (told, report.batch, account.states()) == ([], None, ["done"])


def test_what_is_settled_before_the_first_call_is_not_announced(
    account: Account, contact: int
) -> None:
    edit_alike(account, "contact_tags", "name")
    account.sql("UPDATE contacts SET first_name = 'New' WHERE id = ?", contact)

    told, report = announced(account)

    assert told == [(report.batch, {"contacts": 1})]


@pytest.mark.parametrize(
    "statement", ["DELETE FROM contacts", "UPDATE contacts SET tag_ids = '[TAG]' WHERE id > 0"]
)
def test_deletes_and_bulks_are_announced_once(account: Account, statement: str) -> None:
    account.settings["CFSYNC_PUSH__BULK_FROM"] = "3"
    tag = account.world.create("contact_tags", account.workspace, name="Bulk")
    account.pull("contact_tags")
    account.sql(statement.replace("TAG", str(tag)))

    told, report = announced(account)

    assert told == [(report.batch, {"contacts": 6})]


def test_no_batch_is_announced_where_a_plan_leaves_out_what_waits(account: Account) -> None:
    account.settings["CFSYNC_PUSH__BULK_FROM"] = "3"
    tag = account.world.create("contact_tags", account.workspace, name="Bulk")
    account.pull("contact_tags")
    account.sql(f"UPDATE contacts SET tag_ids = '[{tag}]' WHERE id > 0")

    told, report = announced(account, Approved({}))

    assert (told, report.batch, set(account.states())) == ([], None, {"pending"})


@pytest.mark.usefixtures("no_retries")
def test_a_lost_create_is_announced_when_it_is_sent_again(account: Account, app_sql: Any) -> None:
    app_sql("INSERT INTO contact_tags (name) VALUES ('VIP')")
    account.world.fault("reset_before", method="POST")
    first, _ = announced(account)

    again, report = announced(account)

    assert (first, again) == ([(1, {"contact_tags": 1})], [(report.batch, {"contact_tags": 1})])
