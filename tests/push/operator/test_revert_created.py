"""What `revert --with-created` takes for created: never a record that an INSERT has met."""

from __future__ import annotations

from typing import Any

import pytest

from cfsync.mirror import retention
from cfsync.sync.decisions import adopt as adopting
from cfsync.sync.decisions.revert import Reverted, revert
from tests.push.conftest import Account

MET = "nobody knows whether it was created, or was there before"


def with_created(account: Account, batch: int) -> tuple[Reverted, list[tuple[str, int]]]:
    """What the revert has done, and what it asked about."""
    asked: list[tuple[str, int]] = []
    done = account.desk(revert, batch, asked.extend)
    return done, asked


def insert(account: Account, *emails: str) -> int:
    for email in emails:
        account.sql("INSERT INTO contacts (email_address, first_name) VALUES (?, 'Here')", email)
    return account.push().batch


@pytest.mark.parametrize("same", [False, True])
@pytest.mark.parametrize("pulled", [False, True])
def test_of_a_pruned_batch_only_what_it_has_created_is_deleted(
    account: Account, *, pulled: bool, same: bool
) -> None:
    """The contact that it has met was new to the mirror, or a pull had brought it while the push
    ran; its values were others, or the same.
    """
    del account.settings["CFSYNC_RETENTION__CHANGES"]
    account.pull()
    name = "Here" if same else "There"
    account.sql("INSERT INTO contacts (email_address, first_name) VALUES ('m@e.org', 'Here')")
    met = account.world.create(
        "contacts", account.workspace, email_address="m@e.org", first_name=name
    )
    if pulled:
        account.pull("contacts")
    batch = insert(account, "new@e.org")
    (new,) = account.column("SELECT id FROM contacts WHERE email_address = 'new@e.org'")
    account.desk(lambda mirror: mirror.write(retention.prune, "outbox_done", -60.0))
    assert account.one("SELECT count(*) FROM cf_outbox") == 0

    done, asked = with_created(account, batch)

    assert (asked, done.deleted) == ([("contacts", new)], [("contacts", new)])
    assert [(one.record_id, one.reason) for one in done.left] == ([] if same else [(met, MET)])
    account.push()
    assert account.world.get("contacts", met) is not None
    assert account.world.get("contacts", new) is None


def test_an_older_record_that_a_person_has_named_is_not_deleted(account: Account) -> None:
    there = account.ids_of("products")[0]
    account.sql("INSERT INTO products (name) VALUES ('Book')")
    account.world.fault("reset_after", method="POST", times=None)
    batch = account.push().batch or 1
    account.world.faults.clear()
    account.sql("UPDATE cf_outbox SET state = 'parked', error = 'unknown: it may exist already'")

    async def adopt(context: Any) -> None:
        await adopting.adopt(context, await adopting.compare(context, 1, str(there)))

    account.run(adopt)
    account.push()

    done, asked = with_created(account, batch)

    assert asked == []
    assert [(one.record_id, one.reason) for one in done.left] == [(there, MET)]
