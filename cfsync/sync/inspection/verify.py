"""Compares mirror and ClickFunnels record by record. Changes no record on either side: it only
keeps drift as a conflict, as a sweep does, where `sweep.on_drift` is `ask`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from cfsync.api import Priority
from cfsync.api.pages import walk_by_id
from cfsync.errors import CfsyncError, Interrupted, NotFound
from cfsync.mirror.bookkeeping import bases, open_edits
from cfsync.mirror.bookkeeping.bases import Base
from cfsync.mirror.db import statements
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import TABLES
from cfsync.mirror.incoming import drift
from cfsync.mirror.lists import absent, listings, row_counts
from cfsync.mirror.progress.runs import PassName, RunState
from cfsync.mirror.reports import status
from cfsync.mirror.user_decisions import uncaptured_rows
from cfsync.records import PROVISIONAL_FROM, Listing, Page, Record
from cfsync.resources import RESOURCES, Resource
from cfsync.sync.context import Context, each_list
from cfsync.sync.incoming.presence import is_parent_gone
from cfsync.sync.pass_run import wanted_resources
from cfsync.sync.report import Report
from cfsync.sync.workspaces import choose
from cfsync.values import equal

NAMED = 1000
"""Differences that are listed; the others are only counted in the report."""

Kind = Literal["differs", "drift", "missing here", "missing in ClickFunnels"]


@dataclass(frozen=True, slots=True)
class Difference:
    """A record that differs; `fields` names the fields if the kind is "differs" or "drift"."""

    resource: str
    id: int
    kind: Kind
    fields: tuple[str, ...] = ()


@dataclass(slots=True)
class Verified:
    """The result of a comparison.

    The report counts records that are the same, those that are edited (wait to be sent), and each
    kind of difference. `differences` lists the first `NAMED` of them.
    """

    report: Report
    differences: list[Difference] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        return self.report.exit_code or (5 if self.differences else 0)


async def verify(context: Context, names: Sequence[str] = ()) -> Verified:
    """Walk the lists of the resources named, or of all, and compare each record with its row.

    Edits that wait to be sent are no differences. If the pass is interrupted, the report's state is
    "stopped". Raises UnknownResource, and what the client raises otherwise.
    """
    context = replace(context, api=context.api.with_priority(Priority.SWEEP))
    verified, began, sent = (
        Verified(Report(PassName.VERIFY)),
        time.monotonic(),
        context.api.requests,
    )
    lists = await _lists(context, wanted_resources(context.settings, names))

    async def work(listing: Listing) -> None:
        try:
            await _verify_list(context, verified, listing)
        except NotFound:
            if not await is_parent_gone(context, listing):
                raise
            await _add_below_gone_parent(context, verified, listing)

    try:
        rows = await context.mirror.read(row_counts.known, lists)
        await each_list(context, verified.report, lists, work, rows=rows)
        for resource in {li.resource: RESOURCES[li.resource] for li in lists}.values():
            await _add_inserted(context, verified, resource)
    except CfsyncError as error:
        if error.exit_code != Interrupted.exit_code:
            raise
        verified.report.state, verified.report.cause = RunState.STOPPED, error
        verified.report.problems.append(str(error))
    verified.report.requests = context.api.requests - sent
    verified.report.seconds = time.monotonic() - began
    return verified


async def _lists(context: Context, resources: Sequence[Resource]) -> list[Listing]:
    """All lists that the mirror knows, in the workspaces that the settings choose, but for those
    that the account doesn't have.
    """
    known = await context.mirror.read(listings.workspaces)
    wanted, exclude = context.settings.api.workspaces, context.settings.api.exclude
    workspaces = choose(known, [str(w) for w in wanted], [str(w) for w in exclude])
    lists = [
        listing
        for resource in resources
        for listing in await context.mirror.read(listings.all_lists, resource, workspaces)
    ]
    return await context.mirror.read(absent.without, lists)


async def _verify_list(context: Context, verified: Verified, listing: Listing) -> None:
    resource, above, seen = RESOURCES[listing.resource], 0, 0
    async for page in walk_by_id(context.api, listing):
        upto = page.records[-1].id if page.records and page.next is not None else None
        found = await context.mirror.read(compare, listing, page, above, upto)
        found = await _settle_drift(context, resource, page, found)
        _add_page(verified, resource, page, found)
        above, seen = upto or above, seen + len(page.records)
        context.progress.at(listing, records=seen, fraction=1.0 if page.next is None else None)
        if page.next is not None:
            context.check_stop()


async def _add_below_gone_parent(context: Context, verified: Verified, listing: Listing) -> None:
    """A list that has gone with its parent shows none of the rows that the mirror has of it."""
    nothing = Page((), None)
    found = await context.mirror.read(compare, listing, nothing, 0, None)
    _add_page(verified, RESOURCES[listing.resource], nothing, found)


async def _add_inserted(context: Context, verified: Verified, resource: Resource) -> None:
    """Add the rows that were inserted uncaptured, under an id that ClickFunnels doesn't know."""
    found = await context.mirror.read(uncaptured_rows.find, resource, least_id=PROVISIONAL_FROM)
    rows = [Difference(resource.name, record_id, "drift") for record_id in found]
    verified.differences += rows[: NAMED - len(verified.differences)]
    verified.report.add(resource.name, drift=len(rows))


async def _settle_drift(
    context: Context, resource: Resource, page: Page, found: Sequence[Difference | None]
) -> list[Difference | None]:
    """Keep drift as conflicts; returns what differs, without that which a trigger of the user's has
    made of what cfsync wrote.
    """
    suspects = {d.id for d in found if d and d.kind == "drift"}
    if not suspects:
        return list(found)
    records = [r for r in page.records if r.id in suspects]
    keep = context.settings.sweep.on_drift == "ask"
    drifted = await context.mirror.write(drift.ask, resource, records, keep=keep)
    return [d for d in found if d is None or d.kind != "drift" or d.id in drifted]


def compare(
    tx: Tx, listing: Listing, page: Page, above: int, upto: int | None
) -> list[Difference | None]:
    """The differences between a page and the rows with above < id <= upto (None: up to the end).

    A record that differs only by edits that wait to be sent is a None in the list.
    """
    resource = RESOURCES[listing.resource]
    ids = [r.id for r in page.records]
    ours = statements.load(tx, TABLES[resource.name], ids)
    pending, known = open_edits.load(tx, resource, ids), bases.load(tx, resource, ids)
    found: list[Difference | None] = []
    for record in page.records:
        fields = _different(resource, record, ours.get(record.id))
        edited = pending[record.id].by_field if record.id in pending else {}
        if fields is None:
            gone = record.id in pending and pending[record.id].deleted
            found.append(None if gone else Difference(resource.name, record.id, "missing here"))
        elif fields:
            left = tuple(name for name in fields if name not in edited)
            base = known.get(record.id)
            kind: Kind = "drift" if base and _shows(resource, record, base, left) else "differs"
            found.append(Difference(resource.name, record.id, kind, left) if left else None)
    listed = set(ids)
    extra = [i for i in status.ids_between(tx, resource, listing, above, upto) if i not in listed]
    return found + [Difference(resource.name, i, "missing in ClickFunnels") for i in extra]


def _different(
    resource: Resource, record: Record, row: dict[str, object] | None
) -> tuple[str, ...] | None:
    """The fields that differ, except copies of other records; None if there is no row."""
    if row is None:
        return None
    return tuple(
        name
        for name, value in record.values.items()
        if resource.by_name[name].merge != "quote"
        and not equal(resource.by_name[name], row[name], value)
    )


def _shows(resource: Resource, record: Record, base: Base, names: Sequence[str]) -> bool:
    """Whether ClickFunnels shows what it did when the record was last read, in some fields."""
    before = bases.decode(resource, base).values
    return all(
        equal(resource.by_name[name], before[name], record.values[name])
        for name in names
        if name in before
    )


def _add_page(
    verified: Verified, resource: Resource, page: Page, found: Sequence[Difference | None]
) -> None:
    """Add what a page has shown to the result."""
    real = [d for d in found if d is not None]
    verified.differences += real[: NAMED - len(verified.differences)]
    here = [d for d in real if d.kind != "missing in ClickFunnels"]
    edited = len(found) - len(real)
    verified.report.add(resource.name, same=len(page.records) - len(here) - edited, edited=edited)
    for difference in real:
        verified.report.add(resource.name, **{difference.kind.replace(" ", "_"): 1})
