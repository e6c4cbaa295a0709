"""Deletes a person's data: in ClickFunnels first, then everywhere in the mirror."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from cfsync.errors import NotFound, UsageError
from cfsync.mirror.db.engine import Mirror, Tx
from cfsync.mirror.db.tables import BASE, TABLES
from cfsync.mirror.privacy import purge
from cfsync.mirror.privacy.person import Person
from cfsync.mirror.privacy.purge import LOWEST, Receipt
from cfsync.mirror.reports import status
from cfsync.records import is_provisional
from cfsync.resources import RESOURCES
from cfsync.sync.context import Context
from cfsync.sync.operator import decision_log

ACTION = "gdpr_destroy"


@dataclass(slots=True)
class Redacted:
    """What a redaction has done.

    `asked`: what became of the request ("deleted", "not there", or "never sent" for a row without a
    record). `purged`: table -> number of rows that held data of the person.
    """

    resource: str
    id: int
    asked: str
    purged: Receipt = field(default_factory=Counter)


async def identify(mirror: Mirror, name: str) -> Person:
    """The person with this id or public id. Raises UsageError if the id is malformed or unknown."""
    return await mirror.read(_identify, name)


def _identify(tx: Tx, name: str) -> Person:
    resource = next(r for r in RESOURCES.values() if ACTION in r.actions)
    return purge.person_of(tx, resource, status.record_id(tx, resource, name))


async def redact(context: Context, name: str) -> Redacted:
    """Ask ClickFunnels for the GDPR deletion and purge every copy in the mirror. Safe to repeat.

    Raises UsageError for a person whom neither side knows, and what the client raises if the
    request fails. Nothing is purged in either case.
    """
    person = await identify(context.mirror, name)
    done = Redacted(person.resource.name, person.id, await _request_deletion(context, person))
    await context.mirror.write(purge.overwrite_deleted)
    await _clean_others(context, person, done.purged)
    done.purged += await context.mirror.write(_finish, person)
    if done.asked == "not there" and not +done.purged:
        raise UsageError(f"{person.resource.name}: neither side knows {name}")
    decision_log.redacted(person.resource.name, person.id)
    return done


async def _request_deletion(context: Context, person: Person) -> str:
    if is_provisional(person.id):
        return "never sent"
    try:
        await context.api.call_action(person.resource, ACTION, person.id)
    except NotFound:
        return "not there"
    return "deleted"


async def _clean_others(context: Context, person: Person, receipt: Receipt) -> None:
    """Remove the person's data from the rows and bases of other records, table by table."""
    for resource in RESOURCES.values():
        for table in (TABLES[resource.name], BASE):
            after: int | None = LOWEST
            while after is not None:
                ids, after = await context.mirror.read(
                    purge.ids_that_may_hold, person, resource, table, after
                )
                if ids:
                    receipt += await context.mirror.write(purge.clean_rows, person, resource, ids)


def _finish(tx: Tx, person: Person) -> Receipt:
    return purge.clean_bookkeeping(tx, person) + purge.purge(tx, person)
