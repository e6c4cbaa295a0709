"""The commands themselves, as processes: what they print and how they end."""

from __future__ import annotations

import re
import shutil
import sqlite3
from pathlib import Path

import pytest

from cfsync.sandbox import TOKEN, Running
from tests.cli.conftest import Command


@pytest.fixture
def cfsync(tmp_path: Path, served: Running, filled_sqlite: Path) -> Command:
    """The command beside a complete mirror of the small world."""
    command = Command(tmp_path)
    shutil.copy(filled_sqlite, command.database)
    command.settings = {
        "API__BASE_URL": served.api,
        "API__TOKEN": TOKEN,
        "API__MAX_REQUESTS_PER_SECOND": "0",
        "API__MIRROR": "core",
        "DELETIONS__CONFIRM_AFTER": "0s",
        "PUSH__SETTLE": "0s",
    }
    return command


@pytest.fixture
def contact(cfsync: Command) -> int:
    return int(cfsync.sql("SELECT id FROM contacts ORDER BY id")[1][0])


def rename(cfsync: Command, contact: int, name: str = "Zoe") -> None:
    cfsync.sql(f"UPDATE contacts SET first_name = '{name}' WHERE id = {contact}")


def test_plan_push_revert(cfsync: Command, contact: int, served: Running):
    rename(cfsync, contact)

    shown = cfsync("plan", "--out", "plan.json")
    assert shown.returncode == 0
    assert f"contacts {contact}: update" in shown.stdout
    assert '-> "Zoe"' in shown.stdout
    assert "plan: 1 call, 3 requests with reading again" in shown.stdout
    cfsync.sql("INSERT INTO contacts (first_name) VALUES ('Late')")

    pushed = cfsync("push", "--plan", "plan.json", "--json")
    assert (pushed.returncode, pushed.json["outdated"]) == (0, [])
    assert served.world.get("contacts", contact)["first_name"] == "Zoe"
    again = cfsync("push", "--plan", "plan.json")
    assert again.returncode == 5
    assert f"not sent, changed since the plan: contacts {contact}" in again.stdout

    reverted = cfsync("revert", "1", "--json")
    assert reverted.returncode == 0
    assert reverted.json["edits"] == [
        {"resource": "contacts", "id": contact, "fields": ["first_name"]}
    ]
    told = cfsync("revert", "2")
    assert (told.returncode, told.said) == (2, ["there is no batch 2; the last is 1"])


def test_pushes_and_a_revert_of_what_was_created(cfsync: Command):
    cfsync.sql("INSERT INTO contacts (first_name) VALUES ('A'), ('B'), ('C')")
    assert cfsync("push").returncode == 0
    new = [i for (i,) in cfsync.sql("SELECT id FROM contacts WHERE first_name IN ('A', 'B', 'C')")]
    named = f"3 contacts ({', '.join(map(str, sorted(new)))})"

    head, row = cfsync("pushes").stdout.splitlines()
    assert head.split() == ["batch", "sent", "by", "edits", "outcome"]
    assert row.endswith("3 contacts created  done")

    kept = cfsync("revert", "1")
    assert kept.returncode == 5
    summed, said = kept.stdout.splitlines()
    assert " ".join(summed.split()) == f"{named} - it was created: --with-created deletes it"
    assert said.endswith("not reverted: something of 3 records")

    asked = cfsync("revert", "1", "--with-created")
    assert asked.returncode == 2
    assert asked.stderr.startswith(f"{named} will be deleted, here and with the next push")
    done = cfsync("revert", "1", "--with-created", "--yes")
    assert done.returncode == 0
    assert f"{named} deleted; the next push sends it" in done.stdout
    assert cfsync("push").returncode == 0


def test_undelete(cfsync: Command, contact: int, served: Running):
    (tag,), *_ = cfsync.sql("SELECT id FROM contact_tags")
    other = cfsync.sql("SELECT min(id) FROM contacts")[0][0]
    cfsync.sql(f"UPDATE contacts SET tag_ids = '[{tag}]' WHERE id = {contact}")
    cfsync("push")
    cfsync.sql(f"DELETE FROM contacts WHERE id = {contact}")
    assert cfsync("push").returncode == 0
    cfsync.sql(f"DELETE FROM contact_tags WHERE id = {tag}")
    assert cfsync("push").returncode == 0
    cfsync.sql(f"DELETE FROM contacts WHERE id = {other}")

    asked = cfsync("undelete", "contacts", str(contact), str(other), "7")
    assert asked.returncode == 2
    *plan, fields, said = asked.stderr.splitlines()
    assert plan == [
        "contacts 7: stays deleted: the mirror knows no such record that was deleted",
        f"contacts {other}: its delete was not sent yet and is taken back",
        f"contacts {contact}: becomes a new record with a new id",
        f"contacts {contact}: without tag_ids: contact_tags {tag} is gone",
    ]
    assert fields.startswith("not given (read-only in ClickFunnels): public_id, ")
    assert said == "cfsync: nothing is done: without a terminal, undelete needs --yes"

    done = cfsync("undelete", "contacts", str(contact), str(other), "--yes")
    (new,) = cfsync.sql("SELECT max(id) FROM contacts")[0]
    assert done.returncode == 5
    assert done.stdout.splitlines()[:2] == [
        f"contacts {other}: its delete is taken back",
        f"contacts {contact}: the new row is {new}; its record has another id after the push",
    ]
    again = cfsync("undelete", "contacts", str(contact), "--json")
    assert again.returncode == 2
    assert again.json == {
        "records": [
            {"resource": "contacts", "id": contact, "outcome": "refused", "new_id": None}
            | {"reason": f"it was brought back already: contacts {new}", "left": []}
        ]
    }
    assert cfsync("undelete", "contact_tags", str(tag), "--yes").returncode == 0
    assert cfsync("push").returncode == 0
    assert served.world.get("contacts", other) is not None


def test_outbox(cfsync: Command, contact: int):
    assert cfsync("outbox", "list").stdout == "nothing is waiting\n"
    rename(cfsync, contact)

    listed = cfsync("outbox", "list")
    assert listed.returncode == 0
    assert "first_name" in listed.stdout
    assert "Zoe" not in listed.stdout
    assert "Zoe" in cfsync("outbox", "list", "--values").stdout
    (edit,) = cfsync("outbox", "list", "contacts", "--state", "pending", "--json").json
    assert (edit["seq"], edit["id"], edit["fields"]) == (1, contact, ["first_name"])
    assert "patch" not in edit

    refused = cfsync("outbox", "approve", "1")
    assert (refused.returncode, refused.said) == (2, ["edit 1 is pending, not held"])
    dropped = cfsync("outbox", "discard", "1")
    assert (dropped.returncode, dropped.stdout) == (0, "discarded: 1 edit\n")
    unknown = cfsync("outbox", "list", "--state", "lost")
    assert unknown.returncode == 2
    assert "there is no state 'lost'" in unknown.said[0]


def test_the_program_that_made_an_edit_is_shown(cfsync: Command, contact: int):
    with sqlite3.connect(cfsync.database) as program:
        program.executescript(
            "CREATE TEMP TRIGGER cf_who AFTER INSERT ON main.cf_outbox BEGIN"
            " UPDATE cf_outbox SET db_user = 'crm-import' WHERE seq = NEW.seq; END;"
            f"UPDATE contacts SET first_name = 'Zoe' WHERE id = {contact}"
        )
    program.close()

    assert "crm-import" in cfsync("outbox", "list").stdout
    told = cfsync("explain", "contacts", str(contact)).stdout
    assert "edit 1: update of first_name by crm-import at 2" in told
    cfsync.sql(f"DELETE FROM contacts WHERE id = {contact}")
    assert cfsync("push").returncode == 0
    gone = cfsync("explain", "contacts", str(contact)).stdout
    assert re.search(r"^deleted here at \S+ \(edit 2, sent in batch 1\); gone from", gone, re.M)


def test_conflicts(cfsync: Command, contact: int, served: Running):
    rename(cfsync, contact)
    served.world.edit("contacts", contact, first_name="There")
    assert cfsync("push").returncode == 5

    listed = cfsync("conflicts", "list", "--values")
    assert '"Zoe"' in listed.stdout
    assert "There" not in cfsync("conflicts", "list").stdout
    undecided = cfsync("conflicts", "resolve", "1")
    assert undecided.said == ["choose one of --local, --remote and --value"]
    no_json = cfsync("conflicts", "resolve", "1", "--value", "Ada")
    assert no_json.said == ["--value takes JSON: put text in double quotes"]

    done = cfsync("conflicts", "resolve", "1", "--value", '"Both"')
    assert (done.returncode, done.stdout) == (
        0,
        f"resolved: contacts {contact}; the next push sends it\n",
    )
    assert cfsync("push").returncode == 0
    assert served.world.get("contacts", contact)["first_name"] == "Both"


def test_a_conflict_that_has_changed_is_shown_and_asked_again(
    cfsync: Command, contact: int, served: Running
):
    rename(cfsync, contact)
    served.world.edit("contacts", contact, first_name="There")
    assert cfsync("push").returncode == 5
    served.world.edit("contacts", contact, first_name="Later")
    assert cfsync("pull").returncode == 5

    refused = cfsync("conflicts", "resolve", "1", "--local")

    assert refused.returncode == 5
    assert refused.stdout.splitlines() == [
        f"not resolved: contacts {contact} first_name has changed since conflict 1 was found",
        "              then     now",
        'local         "Zoe"    "Zoe"',
        'ClickFunnels  "There"  "Later"',
        "to choose it all the same: cfsync conflicts resolve 1 --local",
    ]
    assert "Later" not in refused.stderr
    assert cfsync("conflicts", "resolve", "1", "--local").returncode == 0
    assert cfsync("push").returncode == 0
    assert served.world.get("contacts", contact)["first_name"] == "Zoe"


def test_show(cfsync: Command, contact: int):
    cfsync.sql(f"UPDATE contacts SET email_address = 'zoe@example.com' WHERE id = {contact}")
    ((order, amount),) = cfsync.sql("SELECT id, total_amount FROM orders ORDER BY id LIMIT 1")

    told = cfsync("show", "contacts", "Zoe@example.com").stdout
    of_order = cfsync("show", "orders", str(order)).stdout
    found = cfsync("show", "contacts", str(contact), "--json").json

    assert told.startswith(f"contacts {contact}\n")
    assert re.search(r"^  email_address +zoe@example.com$", told, re.MULTILINE)
    assert re.search(r"^  created_at +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$", told, re.MULTILINE)
    assert told.endswith("waits for the next push; cfsync plan contacts\n")
    assert re.search(rf"^  total_amount +{amount:.2f} [A-Z]{{3}}$", of_order, re.MULTILINE)
    assert re.search(r"^order_invoices: \d+\n  order_invoices \d+  ", of_order, re.MULTILINE)
    assert found["fields"]["email_address"] == "zoe@example.com"
    assert found["waits"][0]["command"] == "cfsync plan contacts"
    cfsync.sql("UPDATE products SET name = 'Book'")
    several = cfsync("show", "products", "Book")
    assert several.returncode == 2
    assert "2 records have this name: choose one by its id" in several.stdout
    missing = cfsync("show", "contacts", "zo@example.com")
    assert (missing.returncode, missing.stdout.splitlines()[0]) == (2, "did you mean")
    assert missing.said == [
        "the mirror has no such record in contacts (looked for by id or email_address)"
    ]


def test_explain(cfsync: Command, contact: int):
    rename(cfsync, contact)

    told = cfsync("explain", "contacts", str(contact))
    assert told.returncode == 0
    assert f"contacts {contact}: mirrored" in told.stdout
    assert "waits: edit 1 (update): waits for the next push" in told.stdout
    found = cfsync("explain", "contacts", str(contact), "--json").json
    keys = "attempts batch captured_at db_user error op patch record_id resource sent sent_at seq"
    assert set(found["edits"][0]) == {*keys.split(), "application", "state", "workspace_id"}
    (field,) = [f for f in found["fields"] if f["field"] == "first_name"]
    assert (field["value"], field["source"], field["edits"]) == ("Zoe", "edit", [1])
    missing = cfsync("explain", "contacts", "77")
    assert (missing.returncode, missing.said) == (
        2,
        ["contacts: the mirror knows nothing of 77"],
    )


def test_redact(cfsync: Command, contact: int, served: Running):
    rev_before = cfsync("redact", str(contact))
    assert (rev_before.returncode, rev_before.said) == (
        2,
        ["redact can't be undone: without a terminal it needs --yes"],
    )

    done = cfsync("redact", str(contact), "--yes", "--json")
    assert done.returncode == 0
    assert (done.json["id"], done.json["clickfunnels"]) == (contact, "deleted")
    assert done.json["purged"]["contacts"] == 1
    assert served.world.get("contacts", contact) is None


def test_act(cfsync: Command, served: Running):
    (order, processor), *_ = cfsync.sql("SELECT id, payment_processor FROM orders ORDER BY id")
    assert processor == "stripe"
    served.world.edit("orders", order, order_type="subscription", total_amount="12.00")
    words = ("act", "orders", str(order), "cancel", "-f", "cancel_reason=unused")

    dry = cfsync(*words, "--dry-run")
    assert dry.returncode == 0
    assert dry.stdout.splitlines()[1:] == [
        f"not sent: POST /orders/{order}/cancel",
        "  cancel_reason = unused",
    ]
    asked = cfsync(*words)
    assert (asked.returncode, asked.stdout) == (2, "")
    line, end = asked.stderr.splitlines()
    assert f"orders {order}: order_number" in line
    assert "total_amount 12.00, currency USD" in line
    assert end == "cfsync: nothing is done: without a terminal, cancel needs --yes"
    assert served.world.ledger.writes() == []

    done = cfsync(*words, "--yes", "--json").json
    assert (done["sent"], done["after"]["service_status"]) == (True, "canceled")
    assert cfsync.sql(f"SELECT service_status FROM orders WHERE id = {order}") == [("canceled",)]
    refused = cfsync(*words, "--yes")
    assert refused.returncode == 1
    call, warning, *_ = refused.stderr.splitlines()
    assert call == f"POST /orders/{order}/cancel is sent at once"
    assert "`cfsync revert` can't take it back" in warning
    assert "refused (422): base Order is already canceled" in refused.said[-1]
    wrong = cfsync("act", "orders", str(order), "cancel", "-f", "amount=5", "--yes")
    assert (wrong.returncode, wrong.said[0].split(",")[0]) == (2, "cancel takes effective_date")


def test_recover(cfsync: Command):
    cfsync.sql("INSERT INTO products (name) VALUES ('Book')")

    done = cfsync("recover")

    assert done.returncode == 5
    assert "looked for 1 insert: 0 parked as unknown, 1 held" in done.stdout
    assert "sweep: done" in done.stdout


@pytest.mark.parametrize(
    "command",
    ["plan", "outbox approve", "outbox discard", "conflicts resolve", "revert", "undelete",
     "explain", "changes", "act", "redact", "recover"],
)  # fmt: skip
def test_each_has_an_example_and_says_where_there_is_no_mirror(tmp_path: Path, command: str):
    bare = Command(tmp_path)
    helped = bare(*command.split(), "--help")
    assert helped.returncode == 0
    assert f"cfsync {command}" in helped.stdout.split("Example:")[1]

    given = {"explain": ["contacts", "1"], "changes": [], "act": ["orders", "1", "cancel"],
             "conflicts resolve": ["1", "--local"], "recover": [],
             "redact": ["1", "--yes"], "undelete": ["contacts", "1"],
             "plan": []}.get(command, ["1"])  # fmt: skip
    api = {"API__BASE_URL": "http://127.0.0.1:9/api/v2", "API__TOKEN": "some-token-for-it"}
    done = bare(*command.split(), *given, **api)

    assert done.returncode == 2
    assert done.said == [f"no mirror at {bare.database}: run cfsync backfill"]


@pytest.mark.parametrize("yes", [[], ["--yes"]])
def test_what_is_deleted_or_created_is_said_before_it_is_decided(
    cfsync: Command, contact: int, served: Running, yes: list[str]
):
    cfsync.sql(f"DELETE FROM contacts WHERE id = {contact}")
    served.world.edit("contacts", contact, first_name="There")
    assert cfsync("pull").returncode == 5
    cfsync.sql("INSERT INTO contacts (first_name) VALUES ('New')")
    ((new,),) = cfsync.sql("SELECT max(id) FROM contacts")

    resolved = cfsync("conflicts", "resolve", "contacts", "--local", *yes)
    discarded = cfsync("outbox", "discard", "contacts", *yes)

    deleted = "deleted in ClickFunnels by the next push, with what was changed there since"
    assert f"contacts {contact}: {deleted}" in resolved.stderr.splitlines()
    gone = "deleted here, with all that waits of it; ClickFunnels doesn't have it"
    assert f"contacts {new}: {gone}" in discarded.stderr.splitlines()
    assert (f"contacts {contact}: here again" in discarded.stderr) is bool(yes)


def test_an_insert_that_may_have_arrived_is_said_to_become_another_one(cfsync: Command):
    cfsync.sql("INSERT INTO contacts (first_name) VALUES ('New')")
    cfsync.sql("UPDATE cf_outbox SET state = 'parked', error = 'unknown: no answer'")
    ((new, seq),) = cfsync.sql("SELECT record_id, seq FROM cf_outbox")

    told = cfsync("outbox", "retry", str(seq), "--make-another").stderr
    told = " ".join(told.split())

    assert f"contacts {new}: created in ClickFunnels" in told, told
    assert "even if it is there already" in told


def test_many_are_shown_before_they_are_decided(cfsync: Command, contact: int, served: Running):
    rename(cfsync, contact)
    served.world.edit("contacts", contact, first_name="There")
    assert cfsync("push").returncode == 5

    asked = cfsync("conflicts", "resolve", "contacts", "--local")
    done = cfsync("conflicts", "resolve", "contacts", "--local", "--yes", "--json")
    edit = cfsync("outbox", "discard", "contacts", "--field", "first_name")
    dropped = cfsync("outbox", "discard", "contacts", "--field", "first_name", "--yes")

    assert asked.returncode == edit.returncode == 2
    assert asked.stderr.splitlines()[-3:] == [
        "resource  field       winner        count",
        "contacts  first_name  clickfunnels      1",
        "cfsync: nothing is done: without a terminal, --yes is needed to resolve them",
    ]
    assert (done.returncode, done.json["conflicts"][0]["state"]) == (0, "resolved")
    assert "contacts  update  pending  first_name      1" in edit.stderr
    assert (dropped.returncode, dropped.stdout) == (0, "discarded: 1 edit\n")
    assert cfsync("outbox", "discard", "contacts", "--yes").said == [
        "no edit of contacts waits to be sent"
    ]
