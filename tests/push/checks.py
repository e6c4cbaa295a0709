"""Helpers of the push tests: what was sent, and what must hold when a push is over."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from cfsync.decode import decode_record
from cfsync.mirror.db import statements
from cfsync.mirror.db.tables import TABLES
from cfsync.resources import RESOURCES
from cfsync.sync.report import Report
from cfsync.values import equal
from tests.push.conftest import Account

Write = tuple[str, dict[str, Any]]


def sent(account: Account, resource: str | None = None) -> list[Write]:
    """(verb, fields) of what came to ClickFunnels over the API, in order."""
    return [(entry.verb, dict(entry.fields)) for entry in account.world.ledger.writes(resource)]


def parent_of(account: Account, table: str, record_id: int) -> int:
    field = RESOURCES[table].parent_field
    return int(account.one(f"SELECT {field} FROM {table} WHERE id = ?", record_id)) if field else 0


def rename(app_sql: Any, name: str, *contacts: int) -> None:
    """Set the first name of contacts in the mirror, as a user does."""
    for contact in contacts:
        app_sql("UPDATE contacts SET first_name = ? WHERE id = ?", name, contact)


def in_clickfunnels(account: Account, contact: int, field: str = "first_name") -> Any:
    return (account.world.get("contacts", contact) or {})[field]


def in_mirror(account: Account, contact: int, field: str = "first_name") -> Any:
    return account.one(f"SELECT {field} FROM contacts WHERE id = ?", contact)


def hold_deletions(account: Account, contacts: Iterable[int]) -> None:
    """Contacts are deleted in ClickFunnels, and the guard holds that."""
    account.settings["CFSYNC_DELETIONS__MAX_COUNT"] = "0"
    account.settings["CFSYNC_DELETIONS__MAX_FRACTION"] = "0"
    for contact in contacts:
        account.world.delete("contacts", contact)
    account.sweep()
    account.sweep()


def waiting(account: Account) -> list[tuple[Any, ...]]:
    """(kind, resource, id, reason) of everything that waits for a person."""
    return account.sql("SELECT kind, resource, id, reason FROM cf_waiting ORDER BY id")


def differences(account: Account, table: str, record_id: int) -> list[str]:
    """The fields in which row or base differ from the record in ClickFunnels."""
    resource = RESOURCES[table]
    shown = account.world.get(table, record_id)
    (row,) = [account.desk(_load, table, record_id)]
    body = account.one("SELECT body FROM cf_base WHERE resource = ? AND id = ?", table, record_id)
    assert shown is not None
    there = decode_record(resource, shown).values
    base = decode_record(resource, json.loads(body)).values
    return [
        name
        for name, value in there.items()
        if resource.by_name[name].merge != "quote"
        and not (
            equal(resource.by_name[name], row[name], value)
            and equal(resource.by_name[name], base[name], value)
        )
    ]


async def _load(mirror: Any, table: str, record_id: int) -> Any:
    found = await mirror.read(statements.load, TABLES[table], [record_id])
    return found[record_id]


def settled(account: Account, table: str, record_id: int) -> None:
    """Nothing is open; a second push sends nothing, a pull changes nothing, all sides agree."""
    assert set(account.states()) <= {"done"}
    before = len(account.world.ledger.writes())
    assert account.push().quiet
    pulled = account.pull(table)
    assert not pulled.counts.get(table, {}).get("changed"), pulled.counts
    assert not pulled.counts.get(table, {}).get("new"), pulled.counts
    assert len(account.world.ledger.writes()) == before
    assert differences(account, table, record_id) == []


def conflicts(account: Account) -> list[tuple[Any, ...]]:
    """(field, base, local, remote, winner) of the open ones, in the order of their fields."""
    found = account.sql(
        "SELECT field, base, local, remote, winner FROM cf_conflicts WHERE state = 'open'"
        " ORDER BY field"
    )
    return [(f, *(json_of(account, leg) for leg in legs), winner) for f, *legs, winner in found]


def json_of(account: Account, stored: Any) -> Any:
    """A value of a JSON column, which SQLite has as text."""
    is_text = account.mirror.dialect.name == "sqlite" and isinstance(stored, str)
    return json.loads(stored) if is_text else stored


def during_the_call(
    account: Account, edit: Callable[[], Any], *, method: str = "PUT", seconds: float = 0.4
) -> Report:
    """Push, and edit when ClickFunnels has applied a call and the answer is still on its way."""
    account.world.fault("slow", method=method, seconds=seconds)
    before = len(account.world.ledger.writes())
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(account.push)
        while len(account.world.ledger.writes()) == before and not running.done():
            time.sleep(0.002)
        edit()
        return running.result()
