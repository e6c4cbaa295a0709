"""A user's trigger may skip, without an error, the write that a decision needs: the decision then
says so of that row, and nothing of it is done.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cfsync.errors import UsageError
from cfsync.mirror.db.errors import Constrained
from cfsync.sync.decisions import adopt, conflicts, outbox
from cfsync.sync.decisions.redact import redact
from cfsync.sync.decisions.revert import revert
from tests.push.conftest import Account

Decision = Callable[[], Any]

RENAME = "UPDATE contacts SET first_name = 'Here' WHERE id = ?"


def skip_by_trigger(account: Account, event: str, when: str = "true", on: str = "contacts") -> None:
    trigger = f"CREATE TRIGGER skips BEFORE {event} ON {on}"
    if account.sql.is_sqlite:
        account.sql(f"{trigger} WHEN {when} BEGIN SELECT RAISE(IGNORE); END")
        return
    account.sql(
        "CREATE FUNCTION skip() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"
    )
    account.sql(f"{trigger} FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION skip()")


def discard_first(account: Account) -> Decision:
    return lambda: account.desk(outbox.discard, ["1"])


def discard_insert(account: Account, _contact: int) -> Decision:
    account.sql("INSERT INTO contacts (first_name) VALUES ('New')")
    return discard_first(account)


def discard_update(account: Account, contact: int) -> Decision:
    account.sql(RENAME, contact)
    return discard_first(account)


def discard_delete(account: Account, contact: int) -> Decision:
    account.sql("DELETE FROM contacts WHERE id = ?", contact)
    return discard_first(account)


def resolve(account: Account, choice: str) -> Decision:
    (conflict,) = account.desk(conflicts.open_conflicts)
    return lambda: account.desk(conflicts.resolve, conflict.id, choice)


def clash(account: Account, contact: int, policy: str) -> None:
    account.settings["CFSYNC_RESOURCES__CONTACTS__ON_CONFLICT"] = policy
    account.sql(RENAME, contact)
    account.world.edit("contacts", contact, first_name="There")
    account.push()


def resolve_for_the_mirror(account: Account, contact: int) -> Decision:
    clash(account, contact, "clickfunnels")
    return resolve(account, "local")


def resolve_for_clickfunnels(account: Account, contact: int) -> Decision:
    clash(account, contact, "hold")
    return resolve(account, "remote")


def gone(account: Account, contact: int) -> None:
    account.sql(RENAME, contact)
    account.world.delete("contacts", contact)
    account.push()


def let_go(account: Account, contact: int) -> Decision:
    gone(account, contact)
    return resolve(account, "remote")


def create_again(account: Account, contact: int) -> Decision:
    gone(account, contact)
    return resolve(account, "local")


def waiting_insert(account: Account) -> int:
    """An insert that waits beside the record that it is; returns that one's id."""
    account.sql("INSERT INTO contacts (first_name) VALUES ('Here')")
    account.sql("UPDATE cf_outbox SET state = 'parked', error = 'unknown: it may exist already'")
    return int(account.world.create("contacts", account.workspace, first_name="Here"))


def adopting(account: Account, record_id: int) -> Decision:
    async def both(context: Any) -> None:
        await adopt.adopt(context, await adopt.compare(context, 1, str(record_id)))

    return lambda: account.run(both)


def adopt_record(account: Account, _contact: int) -> Decision:
    return adopting(account, waiting_insert(account))


def adopt_row(account: Account, _contact: int) -> Decision:
    record_id = waiting_insert(account)
    account.pull("contacts")
    return adopting(account, record_id)


def redact_person(account: Account, contact: int) -> Decision:
    return lambda: account.run(redact, str(contact))


def state_of(account: Account) -> list[Any]:
    return [
        account.sql("SELECT id, first_name FROM contacts ORDER BY id"),
        account.sql("SELECT seq, record_id, state FROM cf_outbox ORDER BY seq"),
        account.sql("SELECT id, state FROM cf_conflicts ORDER BY id"),
        account.sql("SELECT resource, id FROM cf_base ORDER BY resource, id"),
    ]


@pytest.mark.parametrize(
    ("event", "prepare"),
    [
        ("DELETE", discard_insert),
        ("UPDATE", discard_update),
        ("INSERT", discard_delete),
        ("UPDATE", resolve_for_the_mirror),
        ("UPDATE", resolve_for_clickfunnels),
        ("DELETE", let_go),
        ("UPDATE", create_again),
        ("UPDATE", adopt_record),
        ("DELETE", adopt_row),
        ("DELETE", redact_person),
    ],
)
def test_what_a_trigger_skips_is_not_decided(
    account: Account, contact: int, event: str, prepare: Callable[[Account, int], Decision]
) -> None:
    decide = prepare(account, contact)
    before = state_of(account)
    skip_by_trigger(account, event)

    with pytest.raises(Constrained, match=r"a trigger skips contacts \d+ without an error"):
        decide()

    assert state_of(account) == before


def test_the_others_of_many_are_decided(account: Account, two: tuple[int, int]) -> None:
    for contact in two:
        account.sql(RENAME, contact)
    skip_by_trigger(account, "UPDATE", f"OLD.id = {two[0]}")

    with pytest.raises(UsageError, match=f"1 edits are settled, and 1 not: 1: .*contacts {two[0]}"):
        account.desk(outbox.discard, ["contacts"])

    assert account.states() == ["pending", "discarded"]


def test_a_revert_lists_what_a_trigger_skips(account: Account, contact: int) -> None:
    account.sql(RENAME, contact)
    account.push()
    skip_by_trigger(account, "UPDATE")

    done = account.desk(revert, 1)

    assert done.fields == []
    assert [(one.record_id, one.field) for one in done.left] == [(contact, "first_name")]
    assert f"a trigger skips contacts {contact}" in done.left[0].reason


def test_a_reference_in_a_skipped_row_stops_nobody(account: Account) -> None:
    """The child's call is sent with the real id, and only the child's row waits."""
    course = account.ids_of("courses")[0]
    account.sql("INSERT INTO contacts (first_name) VALUES ('New')")
    local = account.one("SELECT id FROM contacts WHERE first_name = 'New'")
    account.sql("INSERT INTO enrollments (course_id, contact_id) VALUES (?, ?)", course, local)
    skip_by_trigger(account, "UPDATE", on="enrollments")

    account.push()

    assert account.states() == ["done", "parked"]
    assert account.one("SELECT id FROM contacts WHERE first_name = 'New'") < local
