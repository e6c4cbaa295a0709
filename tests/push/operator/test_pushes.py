"""`pushes` lists what was sent, from the outbox and from the history."""

from __future__ import annotations

from cfsync.cli.inspection.pushes import _edits
from cfsync.mirror import retention
from cfsync.mirror.bookkeeping import ids
from cfsync.mirror.bookkeeping.outbox import Edit, Op, OutboxState
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


def test_a_push_of_more_inserts_than_a_statement_takes_numbers_is_judged(account):
    numbers = range(1, 70_001)
    inserts = [
        Edit(
            seq=number,
            resource="contacts",
            record_id=number,
            op=Op.INSERT,
            patch={},
            state=OutboxState.DONE,
            captured_at="",
        )
        for number in numbers
    ]

    unsure = account.desk(lambda mirror: mirror.read(batches.unsure, inserts))

    assert unsure == set(numbers)
    pairs = [("contacts", number) for number in numbers]
    assert account.desk(lambda mirror: mirror.read(ids.find_real_ids, pairs)) == {}


def test_records_that_an_insert_has_met_are_not_counted_as_created(account):
    del account.settings["CFSYNC_RETENTION__CHANGES"]
    account.pull()
    account.world.create("contacts", account.workspace, email_address="m@e.org", first_name="Met")
    for email in ("m@e.org", "a@e.org", "b@e.org"):
        account.sql("INSERT INTO contacts (email_address, first_name) VALUES (?, 'Here')", email)
    account.push()

    def told() -> list[str]:
        return [*_edits(account.desk(lambda mirror: mirror.read(batches.latest, 1)))]

    assert told() == ["2 contacts created", "1 contacts met"]
    account.desk(lambda mirror: mirror.write(retention.prune, "outbox_done", -60.0))
    assert told() == ["3 contacts created or met"]
