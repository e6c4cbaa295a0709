"""Things that wait for a decision, each made as it comes about."""

from __future__ import annotations

from collections.abc import Sequence

from tests.push.checks import hold_deletions
from tests.push.conftest import Account

HOSTILE = "<img src=x onerror=alert(1)>"


def field_conflict(account: Account, contact: int, there: str = "There") -> None:
    account.sql("UPDATE contacts SET first_name = 'Here' WHERE id = ?", contact)
    account.world.edit("contacts", contact, first_name=there)
    account.pull()


def both_names(account: Account, contacts: Sequence[int], here: str, there: str) -> None:
    """Conflicts about both names of each."""
    edit = "UPDATE contacts SET first_name = ?, last_name = ? WHERE id = ?"
    for one in contacts:
        account.sql(edit, here, here, one)
        account.world.edit("contacts", one, first_name=there, last_name=there)
    account.pull()


def deleted_here(account: Account, contact: int) -> None:
    """Deleted here, changed there since."""
    account.sql("DELETE FROM contacts WHERE id = ?", contact)
    account.world.edit("contacts", contact, first_name="There")
    account.pull()


def deleted_there(account: Account, contact: int) -> None:
    """Deleted there, edited here since."""
    account.sql("UPDATE contacts SET first_name = 'Here' WHERE id = ?", contact)
    account.world.delete("contacts", contact)
    account.push()


def refused(account: Account, contact: int, other: int) -> None:
    """An edit that ClickFunnels refuses: another contact has the address."""
    taken = account.one("SELECT email_address FROM contacts WHERE id = ?", other)
    account.sql("UPDATE contacts SET email_address = ? WHERE id = ?", taken, contact)
    account.push()


def mass_edit(account: Account, contacts: list[int], name: str = HOSTILE) -> None:
    account.settings["CFSYNC_PUSH__HOLD_UPDATES"] = "1"
    for one in contacts:
        account.sql("UPDATE contacts SET last_name = ? WHERE id = ?", name, one)
    account.push()


def everything(account: Account) -> None:
    """Something of each kind."""
    first, second, third, fourth, fifth, sixth = account.ids_of("contacts")[:6]
    field_conflict(account, first, HOSTILE)
    deleted_here(account, second)
    hold_deletions(account, [sixth])
    refused(account, third, fifth)
    mass_edit(account, [fourth, fifth])
