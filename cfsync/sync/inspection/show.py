"""Shows a record as a person reads it, with the records that are related to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cfsync.config import Settings
from cfsync.errors import UsageError
from cfsync.mirror.bookkeeping.outbox import OPEN_STATES, Op
from cfsync.mirror.bookkeeping.tombstones import Cause
from cfsync.mirror.db.engine import Mirror, Tx
from cfsync.mirror.reports import provenance, related, status
from cfsync.mirror.reports.provenance import KnownRecord
from cfsync.mirror.reports.related import Related, Summary
from cfsync.resources import Resource, named
from cfsync.sync.inspection.waits import Wait, waits, why_late


@dataclass(frozen=True, slots=True)
class Shown:
    """A record and what belongs to it."""

    resource: str
    id: int
    #: The provisional id that its row had before; None if it was not inserted in the mirror.
    local_id: int | None
    #: Column -> canonical value.
    fields: dict[str, Any]
    related: list[Related]
    #: What it waits for.
    waits: list[Wait]


@dataclass(frozen=True, slots=True)
class Several:
    """Records of which any may be meant."""

    resource: str
    matches: list[Summary]


@dataclass(frozen=True, slots=True)
class Nothing:
    """There is no such record."""

    #: Why, and what helps, without anything of people's.
    why: str
    resource: str
    #: Records with a name much like the one given.
    alike: list[Summary]


async def show(
    mirror: Mirror, settings: Settings, resource_name: str, wanted: str
) -> Shown | Several | Nothing:
    """The record with an id, a public id, a provisional id that it had, an email address, a number
    or a name. Raises UnknownResource.
    """
    resource = named(resource_name)
    return await mirror.read(_found, settings, resource, wanted.strip())


def _found(
    tx: Tx, settings: Settings, resource: Resource, wanted: str
) -> Shown | Several | Nothing:
    known = _by_id(tx, resource, wanted)
    if known is None or not known.row:
        ids = related.find_by_name(tx, resource, wanted)
        if len(ids) > 1:
            return Several(resource.name, related.summaries(tx, resource, ids))
        if ids:
            known = provenance.gather(tx, resource, ids[0])
    if known is None or not known.row:
        return _nothing(tx, resource, wanted, known)
    commands = provenance.commands(tx, resource, known.record_id)
    unsent = why_late(tx, settings, resource.name)
    return Shown(
        resource.name,
        known.record_id,
        known.local_id,
        {f.name: known.row[f.name] for f in resource.columns},
        related.related(tx, resource, known.row),
        list(waits(known, commands, unsent)),
    )


def _by_id(tx: Tx, resource: Resource, wanted: str) -> KnownRecord | None:
    try:
        record_id = status.record_id(tx, resource, wanted)
    except UsageError:
        return None
    return provenance.gather(tx, resource, record_id)


def _nothing(tx: Tx, resource: Resource, wanted: str, known: KnownRecord | None) -> Nothing:
    if known is not None:
        return Nothing(_why_gone(tx, resource, known), resource.name, [])
    by = " or ".join(["id", *(f.name for f in related.names_of(resource))])
    why = f"the mirror has no such record in {resource.name} (looked for by {by})"
    return Nothing(why, resource.name, related.like_name(tx, resource, wanted))


def _why_gone(tx: Tx, resource: Resource, known: KnownRecord) -> str:
    name, stone = f"{resource.name} {known.record_id}", known.tombstone
    if any(e.op == Op.DELETE and e.state in OPEN_STATES for e in known.edits):
        return f"{name} was deleted here, which waits to be sent: see `cfsync plan`"
    if stone and stone.cause == Cause.REDACTED:
        return f"{name} was redacted: nothing is left of it"
    if stone and stone.cause:
        how = "is in no list of ClickFunnels" if stone.cause == Cause.HIDDEN else "was deleted"
        more = f"`cfsync explain {name}` tells more"
        return f"{name} {how} (since {stone.first_seen}): {more}{''.join(_back(stone.cause, name))}"
    others = related.others_with_id(tx, resource, known.record_id)
    hint = "".join(f"; did you mean `cfsync show {o} {known.record_id}`?" for o in others[:1])
    return f"the mirror has no {name}{hint}"


def _back(cause: Cause, name: str) -> Iterator[str]:
    if cause == Cause.DELETED:
        yield f", `cfsync undelete {name}` brings it back"
