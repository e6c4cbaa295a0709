"""`pushes` lists what was sent, from the outbox and from the history."""

from __future__ import annotations

from cfsync.mirror import retention
from cfsync.mirror.user_decisions import batches
from tests.push.conftest import Account


def listed(account: Account, limit: int = 10) -> list[tuple]:
    parts = account.desk(lambda mirror: mirror.read(batches.latest, limit))
    assert all(p.first and p.last and p.first <= p.last for p in parts)
    return [(p.batch, p.records, p.resource, p.op, p.state) for p in parts]


def test_batches_are_listed_with_what_became_of_their_edits(account, contact):
    del account.settings["CFSYNC_RETENTION__CHANGES"]
    account.pull()
    assert listed(account) == []
    account.sql("UPDATE contacts SET first_name = 'X' WHERE id = ?", contact)
    account.sql("INSERT INTO contacts (email_address) VALUES ('no@address')")
    account.push()
    account.sql("UPDATE contacts SET first_name = 'Y', last_name = 'Z' WHERE id = ?", contact)
    account.sql("UPDATE contacts SET phone_number = '+15550100' WHERE id = ?", contact)
    account.push()

    second = (2, 1, "contacts", "update", "done")
    first = [(1, 1, "contacts", "insert", "parked"), (1, 1, "contacts", "update", "done")]
    assert listed(account) == [second, *first]
    assert listed(account, 1) == [second]

    account.desk(lambda mirror: mirror.write(retention.prune, "outbox_done", -60.0))
    assert account.column("SELECT state FROM cf_outbox") == ["parked"]
    assert listed(account) == [second, *first]
