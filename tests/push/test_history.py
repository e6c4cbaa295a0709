"""`cf_changes`: the history of both sides, and what it says about each way in."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import Any

import pytest

from cfsync.mirror import retention
from cfsync.sync.decisions import outbox as desk
from cfsync.sync.decisions.recover import recover
from tests.push.conftest import Account
from tests.replayed import State, changes_since, differences, state_of

TABLES = ("contacts", "contact_tags", "products", "orders", "enrollments")


@pytest.fixture
def account(account: Account) -> Account:
    """One whose history is complete from now on."""
    del account.settings["CFSYNC_RETENTION__CHANGES"]
    account.pull()
    return account


@pytest.fixture
def before(account: Account) -> State:
    return state_of(account.mirror, TABLES)


def told(account: Account, before: State) -> list[tuple[Any, ...]]:
    """(op, side, source, fields) of the changes since."""
    return [
        (c["op"], c["side"], c["source"], sorted(set(c["patch"]) - {"updated_at"}))
        for c in changes_since(account.mirror, before.seq)
    ]


def test_a_first_fill_is_no_news_and_marks_where_the_history_begins(account: Account) -> None:
    kinds = account.sql("SELECT op, count(*) FROM cf_feed GROUP BY op")
    begun = account.column("SELECT resource FROM cf_feed WHERE workspace_id = ?", account.workspace)

    assert [op for op, _ in kinds] == ["start"]
    assert {"contacts", "orders", "order_invoices", "enrollments"} <= set(begun)


def test_a_change_in_clickfunnels_has_both_values(
    account: Account, contact: int, before: State
) -> None:
    old = account.one("SELECT phone_number FROM contacts WHERE id = ?", contact)
    account.world.edit("contacts", contact, phone_number="+1 555 0100")
    account.pull("contacts")
    (change,) = changes_since(account.mirror, before.seq)

    assert (change["op"], change["side"], change["source"]) == ("update", "clickfunnels", "pull")
    assert change["patch"]["phone_number"] == [old, "+1 555 0100"]
    assert change["record_id"] == contact
    assert change["workspace_id"] == account.workspace
    assert change["changed_at"] == account.one(
        "SELECT updated_at FROM contacts WHERE id = ?", contact
    ) or change["changed_at"].endswith("Z")
    assert differences(account.mirror, before) == []


def test_a_change_names_the_pass_that_brought_it(
    account: Account, two: tuple[int, int], before: State
) -> None:
    mine, theirs = two
    account.world.edit("contacts", theirs, first_name="Bea")
    account.pull("contacts")
    account.world.edit("contacts", mine, last_name="Ash")
    account.sql("UPDATE contacts SET first_name = 'Eve' WHERE id = ?", mine)
    account.push("contacts")
    found = changes_since(account.mirror, before.seq)
    passes = dict(account.sql("SELECT id, pass FROM cf_runs WHERE state = 'done'"))

    assert [(c["source"], passes.get(c["run"])) for c in found] == [
        ("pull", "pull"),
        ("user", None),
        ("push", "push"),
    ]


def test_a_pass_without_a_change_is_counted_in_the_row_of_the_last(
    account: Account, before: State
) -> None:
    account.pull("contacts")
    runs = account.sql("SELECT id, state FROM cf_runs WHERE pass = 'pull'")
    account.pull("contacts")
    account.pull("contacts")

    assert account.sql("SELECT id, state FROM cf_runs WHERE pass = 'pull'") == runs


def test_a_pass_that_is_killed_has_the_row_that_its_changes_name(
    account: Account, contact: int, before: State
) -> None:
    account.world.edit("contacts", contact, phone_number="+1 555 0100")
    kill_a_pull(account, "write_pages")
    (change,) = changes_since(account.mirror, before.seq)
    account.world.edit("contacts", contact, phone_number="+1 555 0200")
    account.pull("contacts")
    (_, later) = changes_since(account.mirror, before.seq)

    assert account.sql(
        "SELECT id, pass, resource, state FROM cf_runs WHERE id IN (?, ?) ORDER BY id",
        change["run"],
        later["run"],
    ) == [
        (change["run"], "pull", "contacts", "running"),
        (later["run"], "pull", "contacts", "done"),
    ]


def test_an_edit_is_told_when_it_is_committed_and_not_again_by_its_push(
    account: Account, contact: int, before: State
) -> None:
    account.sql("UPDATE contacts SET first_name = 'Eve' WHERE id = ?", contact)
    at_once = changes_since(account.mirror, before.seq)
    account.push()
    account.pull("contacts")

    assert [(c["side"], c["source"]) for c in at_once] == [("local", "user")]
    assert told(account, before) == [("update", "local", "user", ["first_name"])]
    assert differences(account.mirror, before) == []


def test_an_inserted_row_is_renumbered_and_takes_what_clickfunnels_adds(
    account: Account, before: State
) -> None:
    account.sql("INSERT INTO contacts (email_address, tag_ids) VALUES ('new@example.com', '[]')")
    account.push()
    account.pull("contacts")
    said = told(account, before)

    assert [entry[:3] for entry in said[:2]] == [
        ("insert", "local", "user"),
        ("renumber", "clickfunnels", "push"),
    ]
    assert all(entry[:3] == ("update", "clickfunnels", "push") for entry in said[2:])
    assert differences(account.mirror, before) == []


def test_what_an_insert_gives_beside_its_call_is_told_once(account: Account, before: State) -> None:
    tag = account.ids_of("contact_tags")[0]
    account.sql(
        "INSERT INTO contacts (email_address, tag_ids) VALUES ('tagged@example.com', ?)", f"[{tag}]"
    )
    account.push()
    account.pull("contacts")

    assert [e for e in told(account, before) if "tag_ids" in e[3]] == [
        ("insert", "local", "user", ["email_address", "tag_ids", "workspace_id"])
    ]
    assert differences(account.mirror, before) == []


def test_deletions_on_both_sides_keep_the_last_state(
    account: Account, two: tuple[int, int], before: State
) -> None:
    mine, theirs = two
    email = account.one("SELECT email_address FROM contacts WHERE id = ?", theirs)
    account.sql("DELETE FROM contacts WHERE id = ?", mine)
    account.push()
    account.world.delete("contacts", theirs)
    account.sweep("contacts")
    account.sweep("contacts")
    deleted = [c for c in changes_since(account.mirror, before.seq) if c["op"] == "delete"]

    assert [(c["record_id"], c["side"], c["source"]) for c in deleted] == [
        (mine, "local", "user"),
        (theirs, "clickfunnels", "sweep"),
    ]
    assert deleted[1]["patch"]["email_address"] == [email, None]
    assert differences(account.mirror, before) == []


def test_an_insert_that_takes_back_an_unsent_delete_brings_the_row_back(
    account: Account, contact: int, before: State
) -> None:
    row = account.sql("SELECT email_address, workspace_id FROM contacts WHERE id = ?", contact)[0]
    account.sql("DELETE FROM contacts WHERE id = ?", contact)
    account.sql(
        "INSERT INTO contacts (id, email_address, workspace_id, first_name)"
        " VALUES (?, ?, ?, 'Eve')",
        contact,
        *row,
    )

    assert [e[:2] for e in told(account, before)] == [
        ("delete", "local"),
        ("insert", "local"),
        ("update", "local"),
    ]
    assert differences(account.mirror, before) == []


def test_a_discarded_edit_is_taken_back_in_the_history_too(
    account: Account, contact: int, before: State
) -> None:
    account.sql("UPDATE contacts SET first_name = 'Eve' WHERE id = ?", contact)
    account.sql("INSERT INTO contacts (email_address) VALUES ('never@example.com')")
    account.desk(desk.discard, [str(seq) for seq in account.column("SELECT seq FROM cf_outbox")])

    assert [e[:3] for e in told(account, before)] == [
        ("update", "local", "user"),
        ("insert", "local", "user"),
        ("update", "local", "user"),
        ("delete", "local", "user"),
    ]
    assert differences(account.mirror, before) == []


def test_with_retention_0_nothing_is_written(account: Account, contact: int) -> None:
    account.settings["CFSYNC_RETENTION__CHANGES"] = "0"
    account.pull("contacts")
    account.sql("UPDATE contacts SET first_name = 'Eve' WHERE id = ?", contact)
    account.push()

    assert account.one("SELECT count(*) FROM cf_feed") == 0
    assert account.one("SELECT count(*) FROM cf_changes") == 0

    del account.settings["CFSYNC_RETENTION__CHANGES"]
    account.pull()

    assert account.column("SELECT op FROM cf_changes WHERE resource = 'contacts'") == ["start"]
    assert "update" not in account.column("SELECT op FROM cf_feed")


@pytest.mark.parametrize("where", ["turn_off", "delete_some", "delete_some:2"])
def test_a_history_whose_end_was_interrupted_ends_with_the_next_pass(
    account: Account, contact: int, where: str
) -> None:
    add_changes(account, 1200)
    account.settings["CFSYNC_RETENTION__CHANGES"] = "0"
    kill_a_pull(account, where)
    left = account.one("SELECT count(*) FROM cf_changes WHERE op = 'update'")
    account.world.edit("contacts", contact, phone_number="+1 555 0100")
    account.pull("contacts")

    assert 200 <= left <= 1200
    assert account.one("SELECT count(*) FROM cf_changes") == 0


@pytest.mark.parametrize("where", ["delete_some", "delete_some:2", "begin_again", "begin_again:2"])
def test_a_history_whose_new_beginning_was_interrupted_begins_with_the_next_pass(
    account: Account, contact: int, where: str
) -> None:
    add_changes(account, 700)
    account.settings["CFSYNC_RETENTION__CHANGES"] = "0"
    kill_a_pull(account, "turn_off")
    add_edits(account, 1200)
    del account.settings["CFSYNC_RETENTION__CHANGES"]
    kill_a_pull(account, where)
    off = account.one("SELECT count(*) FROM cf_meta WHERE key = 'history_off'")
    account.pull("contacts")
    before = state_of(account.mirror, TABLES)
    account.world.edit("contacts", contact, phone_number="+1 555 0100")
    account.pull("contacts")

    assert off == 1
    assert account.column("SELECT op FROM cf_feed ORDER BY seq") == ["start", "update"]
    assert differences(account.mirror, before) == []


def kill_a_pull(account: Account, where: str) -> None:
    """Kill one after it has committed this."""
    crash = {"CFSYNC_CRASH_AT": f"after_commit/{where}"}
    command = [sys.executable, "-m", "cfsync", "pull", "contacts"]
    killed = subprocess.run(command, env=account.settings | crash, capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr


def add_changes(account: Account, count: int) -> None:
    account.sql(
        f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})"
        " INSERT INTO cf_changes (seq, resource, record_id, op, side, source, at, patch)"
        " SELECT i + 1000000, 'contacts', i, 'update', 'clickfunnels', 'pull',"
        " '2026-05-21T12:00:00.000Z', '{}' FROM n"
    )


def add_edits(account: Account, count: int) -> None:
    """Edits that were sent."""
    account.sql(
        f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})"
        " INSERT INTO cf_outbox (resource, record_id, op, state, captured_at, patch)"
        " SELECT 'contacts', i, 'update', 'done', '2026-05-21T12:00:00.000Z', '{}' FROM n"
    )


def test_numbers_that_a_restored_backup_does_not_know_are_left_out(
    account: Account, contact: int, before: State
) -> None:
    account.run(recover)
    account.sql("UPDATE contacts SET first_name = 'Eve' WHERE id = ?", contact)

    assert account.one("SELECT max(seq) FROM cf_feed") > before.seq + 1_000_000
    assert differences(account.mirror, before) == []


def test_forgotten_edits_stay_in_the_history(account: Account, contact: int, before: State) -> None:
    account.sql("UPDATE contacts SET first_name = 'Eve' WHERE id = ?", contact)
    batch = account.push().batch
    told_before = changes_since(account.mirror, before.seq)
    account.desk(lambda mirror: mirror.write(retention.prune, "outbox_done", -60.0))

    assert account.one("SELECT count(*) FROM cf_outbox") == 0
    assert changes_since(account.mirror, before.seq) == told_before
    assert [c["batch"] for c in told_before] == [batch]


def test_the_copy_of_an_edit_stays_as_long_as_the_edit(
    account: Account, contact: int, before: State
) -> None:
    account.sql("INSERT INTO contacts (email_address) VALUES ('new@example.com')")
    account.push()
    told_before = changes_since(account.mirror, before.seq)
    account.desk(lambda mirror: mirror.write(retention.prune, "changes", -60.0))

    assert changes_since(account.mirror, before.seq)[0] == told_before[0]


def test_the_history_of_a_list_that_is_pulled_alone_begins(account: Account) -> None:
    account.settings["CFSYNC_RETENTION__CHANGES"] = "0"
    account.pull("contacts")
    del account.settings["CFSYNC_RETENTION__CHANGES"]
    account.pull("contacts")

    assert account.column("SELECT op FROM cf_changes") == ["start"]
