"""Whatever somebody writes by SQL: the database refuses it at once, or ClickFunnels takes it and
shows the same, or it is parked with the server's words; and nobody else's edits wait for it.

Each type of column gets each of `bad_values`, each column at least one. `make bad-input` tries
every value in every column.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import psycopg
import pytest

from cfsync.mirror.capture.rules import insertable, parents, updatable
from cfsync.resources import RESOURCES
from cfsync.resources.model import Field
from cfsync.sandbox import World, running
from cfsync.sync import passes
from cfsync.sync.inspection.verify import verify
from tests.conftest import Sql
from tests.push.checks import differences
from tests.push.conftest import Account, settings_for
from tests.scenarios.bad_values import VALUES

EVERY = bool(os.environ.get("EVERY_BAD_VALUE"))
MOST_PASSES = 10
VERDICTS = ("done", "parked", "waits")
ERRORS: Any = (sqlite3.Error, psycopg.Error)

Columns = Mapping[str, tuple[Field, ...]]
CORE = [r for r in RESOURCES.values() if r.group == "core"]
CHANGED: Columns = {r.name: updatable(r) for r in CORE if updatable(r)}
GIVEN: Columns = {
    r.name: tuple(f for f in insertable(r) if f.name not in parents(r)) for r in CORE if r.insert
}
NEEDED = {
    "upload_source_url": "'https://example.com/a.png'",
    "included_orders_invoices_line_items_attributes": "'[]'",
}
"""What a new record must have and no record shows."""
SIZES = {name: len(CHANGED[name]) + 1 for name in GIVEN} | {"contact_applied_tags": 3}


@dataclass(frozen=True)
class Case:
    """A bad value (its name) in one column, and the row of the outbox that it became."""

    column: str
    value: str
    seq: int


class Supply:
    """The values that are still to be tried, by type of column; with EVERY, by column."""

    def __init__(self, columns: Columns) -> None:
        each = [(table, field) for table, fields in columns.items() for field in fields]
        self._left = {self._key(table, field): list(VALUES) for table, field in each}
        self._unseen = {(table, field.name) for table, field in each}
        self._again = cycle(VALUES)

    def __bool__(self) -> bool:
        return bool(self._unseen) or any(self._left.values())

    def take(self, table: str, field: Field) -> Iterator[str]:
        """Those that are left, and one at least for a column that had none yet."""
        left = self._left[self._key(table, field)]
        if not left and (table, field.name) in self._unseen:
            left.append(next(self._again))
        self._unseen.discard((table, field.name))
        while left:
            yield left.pop()

    def _key(self, table: str, field: Field) -> tuple[str, ...]:
        return (table, field.name) if EVERY else (field.type,)


@pytest.fixture
def account(mirror: Any, mirror_url: str, sql: Sql) -> Iterator[Account]:
    world = World(seed=3, bare=True, **SIZES)
    for name in ("orders", "order_invoices"):
        for record in world.ids(name, world.workspaces[0]):
            world.edit(name, record, payment_processor="external")
    with running(world) as served:
        settings = settings_for(served, mirror_url)
        settings |= {f"CFSYNC_RESOURCES__{n}__PUSH": "true" for n in ("TEAMS", "WORKSPACES")}
        account = Account(served, mirror, settings, sql)
        assert account.run(passes.backfill).state == "done"
        yield account


def edited(account: Account, statement: str) -> int | None:
    """The outbox row that a statement made; None where it made none. Where the database refused it,
    it has said what is wrong.
    """
    newest = "SELECT coalesce(max(seq), 0) FROM cf_outbox"
    before, refusal = account.one(newest), ""
    try:
        account.sql(statement)
    except ERRORS as error:
        refusal = str(error)
    assert not refusal or is_plain(refusal), statement[:200]
    now = int(account.one(newest))
    return now if now > before else None


def is_plain(error: str) -> bool:
    """Our words begin with the table; the databases' own name the key, the type or the
    value.
    """
    line = error.splitlines()[0]
    ours = re.search(r"(?:^|')(\w+)[.:]", line)
    return bool(ours and ours[1] in RESOURCES) or bool(
        re.search(r"_pkey|type|out of range|encoding|syntax|Unicode|character|(?i:null)", line)
    )


def state_of(account: Account, case: Case) -> str:
    """What became of it: refused by ClickFunnels with its words, there and shown the same, ..."""
    table, record, state, error = account.sql(
        "SELECT resource, record_id, state, error FROM cf_outbox WHERE seq = ?", case.seq
    )[0]
    if state == "parked":
        return "parked" if error else "parked without a word"
    if state == "pending" and "waits for" in (error or ""):
        return "waits"
    if state == "done" and case.column in differences(account, table, record):
        return "done, and yet not the same"
    return str(state)


def good_edits(account: Account, ids: Mapping[str, list[int]], text: str) -> list[Case]:
    """One of the last record of each table that has others, made after all the bad ones."""
    found = []
    for table, fields in CHANGED.items():
        name = next((f.name for f in reversed(fields) if f.type == "text"), None)
        if name and ids[table][1:]:
            change = f"UPDATE {table} SET \"{name}\" = '{text}' WHERE id = {ids[table][-1]}"
            found.append(Case(name, text, edited(account, change) or 0))
    return found


def assert_at_peace(account: Account) -> None:
    """Nothing is left to send, both sides show the same, and no pass writes anything more."""
    for _ in range(MOST_PASSES):
        if {"pending", "sending"}.isdisjoint(account.states()):
            break
        account.push()
    assert {"pending", "sending"}.isdisjoint(account.states())
    before = len(account.world.ledger.writes())
    account.pull()
    account.push()
    assert account.run(verify).differences == []
    assert len(account.world.ledger.writes()) == before


Target = tuple[str, Field, str]
"""Table, column, and a statement with {} in the place of the value."""


def changes(ids: Mapping[str, list[int]], turn: int) -> Iterator[Target]:
    """Each column on a record of its own; where there are fewer, others in each turn."""
    for table, fields in CHANGED.items():
        records = ids[table][:-1] or ids[table]
        place = turn * len(records) % len(fields)
        for record, field in zip(records, fields[place:] + fields[:place], strict=False):
            yield table, field, f'UPDATE {table} SET "{field.name}" = {{}} WHERE id = {record}'


def inserts(ids: Mapping[str, list[int]], turn: int) -> Iterator[Target]:
    """A new row for each column, with what else a record must have."""
    for table, fields in GIVEN.items():
        for field in fields:
            others = [f.name for f in fields if f.required and f is not field]
            names = [*parents(RESOURCES[table]), *others]
            listed = ", ".join(f'"{n}"' for n in (*names, field.name))
            given = ", ".join(NEEDED.get(n, f'"{n}"') for n in names)
            source = f"FROM {table} WHERE id = {ids[table][0]}"
            yield table, field, f"INSERT INTO {table} ({listed}) SELECT {given}, {{}} {source}"


def bad_edits(account: Account, targets: Iterable[Target], supply: Supply) -> Iterator[Case]:
    """Of each target the next bad value that the database takes."""
    for table, field, statement in targets:
        for value in supply.take(table, field):
            expression: str = getattr(VALUES[value], account.mirror.dialect.name)
            if seq := edited(account, statement.replace("{}", expression)):
                yield Case(field.name, value, seq)
                break


def storm(account: Account, columns: Columns, targets: Callable[..., Iterator[Target]]) -> None:
    """In each turn bad edits, then a good one of each table, and a push that decides them all."""
    ids, supply, turn = {table: account.ids_of(table) for table in CHANGED}, Supply(columns), 0
    while supply:
        turn += 1
        bad = list(bad_edits(account, targets(ids, turn), supply))
        good = good_edits(account, ids, f"https://example.com/{turn}")

        account.push()

        assert [c for c in good if state_of(account, c) != "done"] == []
        assert [(c, s) for c in bad if (s := state_of(account, c)) not in VERDICTS] == []
    assert_at_peace(account)


def test_no_bad_value_in_an_update_stops_anything(account: Account) -> None:
    storm(account, CHANGED, changes)


def test_no_bad_value_in_an_insert_stops_anything(account: Account) -> None:
    storm(account, GIVEN, inserts)
