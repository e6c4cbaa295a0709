"""The plan says what a push would send; a push by a plan sends that and nothing else."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from cfsync.cli.output.plan import lines_of, next_steps
from cfsync.errors import UsageError
from cfsync.mirror.coordination import pauses
from cfsync.sync.push.planning import plan as plans
from cfsync.sync.push.planning import plan_file
from cfsync.sync.push.planning.kept import NullLeft
from cfsync.sync.push.planning.plan import Plan, plan
from tests.push.conftest import Account


def planned(account: Account, *names: str):
    return account.desk(plan, account.configured(), names)


def calls(found) -> list[tuple]:
    return [
        (r.resource, c.action or c.kind, {n: tuple(p) for n, p in c.fields.items()})
        for r in found.records
        for c in r.calls
    ]


def by_file(account: Account, tmp_path, found=None):
    """Push what a plan's file says."""
    path = tmp_path / "plan.json"
    plan_file.write(found or planned(account), path)
    return account.push(only=plan_file.load(path))


def test_an_edit_behind_a_hold_that_both_sides_have_settled_is_listed(account, contact):
    account.settings["CFSYNC_RESOURCES__CONTACTS__ON_CONFLICT"] = "hold"
    account.sql("UPDATE contacts SET first_name = 'Here' WHERE id = ?", contact)
    account.world.edit("contacts", contact, first_name="There")
    account.push()
    held = planned(account)
    account.sql(
        "UPDATE contacts SET first_name = 'There', last_name = 'Later' WHERE id = ?", contact
    )

    found = planned(account)

    assert [k.record_ids for k in held.kept] == [(contact,)]
    assert (found.kept, found.exit_code) == ([], 0)
    ((_, kind, fields),) = calls(found)
    assert (kind, fields.keys()) == ("update", {"last_name"})
    assert account.push().total("sent") == 1


def test_nothing_to_send_is_an_empty_plan(account):
    found = planned(account)

    assert (found.calls, found.requests, found.kept, found.exit_code) == (0, 0, [], 0)


def test_it_says_how_far_it_is(account, monkeypatch):
    monkeypatch.setattr(plans, "PIECE", 2)
    account.sql("UPDATE contacts SET first_name = 'New'")
    of, told = len(account.ids_of("contacts")), []

    found = account.desk(plan, account.configured(), (), lambda *far: told.append(far))

    assert told == [("contacts", min(n + 2, of), of) for n in range(0, of, 2)]
    assert len(found.records) == of > 2


def test_it_says_what_can_be_done_and_explains_the_first_edits_of_a_mirror(account, contact):
    assert list(next_steps(planned(account))) == []
    account.sql("UPDATE contacts SET first_name = 'New' WHERE id = ?", contact)

    first = "\n".join(next_steps(planned(account)))
    account.push()
    account.sql("UPDATE contacts SET first_name = 'Newer' WHERE id = ?", contact)
    later = "\n".join(next_steps(planned(account), Path("monday.json")))

    assert "These changes were made in your database with SQL" in first
    for command in ("push (", "push contacts", "outbox discard contacts", "revert BATCH"):
        assert f"cfsync {command}" in first
    assert "made in your database" not in later
    assert later.startswith("Nothing has been sent.")
    assert "cfsync push --plan monday.json" in later
    assert max(map(len, f"{first}\n{later}".splitlines())) <= 80


def test_it_tells_what_an_insert_of_a_known_row_may_have_meant_to_empty(account, contact):
    email, last = account.sql(
        "SELECT email_address, last_name FROM contacts WHERE id = ?", contact
    )[0]
    account.sql("UPDATE contacts SET phone_number = '1' WHERE id = ?", contact)
    account.push()
    insert = "INSERT INTO contacts (id, email_address, first_name, last_name, phone_number)"
    with account.sql.transaction():
        account.sql("DELETE FROM contacts WHERE id = ?", contact)
        account.sql(f"{insert} VALUES (?, ?, 'New', ?, NULL)", contact, email, last)

    found = planned(account)

    assert [call[2].keys() for call in calls(found)] == [{"first_name"}]
    left = {(n.resource, n.record_id, n.field) for n in found.nulls_left}
    assert ("contacts", contact, "phone_number") in left
    assert not {("contacts", contact, n) for n in ("first_name", "last_name", "uuid")} & left


def test_every_kind_of_call_is_shown_field_by_field(account, contact):
    first = account.one("SELECT first_name FROM contacts WHERE id = ?", contact)
    tags = account.column("SELECT tag_id FROM contact_tag_links WHERE contact_id = ?", contact)
    all_tags = account.ids_of("contact_tags")
    product, other = account.ids_of("products")
    image = account.ids_of("images")[0]
    fulfillment = account.ids_of("fulfillments")[0]
    account.sql("INSERT INTO contacts (email_address) VALUES ('new@example.com')")
    account.sql("INSERT INTO contact_tags (name) VALUES ('VIP')")
    account.sql("UPDATE contacts SET first_name = 'X' WHERE id = ?", contact)
    account.sql("UPDATE contacts SET tag_ids = ? WHERE id = ?", json.dumps(all_tags), contact)
    account.sql("UPDATE products SET archived = ? WHERE id = ?", True, product)
    account.sql("UPDATE fulfillments SET status = 'cancelled' WHERE id = ?", fulfillment)
    account.sql("DELETE FROM images WHERE id = ?", image)
    account.world.ledger.clear()

    found = planned(account)

    assert calls(found) == [
        ("contact_tags", "create", {"name": (None, "VIP")}),
        ("contacts", "upsert", {"email_address": (None, "new@example.com")}),
        ("contacts", "update", {"first_name": (first, "X")}),
        ("contacts", "members", {"tag_ids": (tags, all_tags)}),
        ("images", "delete", {}),
        ("products", "archive", {"archived": (False, True)}),
        ("fulfillments", "cancel", {"status": ("fulfilled", "cancelled")}),
    ]
    assert list(account.world.ledger.calls) == []
    before = account.world.ledger
    report = account.push()
    assert [(e.resource, e.verb) for e in before.writes()][:2] == [
        ("contact_tags", "create"),
        ("contacts", "upsert"),
    ]
    assert report.requests == found.requests
    assert other in account.ids_of("products")


def test_a_plan_changes_nothing(account, contact):
    account.settings["CFSYNC_PUSH__HOLD_UPDATES"] = "1"
    account.sql("UPDATE contacts SET first_name = 'X'")

    planned(account)

    assert account.states() == ["pending"] * 6


def test_what_would_not_be_sent_is_said_with_the_reason(account, contact):
    account.settings["CFSYNC_PUSH__HOLD_UPDATES"] = "5"
    account.sql("UPDATE contacts SET first_name = 'X'")
    account.sql("UPDATE workspaces SET name = 'Shop'")
    account.sql("INSERT INTO contacts (id, first_name) VALUES (950000000000005, 'New')")
    account.sql(
        "INSERT INTO fulfillments (contact_id, location_id,"
        " included_orders_invoices_line_items_attributes)"
        " SELECT 950000000000009, id, '[]' FROM fulfillment_locations"
    )

    found = planned(account)

    assert [(k.resource, k.reason) for k in found.kept] == [
        ("workspaces", "resources.workspaces.push is off"),
        ("contacts", "a mass update of 6: cfsync outbox approve contacts"),
        ("fulfillments", "waits for contacts 950000000000009"),
    ]
    assert calls(found) == [("contacts", "create", {"first_name": (None, "New")})]
    assert found.exit_code == 5


def test_an_edit_of_a_table_that_is_not_mirrored_is_said_to_stay(account):
    account.sql("INSERT INTO discounts (workspace_id, name) VALUES (?, 'Sale')", account.workspace)

    found = planned(account)

    assert [(k.resource, k.reason) for k in found.kept] == [
        ("discounts", "resources.discounts.enabled is off")
    ]
    assert (len(found.records), found.exit_code) == (0, 5)


def test_what_is_held_or_parked_already_is_said(account, contact):
    account.world.fault("status", method="PUT", path="contacts", status=422)
    account.sql("UPDATE contacts SET first_name = 'X' WHERE id = ?", contact)
    account.push()

    (kept,) = planned(account).kept

    assert (kept.resource, kept.seqs, kept.record_ids) == ("contacts", (1,), (contact,))
    assert kept.reason.startswith("parked: ")


def test_a_record_that_another_one_waits_for_comes_first(account):
    location = account.ids_of("fulfillment_locations")[0]
    account.sql("INSERT INTO contacts (id, first_name) VALUES (950000000000005, 'New')")
    account.sql(
        "INSERT INTO fulfillments (contact_id, location_id,"
        " included_orders_invoices_line_items_attributes)"
        ' VALUES (950000000000005, ?, \'[{"id": 1, "quantity": 1}]\')',
        location,
    )

    found = planned(account)

    assert [(r.resource, r.after) for r in found.records] == [
        ("contacts", ()),
        ("fulfillments", (("contacts", 950000000000005),)),
    ]


def test_edits_that_swap_an_email_are_shown_statement_by_statement(account):
    one, two = account.ids_of("contacts")[:2]
    mail = account.one("SELECT email_address FROM contacts WHERE id = ?", one)
    account.sql("UPDATE contacts SET email_address = 'free@example.com' WHERE id = ?", one)
    account.sql("UPDATE contacts SET email_address = ? WHERE id = ?", mail, two)

    found = planned(account)

    assert [(r.record_id, r.seqs) for r in found.records] == [(one, (1,)), (two, (2,))]


def share_an_email(account, contact):
    """A new contact, and one that is edited three times and takes its email in the end."""
    account.sql("INSERT INTO contacts (email_address, first_name) VALUES ('one@x.org', 'New')")
    account.sql("UPDATE contacts SET last_name = 'L' WHERE email_address = 'one@x.org'")
    account.sql("UPDATE contacts SET email_address = 'two@x.org' WHERE first_name = 'New'")
    for change in ("first_name = 'A'", "first_name = 'B'", "email_address = 'one@x.org'"):
        account.sql(f"UPDATE contacts SET {change} WHERE id = ?", contact)


def test_each_change_is_shown_once_also_where_edits_share_an_email(account, contact):
    mail, first = account.sql(
        "SELECT email_address, first_name FROM contacts WHERE id = ?", contact
    )[0]
    share_an_email(account, contact)
    account.world.ledger.clear()

    found = planned(account)

    assert sorted(calls(found), key=str) == [
        ("contacts", "update", {"email_address": (mail, "one@x.org")}),
        ("contacts", "update", {"email_address": ("one@x.org", "two@x.org")}),
        ("contacts", "update", {"first_name": (first, "B")}),
        (
            "contacts",
            "upsert",
            {
                "email_address": (None, "one@x.org"),
                "first_name": (None, "New"),
                "last_name": (None, "L"),
            },
        ),
    ]
    report = account.push()
    assert [verb for verb, _ in account.writes()] == [k for r in found.records for k in kinds(r)]
    assert report.requests == found.requests
    assert len(planned(account).records) == 0


def kinds(record) -> list[str]:
    return [call.kind for call in record.calls]


def test_an_email_that_comes_back_in_the_end_is_sent_twice(account, contact):
    mail = account.one("SELECT email_address FROM contacts WHERE id = ?", contact)
    other = next(i for i in account.ids_of("contacts") if i != contact)
    for email in ("free@x.org", mail):
        account.sql("UPDATE contacts SET email_address = ? WHERE id = ?", email, contact)
        account.sql("UPDATE contacts SET email_address = ? WHERE id = ?", f"x{email}", other)

    account.sql("UPDATE contacts SET email_address = 'free@x.org' WHERE id = ?", other)
    found = planned(account)

    account.push()
    sent = [(e.id, e.fields["email_address"]) for e in account.world.ledger.writes("contacts")]
    assert [
        (r.record_id, c.values["email_address"]) for r in found.records for c in r.calls
    ] == sent
    assert (contact, mail) in sent


def test_what_waits_behind_a_held_edit_of_the_same_email_is_not_planned(account, contact):
    account.settings["CFSYNC_PUSH__HOLD_UPDATES"] = "1"
    mail = account.one("SELECT email_address FROM contacts WHERE id = ?", contact)
    account.sql("UPDATE contacts SET email_address = 'free@x.org' WHERE id = ?", contact)
    other = next(i for i in account.ids_of("contacts") if i != contact)
    account.sql("UPDATE contacts SET last_name = 'X' WHERE id = ?", other)
    account.sql("INSERT INTO contacts (email_address) VALUES (?)", mail)

    before = planned(account)
    account.push()
    after = planned(account)

    waits = ((3,), "waits for edit 1, which touches the same email_address")
    assert [waits in [(k.seqs, k.reason) for k in found.kept] for found in (before, after)] == [
        True,
        True,
    ]
    assert (before.calls, after.calls, account.writes()) == (0, 0, [])


def test_a_create_names_the_record_below_which_it_is_made(account, contact):
    (course,) = account.ids_of("courses")
    account.sql("INSERT INTO enrollments (contact_id, course_id) VALUES (?, ?)", contact, course)

    found = planned(account)

    (record,) = found.records
    assert record.below == {"course_id": course}
    assert json.loads("".join(plan_file.text_of(found, json.dumps)))["records"][0]["below"] == {
        "course_id": course
    }
    assert f"create, course_id {course}" in "\n".join(lines_of(found))


def test_only_the_resources_named_are_planned(account, contact):
    account.sql("UPDATE contacts SET first_name = 'X' WHERE id = ?", contact)
    account.sql("UPDATE products SET name = 'X'")

    assert {r.resource for r in planned(account, "products").records} == {"products"}


# push --plan


def test_a_push_by_a_plan_sends_what_it_says(account, contact, tmp_path):
    account.sql("UPDATE contacts SET first_name = 'X' WHERE id = ?", contact)
    account.sql("INSERT INTO products (name, archived) VALUES ('Book', ?)", True)

    report = by_file(account, tmp_path)

    assert (report.exit_code, report.outdated) == (0, [])
    assert account.writes() == [
        ("update", "contacts"),
        ("create", "products"),
        ("archive", "products"),
    ]


def test_a_push_by_a_plan_sends_all_edits_that_share_an_email(account, contact, tmp_path):
    share_an_email(account, contact)

    report = by_file(account, tmp_path)

    assert (report.exit_code, report.outdated) == (0, [])
    assert set(account.states()) == {"done"}


def test_what_changed_in_clickfunnels_stops_the_edits_that_share_an_email(
    account, contact, tmp_path
):
    share_an_email(account, contact)
    found = planned(account)
    account.world.edit("contacts", contact, last_name="There")

    report = by_file(account, tmp_path, found)

    assert (report.exit_code, report.outdated) == (5, [f"contacts {contact}"])
    assert [e.id for e in account.world.ledger.writes("contacts") if e.id == contact] == []


def test_what_was_edited_since_is_refused_and_listed(account, tmp_path):
    one, two, three = account.ids_of("contacts")[:3]
    account.sql("UPDATE contacts SET first_name = 'X' WHERE id IN (?, ?)", one, two)
    found = planned(account)
    account.sql("UPDATE contacts SET last_name = 'Y' WHERE id = ?", one)
    account.sql("UPDATE contacts SET last_name = 'Y' WHERE id = ?", three)

    report = by_file(account, tmp_path, found)

    assert (report.exit_code, report.outdated) == (5, [f"contacts {one}"])
    assert [e.id for e in account.world.ledger.writes()] == [two]
    assert sorted(account.states()) == ["done", "pending", "pending", "pending"]


def test_what_changed_in_clickfunnels_since_is_refused(account, contact, tmp_path):
    account.sql("UPDATE contacts SET first_name = 'X' WHERE id = ?", contact)
    found = planned(account)
    account.world.edit("contacts", contact, last_name="There")

    report = by_file(account, tmp_path, found)

    assert (report.exit_code, report.outdated) == (5, [f"contacts {contact}"])
    assert account.writes() == []


def test_what_was_sent_since_is_listed(account, contact, tmp_path):
    account.sql("UPDATE contacts SET first_name = 'X' WHERE id = ?", contact)
    found = planned(account)
    account.push()

    report = by_file(account, tmp_path, found)

    assert (report.exit_code, report.outdated) == (5, [f"contacts {contact}"])


def test_a_plan_is_for_its_owner_alone(account, contact, tmp_path):
    account.sql("UPDATE contacts SET first_name = 'Secret' WHERE id = ?", contact)
    path = tmp_path / "plan.json"
    path.write_text("older")
    path.chmod(0o644)

    plan_file.write(planned(account), path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    (record,) = json.loads(path.read_text())["records"]
    assert record["calls"][0]["fields"]["first_name"]["new"] == "Secret"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"plan": 1, "records": [{"id": 1}]}'])
def test_a_file_that_is_no_plan_is_said(tmp_path, text):
    path = tmp_path / "plan.json"
    path.write_text(text)

    with pytest.raises(UsageError, match="is not a plan"):
        plan_file.load(path)


def test_what_is_paused_is_said(account, contact, write):
    write(pauses.pause, ["contacts"])
    account.sql("UPDATE contacts SET first_name = 'X' WHERE id = ?", contact)

    found = planned(account)

    assert [(k.resource, k.reason) for k in found.kept] == [
        ("contacts", "paused: cfsync resume contacts")
    ]
    assert found.calls == 0


def test_what_a_planned_create_leaves_over_is_sent_with_it(account, tmp_path):
    tag = account.ids_of("contact_tags")[0]
    account.world.create("contacts", account.workspace, email_address="a@b.org", first_name="A")
    account.sql("INSERT INTO contacts (email_address, tag_ids) VALUES ('a@b.org', ?)", f"[{tag}]")

    report = by_file(account, tmp_path)

    assert (report.exit_code, report.outdated) == (0, [])
    contact = account.one("SELECT id FROM contacts WHERE email_address = 'a@b.org'")
    assert account.tags(contact) == [tag]
    assert set(account.states()) == {"done"}


def test_values_that_were_left_are_one_line_for_each_resource():
    fields = [NullLeft("contacts", f"field_{n}", 7) for n in range(9)]

    lines = list(lines_of(Plan(nulls_left=[*fields, NullLeft("orders", "notes", 3)])))

    assert [line.partition(": NULL")[0] for line in lines[:-1]] == [
        "contacts 7: no change of field_0, field_1, field_2 and 6 more fields",
        "orders 3: no change of notes",
    ]
