"""Who has decided what stands in the mirror, also where a decision changes no record."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from cfsync.mirror.history.person import acting_as
from cfsync.mirror.reports import decisions
from cfsync.sync.decisions import conflicts, deletions, outbox, pause, redact, revert, undelete
from cfsync.sync.inspection.explain import explain
from cfsync.sync.selection import NOT_GIVEN
from tests.push.checks import hold_deletions
from tests.push.conftest import Account

Decide = Callable[..., Awaitable[Any]]


def as_grace(account: Account, decide: Decide, *given: Any, **options: Any) -> None:
    with acting_as("grace"):
        account.desk(decide, *given, **options)


def told(account: Account, **wanted: Any) -> list[str]:
    """What is told of grace, who is the only one who has decided anything."""
    found = account.desk(lambda mirror: mirror.read(decisions.last, 10, **wanted))
    assert {one.by for one in found} <= {"grace"}
    return [one.text for one in found]


@pytest.fixture
def renamed(account: Account, contact: int) -> int:
    """A contact with an edit."""
    account.sql("UPDATE contacts SET first_name = 'Here' WHERE id = ?", contact)
    return contact


@pytest.fixture
def missing(account: Account) -> list[int]:
    """Contacts that ClickFunnels has deleted; a guard holds their deletion."""
    gone = account.ids_of("contacts")[:3]
    hold_deletions(account, gone)
    return gone


@pytest.mark.parametrize(
    ("state", "decide", "done"),
    [
        ("held", outbox.approve, "approved"),
        ("parked", outbox.retry, "retried"),
        ("pending", outbox.discard, "discarded"),
    ],
)
def test_of_an_edit(account: Account, renamed: int, state: str, decide: Decide, done: str) -> None:
    account.sql("UPDATE cf_outbox SET state = ?", state)

    as_grace(account, decide, ["1"])
    account.push()

    assert told(account) == [f"{done} edit 1 of contacts {renamed}"]


def test_of_many_edits_it_is_one_decision(account: Account) -> None:
    account.sql("UPDATE contacts SET first_name = 'X'")
    account.sql("UPDATE cf_outbox SET state = 'held'")

    as_grace(account, outbox.approve, ["contacts"])

    many = len(account.ids_of("contacts"))
    assert told(account) == [f"approved {many} edits of contacts"]
    assert told(account, resources=["orders"]) == []


@pytest.mark.parametrize(
    ("choice", "side"), [("local", "the mirror's"), ("remote", "ClickFunnels'")]
)
def test_of_a_conflict(account: Account, renamed: int, choice: str, side: str) -> None:
    account.world.edit("contacts", renamed, first_name="There")
    account.push()

    as_grace(account, conflicts.resolve, 1, choice)

    assert told(account) == [
        f"resolved conflict 1 of contacts {renamed} (first_name), for {side} value"
    ]


def test_a_conflict_on_which_both_sides_agree_by_now_was_decided_by_nobody(
    account: Account, renamed: int
) -> None:
    account.settings["CFSYNC_RESOURCES__CONTACTS__ON_CONFLICT"] = "hold"
    account.world.edit("contacts", renamed, first_name="There")
    account.push()
    account.world.edit("contacts", renamed, first_name="Here")
    account.pull()

    assert account.column("SELECT state FROM cf_conflicts") == ["resolved"]
    assert told(account) == []


def test_of_a_deletion_it_stays_with_the_proof(account: Account, missing: list[int]) -> None:
    given = {"confirm": print, "approve": True}
    as_grace(account, deletions.decide, ["contacts", str(missing[0])], NOT_GIVEN, **given)
    as_grace(account, deletions.decide, ["contacts"], NOT_GIVEN, **given | {"approve": False})
    account.sweep()

    assert account.ids_of("contacts")[:2] == missing[1:]
    assert told(account) == [
        "rejected 2 deletions of contacts",
        f"approved the deletion of contacts {missing[0]}",
    ]


def test_a_later_deletion_of_the_record_here_is_nobodys_decision(
    account: Account, missing: list[int]
) -> None:
    given = {"confirm": print, "approve": False}
    as_grace(account, deletions.decide, ["contacts", str(missing[0])], NOT_GIVEN, **given)
    account.sql("DELETE FROM contacts WHERE id = ?", missing[0])
    account.settings["CFSYNC_DELETIONS__MAX_COUNT"] = "100"
    account.push()

    assert told(account) == []


def test_of_a_redaction(account: Account, contact: int) -> None:
    with acting_as("grace"):
        account.run(redact.redact, str(contact))

    assert told(account) == [f"redacted contacts {contact}"]


def test_of_a_push_and_of_a_deleted_record(account: Account, two: tuple[int, int]) -> None:
    edited, deleted = two
    account.sql("INSERT INTO contacts (first_name) VALUES ('New')")
    account.sql("UPDATE contacts SET first_name = 'Here' WHERE id = ?", edited)
    account.sql("DELETE FROM contacts WHERE id = ?", deleted)
    batch = account.push().batch or 0

    account.desk(revert.preview, batch, with_created=True)
    assert told(account) == []
    as_grace(account, revert.revert, batch, lambda _: None)
    as_grace(account, undelete.undelete, "contacts", [str(deleted)], lambda _: None)

    brought = f"brought back contacts {deleted}"
    reverted = f"reverted push {batch}: 2 records, 1 of them deleted"
    assert sorted(told(account)) == [brought, reverted]
    assert sorted(told(account, resources=["contacts"])) == [brought, reverted]
    assert told(account, resources=["orders"]) == []
    assert told(account, resources=["contacts"], record_id=deleted) == [brought]


def test_of_a_pause_the_last_decision_is_kept(account: Account) -> None:
    as_grace(account, pause.change, "paused", ["contacts"])
    as_grace(account, pause.change, "resumed", ["contacts"])
    as_grace(account, pause.change, "paused", [])

    assert told(account) == ["paused all lists", "resumed contacts"]
    assert told(account, resources=["orders"]) == ["paused all lists"]


def test_a_record_tells_who_has_decided_about_it(account: Account, renamed: int) -> None:
    account.sql("UPDATE contacts SET first_name = 'X'")
    account.sql("UPDATE cf_outbox SET state = 'held'")
    as_grace(account, outbox.approve, ["1"])

    known = account.desk(explain, account.configured(), "contacts", str(renamed))

    (one,) = known.decisions
    assert (one.by, one.text) == ("grace", f"approved edit 1 of contacts {renamed}")
