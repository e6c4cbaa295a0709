"""A change: what a write has made of one record, as a row of `cf_changes`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from cfsync.mirror.db.engine import Tx
from cfsync.mirror.history import numbers, starts
from cfsync.mirror.progress import runs
from cfsync.resources.model import Field, Resource
from cfsync.values import equal

Row = Mapping[str, Any]


class Side(StrEnum):
    """On which side a record was changed."""

    CLICKFUNNELS = "clickfunnels"
    LOCAL = "local"


class Source(StrEnum):
    """How a change came into the mirror."""

    BACKFILL = "backfill"
    PULL = "pull"
    EVENTS = "events"
    SWEEP = "sweep"
    CENSUS = "census"
    PUSH = "push"
    """In ClickFunnels' answer to a call of a push."""
    USER = "user"
    """By SQL, or by a person's decision."""
    SETTINGS = "settings"
    """By cfsync, since a setting says so."""


class ChangeOp(StrEnum):
    """What a change has done to a record."""

    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"
    RENUMBER = "renumber"
    """It has its real id in place of a provisional one: `{"id": [old, new]}`."""
    START = "start"
    """None: from here on the history of the list is complete."""


class Origin(NamedTuple):
    """Where a write comes from."""

    side: Side
    source: Source
    #: Who decided it, of a local one.
    db_user: str | None = None


BY_PUSH = Origin(Side.CLICKFUNNELS, Source.PUSH)

_ALWAYS = frozenset({Source.PUSH, Source.USER})
"""What is written down also before the history of the list is complete."""


class Change(NamedTuple):
    """What a write has made of one record."""

    op: ChangeOp
    record_id: int
    #: {field: [old, new]}, canonical.
    patch: dict[str, list[Any]]
    workspace_id: int | None = None
    #: `updated_at` of ClickFunnels.
    changed_at: str | None = None


def difference(resource: Resource, before: Row | None, after: Row | None) -> Change | None:
    """The change from one state of a row to another; `after` may lack fields that stay. None where
    nothing of it says anything: copies of other records, `updated_at` alone. Pure.
    """
    was = before or {}
    now = {} if after is None else _written(resource, was, after)
    patch = {
        f.name: [was.get(f.name), now.get(f.name)]
        for f in resource.columns
        if f.merge != "quote" and _differ(f, was.get(f.name), now.get(f.name))
    }
    if not patch.keys() - {"id", "updated_at"}:
        return None
    patch.pop("id", None)
    op, row = ChangeOp.UPDATE, now or was
    if before is None or after is None:
        op = ChangeOp.INSERT if before is None else ChangeOp.DELETE
    return Change(op, row["id"], patch, row.get("workspace_id"), row.get("updated_at"))


def _written(resource: Resource, was: Row, after: Row) -> Row:
    """The whole row after a write. A NULL leaves a field of the path as it was."""
    kept = {f.name: was.get(f.name) for f in resource.columns if f.path}
    return {**was, **after, **{n: old for n, old in kept.items() if after.get(n) is None}}


def _differ(f: Field, old: Any, new: Any) -> bool:
    """Whether two values of a field are different. Of most a quick look tells that they are not;
    that of JSON is at their text, since in it True is not 1.
    """
    looks_same = repr(old) == repr(new) if f.type == "json" else old == new
    return not looks_same and not equal(f, old, new)


@dataclass(frozen=True, slots=True)
class Recorder:
    """Writes down changes of one resource from one origin."""

    tx: Tx
    resource: Resource
    by: Origin
    #: The workspaces whose changes are written down; None: all.
    workspaces: frozenset[int | None] | None

    def write(self, changes: Iterable[Change | None]) -> None:
        """Append the changes that are written down."""
        found = [c for c in changes if c is not None and self._is_wanted(c)]
        if found:
            of_all = {
                **self.by._asdict(),
                "resource": self.resource.name,
                "at": self.tx.now,
                "run": runs.current(self.tx),
            }
            numbers.append(self.tx, [of_all | self._of_one(change) for change in found])

    def _is_wanted(self, change: Change) -> bool:
        return self.workspaces is None or change.workspace_id in self.workspaces

    def _of_one(self, change: Change) -> dict[str, Any]:
        return {
            "record_id": change.record_id,
            "workspace_id": change.workspace_id,
            "op": change.op,
            "changed_at": change.changed_at if self.by.side == Side.CLICKFUNNELS else None,
            "patch": change.patch,
        }


def recorder(tx: Tx, resource: Resource, by: Origin | None) -> Recorder | None:
    """What writes down changes of this origin; None where none is written down."""
    if by is None or starts.is_off(tx):
        return None
    if by.source in _ALWAYS:
        return Recorder(tx, resource, by, None)
    begun = starts.find(tx, resource)
    # Of some records nobody knows the workspace.
    return Recorder(tx, resource, by, frozenset({None, *begun})) if begun else None


def write(tx: Tx, resource: Resource, by: Origin, change: Change | None) -> None:
    """Append one change, where such changes are written down."""
    if found := recorder(tx, resource, by):
        found.write([change])
