"""Approve, retry and discard: what a human decides on edits that wait."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from cfsync.errors import UsageError
from cfsync.mirror.db.errors import Busy
from cfsync.resources import RESOURCES
from cfsync.sync.decisions import outbox
from tests.scenarios.fault_scenes import quiet_logs


def names_of(account, contact):
    return account.sql("SELECT first_name, last_name FROM contacts WHERE id = ?", contact)[0]


def test_a_discarded_edit_leaves_clickfunnels_value(account, contact):
    first, last = names_of(account, contact)
    account.sql("UPDATE contacts SET first_name = 'X', last_name = 'Y' WHERE id = ?", contact)

    dropped = account.desk(outbox.discard, ["1"])

    assert [(e.seq, e.fields, e.state) for e in dropped] == [
        (1, ["first_name", "last_name"], "discarded")
    ]
    assert names_of(account, contact) == (first, last)
    assert account.states() == ["discarded"]
    assert account.push().counts == {}
    assert account.writes() == []


def test_a_later_edit_of_the_field_stands_when_an_earlier_one_is_discarded(account, contact):
    _, last = names_of(account, contact)
    account.sql("UPDATE contacts SET first_name = 'X', last_name = 'Y' WHERE id = ?", contact)
    account.sql("UPDATE contacts SET first_name = 'Z' WHERE id = ?", contact)

    account.desk(outbox.discard, ["1"])

    assert names_of(account, contact) == ("Z", last)
    account.push()
    assert account.world.get("contacts", contact)["first_name"] == "Z"
    assert account.world.get("contacts", contact)["last_name"] == last


def test_an_earlier_edit_of_the_field_stands_when_a_later_one_is_discarded(account, contact):
    account.sql("UPDATE contacts SET first_name = 'X' WHERE id = ?", contact)
    account.sql("UPDATE contacts SET first_name = 'Z' WHERE id = ?", contact)

    account.desk(outbox.discard, ["2"])

    assert names_of(account, contact)[0] == "X"


def test_a_discarded_insert_takes_its_row_and_all_that_followed(account):
    account.sql(
        "INSERT INTO contacts (id, email_address) VALUES (950000000000005, 'new@example.com')"
    )
    account.sql("UPDATE contacts SET first_name = 'New' WHERE id = 950000000000005")

    dropped = account.desk(outbox.discard, ["1"])

    assert [e.seq for e in dropped] == [1, 2]
    assert account.column("SELECT id FROM contacts WHERE id >= 900000000000000") == []


def test_many_inserts_are_discarded_without_a_statement_for_each(account, request):
    account.sql(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60)"
        " INSERT INTO contacts (workspace_id, first_name)"
        " SELECT (SELECT min(id) FROM workspaces), 'Guest' FROM n"
    )
    statements: list[str] = []

    def note(_conn, _cursor, sql, *_):
        statements.append(sql)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    request.addfinalizer(lambda: sa.event.remove(sa.Engine, "before_cursor_execute", note))
    dropped = account.desk(outbox.discard, ["contacts"])

    assert len(dropped) == 60
    assert account.column("SELECT id FROM contacts WHERE id >= 900000000000000") == []
    assert len(statements) < 60


def test_a_discarded_delete_brings_the_row_back(account, contact):
    columns = ", ".join(field.name for field in RESOURCES["contacts"].columns)
    row = f"SELECT {columns} FROM contacts WHERE id = ?"
    before = account.sql(row, contact)
    account.sql("DELETE FROM contacts WHERE id = ?", contact)

    account.desk(outbox.discard, ["1"])

    assert account.sql(row, contact) == before


def test_a_row_comes_back_with_the_parents_that_its_record_does_not_show(account):
    before = account.sql(
        "SELECT id, form_id, workspace_id, contact_id FROM submissions ORDER BY id"
    )
    account.sql("DELETE FROM submissions WHERE id = ?", before[0][0])

    account.desk(outbox.discard, ["1"])

    assert (
        account.sql("SELECT id, form_id, workspace_id, contact_id FROM submissions ORDER BY id")
        == before
    )


def test_a_row_comes_back_with_the_edit_that_still_waits(account, contact):
    account.sql("UPDATE contacts SET first_name = 'X' WHERE id = ?", contact)
    account.sql("DELETE FROM contacts WHERE id = ?", contact)

    account.desk(outbox.discard, ["2"])

    assert names_of(account, contact)[0] == "X"
    assert account.states() == ["pending", "discarded"]


def test_tags_that_other_edits_added_stay(account, contact):
    tags = account.column("SELECT id FROM contact_tags ORDER BY id")
    account.sql("UPDATE contacts SET tag_ids = '[]' WHERE id = ?", contact)
    account.push()
    account.sql("UPDATE contacts SET tag_ids = ? WHERE id = ?", f"[{tags[0]}]", contact)
    account.sql("UPDATE contacts SET tag_ids = ? WHERE id = ?", f"[{tags[0]}, {tags[1]}]", contact)

    account.desk(outbox.discard, ["2"])

    linked = account.column("SELECT tag_id FROM contact_tag_links WHERE contact_id = ?", contact)
    assert linked == [tags[1]]


def test_a_mass_is_held_and_goes_when_it_is_approved(account):
    account.settings["CFSYNC_PUSH__HOLD_UPDATES"] = "3"
    account.sql("UPDATE contacts SET first_name = 'Same'")

    report = account.push()
    assert (report.exit_code, account.states()) == (5, ["held"] * 6)
    assert account.writes() == []

    approved = account.desk(outbox.approve, ["contacts"])
    assert len(approved) == 6
    assert account.push().exit_code == 0
    assert account.writes() == [("update", "contacts")] * 6


def test_a_single_edit_of_a_mass_can_be_approved(account):
    account.settings["CFSYNC_PUSH__HOLD_UPDATES"] = "3"
    account.sql("UPDATE contacts SET first_name = 'Same'")
    account.push()

    account.desk(outbox.approve, ["2"])
    account.push()

    assert sorted(account.states()) == ["done"] + ["held"] * 5


def test_a_refused_edit_is_parked_and_can_be_tried_again(account, contact):
    account.world.fault("status", method="PUT", path="contacts", status=422)
    account.sql("UPDATE contacts SET first_name = 'X' WHERE id = ?", contact)
    assert account.push().exit_code == 5
    (edit,) = account.desk(outbox.waiting, state="parked")
    assert (edit.seq, edit.record_id, edit.attempts) == (1, contact, 1)
    assert edit.error

    account.desk(outbox.retry, ["contacts"])

    assert account.push().exit_code == 0
    assert account.world.get("contacts", contact)["first_name"] == "X"


@pytest.mark.parametrize(
    ("which", "said"),
    [
        (["7"], "there is no edit 7; see cfsync outbox list"),
        (["1"], "edit 1 is pending, not held"),
        (["orders"], "no edit of orders waits held"),
        (
            ["contacts"],
            "no edit of contacts waits held: 1 to be sent;"
            " the next push holds what is many at once",
        ),
        ([], "give numbers (cfsync outbox list shows them), a resource, or --all"),
        (["1", "x"], "'x' is not the number of an edit"),
        (["contacts", "orders"], "give numbers, or one resource"),
    ],
)
def test_what_can_not_be_approved_is_said(account, contact, which, said):
    account.sql("UPDATE contacts SET first_name = 'X' WHERE id = ?", contact)

    with pytest.raises(UsageError) as refused:
        account.desk(outbox.approve, which)

    assert str(refused.value) == said


def test_an_edit_that_is_done_can_not_be_discarded(account, contact):
    account.sql("UPDATE contacts SET first_name = 'X' WHERE id = ?", contact)
    account.push()

    with pytest.raises(UsageError, match="edit 1 is done, not waiting"):
        account.desk(outbox.discard, ["1"])


@pytest.mark.timeout(300)
def test_a_mass_may_be_larger_than_a_statement_can_name(account):
    quiet_logs()  # each edit is a line
    account.sql(
        "INSERT INTO cf_outbox (resource, workspace_id, record_id, op, patch, captured_at)"
        " WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 70000)"
        " SELECT 'contacts', ?, i, 'update', '{\"first_name\": [\"A\", \"B\"]}', ? FROM n",
        account.workspace,
        "2026-01-01T00:00:00.000Z",
    )

    assert account.push().total("held") == 70_000
    assert len(account.desk(outbox.approve, ["contacts"])) == 70_000


def test_a_row_that_somebody_is_at_keeps_its_edits(account, contact):
    if account.sql.is_sqlite:
        pytest.skip("SQLite has one writer: a second one waits for it")
    account.sql("UPDATE contacts SET first_name = 'X' WHERE id = ?", contact)
    other = account.sql.again()
    with other.transaction():
        other("UPDATE contacts SET last_name = 'Y' WHERE id = ?", contact)

        with pytest.raises(Busy, match=f"contacts {contact} is locked by another program"):
            account.desk(outbox.discard, ["1"])

    other.conn.close()
    assert names_of(account, contact) == ("X", "Y")
    assert account.states() == ["pending", "pending"]
