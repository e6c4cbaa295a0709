"""Who has decided what, last about each: read from the columns and keys that `decided` writes."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import CONFLICTS, OUTBOX, TOMBSTONES
from cfsync.mirror.progress import meta
from cfsync.resources import RESOURCES


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person has decided at one time about one thing, or alike about several."""

    #: Canonical text.
    at: str
    by: str
    #: approved, retried, discarded, adopted, rejected, redacted; paused, resumed, pull asked for,
    #: sweep asked for; of a conflict the side that was chosen: local, remote, value; of a record
    #: undeleted, or an action, such as refund; reverted; imported.
    decision: str
    #: edit, conflict, deletion, list, push or import; record: it was brought back, or ClickFunnels
    #: did something with it; call: it was asked to, and no answer has come yet.
    about: str
    #: None: all of them.
    resource: str | None
    #: How many edits, conflicts, deletions or lists; of a push records, of an import rows.
    count: int = 1
    #: The first record of these; None: it is about a list.
    record_id: int | None = None
    #: The first edit or conflict of these; of a push or import its number.
    number: int | None = None
    #: Of one conflict the field that it was about.
    field: str | None = None
    #: How many records a revert has deleted, which the push had created.
    deleted: int = 0

    @property
    def text(self) -> str:
        """What was done, for a person: `approved edit 17 of contacts 1042`."""
        if self.about == "list":
            return self._about_list()
        if self.about in ("push", "import"):
            return self._about_many()
        if self.decision in ("redacted", "undeleted"):
            verb = "redacted" if self.decision == "redacted" else "brought back"
            return f"{verb} {self.resource} {self.record_id}"
        if self.about in ("record", "call"):
            doubt = "" if self.about == "record" else "; no answer yet, so it may not have"
            action = self.decision.replace("_", " ")
            return f"had ClickFunnels {action} {self.resource} {self.record_id}{doubt}"
        verb = "resolved" if self.about == "conflict" else self.decision
        of = "" if self.resource is None else f" of {self.resource}"
        if self.count > 1:
            what = f"{self.count:,} {self.about}s{of}"
        elif self.number is None:
            what = f"the {self.about}{of} {self.record_id}"
        else:
            field = f" ({self.field})" if self.field else ""
            what = f"{self.about} {self.number}{of} {self.record_id}{field}"
        return f"{verb} {what}{_SIDES.get(self.decision, '')}"

    def _about_many(self) -> str:
        if self.about == "import":
            rows = f"{self.count:,} row{'' if self.count == 1 else 's'}"
            return f"began import {self.number}, of {rows} of {self.resource}"
        records = f"{self.count:,} record{'' if self.count == 1 else 's'}"
        deleted = f", {self.deleted:,} of them deleted" if self.deleted else ""
        return f"reverted push {self.number}: {records}{deleted}"

    def _about_list(self) -> str:
        what = "all lists" if self.resource is None else self.resource
        if self.decision in ("paused", "resumed"):
            return f"{self.decision} {what}"
        return f"asked for a {self.decision.partition(' ')[0]} of {what}"


_SIDES = {
    "local": ", for the mirror's value",
    "remote": ", for ClickFunnels' value",
    "value": ", with another value",
}

_KINDS: tuple[tuple[str, sa.Table, tuple[sa.ColumnElement[Any], sa.ColumnElement[Any]]], ...] = (
    ("edit", OUTBOX, (sa.func.min(OUTBOX.c.seq), sa.null())),
    ("conflict", CONFLICTS, (sa.func.min(CONFLICTS.c.id), sa.func.min(CONFLICTS.c.field))),
    ("deletion", TOMBSTONES, (sa.null(), sa.null())),
)
"""What is decided about, its table, and the number and field of one."""


def last(
    tx: Tx,
    limit: int,
    *,
    resources: Collection[str] = (),
    record_id: int | None = None,
    until: str = "",
) -> list[Decision]:
    """The last decisions, the last one first, and those of one time always in the same order; only
    those about some resources, or about one record of them, or made until a time, where given.
    """
    found = [] if record_id is not None else _about_lists(tx, resources)
    if record_id is None:
        found += [*_of_pushes(tx, resources), *_of_imports(tx, resources)]
    found += _of_records(tx, resources, record_id)
    found = [one for one in found if not until or one.at <= until]
    for about, table, which in _KINDS:
        found += _of_table(tx, limit, about, table, which, resources, record_id, until)
    return sorted(found, key=lambda d: d.at, reverse=True)[:limit]


def _of_table(
    tx: Tx,
    limit: int,
    about: str,
    table: sa.Table,
    which: tuple[sa.ColumnElement[Any], sa.ColumnElement[Any]],
    resources: Collection[str],
    record_id: int | None,
    until: str,
) -> list[Decision]:
    c = table.c
    alike = (c.decided_at, c.decision, c.decided_by, c.resource)
    query = sa.select(*alike, sa.func.count(), sa.func.min(c.record_id), *which)
    query = query.where(c.decided_at.is_not(None))
    if resources:
        query = query.where(c.resource.in_(resources))
    if record_id is not None:
        query = query.where(c.record_id == record_id)
    if until:
        query = query.where(c.decided_at <= until)
    order = [column.desc() for column in alike]
    query = query.group_by(*alike).order_by(*order).limit(limit)
    return [
        Decision(at, by, decision, about, *rest)
        for at, decision, by, *rest in tx.conn.execute(query)
    ]


def _about_lists(tx: Tx, resources: Collection[str]) -> list[Decision]:
    found = list[Decision]()
    for key, value in meta.with_prefix(tx.conn, meta.DECIDED).items():
        name = key.partition("/")[0]
        resource = name if name in RESOURCES else None
        if resource is None or not resources or resource in resources:
            found.append(Decision(**json.loads(value), about="list", resource=resource))
    return found


def _of_pushes(tx: Tx, resources: Collection[str]) -> Iterator[Decision]:
    """Who has reverted them."""
    for batch, value in meta.with_prefix(tx.conn, meta.REVERTED).items():
        told = json.loads(value)
        names = told.pop("resources")
        if not resources or set(resources) & {*names}:
            one = names[0] if len(names) == 1 else None
            yield Decision(**told, about="push", resource=one, number=int(batch))


def _of_imports(tx: Tx, resources: Collection[str]) -> Iterator[Decision]:
    for number, value in meta.with_prefix(tx.conn, meta.IMPORTED).items():
        found = Decision(**json.loads(value), about="import", number=int(number))
        if not resources or found.resource in resources:
            yield found


def _of_records(tx: Tx, resources: Collection[str], record_id: int | None) -> Iterator[Decision]:
    """Who has brought them back, and what `cfsync act` has done, or may have done."""
    kinds = (("record", meta.BROUGHT_BACK), ("record", meta.ACTED), ("call", meta.ACT))
    for about, prefix in kinds:
        for key, value in meta.with_prefix(tx.conn, prefix).items():
            resource, found, *_ = key.split("/")
            if record_id in (None, int(found)) and (not resources or resource in resources):
                told = {"about": about, "resource": resource, "record_id": int(found)}
                yield Decision(**json.loads(value) | told)
