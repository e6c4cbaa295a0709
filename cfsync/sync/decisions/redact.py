"""Deletes a person's data: in ClickFunnels first, then everywhere in the mirror."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from cfsync.errors import NotFound, Refused, UsageError
from cfsync.mirror.bookkeeping import decided, ids
from cfsync.mirror.db.engine import Mirror, Tx, savepoint
from cfsync.mirror.db.tables import BASE, TABLES
from cfsync.mirror.privacy import purge
from cfsync.mirror.privacy.person import Person
from cfsync.mirror.privacy.purge import LOWEST, Receipt
from cfsync.mirror.reports import status
from cfsync.records import is_provisional
from cfsync.resources import RESOURCES, Resource
from cfsync.sync.context import Context
from cfsync.sync.decisions import decision_log

ACTION = "gdpr_destroy"


@dataclass(slots=True)
class Redacted:
    """What a redaction has done.

    `asked`: what became of the request ("deleted", "not there", or "never sent" for a row without a
    record). `cleared`: the fields that a deletion would leave, and that were emptied before;
    `kept`: those of them that ClickFunnels did not let be emptied. `purged`: table -> number of
    rows that held data of the person.
    """

    resource: str
    id: int
    asked: str
    cleared: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    purged: Receipt = field(default_factory=Counter)


async def identify(mirror: Mirror, name: str) -> Person:
    """The person with this id or public id. Raises UsageError if the id is malformed or unknown."""
    return await mirror.read(_identify, name)


def _identify(tx: Tx, name: str) -> Person:
    resource = next(r for r in RESOURCES.values() if ACTION in r.actions)
    return purge.person_of(tx, resource, status.record_id(tx, resource, name))


async def _agree() -> None:
    """Go on without a word."""


async def redact(
    context: Context, name: str, confirm: Callable[[], Awaitable[None]] = _agree
) -> Redacted:
    """Ask ClickFunnels for the GDPR deletion and purge every copy in the mirror. Safe to repeat.
    `confirm` is called before, and raises an error to stop.

    Raises UsageError for a person whom neither side knows, and what the client raises if the
    request fails. Nothing is purged in either case.
    """
    person = await identify(context.mirror, name)
    if not await _is_there(context, person) and not await _is_known(context, person):
        raise UsageError(f"{person.resource.name}: neither side knows {person.id}")
    await confirm()
    done = await _request_deletion(context, person)
    await context.mirror.write(purge.overwrite_deleted)
    await _clean_others(context, person, done.purged)
    done.purged += await context.mirror.write(_finish, person)
    decision_log.redacted(person.resource.name, person.id)
    return done


async def _is_there(context: Context, person: Person) -> bool:
    """Whether ClickFunnels has a record of the person."""
    if is_provisional(person.id):
        return False
    try:
        await context.api.get(person.resource, person.id)
    except NotFound:
        return False
    return True


async def _is_known(context: Context, person: Person) -> bool:
    """Whether the mirror holds anything of the person."""
    if await context.mirror.write(_would_clean, _finish, person):
        return True
    async for resource, found in _others(context, person):
        if await context.mirror.write(_would_clean, purge.clean_rows, person, resource, found):
            return True
    return False


def _would_clean(tx: Tx, clean: Callable[..., Receipt], *about: Any) -> bool:
    """Whether there is anything to clean: it is done, and rolled back."""
    with savepoint(tx) as attempt:
        receipt = clean(tx, *about)
        attempt.rollback()
    return bool(+receipt)


async def _request_deletion(context: Context, person: Person) -> Redacted:
    done = Redacted(person.resource.name, person.id, "never sent")
    if is_provisional(person.id):
        return done
    done.asked = "not there"
    with suppress(NotFound):
        await _clear(context, person, done)
        await context.api.call_action(person.resource, ACTION, person.id)
        done.asked = "deleted"
    return done


async def _clear(context: Context, person: Person, done: Redacted) -> None:
    """Empty the sets and maps of the person's record, such as tags and custom attributes, which a
    deletion leaves as they are. Raises NotFound if there is no record.
    """
    # Read here, since the record may have changed while a person confirmed.
    record = await context.api.get(person.resource, person.id)
    empty = {
        f.name: [] if f.merge == "set" else dict.fromkeys(record.values[f.name], "")
        for f in person.resource.fields
        if f.update and f.merge in ("set", "map") and _holds_any(record.values.get(f.name))
    }
    if not empty:
        return
    try:
        await context.api.update(person.resource, person.id, empty)
        done.cleared = sorted(empty)
    except Refused:
        done.kept = sorted(empty)


def _holds_any(value: Any) -> bool:
    """Whether a set or map holds a member, or a value that isn't empty."""
    return any(value.values()) if isinstance(value, dict) else bool(value)


async def _clean_others(context: Context, person: Person, receipt: Receipt) -> None:
    """Remove the person's data from the rows and bases of other records, table by table."""
    async for resource, found in _others(context, person):
        receipt += await context.mirror.write(purge.clean_rows, person, resource, found)


async def _others(context: Context, person: Person) -> AsyncIterator[tuple[Resource, list[int]]]:
    """The ids of other records whose rows or bases may hold something of the person."""
    for resource in RESOURCES.values():
        for table in (TABLES[resource.name], BASE):
            after: int | None = LOWEST
            while after is not None:
                found, after = await context.mirror.read(
                    purge.ids_that_may_hold, person, resource, table, after
                )
                if found:
                    yield resource, found


def _finish(tx: Tx, person: Person) -> Receipt:
    """Also of the deleted records that were brought back as this one."""
    earlier = ids.predecessors(tx, person.resource, person.id)
    receipt = purge.clean_bookkeeping(tx, person)
    for record_id in (*earlier, person.id):
        receipt += purge.purge(tx, replace(person, id=record_id))
    decided.deletions(tx, "redacted", person.resource.name, [*earlier, person.id])
    return receipt
