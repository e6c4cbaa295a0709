"""Inserted rows whose record is deleted in ClickFunnels before the insert is settled."""

from __future__ import annotations

from typing import Any

import pytest

from cfsync.sync.decisions import conflicts as operator
from cfsync.sync.decisions import outbox
from cfsync.sync.selection import Filter
from tests.push.checks import sent, settled, waiting
from tests.push.conftest import Account

GONE = "deleted in ClickFunnels while it was edited here"
LOCAL_ID = 950000000000001
INSERTS = {
    "contacts": f"INSERT INTO contacts (id, email_address) VALUES ({LOCAL_ID}, 'n@e.org')",
    "contact_tags": f"INSERT INTO contact_tags (id, name) VALUES ({LOCAL_ID}, 'VIP')",
}


def newest(account: Account, table: str = "contacts") -> int:
    return max(account.world.ids(table, account.workspace))


def insert_and_keep_from_its_id(account: Account, table: str = "contacts") -> int:
    """An insert whose record ClickFunnels has, and whose row a foreign key of the user's keeps from
    its id; the id of the record.
    """
    account.sql(f"CREATE TABLE notes (about BIGINT REFERENCES {table} (id))")
    if account.mirror.dialect.name == "postgresql":
        account.sql("ALTER TABLE notes OWNER TO cfsync_owner")
        account.sql("GRANT ALL ON notes TO cfsync_daemon")
    account.sql(INSERTS[table])
    account.sql("INSERT INTO notes VALUES (?)", LOCAL_ID)
    account.push()
    assert account.states() == ["parked"]
    return newest(account, table)


def let_go(account: Account) -> None:
    """The foreign key is no longer in the way, and a person has the insert tried again."""
    account.sql("DELETE FROM notes")
    (seq,) = account.column("SELECT seq FROM cf_outbox WHERE state = 'parked'")
    account.desk(outbox.retry, [str(seq)], Filter())


def created_and_not_settled(account: Account, table: str = "contacts") -> int:
    record = insert_and_keep_from_its_id(account, table)
    let_go(account)
    return record


def lost_and_pulled(account: Account, table: str = "contacts") -> int:
    """An insert whose answer was lost, and whose record a pull has brought since; its id."""
    account.sql(INSERTS[table])
    account.world.fault("reset_after", method="POST")
    account.push()
    account.pull(table)
    assert account.states() == ["sending"]
    return newest(account, table)


@pytest.mark.parametrize("table", INSERTS)
@pytest.mark.parametrize("choice", ["local", "remote"])
def test_a_person_decides_whether_it_is_created_again(
    account: Account, table: str, choice: Any
) -> None:
    record = created_and_not_settled(account, table)
    account.world.delete(table, record)

    report = account.push()

    assert report.exit_code == 5
    assert account.states() == ["held"]
    assert waiting(account) == [("conflict", table, record, GONE)]
    assert account.sql("SELECT record_id, kind FROM cf_conflicts") == [(record, "deleted_remotely")]
    assert account.column(f"SELECT id FROM {table} WHERE id >= ?", record) == [record]
    account.pull()
    account.sweep()
    account.push()
    assert len(sent(account)) == 1

    (conflict,) = account.desk(operator.open_conflicts)
    account.desk(operator.resolve, conflict.id, choice)
    account.push()
    if choice == "local":
        assert len(sent(account)) == 2
        assert newest(account, table) > record
        assert account.states() == ["discarded", "done"]
    else:
        assert len(sent(account)) == 1
        assert account.column(f"SELECT id FROM {table} WHERE id >= ?", record) == []
    assert waiting(account) == []
    assert account.push().quiet


def test_edits_made_since_are_held_with_it(account: Account, app_sql: Any) -> None:
    record = created_and_not_settled(account)
    app_sql("UPDATE contacts SET first_name = 'Ada' WHERE id = ?", LOCAL_ID)
    account.world.delete("contacts", record)

    account.push()

    assert account.states() == ["held", "held"]
    assert account.column("SELECT first_name FROM contacts WHERE id = ?", record) == ["Ada"]
    assert len(sent(account)) == 1


def test_nothing_waits_where_the_row_was_deleted_here_too(account: Account, app_sql: Any) -> None:
    record = created_and_not_settled(account)
    app_sql("DELETE FROM contacts WHERE id = ?", LOCAL_ID)
    account.world.delete("contacts", record)

    is_all_done(account, record, ["upsert"])


@pytest.mark.parametrize("deleted_there", [False, True])
@pytest.mark.parametrize("where", ["email_address = 'n@e.org'", f"id = {LOCAL_ID}", "id = {}"])
@pytest.mark.usefixtures("no_retries")
def test_a_delete_of_one_of_the_two_rows_of_a_record_is_a_delete_of_both(
    account: Account, app_sql: Any, where: str, *, deleted_there: bool
) -> None:
    record = lost_and_pulled(account)
    app_sql("DELETE FROM contacts WHERE " + where.format(record))
    if deleted_there:
        account.world.delete("contacts", record)

    is_all_done(account, record, ["upsert"] if deleted_there else ["upsert", "delete"])


def is_all_done(account: Account, record: int, calls: list[str]) -> None:
    assert account.push().exit_code == 0
    account.push()
    account.sweep()
    assert [verb for verb, _ in sent(account)] == calls
    assert set(account.states()) == {"done"}
    assert account.column("SELECT id FROM contacts WHERE id >= ?", record) == []
    assert account.world.get("contacts", record) is None
    assert waiting(account) == []


@pytest.mark.parametrize("known_by", ["its row", "its tombstone"])
@pytest.mark.parametrize("table", INSERTS)
@pytest.mark.usefixtures("no_retries")
def test_what_a_lost_call_has_created_is_not_created_again_when_it_was_deleted_since(
    account: Account, table: str, known_by: str
) -> None:
    record = lost_and_pulled(account, table)
    account.world.delete(table, record)
    if known_by == "its tombstone":
        account.sweep(table)
        assert account.column("SELECT record_id FROM cf_tombstones") == [record]

    assert account.push().exit_code == 5

    assert account.states() == ["held"]
    assert waiting(account) == [("conflict", table, record, GONE)]
    assert len(sent(account)) == 1
    (conflict,) = account.desk(operator.open_conflicts)
    account.desk(operator.resolve, conflict.id, "local")
    account.push()
    assert len(sent(account)) == 2
    again = newest(account, table)
    assert account.column(f"SELECT id FROM {table} WHERE id >= ?", record) == [again]


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO contact_tags (name) VALUES ('Ölwechsel')",
        "INSERT INTO enrollments (course_id, contact_id) VALUES (COURSE, CONTACT)",
    ],
    ids=["a letter that is not ASCII", "a field that is no text"],
)
@pytest.mark.usefixtures("no_retries")
def test_what_a_lost_call_has_created_is_known_by_values_of_any_kind(
    account: Account, app_sql: Any, statement: str
) -> None:
    for word, table in (("COURSE", "courses"), ("CONTACT", "contacts")):
        statement = statement.replace(word, str(account.ids_of(table)[-1]))
    _, _, table, *_ = statement.split()
    before = account.ids_of(table)
    app_sql(statement)
    account.world.fault("reset_after", method="POST")
    account.push()
    account.pull(table)
    (record,) = set(account.ids_of(table)) - set(before)
    account.world.delete(table, record)

    account.push()

    assert [verb for verb, _ in sent(account, table)] == ["create"]


@pytest.mark.parametrize("known_by", ["its row", "its tombstone", "an open delete"])
@pytest.mark.parametrize(
    ("table", "field"), [("contacts", "email_address"), ("contact_tags", "name")]
)
@pytest.mark.usefixtures("no_retries")
def test_a_record_of_another_workspace_is_not_taken_for_the_lost_one(
    account: Account, app_sql: Any, table: str, field: str, known_by: str
) -> None:
    other = account.world.create("workspaces", account.world.ids("teams")[0], name="Other")
    account.sweep("workspaces")
    before = account.world.ids(table, account.workspace)
    columns = f"(workspace_id, {field}) VALUES (?, 'n@e.org')"
    app_sql(f"INSERT INTO {table} {columns}", account.workspace)
    account.world.fault("reset_before", method="POST")
    account.push()
    theirs = account.world.create(table, other, **{field: "n@e.org"})
    account.pull(table)
    assert account.column(f"SELECT workspace_id FROM {table} WHERE id = ?", theirs) == [other]
    if known_by == "its tombstone":
        account.world.delete(table, theirs)
        account.sweep(table)
    elif known_by == "an open delete":
        app_sql(f"DELETE FROM {table} WHERE id = ?", theirs)

    assert account.push().exit_code == 0

    (ours,) = set(account.world.ids(table, account.workspace)) - set(before)
    assert account.column("SELECT id FROM cf_ids") == [ours]
    settled(account, table, ours)


@pytest.mark.usefixtures("no_retries")
def test_a_record_that_got_another_email_there_is_known_by_what_a_pull_has_brought(
    account: Account,
) -> None:
    record = lost_and_pulled(account)
    account.world.edit("contacts", record, email_address="moved@e.org")

    account.push()
    account.push()

    assert newest(account) == record
    account.pull("contacts")
    found = account.sql("SELECT id, email_address FROM contacts WHERE id >= ?", record)
    assert found == [(record, "moved@e.org")]


@pytest.mark.usefixtures("no_retries")
def test_each_record_that_can_not_be_read_counts_once(account: Account, app_sql: Any) -> None:
    for email in ("a@e.org", "b@e.org", "c@e.org"):
        app_sql("INSERT INTO contacts (email_address) VALUES (?)", email)
    before = account.ids_of("contacts")
    account.world.fault("reset_after", method="POST", times=3)
    account.push()
    account.pull("contacts")
    for record in set(account.ids_of("contacts")) - set(before):
        account.world.edit("contacts", record, email_address=f"{record}@e.org")
    account.world.fault("status", status=503, method="GET", path=r"contacts/\d+", times=None)

    report = account.push()

    assert len(report.problems) == 3
    assert account.states() == ["sending"] * 3


def test_a_foreign_key_in_the_way_is_told_first(account: Account) -> None:
    record = insert_and_keep_from_its_id(account)
    account.world.delete("contacts", record)
    account.sql("UPDATE cf_outbox SET state = 'pending', error = NULL")
    account.push()
    assert "ON UPDATE CASCADE" in account.one("SELECT error FROM cf_outbox")

    let_go(account)
    account.push()

    assert account.states() == ["held"]
    assert waiting(account) == [("conflict", "contacts", record, GONE)]
    assert len(sent(account)) == 1


def test_a_workspace_that_does_not_answer_proves_nothing(account: Account) -> None:
    record = created_and_not_settled(account)
    account.world.fault("status", path=f"contacts/{record}$", status=404, times=None)
    account.world.fault("status", path=f"workspaces/{account.workspace}$", status=404)

    report = account.push()

    assert (report.exit_code, account.states()) == (5, ["pending"])
    account.world.faults.clear()
    assert account.push().exit_code == 0
    settled(account, "contacts", record)


@pytest.mark.usefixtures("no_retries")
def test_a_tag_that_is_gone_is_no_contact_that_is_gone(
    account: Account, app_sql: Any, contact: int
) -> None:
    tag = next(t for t in account.ids_of("contact_tags") if t not in account.tags(contact))
    app_sql("UPDATE contacts SET tag_ids = ? WHERE id = ?", f"[{tag}]", contact)
    account.world.fault("status", method="POST", path="applied_tags", status=404)

    assert account.push().exit_code == 5

    assert account.states() == ["parked"]
    assert waiting(account) == [
        ("parked", "contacts", contact, f"contact_tags {tag} no longer exists")
    ]
