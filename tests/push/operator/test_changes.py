"""The history as a person or a program asks for it, and a record as it was."""

from __future__ import annotations

from typing import Any

import pytest

from cfsync.errors import UsageError
from cfsync.mirror import retention
from cfsync.mirror.db import clock
from cfsync.mirror.reports import history
from cfsync.sync.decisions import redact
from cfsync.sync.inspection.changes import Request, as_of, changes
from cfsync.sync.inspection.explain import explain
from tests.push.conftest import Account

NEW = 950000000000005


@pytest.fixture
def account(account: Account) -> Account:
    """One whose history is complete from now on."""
    del account.settings["CFSYNC_RETENTION__CHANGES"]
    account.pull()
    return account


def told(account: Account, limit: int | None = None, **asked: Any) -> list[dict[str, Any]]:
    async def read(mirror: Any) -> list[Any]:
        found = [c async for some in changes(mirror, Request(**asked), limit=limit) for c in some]
        return [dict(change) for change in found]

    return [c for c in account.desk(read) if c["op"] != "start"]


def now(account: Account) -> str:
    return str(account.desk(lambda mirror: mirror.read(clock.now)))


def past(account: Account, record: object, time: str, table: str = "contacts") -> Any:
    return account.desk(as_of, table, str(record), time).record


def phones(account: Account, contact: int) -> tuple[int, int, int]:
    """Change a contact here, there, and its name here; the numbers of these changes."""
    account.sql("UPDATE contacts SET phone_number = '1' WHERE id = ?", contact)
    account.push()
    account.world.edit("contacts", contact, phone_number="2")
    account.pull("contacts")
    account.sql("UPDATE contacts SET first_name = 'Eve' WHERE id = ?", contact)
    first, second, third = (c["seq"] for c in told(account))
    return first, second, third


def seqs(account: Account, limit: int | None = None, **asked: Any) -> list[int]:
    return [c["seq"] for c in told(account, limit, **asked)]


def test_changes_are_chosen_by_what_is_given(account: Account, contact: int) -> None:
    first, second, third = phones(account, contact)
    public_id = account.one("SELECT public_id FROM contacts WHERE id = ?", contact)

    assert seqs(account, names=["orders"]) == []
    assert seqs(account, names=["contacts"], side="local") == [first, third]
    assert seqs(account, field="phone_number") == [first, second]
    assert seqs(account, side="clickfunnels", field="phone_number") == [second]
    assert seqs(account, names=["contacts"], record=public_id) == [first, second, third]
    assert seqs(account, names=["contacts"], record="1") == []
    assert seqs(account, since=str(first)) == [second, third]
    assert seqs(account, since=str(10**30)) == []
    assert seqs(account, since="1h") == [first, second, third]
    assert seqs(account, since="2020-01-01") == [first, second, third]
    assert seqs(account, 2) == [second, third]
    assert seqs(account, 1, field="phone_number") == [second]
    assert seqs(account, 2, since=str(first - 1)) == [first, second]


def test_a_key_of_a_map_is_a_field(account: Account, contact: int) -> None:
    for colour in ("red", "blue"):
        account.sql(
            "UPDATE contacts SET custom_attributes = ? WHERE id = ?",
            f'{{"colour": "{colour}", "size": "L"}}',
            contact,
        )

    assert len(told(account, field="custom_attributes.colour")) == 2
    assert len(told(account, field="custom_attributes.size")) == 1


def test_chunks_and_windows_leave_nothing_out(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    contacts = account.ids_of("contacts")
    for n, contact in enumerate(contacts * 2):
        account.sql("UPDATE contacts SET first_name = first_name || 'x' WHERE id = ?", contact)
        if n % 4 == 0:
            account.push()
            account.world.edit("contacts", contacts[0], last_name=f"Name {n}")
            account.pull("contacts")
    whole, last = seqs(account), seqs(account, 5)
    of_one = [c["seq"] for c in told(account) if c["record_id"] == contacts[0]]
    assert len(whole) == 15
    for at_once, window in ((3, 4), (4, 3), (2, 100)):
        monkeypatch.setattr(history, "AT_ONCE", at_once)
        monkeypatch.setattr(history, "WINDOW", window)

        assert seqs(account) == whole
        assert seqs(account, 5) == last == whole[-5:]
        assert seqs(account, names=["contacts"], record=str(contacts[0])) == of_one


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"names": ["contcts"]}, "there is no resource 'contcts'"),
        ({"field": "colour"}, "there is no field colour"),
        ({"names": ["orders"], "field": "first_name"}, "there is no field first_name in orders"),
        ({"side": "left"}, "there is no side 'left'; choose from clickfunnels, local"),
        ({"since": "soon"}, "--since takes a number of a change, a time"),
        ({"since": "2999-01-01"}, "2999-01-01T00:00:00.000Z is to come"),
        ({"record": "1"}, "--id needs the one resource"),
        ({"names": ["contacts"], "record": "zzz"}, "no record with the public id zzz"),
    ],
)
def test_what_does_not_exist_is_said(account: Account, asked: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        told(account, **asked)


def test_a_new_row_has_what_was_done_under_its_provisional_id(account: Account) -> None:
    before = now(account)
    account.sql("INSERT INTO contacts (id, email_address) VALUES (?, 'new@example.com')", NEW)
    unsent = now(account)
    account.push()
    (real,) = account.column("SELECT id FROM contacts WHERE email_address = 'new@example.com'")
    account.sql("UPDATE contacts SET first_name = 'Eve' WHERE id = ?", real)

    by_real = told(account, names=["contacts"], record=str(real))
    assert by_real == told(account, names=["contacts"], record=str(NEW))
    assert [c["op"] for c in by_real][:2] == ["insert", "renumber"]
    assert by_real[-1]["patch"] == {"first_name": [None, "Eve"]}
    assert past(account, real, before) is None
    then = past(account, real, unsent)
    assert (then["id"], then["email_address"]) == (NEW, "new@example.com")
    assert past(account, NEW, now(account))["id"] == real
    changed = account.desk(explain, account.configured(), "contacts", str(NEW)).changes
    assert changed == by_real


def test_a_record_is_shown_as_it_was(account: Account, contact: int) -> None:
    columns = "first_name, phone_number, tag_ids, custom_attributes, created_at"
    times, states = [], []

    def note() -> None:
        times.append(now(account))
        states.append(account.sql(f"SELECT {columns} FROM contacts WHERE id = ?", contact))

    note()
    account.sql("UPDATE contacts SET first_name = 'Eve', tag_ids = '[]' WHERE id = ?", contact)
    note()
    account.push()
    account.world.edit("contacts", contact, phone_number="+1 555 0100")
    account.pull("contacts")
    note()
    whole = past(account, contact, now(account))
    account.world.delete("contacts", contact)
    account.sweep("contacts")
    account.sweep("contacts")

    assert past(account, contact, now(account)) is None
    assert account.column("SELECT id FROM contacts WHERE id = ?", contact) == []
    for time, ((first_name, phone_number, *_),) in zip(times, states, strict=True):
        then = past(account, contact, time)
        assert (then["first_name"], then["phone_number"]) == (first_name, phone_number)
    assert past(account, contact, times[-1]) == whole
    assert past(account, contact, times[0])["tag_ids"] != []
    assert past(account, contact, times[1])["tag_ids"] == []
    assert "updated_at" not in whole
    assert "tags" not in whole


def test_a_time_out_of_reach_is_said(account: Account, contact: int) -> None:
    begun = account.column("SELECT at FROM cf_feed WHERE resource = 'contacts' AND op = 'start'")
    account.sql("UPDATE contacts SET first_name = 'Eve' WHERE id = ?", contact)
    account.push()
    after = now(account)

    assert len(begun) == 1
    for time, words in (
        ("2020-01-01", "the history of contacts begins at"),
        ("2999-01-01", "is to come"),
        ("some day", "'some day' is neither a date"),
    ):
        with pytest.raises(UsageError, match=words):
            past(account, contact, time)
    with pytest.raises(UsageError, match="the mirror knows nothing of 77"):
        past(account, 77, after)

    account.world.edit("contacts", contact, first_name="Zoe")
    account.pull("contacts")
    while account.desk(lambda mirror: mirror.write(retention.prune, "changes", 0)):
        pass

    with pytest.raises(UsageError, match="are no longer kept"):
        past(account, contact, after)
    assert past(account, contact, now(account))["first_name"] == "Zoe"


def test_of_a_redacted_record_there_are_ids_and_times(account: Account, contact: int) -> None:
    phones(account, contact)
    account.push()
    before = now(account)
    account.run(redact.redact, str(contact))

    found = told(account, names=["contacts"], record=str(contact))
    assert [c["op"] for c in found] == ["update", "update", "update", "delete"]
    assert [c["patch"] for c in found] == [{}] * 4
    with pytest.raises(UsageError, match=f"contacts {contact} was redacted"):
        past(account, contact, before)


def test_nor_is_anything_left_of_a_redacted_row_that_was_never_sent(account: Account) -> None:
    account.sql("INSERT INTO contacts (id, email_address) VALUES (?, 'new@example.com')", NEW)
    before = now(account)
    account.run(redact.redact, str(NEW))

    assert [c["patch"] for c in told(account, names=["contacts"], record=str(NEW))] == [{}, {}]
    with pytest.raises(UsageError, match=f"contacts {NEW} was redacted"):
        past(account, NEW, before)


def test_without_a_history_that_is_said(account: Account, contact: int) -> None:
    account.settings["CFSYNC_RETENTION__CHANGES"] = "0"
    account.pull("contacts")

    for ask in (lambda: told(account), lambda: past(account, contact, now(account))):
        with pytest.raises(UsageError, match=r"there is no history: retention\.changes is 0"):
            ask()
