"""Columns that users have added to the mirror's tables keep their values."""

from __future__ import annotations

from typing import Any

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
