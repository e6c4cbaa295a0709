"""One edit is followed through a failing night by the log alone."""

from __future__ import annotations

import re
from typing import Any

import pytest
from structlog.testing import capture_logs

from cfsync.log_sentences import SENTENCES, as_sentence
from cfsync.mirror.bookkeeping.reasons import WHAT_HELPS, kind_of
from cfsync.mirror.history.person import person
from cfsync.sync.decisions import conflicts, decision_log, deletions, outbox
from cfsync.sync.decisions.revert import revert
from cfsync.sync.push import edit_log
from cfsync.sync.selection import NOT_GIVEN
from tests.push.checks import rename
from tests.push.conftest import Account

pytestmark = pytest.mark.usefixtures("no_retries")

NIGHT = [
    ({"kind": "status", "status": 429}, "edit.postponed", "RateLimited"),
    ({"kind": "reset_before"}, "edit.unconfirmed", "Unreachable"),
    ({"kind": "status", "status": 422}, "edit.parked", "refused by ClickFunnels"),
]


def lines_of(logs: list[dict[str, Any]], seq: int) -> list[dict[str, Any]]:
    return [line for line in logs if seq in line.get("seqs", ())]


def test_the_log_tells_each_step_of_an_edit(
    account: Account, app_sql: Any, two: tuple[int, int]
) -> None:
    contact, _ = two
    rename(app_sql, "Lovelace", contact)
    (seq,) = account.column("SELECT seq FROM cf_outbox")
    steps = []
    for fault, *_ in NIGHT:
        account.world.fault(**fault, method="PUT")
        with capture_logs() as logs:
            account.push()
        steps += lines_of(logs, seq)
        assert "Lovelace" not in str(logs)
    with capture_logs() as logs:
        account.desk(outbox.retry, [str(seq)])
        account.world.fault(**NIGHT[-1][0], method="PUT")
        account.push()
        account.desk(outbox.discard, [str(seq)])
    morning = lines_of(logs, seq)
    assert "Lovelace" not in str(logs)

    told = [(step["event"], step.get("reason")) for step in steps]
    for _, event, reason in NIGHT:
        assert ("edit.sending", None) in told
        assert (event, reason) in told
    assert [step["event"] for step in morning] == [
        "edit.retried",
        "edit.sending",
        "edit.parked",
        "edit.discarded",
    ]
    retried, *_, discarded = morning
    assert retried["by"] == discarded["by"] == person()
    assert (discarded["resource"], discarded["id"]) == ("contacts", contact)
    first = steps[0]
    assert (first["resource"], first["id"], first["op"]) == ("contacts", contact, "update")
    assert first["fields"] == ["first_name"]
    assert steps[-1]["fields"] == ["first_name"]
    uncertain = [s["batch"] for s in steps if s["event"] in ("edit.unconfirmed", "edit.parked")]
    assert uncertain == [s["batch"] for s in steps if s["event"] == "edit.sending"][1:]


@pytest.mark.parametrize(
    ("method", "statement"),
    [
        ("PUT", "UPDATE contacts SET first_name = 'Ada', last_name = 'L'"),
        ("POST", "INSERT INTO contacts (first_name, last_name) VALUES ('Ada', 'L')"),
    ],
)
def test_the_log_names_what_is_refused_and_what_is_parked(
    account: Account, app_sql: Any, two: tuple[int, int], method: str, statement: str
) -> None:
    where = f" WHERE id = {two[0]}" if method == "PUT" else ""
    app_sql(statement + where)
    (seq,) = account.column("SELECT seq FROM cf_outbox")
    errors = {"email_address": ["lovelace@example.com is taken"], "Lovelace": ["no"]}
    account.world.fault("status", method=method, status=422, errors=errors)
    with capture_logs() as logs:
        account.push()

    refused, parked = [line for line in lines_of(logs, seq) if line["log_level"] == "warning"]
    assert (refused["event"], refused["fields"]) == ("edit.refused", ["email_address"])
    assert parked["event"] == "edit.parked"
    assert {"first_name", "last_name"} <= {*parked["fields"]}
    assert "ovelace" not in str(logs)


def test_the_log_tells_that_an_edit_arrived(
    account: Account, app_sql: Any, two: tuple[int, int]
) -> None:
    rename(app_sql, "X", *two)
    with capture_logs() as logs:
        account.push()

    for seq in account.column("SELECT seq FROM cf_outbox"):
        sending, sent = lines_of(logs, seq)
        assert (sending["event"], sent["event"]) == ("edit.sending", "edit.sent")
        assert sending["batch"] == sent["batch"] > 0


def test_the_log_tells_which_record_an_insert_made(account: Account, app_sql: Any) -> None:
    app_sql("INSERT INTO contact_tags (name) VALUES ('New')")
    with capture_logs() as logs:
        account.push()

    (sent,) = [line for line in logs if line["event"] == "edit.sent"]
    assert sent["record_id"] == account.one("SELECT id FROM contact_tags WHERE name = 'New'")
    assert sent["id"] != sent["record_id"]


def test_the_log_tells_why_an_edit_is_held_and_what_waits_for_it(
    account: Account, app_sql: Any, two: tuple[int, int]
) -> None:
    account.settings["CFSYNC_DELETIONS__MAX_COUNT"] = "1"
    one, other = two
    emails = "SELECT email_address FROM contacts WHERE id = ?"
    email = account.one(emails, one)
    app_sql("DELETE FROM contacts WHERE id IN (?, ?)", one, other)
    app_sql("INSERT INTO contacts (email_address) VALUES (?)", email)
    (new,) = account.column("SELECT id FROM contacts WHERE id >= 900000000000000")
    with capture_logs() as logs:
        account.push()

    held = [line for line in logs if line["event"] == "edit.held"]
    assert {(line["id"], line["op"]) for line in held} == {(one, "delete"), (other, "delete")}
    assert {line["reason"] for line in held} == {
        "a mass deletion of 2: cfsync outbox approve contacts"
    }
    (blocked,) = [line for line in logs if line["event"] == "edit.blocked"]
    assert (blocked["id"], blocked["op"]) == (new, "insert")
    assert "email_address" in blocked["fields"]
    first = account.one("SELECT seq FROM cf_outbox WHERE record_id = ?", one)
    sentence = as_sentence(blocked)["event"]
    assert sentence.startswith(f"edit 3 of contacts {new} waits for edit {first}, which touches")


def test_the_log_tells_who_decided(account: Account, app_sql: Any, two: tuple[int, int]) -> None:
    contact, _ = two
    rename(app_sql, "Here", contact)
    account.world.edit("contacts", contact, first_name="There")
    account.push()
    with capture_logs() as logs:
        account.desk(conflicts.resolve, 1, "local")
        account.push()
        batch = account.one("SELECT max(batch) FROM cf_outbox")
        account.desk(revert, batch)
        account.sql("UPDATE cf_outbox SET state = 'held' WHERE state = 'pending'")
        account.desk(outbox.approve, ["contacts"])

    names = ("conflict.resolved", "record.reverted", "edit.approved")
    told = [line for line in logs if line["event"] in names]
    assert [line["event"] for line in told] == list(names)
    assert {line["by"] for line in told} == {person()}
    assert {(line["resource"], line["id"]) for line in told} == {("contacts", contact)}
    assert (told[0]["conflict"], told[0]["field"], told[0]["choice"]) == (1, "first_name", "local")
    first, second, *_ = account.column("SELECT seq FROM cf_outbox ORDER BY seq")
    assert told[0]["seqs"] == [first, second]
    assert (told[1]["batch"], told[1]["fields"]) == (batch, ["first_name"])
    assert not {"Here", "There"} & set(re.findall(r"\w+", str(logs)))


def test_the_log_tells_which_edits_a_conflict_was_about(
    account: Account, app_sql: Any, two: tuple[int, int]
) -> None:
    contact, other = two
    rename(app_sql, "Here", contact)
    account.world.delete("contacts", contact)
    account.push()
    account.world.delete("contacts", other)
    account.sweep()
    account.sql("UPDATE cf_tombstones SET state = 'held' WHERE record_id = ?", other)
    with capture_logs() as logs:
        account.desk(conflicts.resolve, 1, "remote")
        account.desk(deletions.decide, ["contacts"], NOT_GIVEN, approve=False, confirm=print)

    (seq,) = account.column("SELECT seq FROM cf_outbox")
    resolved, rejected = [line for line in logs if "by" in line]
    assert (resolved["event"], resolved["field"]) == ("conflict.resolved", "deleted_remotely")
    assert resolved["seqs"] == [seq]
    assert (rejected["event"], rejected["id"]) == ("deletion.rejected", other)


def test_a_terminal_shows_the_steps_as_sentences() -> None:
    line = {
        "event": "edit.parked",
        "level": "warning",
        "resource": "contacts",
        "id": 5,
        "seqs": [4711],
        "reason": "refused by ClickFunnels",
        "fields": ["first_name"],
    }

    assert as_sentence(line) == {
        "level": "warning",
        "event": "edit 4711 of contacts 5 is parked and waits for you: refused by ClickFunnels"
        " first_name",
    }
    assert as_sentence({"event": "daemon.started"}) == {"event": "daemon.started"}


def test_every_step_has_its_sentence_and_its_line_in_the_table() -> None:
    tables = f"{edit_log.__doc__}{decision_log.__doc__}"
    documented = set(re.findall(r"^\| (\w+\.\w+)", tables, re.MULTILINE))

    assert documented == SENTENCES.keys()


@pytest.mark.parametrize("begins", WHAT_HELPS)
def test_the_kind_of_a_reason_quotes_nobody(begins: str) -> None:
    assert "Lovelace" not in kind_of(f"{begins} Lovelace")
