"""What is kept back before a call: resources whose push is off, mass deletions, mass updates."""

from __future__ import annotations

from typing import Any

import pytest

from cfsync.mirror.bookkeeping import outbox as edits
from cfsync.sync.decisions import deletions, outbox
from cfsync.sync.selection import NOT_GIVEN, Filter
from tests.push.checks import rename, sent
from tests.push.conftest import Account
from tests.push.test_plan import planned

pytestmark = pytest.mark.usefixtures("no_retries")


def test_edits_of_a_resource_wait_while_its_push_is_off(
    account: Account, app_sql: Any, two: tuple[int, int]
) -> None:
    account.settings["CFSYNC_RESOURCES__CONTACTS__PUSH"] = "false"
    rename(app_sql, "X", *two)
    app_sql("INSERT INTO contact_tags (name) VALUES ('VIP')")

    account.push()

    assert [e.resource for e in account.world.ledger.writes()] == ["contact_tags"]
    assert account.states() == ["pending", "pending", "done"]
    account.settings["CFSYNC_RESOURCES__CONTACTS__PUSH"] = "true"
    account.push()
    assert account.states() == ["done"] * 3


def test_a_mass_deletion_is_held_until_a_human_approves(account: Account, app_sql: Any) -> None:
    account.settings["CFSYNC_DELETIONS__MAX_COUNT"] = "3"
    app_sql("DELETE FROM contacts WHERE id IN (SELECT id FROM contacts ORDER BY id LIMIT 4)")
    app_sql("INSERT INTO contact_tags (name) VALUES ('VIP')")

    report = account.push()

    assert report.exit_code == 5
    assert [verb for verb, _ in sent(account)] == ["create"]
    assert account.states() == ["held"] * 4 + ["done"]
    account.sql("UPDATE cf_outbox SET state = 'pending', approved = ? WHERE state = 'held'", True)
    account.push()
    assert [verb for verb, _ in sent(account)] == ["create"] + ["delete"] * 4


def test_few_deletions_and_rows_that_were_never_sent_pass_the_guard(
    account: Account, app_sql: Any
) -> None:
    account.settings["CFSYNC_DELETIONS__MAX_COUNT"] = "3"
    for number in range(5):
        app_sql(
            "INSERT INTO contacts (id, first_name) VALUES (?, 'X')", 950_000_000_000_001 + number
        )
    app_sql("DELETE FROM contacts WHERE id >= 900000000000000")
    app_sql("DELETE FROM contacts WHERE id IN (SELECT id FROM contacts ORDER BY id LIMIT 3)")

    assert account.push().exit_code == 0
    assert [verb for verb, _ in sent(account)] == ["delete"] * 3


def test_a_delete_of_another_programs_endpoint_waits_for_approval(
    account: Account, app_sql: Any
) -> None:
    app_sql("DELETE FROM webhook_endpoints")
    (seq,) = account.column("SELECT seq FROM cf_outbox")
    reason = f"the webhook endpoint of another program: cfsync outbox approve {seq}"

    assert [kept.reason for kept in planned(account).kept] == [reason]
    report = account.push()

    assert (report.exit_code, sent(account), account.states()) == (5, [], ["held"])
    assert account.column("SELECT error FROM cf_outbox") == [reason]
    assert account.column("SELECT command FROM cf_waiting") == [f"cfsync outbox approve {seq}"]
    account.desk(outbox.approve, [str(seq)])
    assert account.push().exit_code == 0
    assert sent(account) == [("delete", {})]


def fill_contacts(account: Account, rows: int) -> None:
    for number in range(rows - len(account.ids_of("contacts"))):
        account.world.create("contacts", account.workspace, first_name=f"N{number}")
    account.pull()


@pytest.mark.parametrize(
    ("edited", "rows", "settings", "held"),
    [
        (60, 60, {}, True),
        (50, 196, {}, True),
        (50, 200, {}, False),
        (49, 60, {}, False),
        (60, 60, {"HOLD_FRACTION": "1"}, False),
        (60, 60, {"HOLD_UPDATES": "0"}, True),
    ],
)
def test_an_update_of_a_large_share_of_the_rows_is_held(
    account: Account, app_sql: Any, edited: int, rows: int, settings: dict[str, str], held: bool
) -> None:
    fill_contacts(account, rows)
    for name, value in settings.items():
        account.settings[f"CFSYNC_PUSH__{name}"] = value
    some = f"SELECT id FROM contacts ORDER BY id LIMIT {edited}"
    app_sql(f"UPDATE contacts SET first_name = 'X' WHERE id IN ({some})")

    report = account.push("contacts")

    assert report.exit_code == (5 if held else 0)
    assert set(account.states()) == {"held" if held else "done"}
    assert len(sent(account)) == (0 if held else edited)


def test_rows_are_counted_not_edits(account: Account, app_sql: Any) -> None:
    account.settings["CFSYNC_PUSH__HOLD_UPDATES"] = "6"
    fill_contacts(account, 60)
    some = "SELECT id FROM contacts ORDER BY id LIMIT 6"
    for number in range(10):
        app_sql(f"UPDATE contacts SET first_name = 'X{number}' WHERE id IN ({some})")

    assert account.push("contacts").exit_code == 0
    assert set(account.states()) == {"done"}


def test_an_edit_that_is_no_part_of_a_mass_is_sent(account: Account, app_sql: Any) -> None:
    fill_contacts(account, 64)
    first, *others = account.ids_of("contacts")
    app_sql("UPDATE contacts SET first_name = 'One' WHERE id IN (?, ?)", first, others[0])
    account.sql("UPDATE cf_outbox SET captured_at = '2026-01-01T00:00:00.000Z'")
    app_sql("UPDATE contacts SET last_name = 'All' WHERE id <> ?", first)
    app_sql(
        "UPDATE contacts SET last_name = 'Most', phone_number = id WHERE id IN (?, ?)", *others[:2]
    )

    assert [len(kept.seqs) for kept in planned(account, "contacts").kept] == [65]
    report = account.push("contacts")

    assert (report.exit_code, sent(account)) == (5, [("update", {"first_name": "One"})])
    reasons = account.column("SELECT DISTINCT error FROM cf_outbox WHERE state = 'held'")
    assert reasons == ["a mass update of 63: cfsync outbox approve contacts"]
    assert account.column("SELECT reason FROM cf_waiting") == ["a mass update of 63"]
    account.desk(outbox.discard, ["contacts"], Filter(False, "last_name", None, None))
    account.push("contacts")
    assert account.sql("SELECT state, count(*) FROM cf_outbox GROUP BY 1 ORDER BY 1") == [
        ("discarded", 65),
        ("done", 2),
    ]


def test_all_are_held_where_it_is_not_told_which_are_the_mass(
    account: Account, app_sql: Any
) -> None:
    fill_contacts(account, 64)
    for place, contact in enumerate(account.ids_of("contacts")):
        field = ("first_name", "last_name", "phone_number")[place % 3]
        app_sql(f"UPDATE contacts SET {field} = 'X' WHERE id = ?", contact)

    assert account.push("contacts").exit_code == 5
    assert (sent(account), set(account.states())) == ([], {"held"})


def test_a_mass_update_is_held(account: Account, app_sql: Any) -> None:
    account.settings["CFSYNC_PUSH__HOLD_UPDATES"] = "5"
    app_sql("UPDATE contacts SET first_name = 'X'")

    assert account.push().exit_code == 5
    assert sent(account) == []
    assert account.states() == ["held"] * 6


def test_what_was_settled_since_it_was_read_is_neither_held_nor_discarded(
    account: Account, app_sql: Any, two: tuple[int, int]
) -> None:
    rename(app_sql, "Sent", two[0])
    account.push()
    rename(app_sql, "Dropped", two[1])
    sent_, dropped = account.column("SELECT seq FROM cf_outbox ORDER BY seq")
    account.desk(outbox.discard, [str(dropped)])

    assert account.run(lambda c: c.mirror.write(edits.hold, [sent_, dropped], "a guard")) == []
    assert account.run(lambda c: c.mirror.write(edits.discard, [sent_, dropped])) == []

    assert account.states() == ["done", "discarded"]


def test_a_rejection_of_all_takes_back_no_approval_while_others_are_held(account: Account) -> None:
    ids = account.ids_of("contacts")[:3]
    for one in ids:
        account.world.delete("contacts", one)
    account.settings["CFSYNC_DELETIONS__MAX_COUNT"] = "1"
    account.settings["CFSYNC_DELETIONS__MAX_FRACTION"] = "0.1"
    account.sweep("contacts")

    def decided(*named: str, approve: bool = False) -> list[int]:
        which = ["contacts", *named]
        given = {"approve": approve, "confirm": print, "again": True}
        found = account.desk(deletions.decide, which, NOT_GIVEN, **given)
        return [one.record_id for one in found]

    assert decided(str(ids[0]), approve=True) == ids[:1]
    assert decided() == ids[1:]
    assert decided() == ids[:1]
