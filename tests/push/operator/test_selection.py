"""Many edits and conflicts are decided at once, after they were shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from cfsync.errors import UsageError
from cfsync.mirror.db.errors import Away
from cfsync.sync.decisions import conflicts, outbox
from cfsync.sync.decisions.undelete import undelete
from cfsync.sync.selection import NOT_GIVEN, Filter, earliest, select
from tests.push.conftest import Account
from tests.sync.walk.test_refused_rows import BLOCKED, broken

NOW = "2026-05-21T12:00:00.000Z"


class Declined(Exception):
    """What a person answers with who doesn't want it."""


def decline(_: Sequence[Any]) -> None:
    raise Declined


def edited(account: Account) -> None:
    """Edits 1 to 4, and 5 of another resource; the first two are a day old."""
    ids = account.ids_of("contacts")
    for record_id in ids[:2]:
        account.sql("UPDATE contacts SET first_name = 'X' WHERE id = ?", record_id)
    account.sql("UPDATE cf_outbox SET captured_at = '2026-01-01T00:00:00.000Z'")
    account.sql("UPDATE contacts SET last_name = 'Y' WHERE id = ?", ids[2])
    account.sql("UPDATE contacts SET first_name = 'X', last_name = 'Y' WHERE id = ?", ids[3])
    account.sql("UPDATE products SET name = 'Z' WHERE id = ?", account.ids_of("products")[0])
    account.sql("UPDATE cf_outbox SET workspace_id = 7 WHERE seq = 4")


@pytest.mark.parametrize(
    ("which", "given", "dropped"),
    [
        (["2", "3"], NOT_GIVEN, [2, 3]),
        (["contacts"], NOT_GIVEN, [1, 2, 3, 4]),
        (["contacts"], Filter(field="last_name"), [3, 4]),
        (["contacts"], Filter(field="first_name", since="2h"), [4]),
        ([], Filter(since="2026-01-02"), [3, 4, 5]),
        ([], Filter(field="name"), [5]),
        ([], Filter(everything=True), [1, 2, 3, 4, 5]),
        (["contacts"], Filter(workspace="7"), [4]),
    ],
)
def test_edits_are_discarded_by_what_they_are_about(account, which, given, dropped):
    edited(account)
    shown: list[Any] = []

    done = account.desk(outbox.discard, which, given, confirm=shown.extend)

    assert [edit.seq for edit in done] == dropped
    assert [edit.seq for edit in shown] == dropped
    states = {seq: "discarded" if seq in dropped else "pending" for seq in range(1, 6)}
    assert dict(account.sql("SELECT seq, state FROM cf_outbox")) == states


def test_it_says_how_far_it_is(account):
    contacts = account.ids_of("contacts")
    for n in range(-(-110 // len(contacts))):
        account.sql(f"UPDATE contacts SET first_name = 'New {n}'")
    of, told = n * len(contacts) + len(contacts), []

    done = account.desk(
        outbox.discard, ["contacts"], NOT_GIVEN, progress=lambda *far: told.append(far)
    )

    assert told == [("edits", 100, of), ("edits", of, of)]
    assert [edit.seq for edit in done] == list(range(1, of + 1))
    assert {tuple(edit.fields) for edit in done} == {("first_name",)}


def test_nothing_is_decided_that_a_person_declines(account):
    edited(account)

    with pytest.raises(Declined):
        account.desk(outbox.discard, ["contacts"], confirm=decline)

    assert account.states() == ["pending"] * 5


def test_edits_in_each_others_way_are_discarded_together(account):
    account.sql("CREATE UNIQUE INDEX mine ON contacts (lower(email_address))")
    one, two = account.ids_of("contacts")[:2]
    emails = "SELECT email_address FROM contacts WHERE id IN (?, ?) ORDER BY id"
    before = account.column(emails, one, two)
    account.sql("UPDATE contacts SET email_address = 'x@example.com' WHERE id = ?", one)
    account.sql("UPDATE contacts SET email_address = ? WHERE id = ?", before[0], two)

    done = account.desk(outbox.discard, ["contacts"])

    assert sorted(edit.seq for edit in done) == [1, 2]
    assert account.column(emails, one, two) == before


def test_a_discard_that_the_row_refuses_leaves_the_others_discarded(account):
    account.sql("CREATE UNIQUE INDEX mine ON contacts (lower(email_address))")
    one, two, three = account.ids_of("contacts")[:3]
    (before,) = account.column("SELECT email_address FROM contacts WHERE id = ?", one)
    account.sql("UPDATE contacts SET email_address = 'x@example.com' WHERE id = ?", one)
    account.sql("UPDATE contacts SET first_name = 'X' WHERE id = ?", three)
    account.sql("UPDATE contacts SET email_address = ? WHERE id = ?", before, two)
    account.sql("UPDATE cf_outbox SET state = 'sending' WHERE record_id = ?", two)

    with pytest.raises(UsageError, match="1 edits are settled, and 1 not: 1: a constraint or"):
        account.desk(outbox.discard, ["contacts"])

    assert account.states() == ["pending", "discarded", "sending"]


def test_an_edit_that_moves_on_while_it_is_shown_is_left(account, other):
    edited(account)

    def discard_one(_: Sequence[Any]) -> None:
        account.sql("UPDATE cf_outbox SET state = 'done' WHERE seq = 1")

    done = account.desk(outbox.discard, ["contacts"], confirm=discard_one)

    assert [edit.seq for edit in done] == [2, 3, 4]


def clashes(account: Account, contacts: Sequence[int]) -> None:
    """Both sides change first and last name of each."""
    for record_id in contacts:
        account.sql(
            "UPDATE contacts SET first_name = 'Here', last_name = 'Here' WHERE id = ?", record_id
        )
        account.world.edit("contacts", record_id, first_name="There", last_name="There")
    account.push()


def test_conflicts_are_resolved_by_their_field(account):
    one, two = account.ids_of("contacts")[:2]
    clashes(account, [one, two])
    shown: list[Any] = []

    done = account.desk(
        conflicts.resolve_all,
        ["contacts"],
        Filter(field="first_name"),
        ("local", None),
        shown.extend,
    )
    account.push()

    assert [c.field for c in shown] == ["first_name"] * 2
    assert all(isinstance(d, conflicts.Resolved) for d in done)
    assert [c.field for c in account.desk(conflicts.open_conflicts)] == ["last_name"] * 2
    for record_id in (one, two):
        there: Any = account.world.get("contacts", record_id)
        assert (there["first_name"], there["last_name"]) == ("Here", "There")


@pytest.mark.parametrize(
    "decide",
    [
        lambda mirror, _, close: outbox.discard(mirror, ["contacts"], confirm=close),
        lambda mirror, _, close: conflicts.resolve_all(
            mirror, ["contacts"], NOT_GIVEN, ("local", None), close
        ),
        lambda mirror, gone, close: undelete(mirror, "contacts", [str(gone)], close),
    ],
    ids=["edits", "conflicts", "deletions"],
)
def test_a_database_that_goes_away_is_no_refusal_of_one_of_them(account, decide):
    one, two, three = account.ids_of("contacts")[:3]
    account.sql("DELETE FROM contacts WHERE id = ?", three)
    clashes(account, [one, two])
    account.sql("UPDATE contacts SET phone_number = '+491701234567'")

    with pytest.raises(Away):
        account.desk(decide, three, lambda _: account.mirror.close())


def test_of_several_conflicts_those_that_have_changed_are_left(account):
    one, two = account.ids_of("contacts")[:2]
    clashes(account, [one, two])
    account.world.edit("contacts", two, first_name="Later")
    account.pull()

    number = {(c.record_id, c.field): c.id for c in account.desk(conflicts.open_conflicts)}
    which = ["99", str(number[one, "first_name"]), str(number[two, "first_name"])]
    shown: list[Any] = []
    done = account.desk(conflicts.resolve_all, which, NOT_GIVEN, ("local", None), shown.extend)

    assert [type(d).__name__ for d in done] == ["Left", "Resolved", "Changed"]
    assert [conflict.record_id for conflict in shown] == [one]
    account.push()
    names = [(account.world.get("contacts", i) or {})["first_name"] for i in (one, two)]
    assert names == ["Here", "Later"]


def test_a_conflict_whose_value_the_row_refuses_is_left(account):
    account.settings["CFSYNC_RESOURCES__CONTACTS__ON_CONFLICT"] = "hold"
    for record_id, email in zip(
        account.ids_of("contacts"), (BLOCKED, "b@example.com"), strict=False
    ):
        here = f"{record_id}@example.com"
        account.sql("UPDATE contacts SET email_address = ? WHERE id = ?", here, record_id)
        account.world.edit("contacts", record_id, email_address=email)
    for statement in broken(account):
        account.sql(statement)
    account.push()

    done = account.desk(
        conflicts.resolve_all, ["contacts"], NOT_GIVEN, ("remote", None), lambda _: None
    )

    assert [type(d).__name__ for d in done] == ["Left", "Resolved"]


def test_conflicts_about_whole_records_are_selected_by_their_kind(account):
    one, two = account.ids_of("contacts")[:2]
    account.sql("DELETE FROM contacts WHERE id = ?", one)
    account.world.edit("contacts", one, first_name="There")
    account.sql("UPDATE contacts SET first_name = 'Here' WHERE id = ?", two)
    account.world.delete("contacts", two)
    account.push()

    for field in ("deleted_here", "deleted_remotely"):
        (done,) = account.desk(
            conflicts.resolve_all, [], Filter(field=field), ("remote", None), lambda _: None
        )
        assert isinstance(done, conflicts.Resolved)

    assert account.desk(conflicts.open_conflicts) == []
    assert one in account.ids_of("contacts")
    assert two not in account.ids_of("contacts")


@pytest.mark.parametrize(
    ("which", "given", "said"),
    [
        (["1"], Filter(field="name"), "give numbers, or what to select by, not both"),
        (["contacts"], Filter(everything=True), "give numbers (the list shows them), a resource"),
        (["contacts"], Filter(field="nme"), "there is no field nme in contacts"),
        ([], Filter(field="nme"), "there is no field nme"),
        ([], Filter(since="soon"), "--since takes a time such as 2026-05-21T12:00Z, or an age"),
    ],
)
def test_a_selection_that_means_nothing_is_refused(which, given, said):
    with pytest.raises(UsageError) as refused:
        select(which, given, NOW, noun="an edit", listed="the list")

    assert str(refused.value).startswith(said)


@pytest.mark.parametrize(
    ("since", "time"),
    [
        (None, ""),
        ("2h", "2026-05-21T10:00:00.000Z"),
        ("1d", "2026-05-20T12:00:00.000Z"),
        ("2026-05-01", "2026-05-01T00:00:00.000Z"),
        ("2026-05-01T12:00:00+02:00", "2026-05-01T10:00:00.000Z"),
    ],
)
def test_a_time_or_an_age(since, time):
    assert earliest(since, NOW) == time
