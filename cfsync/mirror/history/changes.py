"""A change: what a write has made of one record, as a row of `cf_changes`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from cfsync.mirror.db.engine import Tx
from cfsync.mirror.history import numbers, starts
from cfsync.resources.model import Resource
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
BY_PERSON = Origin(Side.LOCAL, Source.USER, "cfsync")
"""A person has decided it by a command."""

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
    known = after or before or {}
    patch = {
        f.name: [old, new]
        for f in resource.columns
        if f.merge != "quote" and f.name in known
        for old, new in [((before or {}).get(f.name), _after(f.name, before, after, path=f.path))]
        if (f.type == "json" or old != new) and not equal(f, old, new)  # in JSON, True == 1
    }
    if not patch.keys() - {"id", "updated_at"}:
        return None
    op = ChangeOp.UPDATE
    if before is None or after is None:
        op = ChangeOp.INSERT if before is None else ChangeOp.DELETE
    whole = {**(before or {}), **(after or {})}
    patch.pop("id", None)
    return Change(op, whole["id"], patch, whole.get("workspace_id"), whole.get("updated_at"))


def _after(name: str, before: Row | None, after: Row | None, *, path: bool) -> Any:
    """The value of a field after a write: a NULL for a field of the path leaves what there is."""
    old = (before or {}).get(name)
    new = (after or {}).get(name, old if after is not None else None)
    return old if path and new is None and after is not None else new


def are_wanted(tx: Tx, resource: Resource, by: Origin | None) -> bool:
    """Whether changes of this origin may have to be written down."""
    if by is None or starts.is_off(tx):
        return False
    return by.source in _ALWAYS or bool(starts.find(tx, resource))


def write(
    tx: Tx, resource: Resource, by: Origin | None, changes: Collection[Change | None]
) -> None:
    """Append changes, but for those of lists whose history is not complete yet."""
    found = [c for c in changes if c is not None]
    if by is None or not found:
        return
    if by.source not in _ALWAYS:
        begun = {None, *starts.find(tx, resource)}  # of some records nobody knows the workspace
        found = [c for c in found if c.workspace_id in begun]
    numbers.append(tx, [_row(tx, resource, by, change) for change in found])


def _row(tx: Tx, resource: Resource, by: Origin, change: Change) -> dict[str, Any]:
    return {
        **by._asdict(),
        "resource": resource.name,
        "record_id": change.record_id,
        "workspace_id": change.workspace_id,
        "op": change.op,
        "at": tx.now,
        "changed_at": change.changed_at if by.side == Side.CLICKFUNNELS else None,
        "patch": change.patch,
    }
