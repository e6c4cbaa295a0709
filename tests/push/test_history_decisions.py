"""The history where a person decides, where capture was off, and where rows of it are pruned."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from cfsync.mirror import retention
from cfsync.sync.decisions import conflicts
from cfsync.sync.decisions.redact import redact
from cfsync.sync.decisions.revert import revert
from tests.push.conftest import Account
from tests.push.test_history import account, before, told
from tests.replayed import State, changes_since, differences

__all__ = ["account", "before"]


@contextmanager
def uncaptured(account: Account) -> Iterator[None]:
    """No trigger captures what is written in the block."""
    is_sqlite = account.mirror.dialect.name == "sqlite"
    off, on = "SET session_replication_role = replica", "SET session_replication_role = origin"
    if is_sqlite:
        off, on = "UPDATE cf_writer SET mark = 2", "UPDATE cf_writer SET mark = 0"
    account.sql(off)
    yield
    account.sql(on)


def patches(account: Account, before: State, field: str) -> list[Any]:
    """What the changes since say about a field."""
    changes = changes_since(account.mirror, before.seq)
    return [c["patch"][field] for c in changes if field in c["patch"]]


def resolve(account: Account, choice: str, value: Any = None) -> None:
    (conflict,) = account.desk(conflicts.open_conflicts)
    account.desk(conflicts.resolve, conflict.id, choice, value)
    account.push()
    account.pull("contacts")


CHOICES = pytest.mark.parametrize(
    ("choice", "value"), [("local", None), ("remote", None), ("value", "Both")]
)


@CHOICES
@pytest.mark.parametrize("policy", ["clickfunnels", "local", "hold"])
def test_a_conflict_is_told_as_it_is_resolved(
    account: Account, contact: int, before: State, policy: str, choice: str, value: Any
) -> None:
    account.settings["CFSYNC_RESOURCES__CONTACTS__ON_CONFLICT"] = policy
    account.sql("UPDATE contacts SET first_name = 'Here' WHERE id = ?", contact)
    account.world.edit("contacts", contact, first_name="There")
    account.push()
    resolve(account, choice, value)

    assert differences(account.mirror, before) == []


@pytest.mark.parametrize(
    ("choice", "value", "after"),
    [("local", None, "Here"), ("value", "Both", "Both"), ("remote", None, None)],
)
def test_drift_is_told_when_somebody_decides_about_it(
    account: Account, contact: int, before: State, choice: str, value: Any, after: str | None
) -> None:
    was = account.one("SELECT first_name FROM contacts WHERE id = ?", contact)
    with uncaptured(account):
        account.sql("UPDATE contacts SET first_name = 'Here' WHERE id = ?", contact)
    account.sweep("contacts")
    resolve(account, choice, value)

    assert patches(account, before, "first_name") == [[was, after] if after else ["Here", was]]
    assert (differences(account.mirror, before) == []) == bool(after)


@pytest.mark.parametrize("choice", ["local", "remote"])
def test_an_uncaptured_insert_is_told_when_somebody_decides_about_it(
    account: Account, before: State, choice: str
) -> None:
    with uncaptured(account):
        account.sql(
            "INSERT INTO contacts (id, email_address, workspace_id)"
            " VALUES (900000000000077, 'new@example.com', ?)",
            account.workspace,
        )
    account.sweep("contacts")
    resolve(account, choice)
    ops = [change[0] for change in told(account, before)]

    assert ops[:2] == (["insert", "renumber"] if choice == "local" else ["delete"])
    assert (differences(account.mirror, before) == []) == (choice == "local")


@pytest.mark.parametrize("choice", ["local", "remote"])
def test_a_record_deleted_in_clickfunnels_goes_or_comes_again(
    account: Account, contact: int, before: State, choice: str
) -> None:
    account.sql("UPDATE contacts SET first_name = 'Here' WHERE id = ?", contact)
    account.world.delete("contacts", contact)
    account.sweep("contacts")
    account.sweep("contacts")
    resolve(account, choice)

    assert differences(account.mirror, before) == []


@pytest.mark.parametrize("choice", ["local", "remote"])
def test_a_record_deleted_here_goes_or_comes_again(
    account: Account, contact: int, before: State, choice: str
) -> None:
    account.sql("DELETE FROM contacts WHERE id = ?", contact)
    account.world.edit("contacts", contact, first_name="There")
    account.push()
    resolve(account, choice)

    assert differences(account.mirror, before) == []


def test_two_rows_of_one_record_become_one(account: Account, before: State) -> None:
    account.sql("INSERT INTO contacts (email_address, first_name) VALUES ('new@example.com', 'A')")
    account.world.fault("reset_after", method="POST", path="upsert")
    account.push()
    account.sql("UPDATE contacts SET first_name = 'Eve' WHERE id >= 900000000000000")
    account.pull("contacts")
    account.push()
    account.push()
    account.pull("contacts")

    assert differences(account.mirror, before) == []


def test_a_revert_is_one_more_edit(account: Account, contact: int, before: State) -> None:
    account.sql("UPDATE contacts SET first_name = 'Eve' WHERE id = ?", contact)
    account.push()
    (batch,) = set(account.column("SELECT batch FROM cf_outbox"))
    account.desk(revert, batch)
    account.push()
    account.pull("contacts")

    assert [e[:3] for e in told(account, before)] == [("update", "local", "user")] * 2
    assert differences(account.mirror, before) == []


def test_values_that_two_records_swap_are_told_once(
    account: Account, two: tuple[int, int], before: State
) -> None:
    account.sql("CREATE UNIQUE INDEX mine ON contacts (email_address)")
    one, other = (account.one("SELECT email_address FROM contacts WHERE id = ?", i) for i in two)
    account.world.edit("contacts", two[0], email_address="x@example.com")
    account.world.edit("contacts", two[1], email_address=one)
    account.world.edit("contacts", two[0], email_address=other)
    account.pull("contacts")

    assert sorted(patches(account, before, "email_address")) == sorted([[one, other], [other, one]])
    assert differences(account.mirror, before) == []


def test_edits_that_leave_the_outbox_stay_in_the_history(
    account: Account, contact: int, before: State
) -> None:
    account.sql("UPDATE contacts SET first_name = 'Eve' WHERE id = ?", contact)
    account.push()
    shown = changes_since(account.mirror, before.seq)
    account.sql("UPDATE cf_outbox SET sent_at = '2020-01-01T00:00:00.000000Z'")
    account.sql("UPDATE cf_outbox SET captured_at = '2020-01-01T00:00:00.000000Z'")
    account.desk(_prune)

    assert account.one("SELECT count(*) FROM cf_outbox") == 0
    assert [c["patch"] for c in changes_since(account.mirror, before.seq)] == [
        c["patch"] for c in shown
    ]
    assert differences(account.mirror, before) == []


async def _prune(mirror: Any) -> None:
    await mirror.write(retention.prune, "outbox_done", 60.0)


def test_a_redaction_leaves_the_changes_without_their_values(
    account: Account, contact: int, before: State
) -> None:
    account.sql("UPDATE contacts SET first_name = 'Eve' WHERE id = ?", contact)
    account.push()
    account.run(redact, str(contact))

    assert [(c["op"], c["patch"]) for c in changes_since(account.mirror, before.seq)] == [
        ("update", {}),
        ("delete", {}),
    ]
