"""Records found by what people call them, and what is related to one, by the catalogue's references
in both directions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import sqlalchemy as sa

from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.quoting import ident
from cfsync.mirror.db.tables import TABLES
from cfsync.resources import RESOURCES, Field, Resource

FEW = 3
"""How many of the records are shown that refer to one."""
MANY = 50
"""How many are shown of those to which a list refers, or that have the same name."""
_CANDIDATES = 5_000
"""How many rows are looked through for a name like the one given."""

_NAMES = ("name", "title", "label", "code", "order_number", "invoice_number", "fulfillment_number")
"""Fields that people name records by, beside email addresses."""
ALSO_TOLD_BY = (
    *("first_name", "last_name", "phone_number", "public_id", "subdomain", "filename", "url"),
)
"""Fields by which a person may know a record that has no such name, or for which one looks."""
_SUMMARY = (
    *_NAMES,
    "first_name",
    "last_name",
    "email_address",
    "total_amount",
    "amount",
    "value",
    "price",
    "currency",
    "status",
    "billing_status",
    "created_at",
)
"""Fields by which a person knows a record in a list, in the order in which they are shown."""

Summary = Mapping[str, Any]
"""Of a record: `id` and those of `_SUMMARY` that it has."""


@dataclass(frozen=True, slots=True)
class Related:
    """The records to which a field refers, or those that refer to the record by a field."""

    #: The resource of these records.
    resource: str
    #: The field that refers.
    field: str
    #: Whether they refer to the record; else it refers to them.
    refers_here: bool
    #: How many there are.
    count: int
    #: The first few, newest first; those to which it refers as far as the mirror has them.
    records: list[Summary]


def title(row: Mapping[str, Any]) -> str:
    """What a person calls a record, by those of its values that are given; '' where none of them
    says it. Pure.
    """
    person = " ".join(str(row[n]) for n in ("first_name", "last_name") if row.get(n))
    fields = (*_NAMES, "email_address", *ALSO_TOLD_BY)
    return person or next((str(row[n]) for n in fields if row.get(n)), "")


def names_of(resource: Resource) -> list[Field]:
    """The fields that people name its records by."""
    return [f for f in resource.columns if f.email or f.name in (*_NAMES, resource.unique)]


def find_by_name(tx: Tx, resource: Resource, name: str) -> list[int]:
    """The ids of the records that have this name, without regard to case."""
    table = TABLES[resource.name]
    fields = names_of(resource)
    if not fields:
        return []
    same = (sa.func.lower(table.c[f.name]) == name.lower() for f in fields)
    query = sa.select(table.c.id).where(sa.or_(*same)).order_by(table.c.id).limit(MANY)
    return [*tx.conn.execute(query).scalars()]


def like_name(tx: Tx, resource: Resource, name: str) -> list[Summary]:
    """The few records whose name is much like this one."""
    table = TABLES[resource.name]
    found: list[int] = []
    for field in names_of(resource):
        column = sa.func.lower(table.c[field.name])
        begins = column.startswith(name[:2].lower(), autoescape=True)
        query = sa.select(column.label("text"), table.c.id).where(begins).order_by(table.c.id)
        ids = {row.text: row.id for row in tx.conn.execute(query.limit(_CANDIDATES))}
        found += [ids[text] for text in get_close_matches(name.lower(), ids, FEW, 0.8)]
    return summaries(tx, resource, list(dict.fromkeys(found))[:FEW])


def others_with_id(tx: Tx, resource: Resource, record_id: int) -> list[str]:
    """The other resources that have a record with this id."""
    return [
        name
        for name, table in TABLES.items()
        if name != resource.name
        and tx.conn.execute(sa.select(table.c.id).where(table.c.id == record_id)).first()
    ]


def summaries(tx: Tx, resource: Resource, ids: Sequence[int]) -> list[Summary]:
    """The summaries of those of the records that the mirror has, in the order of `ids`."""
    table = TABLES[resource.name]
    found = {s["id"]: s for s in _selected(tx, resource, table.c.id.in_(ids), MANY)} if ids else {}
    return [found[i] for i in ids if i in found]


def _selected(
    tx: Tx, resource: Resource, where: sa.ColumnElement[bool], limit: int
) -> list[dict[str, Any]]:
    """The summaries of the newest records that fit."""
    table = TABLES[resource.name]
    columns = [table.c[name] for name in ("id", *_SUMMARY) if name in table.c]
    query = sa.select(*columns).where(where).order_by(table.c.id.desc()).limit(limit)
    return [dict(row) for row in tx.conn.execute(query).mappings()]


def related(tx: Tx, resource: Resource, row: Mapping[str, Any]) -> list[Related]:
    """What the record refers to, then what refers to it, each with at least one record."""
    return [*_referred(tx, resource, row), *_referring(tx, resource, row["id"])]


def _referred(tx: Tx, resource: Resource, row: Mapping[str, Any]) -> Iterator[Related]:
    for field, target in resource.references.items():
        ids = [i for i in _ids(row[field]) if (target, i) != (resource.name, row["id"])]
        if ids:
            records = summaries(tx, RESOURCES[target], ids[:MANY])
            yield Related(target, field, False, len(ids), records)


def _ids(value: Any) -> list[int]:
    values = value if isinstance(value, list) else [value]
    return [int(i) for i in values if type(i) is int or (type(i) is str and i.isdecimal())]


def _referring(tx: Tx, resource: Resource, record_id: int) -> Iterator[Related]:
    for other in RESOURCES.values():
        for field, target in other.references.items():
            if target != resource.name:
                continue
            table = TABLES[other.name]
            where = _refers(tx, other, field, record_id)
            if other is resource:  # a workspace names itself
                where &= table.c.id != record_id
            count = sa.select(sa.func.count()).select_from(table).where(where)
            if n := tx.conn.execute(count).scalar_one():
                found = _selected(tx, other, where, FEW)
                records = [_named_by_others(tx, other, field, one) for one in found]
                yield Related(other.name, field, True, n, records)


def _refers(tx: Tx, other: Resource, field: str, record_id: int) -> sa.ColumnElement[bool]:
    """Whether a row's field, or one of the members of its list, is an id."""
    column, sql = TABLES[other.name].c[field], tx.dialect.views
    if other.by_name[field].type != "json":
        return column == (str(record_id) if other.by_name[field].type == "text" else record_id)
    members = sql.rows(f"{ident(other.name)}.{ident(field)}", "member")
    is_it = f"{sql.member('member', 'integer')} = {record_id:d}"
    return sa.literal_column(f"EXISTS (SELECT 1 FROM {members} WHERE {is_it})", sa.Boolean)


def _named_by_others(tx: Tx, other: Resource, field: str, one: Summary) -> Summary:
    """A record without a name of its own is known by the names of those to which it refers."""
    if any(f.name in one for f in names_of(other)):
        return one
    table = TABLES[other.name]
    refs = {
        name: target
        for name, target in other.references.items()
        if name != field and target != "workspaces" and other.by_name[name].type != "json"
    }
    row = (
        tx.conn.execute(
            sa.select(*(table.c[n] for n in ("id", *refs))).where(table.c.id == one["id"])
        )
        .mappings()
        .one()
    )
    names = (_name(tx, RESOURCES[target], row[name]) for name, target in refs.items())
    return {**one, "of": ", ".join(filter(None, names)) or None}


def _name(tx: Tx, resource: Resource, value: Any) -> str | None:
    return next(filter(None, map(title, summaries(tx, resource, _ids(value)))), None)
