"""Tables to look through: a page of rows by key, rows found by words, and names of records."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from cfsync.mirror.bookkeeping import last_states
from cfsync.mirror.bookkeeping.conflicts import ConflictState
from cfsync.mirror.bookkeeping.outbox import OPEN_STATES
from cfsync.mirror.db import statements
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import CONFLICTS, OUTBOX, RUNS, TABLES
from cfsync.mirror.progress.runs import HAS_FAILED
from cfsync.mirror.reports import related
from cfsync.resources import RESOURCES, Field, Resource

SCANNED = 20_000
"""Words are looked for in so many of the newest rows, so that a table of millions costs little."""

CHOICES = 1_000
"""Records that a form offers at most, beside those that are in a set."""

_NUMBER = re.compile("-?[0-9]{1,18}")

_ONCE: Mapping[str, Any] = {"compiled_cache": None}
"""For statements of which each table has its own: all of them, compiled and kept, take 4 MB."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins: behind the row with these values."""

    id: int
    #: Of the rows by time; None: they are by id.
    updated_at: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    rows: Sequence[Row]
    #: Where the next page begins; None: this is the last one.
    next: Place | None
    #: Id -> the states of the open edits of the row.
    edits: Mapping[int, Collection[str]]
    #: Ids of rows with an open conflict.
    in_conflict: Collection[int]
    #: Whether there may be rows that fit among those that were not looked through.
    is_partial: bool


def page(
    tx: Tx, resource: Resource, words: str, after: Place | None, *, by_id: bool, rows: int
) -> Page:
    """The next rows of a table: the last changed ones first, or in the order of ids. `words`: only
    those that have all of them; '': all rows.
    """
    table = TABLES[resource.name]
    by_id = by_id or "updated_at" not in table.c
    if words or by_id:
        found = _sorted(tx, resource, words, after, by_id=by_id, rows=rows + 1)
    else:
        found = _last_changed(tx, table, after, rows + 1)
    shown = found[:rows]
    ids = [row["id"] for row in shown]
    last = shown[-1] if len(found) > rows else None
    return Page(
        shown,
        None if last is None else Place(last["id"], None if by_id else last["updated_at"] or ""),
        open_states(tx, resource, ids),
        _in_conflict(tx, resource, ids),
        bool(words) and not _exact(resource, words) and _is_large(tx, table),
    )


def _sorted(
    tx: Tx, resource: Resource, words: str, after: Place | None, *, by_id: bool, rows: int
) -> list[Row]:
    """The next rows by id; or, of those that have all of the words, the last changed ones first."""
    table = TABLES[resource.name]
    query = _all_of(table)
    if words:
        query = query.where(_fits(resource, words))
    if after is not None:
        query = query.where(_behind(table, after))
    order = [table.c.id] if by_id else [table.c.updated_at.desc().nulls_last(), table.c.id]
    return _rows(tx, query.order_by(*order).limit(rows))


def _last_changed(tx: Tx, table: sa.Table, after: Place | None, rows: int) -> list[Row]:
    """The next rows, the last changed ones first, and those without a time at the end: two
    statements, as no index of PostgreSQL has them in this order.
    """
    by, found = table.c.updated_at, list[Row]()
    if after is None or after.updated_at:
        timed = _all_of(table).where(by.is_not(None))
        if after is not None:
            later = sa.or_(by < after.updated_at, table.c.id > after.id)
            timed = timed.where(by <= after.updated_at, later)
        found += _rows(tx, timed.order_by(by.desc(), table.c.id).limit(rows))
    if len(found) < rows:
        rest = _all_of(table).where(by.is_(None))
        if after is not None and not after.updated_at:
            rest = rest.where(table.c.id > after.id)
        found += _rows(tx, rest.order_by(table.c.id).limit(rows - len(found)))
    return found


def part(
    tx: Tx, resource: Resource, words: str, after: int | None, rows: int
) -> tuple[Sequence[Row], int | None]:
    """Of so many rows with the next ids, those that have all of the words ('': all of them); and
    behind which id the next part begins, None: this is the last one. By ids, no row is in two parts
    or in none, whatever changes meanwhile.
    """
    table = TABLES[resource.name]
    query = _all_of(table).order_by(table.c.id)
    if exact := _exact(resource, words):
        return _rows(tx, query.where(sa.or_(*exact))), None
    behind = sa.true() if after is None else table.c.id > after
    window = sa.select(table.c.id).where(behind).order_by(table.c.id).limit(rows).subquery()
    n, last = tx.conn.execute(sa.select(sa.func.count(), sa.func.max(window.c.id))).one()
    if not n:
        return (), None
    found = _rows(tx, query.where(behind, table.c.id <= last, *_have(resource, words)))
    return found, last if n == rows else None


def _rows(tx: Tx, query: sa.Select[Any]) -> list[Row]:
    return [dict(row) for row in tx.conn.execute(query, execution_options=_ONCE).mappings()]


def _all_of(table: sa.Table) -> sa.Select[Any]:
    """All columns, as new objects: those of the table would remember how they are written, which
    takes 2 MB for all tables.
    """
    return sa.select(*(sa.column(c.name, c.type) for c in table.c)).select_from(table)


def _behind(table: sa.Table, after: Place) -> sa.ColumnElement[bool]:
    if after.updated_at is None:
        return table.c.id > after.id
    by = table.c.updated_at
    if not after.updated_at:  # rows without a time come last
        return sa.and_(by.is_(None), table.c.id > after.id)
    same = sa.and_(by == after.updated_at, table.c.id > after.id)
    return sa.or_(by < after.updated_at, same, by.is_(None))


def _exact(resource: Resource, words: str) -> list[sa.ColumnElement[bool]]:
    """Conditions that an index answers, where the words are an id or an email address."""
    table = TABLES[resource.name]
    if _NUMBER.fullmatch(words):
        numbers = [n for n in ("order_number", "invoice_number") if n in table.c]
        text = [table.c[n] == words for n in numbers if isinstance(table.c[n].type, sa.Text)]
        return [table.c.id == int(words), *text]
    if "@" in words and " " not in words:
        emails = [f.name for f in resource.columns if f.email]
        return [sa.func.lower(table.c[n]) == words.lower() for n in emails]
    return []


def _fits(resource: Resource, words: str) -> sa.ColumnElement[bool]:
    if exact := _exact(resource, words):
        return sa.or_(*exact)
    table = TABLES[resource.name]
    newest = sa.select(table.c.id).order_by(table.c.id.desc()).limit(SCANNED).subquery()
    oldest = sa.select(sa.func.min(newest.c.id)).scalar_subquery()
    return sa.and_(table.c.id >= oldest, *_have(resource, words))


def _have(resource: Resource, words: str) -> list[sa.ColumnElement[bool]]:
    """A condition for each word: that one of the names has it."""
    table = TABLES[resource.name]
    names = {f.name for f in related.names_of(resource)} | set(related.ALSO_TOLD_BY)
    columns = [c for c in table.c if c.name in names and isinstance(c.type, sa.Text)]
    return [
        sa.or_(sa.false(), *(sa.func.lower(c).contains(w, autoescape=True) for c in columns))
        for w in words.lower().split()
    ]


def _is_large(tx: Tx, table: sa.Table) -> bool:
    beyond = sa.select(table.c.id).order_by(table.c.id.desc()).offset(SCANNED).limit(1)
    return tx.conn.execute(beyond).first() is not None


def search(tx: Tx, names: Iterable[str], words: str, rows: int) -> dict[str, Sequence[Row]]:
    """Resource -> its first rows that fit, of those with any."""
    found: dict[str, Sequence[Row]] = {}
    for name in names:
        query = sa.select(TABLES[name].c.id).where(_fits(RESOURCES[name], words)).limit(rows)
        if ids := tx.conn.execute(query, execution_options=_ONCE).scalars().all():
            found[name] = [*statements.load(tx, TABLES[name], ids).values()]
    return found


def open_states(tx: Tx, resource: Resource, ids: Sequence[int]) -> dict[int, set[str]]:
    """Id -> the states of the open edits of the record, of those with any."""
    query = sa.select(OUTBOX.c.record_id, OUTBOX.c.state).where(
        OUTBOX.c.resource == resource.name,
        OUTBOX.c.record_id.in_(ids),
        OUTBOX.c.state.in_(OPEN_STATES),
    )
    found: dict[int, set[str]] = {}
    for record_id, state in tx.conn.execute(query):
        found.setdefault(record_id, set()).add(state)
    return found


def _in_conflict(tx: Tx, resource: Resource, ids: Sequence[int]) -> set[int]:
    query = sa.select(CONFLICTS.c.record_id).where(
        CONFLICTS.c.resource == resource.name,
        CONFLICTS.c.record_id.in_(ids),
        CONFLICTS.c.state == ConflictState.OPEN,
    )
    return set(tx.conn.execute(query).scalars())


def titles(tx: Tx, wanted: Collection[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """(resource, id) -> what a person calls the record, where the mirror has it, or of a deleted
    one still has what it held last.
    """
    found: dict[tuple[str, int], str] = {}
    for resource in {name for name, _ in wanted}:
        ids = {record_id for name, record_id in wanted if name == resource}
        rows = statements.load(tx, TABLES[resource], [*ids])
        rows |= last_states.load(tx, RESOURCES[resource], [*ids - rows.keys()])
        found |= {(resource, record_id): related.title(row) for record_id, row in rows.items()}
    return found


def last_passes(
    tx: Tx, limit: int, name: str = "", *, failed: bool = False, before: int | None = None
) -> list[dict[str, Any]]:
    """The last passes that did something, newest first; only those of a name, or that failed, and
    before a number if given.
    """
    query = sa.select(RUNS).order_by(RUNS.c.id.desc()).limit(limit)
    if name:
        query = query.where(RUNS.c["pass"] == name)
    if failed:
        query = query.where(HAS_FAILED)
    if before is not None:
        query = query.where(RUNS.c.id < before)
    return [dict(row) for row in tx.conn.execute(query).mappings()]


def row(tx: Tx, resource: Resource, record_id: int) -> Row | None:
    """A row with `cf_rev`; None if there is none."""
    table = TABLES[resource.name]
    found = tx.conn.execute(_all_of(table).where(table.c.id == record_id)).mappings().first()
    return None if found is None else dict(found)


def choices(
    tx: Tx, fields: Iterable[Field], row: Row, mirrored: Collection[str]
) -> dict[str, dict[int, str]]:
    """Field with a set of ids of a mirrored list -> id -> name: of the records of the row's
    workspace the first CHOICES by name, and those that are in it.
    """
    found: dict[str, dict[int, str]] = {}
    for field in fields:
        ref = field.ref or ""
        if field.merge != "set" or ref not in mirrored or "name" not in RESOURCES[ref].by_name:
            continue
        t, inside = TABLES[ref], row.get(field.name) or []
        query = sa.select(t.c.id, t.c.name).where(t.c.workspace_id == row.get("workspace_id"))
        some = tx.conn.execute(query.order_by(t.c.name, t.c.id).limit(CHOICES)).all()
        named = {one.id: one.name for one in some}
        others = statements.load(tx, t, [i for i in inside if i not in named])
        named |= {i: one["name"] for i, one in others.items()}
        found[field.name] = {i: named.get(i) or f"#{i}" for i in [*named, *inside]}
    return found


def workspaces(tx: Tx) -> dict[int, str]:
    """Id -> name of the workspaces, of the first CHOICES."""
    t = TABLES["workspaces"]
    found = tx.conn.execute(sa.select(t.c.id, t.c.name).order_by(t.c.name, t.c.id).limit(CHOICES))
    return {one.id: one.name or f"#{one.id}" for one in found}
