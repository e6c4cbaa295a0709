"""Edits that touch one email go in the order in which they were made, one call at a time."""

from __future__ import annotations

from typing import Any

import pytest

from cfsync.api.retry import Retry
from cfsync.sync.decisions import outbox
from cfsync.sync.push.email_order import Step, release_first
from cfsync.sync.push.planning.plan import plan
from tests.push.checks import conflicts, differences
from tests.push.conftest import Account

A, B, C, D, E = (f"{name}@example.com" for name in "abcde")


@pytest.fixture
def a_and_b(account: Account) -> tuple[int, int]:
    """Two contacts with the emails A and B, on both sides."""
    account.retry = Retry(attempts=1)
    one, two = account.ids_of("contacts")[:2]
    account.world.edit("contacts", one, email_address=A)
    account.world.edit("contacts", two, email_address=B)
    account.pull()
    return one, two


def calls(account: Account) -> list[tuple[str, int, Any]]:
    return [
        (e.verb, e.id, e.fields.get("email_address"))
        for e in account.world.ledger.writes("contacts")
    ]


def to(app_sql: Any, contact: int, email: str) -> None:
    app_sql("UPDATE contacts SET email_address = ? WHERE id = ?", email, contact)


def has(account: Account, contact: int, email: str) -> None:
    assert (account.world.get("contacts", contact) or {})["email_address"] == email
    assert differences(account, "contacts", contact) == []


def swap(app_sql: Any, one: int, two: int) -> None:
    """By way of a third, since no two may have the same."""
    to(app_sql, one, C)
    to(app_sql, two, A)
    to(app_sql, one, B)


def test_two_contacts_swap_their_emails_through_a_third(
    account: Account, app_sql: Any, a_and_b: tuple[int, int]
) -> None:
    one, two = a_and_b
    swap(app_sql, one, two)

    report = account.push()

    assert calls(account) == [("update", one, C), ("update", two, A), ("update", one, B)]
    assert report.exit_code == 0
    assert account.states() == ["done"] * 3
    has(account, one, B)
    has(account, two, A)


def test_a_swap_that_is_made_while_a_push_runs_goes_in_order_with_the_next_one(
    account: Account, app_sql: Any, a_and_b: tuple[int, int]
) -> None:
    one, two = a_and_b
    app_sql("UPDATE contacts SET first_name = 'X' WHERE id = ?", one)

    account.world.fault(
        "meanwhile", method="GET", path="filter", act=lambda: swap(app_sql, one, two)
    )
    assert account.push().exit_code == 0
    assert account.push().exit_code == 0

    given = [call for call in calls(account) if call[2]]
    assert given == [("update", one, C), ("update", two, A), ("update", one, B)]
    has(account, one, B)
    has(account, two, A)


def test_a_swap_with_one_of_those_that_are_being_sent_goes_in_order_with_the_next_push(
    account: Account, app_sql: Any, a_and_b: tuple[int, int]
) -> None:
    one, two = a_and_b
    three = account.world.create("contacts", account.workspace, email_address=D)
    account.pull()
    swap(app_sql, one, two)

    def join() -> None:
        to(app_sql, three, E)
        to(app_sql, one, D)
        to(app_sql, three, B)

    account.world.fault("meanwhile", method="GET", path="filter", act=join)
    assert account.push().exit_code == 0
    assert account.push().exit_code == 0

    has(account, one, D)
    has(account, two, A)
    has(account, three, B)


def test_a_new_contact_that_takes_an_email_while_a_push_runs_is_a_contact_of_its_own(
    account: Account, app_sql: Any, a_and_b: tuple[int, int]
) -> None:
    one, two = a_and_b
    account.settings["CFSYNC_PUSH__BATCH"] = "1"
    app_sql("UPDATE contacts SET first_name = 'X' WHERE id = ?", one)
    app_sql("INSERT INTO contacts (first_name, email_address) VALUES ('New', ?)", C)

    def take() -> None:
        app_sql("UPDATE contacts SET email_address = NULL WHERE id = ?", two)
        app_sql("UPDATE contacts SET email_address = ? WHERE first_name = 'New'", B)

    account.world.fault("meanwhile", method="PUT", act=take)
    account.push()
    assert account.push().exit_code == 0

    (new,) = account.column("SELECT id FROM contacts WHERE first_name = 'New'")
    assert new != two
    has(account, new, B)
    assert account.world.get("contacts", two)["email_address"] is None


def test_an_email_is_taken_over_from_a_contact_that_gave_it_up(
    account: Account, app_sql: Any, a_and_b: tuple[int, int]
) -> None:
    one, two = a_and_b
    to(app_sql, one, C)
    to(app_sql, two, A.upper())
    app_sql("UPDATE contacts SET first_name = 'X' WHERE id = ?", two)

    account.push()

    assert calls(account)[:2] == [("update", one, C), ("update", two, A.upper())]
    assert account.states() == ["done"] * 3
    has(account, two, A.upper())


def test_a_delete_then_an_insert_of_its_email_are_two_contacts(
    account: Account, app_sql: Any, a_and_b: tuple[int, int]
) -> None:
    one, _ = a_and_b
    app_sql("DELETE FROM contacts WHERE id = ?", one)
    app_sql("INSERT INTO contacts (email_address, first_name) VALUES (?, 'New')", A)

    account.push()

    assert [verb for verb, *_ in calls(account)] == ["delete", "upsert"]
    assert account.world.get("contacts", one) is None
    (new,) = account.column("SELECT id FROM contacts WHERE email_address = ?", A)
    assert new > one
    has(account, new, A)


def test_an_insert_takes_the_email_that_another_row_gave_up(
    account: Account, app_sql: Any, a_and_b: tuple[int, int]
) -> None:
    one, _ = a_and_b
    to(app_sql, one, C)
    app_sql(
        "INSERT INTO contacts (id, email_address, tag_ids) VALUES (950000000000005, ?, ?)",
        A,
        tag(account),
    )
    app_sql("UPDATE contacts SET first_name = 'New' WHERE id = 950000000000005")

    account.push()

    assert [verb for verb, *_ in calls(account)] == ["update", "upsert"]
    has(account, one, C)
    (new,) = account.column("SELECT id FROM contacts WHERE email_address = ?", A)
    has(account, new, A)
    assert account.states() == ["done"] * 3


def tag(account: Account) -> str:
    return f"[{account.ids_of('contact_tags')[0]}]"


def test_a_new_contact_gives_its_email_up_for_another_new_one(
    account: Account, app_sql: Any, a_and_b: tuple[int, int]
) -> None:
    app_sql("INSERT INTO contacts (id, email_address) VALUES (950000000000001, ?)", C)
    to(app_sql, 950000000000001, "d@example.com")
    app_sql("INSERT INTO contacts (id, email_address) VALUES (950000000000002, ?)", C)

    account.push()

    assert [verb for verb, *_ in calls(account)] == ["upsert", "update", "upsert"]
    assert account.states() == ["done"] * 3
    emails = account.column("SELECT email_address FROM contacts ORDER BY id DESC LIMIT 2")
    assert emails == [C, "d@example.com"]


@pytest.mark.parametrize("new", [B, None])
def test_a_new_contact_whose_answer_was_lost_gives_its_email_up_for_another_one(
    account: Account, app_sql: Any, two: tuple[int, int], new: str | None
) -> None:
    account.retry = Retry(attempts=1)
    app_sql("INSERT INTO contacts (email_address) VALUES (?)", A)
    account.world.fault("reset_after", method="POST", path="upsert")
    account.push()
    assert account.states() == ["sending"]
    app_sql("UPDATE contacts SET email_address = ? WHERE email_address = ?", new, A)
    to(app_sql, two[0], A)

    report = account.push()

    assert account.states() == ["done"] * 3
    assert report.exit_code == 0
    born = max(account.world.ids("contacts", account.workspace))
    assert calls(account)[-2:] == [("update", born, new), ("update", two[0], A)]
    has(account, two[0], A)


def test_a_contact_that_goes_on_and_is_deleted_gives_all_its_emails_up_at_once(
    account: Account, app_sql: Any, a_and_b: tuple[int, int]
) -> None:
    one, two = a_and_b
    to(app_sql, one, C)
    to(app_sql, two, A)
    app_sql("DELETE FROM contacts WHERE id = ?", one)

    account.push()

    assert calls(account) == [("delete", one, None), ("update", two, A)]
    assert account.states() == ["done"] * 3


@pytest.mark.parametrize("kind", ["reset_before", "reset_after"])
def test_a_lost_answer_stops_those_behind_it_until_the_next_push(
    account: Account, app_sql: Any, a_and_b: tuple[int, int], kind: str
) -> None:
    one, two = a_and_b
    to(app_sql, one, C)
    to(app_sql, two, A)
    to(app_sql, one, B)
    account.world.fault(kind, method="PUT")

    assert account.push().exit_code == 4
    assert account.states() == ["sending", "pending", "pending"]
    assert account.push().exit_code == 0

    assert calls(account) == [("update", one, C), ("update", two, A), ("update", one, B)]
    assert account.states() == ["done"] * 3
    assert conflicts(account) == []
    has(account, one, B)


@pytest.mark.parametrize("kind", ["reset_before", "reset_after"])
@pytest.mark.parametrize(
    "gives_up", ["UPDATE contacts SET email_address = NULL", "DELETE FROM contacts"]
)
def test_an_email_that_was_given_up_with_a_lost_answer_is_taken_over(
    account: Account, app_sql: Any, a_and_b: tuple[int, int], gives_up: str, kind: str
) -> None:
    """A contact without an email isn't taken for one that may have been created twice."""
    one, two = a_and_b
    app_sql(f"{gives_up} WHERE id = ?", one)
    to(app_sql, two, A)
    account.world.fault(kind, method="DELETE" if gives_up.startswith("DELETE") else "PUT")

    assert account.push().exit_code == 4
    assert account.states() == ["sending", "pending"]
    assert account.push().exit_code == 0

    assert account.states() == ["done"] * 2
    has(account, two, A)


def test_a_refused_step_is_parked_and_the_others_are_tried(
    account: Account, app_sql: Any, a_and_b: tuple[int, int]
) -> None:
    one, two = a_and_b
    account.world.create("contacts", account.workspace, email_address=C)
    to(app_sql, one, C)
    to(app_sql, two, A)
    app_sql("UPDATE contacts SET last_name = 'L' WHERE id = ?", two)

    assert account.push().exit_code == 5
    assert account.states() == ["parked", "parked", "done"]

    to(app_sql, one, "free@example.com")
    account.sql("UPDATE cf_outbox SET state = 'pending' WHERE record_id = ?", two)
    assert account.push().exit_code == 0
    has(account, one, "free@example.com")
    has(account, two, A)


def test_a_held_delete_stops_the_insert_of_its_email(
    account: Account, app_sql: Any, a_and_b: tuple[int, int]
) -> None:
    one, _ = a_and_b
    account.world.edit("contacts", one, last_name="Theirs")
    app_sql("DELETE FROM contacts WHERE id = ?", one)
    app_sql("INSERT INTO contacts (email_address) VALUES (?)", A)

    assert account.push().exit_code == 5
    assert account.push().exit_code == 5

    assert calls(account) == []
    assert account.states() == ["held", "pending"]
    reason = "waits for edit 1, which touches the same email_address"
    assert account.column("SELECT error FROM cf_outbox ORDER BY seq")[1] == reason
    account.sql("UPDATE cf_outbox SET state = 'pending', approved = ? WHERE seq = 1", True)
    account.sql("UPDATE cf_conflicts SET state = 'resolved'")
    account.push()
    assert [verb for verb, *_ in calls(account)] == ["delete", "upsert"]


def merge_contacts(app_sql: Any, stays: int, goes: int, email: str) -> None:
    """As somebody does who merges two contacts and changes the one that stays first."""
    to(app_sql, stays, email)
    app_sql("DELETE FROM contacts WHERE id = ?", goes)


def test_two_contacts_are_merged_although_the_email_is_taken_before_it_is_given_up(
    account: Account, app_sql: Any, a_and_b: tuple[int, int]
) -> None:
    one, two = a_and_b
    merge_contacts(app_sql, one, two, B.upper())
    planned = account.desk(plan, account.configured())
    assert [(p.record_id, p.calls[0].kind) for p in planned.records] == [
        (two, "delete"),
        (one, "update"),
    ]

    report = account.push()

    assert report.exit_code == 0
    assert calls(account) == [("delete", two, None), ("update", one, B.upper())]
    assert account.states() == ["done", "done"]
    has(account, one, B.upper())
    assert account.world.get("contacts", two) is None


def test_a_contact_takes_an_email_before_the_other_moves_on(
    account: Account, app_sql: Any, a_and_b: tuple[int, int]
) -> None:
    one, two = a_and_b
    to(app_sql, one, B)
    to(app_sql, two, C)

    assert account.push().exit_code == 0
    assert calls(account) == [("update", two, C), ("update", one, B)]
    has(account, one, B)


def test_a_merge_waits_for_its_held_delete(
    account: Account, app_sql: Any, a_and_b: tuple[int, int]
) -> None:
    one, two = a_and_b
    account.world.edit("contacts", two, last_name="Theirs")
    merge_contacts(app_sql, one, two, B)

    assert account.push().exit_code == 5

    assert calls(account) == []
    assert account.states() == ["pending", "held"]
    reason = "waits for edit 2, which touches the same email_address"
    assert account.column("SELECT error FROM cf_outbox ORDER BY seq")[0] == reason
    account.desk(outbox.approve, ["2"])
    assert account.push().exit_code == 0
    assert [verb for verb, *_ in calls(account)] == ["delete", "update"]
    has(account, one, B)


def step(record: int, number: int, takes: str = "", gives: str = "", had: str = "") -> Step:
    return Step(record, (number,), frozenset(takes), frozenset(gives), frozenset(had))


@pytest.mark.parametrize(
    ("steps", "order"),
    [
        ([step(1, 1, "b", "a", "a"), step(2, 2, "", "b", "b")], [2, 1]),
        ([step(1, 1, "c", "a", "a"), step(2, 2, "a", "b", "b")], [1, 2]),
        # a chain, made the wrong way round
        (
            [step(1, 1, "b", "a", "a"), step(2, 2, "c", "b", "b"), step(3, 3, "", "c", "c")],
            [3, 2, 1],
        ),
        # each waits for the other: as they were made
        ([step(1, 1, "b", "a", "a"), step(2, 2, "a", "b", "b")], [1, 2]),
        # an email that was free goes through two hands
        (
            [
                step(1, 1, "e", "a", "a"),
                step(1, 2, "f", "e", "a"),
                step(2, 3, "e", "b", "b"),
                step(2, 4, "g", "e", "b"),
            ],
            [1, 2, 3, 4],
        ),
        # the record that gives it up has an earlier statement
        ([step(1, 1, "b", "a", "a"), step(2, 2), step(2, 3, "", "b", "b")], [2, 3, 1]),
    ],
)
def test_an_email_is_given_up_before_it_is_taken(steps: list[Step], order: list[int]) -> None:
    assert [s.seqs[0] for s in release_first(steps)] == order


def test_an_email_that_clickfunnels_changed_too_is_not_overwritten(
    account: Account, app_sql: Any, a_and_b: tuple[int, int]
) -> None:
    one, two = a_and_b
    to(app_sql, one, C)
    to(app_sql, two, A)
    account.world.edit("contacts", one, email_address="theirs@example.com")

    account.push()

    assert calls(account) == [("update", two, A)]
    assert conflicts(account) == [("email_address", A, C, "theirs@example.com", "clickfunnels")]
    has(account, one, "theirs@example.com")
    assert account.states() == ["done", "done"]


def test_the_same_email_in_two_workspaces_is_no_chain() -> None:
    from cfsync.sync.push.email_order import EmailChange, email_groups

    touches = [
        EmailChange(1, 10, 1, (A,)),
        EmailChange(2, 20, 2, (A,)),
        EmailChange(3, 30, 1, (B,)),
    ]

    assert email_groups(touches) == []
    assert email_groups([*touches, EmailChange(4, 40, 1, (A, B))]) == [[10, 30, 40]]
