"""Columns that users have added to the mirror's tables keep their values."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import SQLITE_ONLY
from tests.push.conftest import Account

NEW = 950_000_000_000_001


def add_columns(account: Account) -> None:
    blob = "BLOB" if account.mirror.dialect.name == "sqlite" else "BYTEA"
    for column in ("score INTEGER NOT NULL DEFAULT 0", "note TEXT", "ratio NUMERIC", f"raw {blob}"):
        account.sql(f"ALTER TABLE contacts ADD COLUMN {column}")
    account.sql("CREATE UNIQUE INDEX notes ON contacts (note)")


def own(account: Account, contact: int) -> tuple[Any, ...]:
    (row,) = account.sql("SELECT score, note, ratio, raw FROM contacts WHERE id = ?", contact)
    return tuple(float(v) if name == 2 else v for name, v in enumerate(row))


def test_they_are_kept_when_a_row_gets_its_real_id(account: Account) -> None:
    add_columns(account)
    account.sql(
        "INSERT INTO contacts (id, email_address, score, note, ratio, raw)"
        " VALUES (?, 'n@e.org', 7, 'mine', 0.5, ?)",
        NEW,
        b"\x00\xff",
    )
    account.push()

    assert own(account, account.one("SELECT id FROM cf_ids")) == (7, "mine", 0.5, b"\x00\xff")


def test_those_of_both_rows_are_kept_when_two_become_one(account: Account) -> None:
    add_columns(account)
    account.sql(
        "INSERT INTO contacts (id, email_address, score, note, raw)"
        " VALUES (?, 'n@e.org', 7, 'mine', ?)",
        NEW,
        b"\x00\xff",
    )
    account.world.fault("reset_after", method="POST")
    account.push()
    account.pull()
    (pulled,) = account.column("SELECT min(id) FROM contacts WHERE email_address = 'n@e.org'")
    account.sql("UPDATE contacts SET ratio = 0.5, raw = ? WHERE id = ?", b"theirs", pulled)

    account.push()
    account.push()

    assert account.column("SELECT id FROM contacts WHERE email_address = 'n@e.org'") == [pulled]
    assert own(account, pulled) == (7, "mine", 0.5, b"theirs")
    assert set(account.states()) == {"done"}


@SQLITE_ONLY
def test_they_are_kept_by_or_replace_unless_it_gives_them(account: Account, contact: int) -> None:
    add_columns(account)
    account.sql("ALTER TABLE contacts ADD COLUMN level INTEGER DEFAULT 1")
    account.pull("contact_tags")
    account.sql(
        "UPDATE contacts SET score = 7, note = 'kept', ratio = 0.1 + 0.2, raw = ?, level = NULL"
        " WHERE id = ?",
        b"\x00\xff",
        contact,
    )
    replace = "INSERT OR REPLACE INTO contacts (id, first_name{}) VALUES (?, 'Replaced'{})"

    account.sql(replace.format("", ""), contact)
    assert own(account, contact) == (7, "kept", 0.1 + 0.2, b"\x00\xff")
    assert account.column("SELECT level FROM contacts WHERE id = ?", contact) == [None]
    account.sql(replace.format(", score, note", ", 8, 'given'"), contact)
    assert own(account, contact) == (8, "given", 0.1 + 0.2, b"\x00\xff")

    assert account.column("SELECT op FROM cf_outbox") == ["update"]
    assert account.sql("SELECT * FROM cf_replaced") == []
    assert account.sql("SELECT mark FROM cf_writer") == [(0,)]


@SQLITE_ONLY
@pytest.mark.parametrize(
    "statement",
    [
        "INSERT OR IGNORE INTO contacts (id, first_name) VALUES (?, 'Ignored')",
        "INSERT INTO contacts (id, first_name) VALUES (?, 'New')"
        " ON CONFLICT (id) DO UPDATE SET first_name = excluded.first_name",
    ],
)
def test_nothing_of_them_is_left_behind_by_other_inserts(
    account: Account, contact: int, statement: str
) -> None:
    add_columns(account)
    account.pull("contact_tags")
    account.sql("UPDATE contacts SET note = 'kept' WHERE id = ?", contact)

    account.sql(statement, contact)

    assert account.column("SELECT note FROM contacts WHERE id = ?", contact) == ["kept"]
    assert account.sql("SELECT * FROM cf_replaced") == []
