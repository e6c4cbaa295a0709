"""What must hold when a push is over: ClickFunnels, mirror and base say the same."""

from __future__ import annotations

import json
from typing import Any

from cfsync.decode import decode_record
from cfsync.mirror import rows
from cfsync.mirror.schema import TABLES
from cfsync.resources import RESOURCES
from cfsync.values import equal
from tests.push.conftest import Account

Write = tuple[str, dict[str, Any]]


def sent(account: Account, resource: str | None = None) -> list[Write]:
    """(verb, fields) of what came to ClickFunnels over the API, in order."""
    return [(entry.verb, dict(entry.fields)) for entry in account.world.ledger.writes(resource)]


def parent_of(account: Account, table: str, record_id: int) -> int:
    field = RESOURCES[table].parent_field
    return int(account.one(f"SELECT {field} FROM {table} WHERE id = ?", record_id)) if field else 0


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
    found = await mirror.read(rows.load, TABLES[table], [record_id])
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
