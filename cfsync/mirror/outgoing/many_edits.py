"""Edits of many rows that cfsync makes for a person, as if by SQL: the triggers capture each, or
refuse it, and what is refused stops no other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from cfsync.mirror.bookkeeping import imports, outbox
from cfsync.mirror.db import statements
from cfsync.mirror.db.engine import Tx, as_user, try_write
from cfsync.mirror.db.errors import Constrained
from cfsync.mirror.db.tables import OUTBOX, TABLES
from cfsync.mirror.history.person import person
from cfsync.resources.model import Resource

_INSERTED = 200
"""Rows of one INSERT: each value is a parameter, and both databases limit those."""
SKIPPED = "a trigger skips the row without an error (RETURN NULL, RAISE(IGNORE))"


@dataclass(frozen=True, slots=True)
class NewEdit:
    """An edit to be made. `record_id`: the row to change; None: a new one."""

    #: What the caller knows it by.
    number: int
    record_id: int | None
    values: Mapping[str, Any]


@contextmanager
def of_import(tx: Tx, number: int) -> Iterator[None]:
    """A block in which what is written is captured as edits of the import with this number, made by
    the person who runs it.
    """
    name, last = imports.name_of(number), outbox.highest_seq(tx)
    is_noted = tx.dialect.name_program(tx.conn, name)
    with as_user(tx):
        yield
    # Where edits note no program, nobody else has written since this transaction began.
    mine = OUTBOX.c.application == name if is_noted else OUTBOX.c.application.is_(None)
    query = sa.update(OUTBOX).where(OUTBOX.c.seq > last, mine)
    tx.conn.execute(query.values(db_user=person(), application=name))


def write(tx: Tx, resource: Resource, edits: Sequence[NewEdit]) -> dict[int, str]:
    """Make edits, each of another row. Returns the numbers of those that a trigger or a constraint
    refuses, with the database's own words; nothing of these is written.
    """
    refused: dict[int, str] = {}
    for (is_new, *_), group in _alike(edits).items():
        run = _insert if is_new else _update
        _write_group(tx, resource, group, run, refused)
    return refused


def _alike(edits: Sequence[NewEdit]) -> dict[tuple[object, ...], list[NewEdit]]:
    """Edits that one statement can make: of the same kind, and of the same columns."""
    found: dict[tuple[object, ...], list[NewEdit]] = {}
    for edit in edits:
        found.setdefault((edit.record_id is None, *sorted(edit.values)), []).append(edit)
    return found


_Run = Callable[[Tx, sa.Table, Sequence[NewEdit]], int]


def _write_group(
    tx: Tx, resource: Resource, group: Sequence[NewEdit], run: _Run, refused: dict[int, str]
) -> None:
    """Make alike edits in one statement; where it is refused, those of each half in another. Adds
    to `refused`.
    """
    if len(group) == 1 or not tx.careful:
        words = _try(tx, TABLES[resource.name], group, run)
        if words is None:
            return
        if len(group) == 1:
            refused[group[0].number] = words
            return
    half = len(group) // 2
    for part in (group[:half], group[half:]):
        _write_group(tx, resource, part, run, refused)


def _try(tx: Tx, table: sa.Table, group: Sequence[NewEdit], run: _Run) -> str | None:
    def write() -> None:
        if run(tx, table, group) != len(group):
            raise Constrained(SKIPPED)

    row = (table.name, group[0].number) if len(group) == 1 else None
    return try_write(tx, write, row)


def _insert(tx: Tx, table: sa.Table, group: Sequence[NewEdit]) -> int:
    written = 0
    for start in range(0, len(group), _INSERTED):
        rows = [dict(edit.values) for edit in group[start : start + _INSERTED]]
        query = sa.insert(table).values(rows).returning(table.c.id)
        written += len(tx.conn.execute(query).all())
    return written


def _update(tx: Tx, table: sa.Table, group: Sequence[NewEdit]) -> int:
    values = {
        name: sa.bindparam(f"to_{name}", type_=table.c[name].type) for name in group[0].values
    }
    query = sa.update(table).where(table.c.id == sa.bindparam("of_id")).values(values)
    rows = [
        {"of_id": edit.record_id} | {f"to_{name}": v for name, v in edit.values.items()}
        for edit in group
    ]
    return tx.conn.execute(query, rows).rowcount


def lock(tx: Tx, resource: Resource, ids: Sequence[int]) -> set[int]:
    """Lock rows; returns the ids of those that another program holds."""
    return statements.lock(tx, TABLES[resource.name], ids)
