"""Explain: where the values of one record came from, and what it waits for."""

from __future__ import annotations

import pytest

from cfsync.errors import UsageError
from cfsync.mirror.coordination import pauses
from cfsync.mirror.coordination.pauses import Trouble
from cfsync.sync.decisions import pause
from cfsync.sync.inspection.explain import explain
from tests.push.conftest import Account


def explained(account: Account, table: str, record: object):
    return account.desk(explain, account.configured(), table, str(record))


def origin(found, field: str):
    return next(o for o in found.fields if o.field == field)


def test_a_quiet_record_is_all_from_clickfunnels(account, contact):
    found = explained(account, "contacts", contact)

    assert (found.state, found.lane, found.waits) == ("mirrored", "backfill", [])
    sources = {o.source for o in found.fields}
    assert sources == {"ClickFunnels", "copy"}
    assert origin(found, "tags").source == "copy"
    assert found.read_at is not None
    assert found.updated_at == account.world.get("contacts", contact)["updated_at"]


def test_a_record_is_found_by_its_public_id(account, contact):
    name = account.one("SELECT public_id FROM contacts WHERE id = ?", contact)

    assert explained(account, "contacts", name).id == contact


def test_an_edit_that_waits_is_told_from_what_clickfunnels_has(account, contact):
    old = account.one("SELECT first_name FROM contacts WHERE id = ?", contact)
    account.sql("UPDATE contacts SET first_name = 'X' WHERE id = ?", contact)

    found = explained(account, "contacts", contact)

    name = origin(found, "first_name")
    assert (name.value, name.source, name.remote, name.edits) == ("X", "edit", old, [1])
    assert found.waits == ["edit 1 (update): waits for the next push; cfsync plan contacts"]


def test_an_edit_of_a_paused_list_says_so(account, contact):
    account.sql("UPDATE contacts SET first_name = 'X' WHERE id = ?", contact)
    account.desk(pause.change, "paused", ["contacts"])

    assert explained(account, "contacts", contact).waits == [
        "edit 1 (update): the list contacts is paused; cfsync resume contacts"
    ]
    account.sql("UPDATE cf_outbox SET state = 'sending'")
    assert explained(account, "contacts", contact).waits == [
        "edit 1 (update): was sent, its outcome is not known yet; the list contacts is paused;"
        " cfsync resume contacts"
    ]


def test_an_edit_that_can_not_be_sent_now_says_why(account, contact):
    account.sql("UPDATE contacts SET first_name = 'X' WHERE id = ?", contact)
    refused = "no connection to 127.0.0.1: connection refused"

    def fail(tx, name, resource):
        text = f"{resource}/7: GET /workspaces/7/{resource}: {refused}"
        pauses.save_trouble(tx, Trouble(name, resource, "server", text, tx.now))

    for name, resource in (("push", "contacts"), ("pull", "orders")):
        account.desk(lambda mirror, *failed: mirror.write(fail, *failed), name, resource)

        told = [f"edit 1 (update): the last {name} failed: {refused}"]
        assert explained(account, "contacts", contact).waits == told
        account.desk(lambda mirror: mirror.write(pauses.delete_troubles, ["contacts", "orders"]))


def test_a_field_names_the_push_that_wrote_it(account, contact):
    account.sql("UPDATE contacts SET first_name = 'X' WHERE id = ?", contact)
    account.push()

    found = explained(account, "contacts", contact)

    name = origin(found, "first_name")
    assert (name.source, name.batch, name.edits) == ("ClickFunnels", 1, [])
    assert found.lane == "push"
    assert origin(found, "last_name").batch is None


def test_a_conflict_is_named_with_the_command_that_ends_it(account, contact):
    account.sql("UPDATE contacts SET first_name = 'Here' WHERE id = ?", contact)
    account.world.edit("contacts", contact, first_name="There")
    account.push()

    found = explained(account, "contacts", contact)

    assert origin(found, "first_name").conflicts == [1]
    assert found.waits == [
        "conflict 1: first_name was changed on both sides; cfsync conflicts resolve 1"
    ]


def test_an_unsent_row_says_for_whom_it_waits(account):
    location = account.ids_of("fulfillment_locations")[0]
    account.sql("INSERT INTO contacts (id, first_name) VALUES (950000000000005, 'New')")
    account.sql(
        "INSERT INTO fulfillments (id, contact_id, location_id,"
        " included_orders_invoices_line_items_attributes)"
        " VALUES (950000000000006, 950000000000005, ?, '[]')",
        location,
    )

    found = explained(account, "fulfillments", 950000000000006)

    assert found.state == "unsent"
    assert origin(found, "contact_id").source == "edit"
    assert found.waits == [
        "edit 2 (insert): waits for the next push; cfsync plan fulfillments",
        "contacts 950000000000005, to which it refers, is not in ClickFunnels yet",
    ]


def test_the_id_that_a_row_had_leads_to_the_record(account):
    account.sql("INSERT INTO contacts (id, first_name) VALUES (950000000000005, 'New')")
    account.push()
    new_id = account.one("SELECT id FROM contacts WHERE first_name = 'New'")

    found = explained(account, "contacts", 950000000000005)

    assert (found.id, found.local_id) == (new_id, 950000000000005)


def test_a_resource_that_is_not_pushed_is_said(account):
    account.sql("UPDATE workspaces SET name = 'Shop'")

    found = explained(account, "workspaces", account.workspace)

    assert found.waits == ["edit 1 (update): resources.workspaces.push is off"]

    account.settings["CFSYNC_RESOURCES__WORKSPACES__ENABLED"] = "false"
    found = explained(account, "workspaces", account.workspace)

    assert found.waits == ["edit 1 (update): resources.workspaces.enabled is off"]


def test_a_parked_edit_gives_the_servers_words(account, contact):
    account.world.fault("status", method="PUT", path="contacts", status=422)
    account.sql("UPDATE contacts SET first_name = 'X' WHERE id = ?", contact)
    account.push()

    (line,) = explained(account, "contacts", contact).waits

    assert line.startswith("edit 1 (update): parked: ")


def test_drift_is_told_from_an_edit(account, contact):
    if account.sql.is_sqlite:
        account.sql("UPDATE cf_writer SET mark = 1")
    else:
        account.sql("SET session_replication_role = replica")
    account.sql("UPDATE contacts SET first_name = 'X', cf_rev = cf_rev + 1 WHERE id = ?", contact)

    assert origin(explained(account, "contacts", contact), "first_name").source == "drift"


def test_a_deleted_row_and_a_gone_record_are_told_apart(account):
    one, two = account.ids_of("contacts")[:2]
    account.sql("DELETE FROM contacts WHERE id = ?", one)
    account.world.delete("contacts", two)
    account.sweep()

    assert explained(account, "contacts", one).state == "deleted here"
    assert explained(account, "contacts", two).state == "gone"


def test_a_delete_made_here_says_who_when_and_in_which_push(account, contact):
    account.sql("DELETE FROM contacts WHERE id = ?", contact)
    account.push()

    gone = explained(account, "contacts", contact).deletion

    who = None if account.sql.is_sqlite else "postgres"
    assert (gone.side, gone.cause, gone.author) == ("local", "deleted", who)
    assert (gone.edit, gone.batch) == (1, 1)
    assert gone.at <= gone.confirmed_at


def test_a_deletion_in_clickfunnels_says_since_when(account, contact):
    account.world.delete("contacts", contact)
    account.sweep()

    gone = explained(account, "contacts", contact).deletion

    assert (gone.side, gone.cause, gone.author, gone.edit) == ("remote", "deleted", None, None)
    assert gone.at <= gone.confirmed_at


def test_a_delete_of_a_row_that_was_never_sent_is_explained(account):
    account.sql("INSERT INTO contacts (id, first_name) VALUES (950000000000005, 'New')")
    account.sql("DELETE FROM contacts WHERE id = 950000000000005")
    account.push()

    found = explained(account, "contacts", 950000000000005)

    assert (found.deletion.side, found.deletion.edit, found.deletion.batch) == ("local", 2, None)
    assert [(e.op, e.state) for e in found.ended] == [("insert", "done"), ("delete", "done")]


def test_a_deleted_record_is_found_by_all_of_its_names(account):
    account.sql("INSERT INTO contacts (id, first_name) VALUES (950000000000005, 'New')")
    account.push()
    new_id, public_id = account.sql("SELECT id, public_id FROM contacts ORDER BY id DESC")[0]
    account.sql("DELETE FROM contacts WHERE id = ?", new_id)
    waiting = explained(account, "contacts", public_id)
    account.push()

    found = [explained(account, "contacts", n) for n in (new_id, 950000000000005, public_id)]

    assert (waiting.id, waiting.state, waiting.deletion.edit) == (new_id, "deleted here", 2)
    assert {(f.id, f.local_id, f.state) for f in found} == {(new_id, 950000000000005, "gone")}
    assert {f.deletion.edit for f in found} == {2}


def test_a_record_deleted_in_clickfunnels_is_found_by_its_public_id(account, contact):
    name = account.one("SELECT public_id FROM contacts WHERE id = ?", contact)
    account.world.delete("contacts", contact)
    account.sweep()

    assert explained(account, "contacts", name).id == contact


def test_a_path_column_is_told_as_such(account):
    submission = account.ids_of("order_transactions") or account.ids_of("enrollments")

    found = explained(account, "enrollments", submission[0])

    assert origin(found, "workspace_id").source == "path"


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ("99999999", "contacts: the mirror knows nothing of 99999999"),
        (
            "nobody",
            "the mirror has no such record in contacts (looked for by id or email_address)",
        ),
    ],
)
def test_an_unknown_record_is_named(account, record, said):
    with pytest.raises(UsageError) as refused:
        explained(account, "contacts", record)

    assert str(refused.value) == said
