"""A sweep by census: a saved filter names all contacts of a workspace in a few answers.

What the census and the mirror show differently is read again, 20 records a request, as the list
shows it. So a census writes nothing itself: it says where to look. At the first answer that can't
be used, or that the list contradicts, the list is walked as ever (`sweep`), and where it was a
contradiction the census stays off. Before it is trusted, and from time to time, a walk comes first,
and the census must show the same.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

import structlog

from cfsync.api import Priority
from cfsync.api.codec import PAGE
from cfsync.api.filter_results import walk_results
from cfsync.config import Settings
from cfsync.errors import BadAnswer, Forbidden, NotFound, Refused, StateConflict, Transient
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.errors import Constrained
from cfsync.mirror.incoming.page import Written, write_records
from cfsync.mirror.incoming.reading import Reading
from cfsync.mirror.lists import census as compared
from cfsync.mirror.lists import census_state, missing_rows
from cfsync.mirror.lists.census import Census, Differences
from cfsync.mirror.lists.census_state import CensusState, Standing
from cfsync.mirror.progress import checkpoints
from cfsync.mirror.progress.checkpoints import Lane
from cfsync.records import Listing, Record
from cfsync.resources import RESOURCES, Resource
from cfsync.sync.context import Context, side_by_side
from cfsync.sync.incoming import census_filter, census_rules
from cfsync.sync.incoming.census_rules import Listed, Way
from cfsync.sync.incoming.sweep import sweep_list
from cfsync.sync.report import Report
from cfsync.sync.walk.growth import FREE, TIMES
from cfsync.sync.walk.page_writer import PageWriter
from cfsync.sync.walk.records import count, reread
from cfsync.values import later

log = structlog.get_logger()

_UNUSABLE = (BadAnswer, Forbidden, NotFound)
_NOT_NOW = (Transient, Refused, StateConflict)


class Left(Exception):
    """The census is left for a walk this time."""


class Contradicted(Exception):
    """The census can't be believed, or had."""


@dataclass(slots=True)
class _Taking:
    """A census of one list. `listed`: what the list has shown of the differing records."""

    context: Context
    report: Report
    listing: Listing
    census: Census
    listed: dict[int, Listed] = field(default_factory=dict)


def due_lists(
    tx: Tx, settings: Settings, resource: Resource, workspaces: Collection[int]
) -> list[Listing]:
    """The lists of a resource whose trusted census is to be read again."""
    found = census_state.load_all(tx)
    due = [w for w in workspaces if w in found and census_rules.is_due(found[w], settings, tx.now)]
    return [Listing(resource.name, w, w) for w in due]


async def sweep_or_census(context: Context, writer: PageWriter, listing: Listing) -> None:
    """Sweep a list by census where that is trusted, else by a walk."""
    if not RESOURCES[listing.resource].filter_class:
        await sweep_list(context, writer, listing)
        return
    way, state = await context.mirror.read(_way, context.settings, listing)
    if way is not Way.CENSUS:
        await sweep_list(context, writer, listing)
        if way is Way.WALK or _is_unproved(writer.report, listing):
            return
        await writer.drained()
    is_fresh = way is Way.BOTH
    state, reason = await _attempt(context, writer.report, listing, state, is_fresh=is_fresh)
    if reason and not is_fresh:
        await sweep_list(context, writer, listing)  # where that fails too, it was no contradiction
    await context.mirror.write(census_state.save, listing.parent_id, state)


async def read_census(context: Context, writer: PageWriter, listing: Listing) -> None:
    """Read a trusted census between two sweeps. Where it can't be used the list is left for the
    next sweep, which walks it, and at a contradiction compares both.
    """
    way, state = await context.mirror.read(_way, context.settings, listing)
    if way is Way.CENSUS:
        state, _ = await _attempt(context, writer.report, listing, state, is_fresh=False)
        if state.standing is Standing.OFF:
            state = replace(state, standing=Standing.UNPROVED)
        await context.mirror.write(census_state.save, listing.parent_id, state)


def _way(tx: Tx, settings: Settings, listing: Listing) -> tuple[Way, CensusState]:
    """A walk that was stopped is walked to its end."""
    state = census_state.load(tx, listing.parent_id)
    way = census_rules.way_of(state, settings, tx.now)
    if any(p.done_at is None for p in checkpoints.parts(tx, listing, Lane.SWEEP)):
        way = Way.BOTH if way is Way.CENSUS else way
    return way, state or CensusState(Standing.UNPROVED)


def _is_unproved(report: Report, listing: Listing) -> bool:
    """Whether the walk has not shown the whole list."""
    return str(listing) in (*report.unreachable, *report.unproved)


async def _attempt(
    context: Context, report: Report, listing: Listing, state: CensusState, *, is_fresh: bool
) -> tuple[CensusState, str]:
    """Take a census and settle its differences. Returns the state, and why it can't be used.
    `is_fresh`: the list was walked just now.
    """
    context = replace(context, api=context.api.with_priority(Priority.SWEEP))
    state = replace(state, read_at=await context.now(), reason="")
    try:
        state, census = await _take(context, listing, state)
        await _settle(_Taking(context, report, listing, census), is_fresh=is_fresh)
    except Contradicted as error:
        log.warning("census.off", list=str(listing), reason=str(error))
        return replace(state, standing=Standing.OFF, reason=str(error)), str(error)
    except Left as error:
        log.warning("census.left", list=str(listing), reason=str(error))
        return replace(state, reason=str(error)), str(error)
    log.info("census.read", list=str(listing), records=census.count)
    checked_at = state.read_at if is_fresh else state.checked_at
    state = replace(state, standing=Standing.TRUSTED, checked_at=checked_at)
    return replace(state, records=census.count), ""


async def _take(
    context: Context, listing: Listing, state: CensusState
) -> tuple[CensusState, Census]:
    """Read all results. Raises Contradicted where they can't be used, and Left where that may be
    another time.
    """
    try:
        return await _take_twice(context, listing, state)
    except _UNUSABLE as error:
        raise Contradicted(str(error)) from error
    except _NOT_NOW as error:
        raise Left(str(error)) from error


async def _take_twice(
    context: Context, listing: Listing, state: CensusState
) -> tuple[CensusState, Census]:
    """Once more where the filter is gone, or was changed, and is put right."""
    for is_last in (False, True):
        if state.filter_id is None:
            resource, workspace = RESOURCES[listing.resource], listing.parent_id
            filter_id, shown = await census_filter.ensure(
                context.api, resource, workspace, state.shown
            )
            state = replace(state, filter_id=filter_id, shown=shown)
        try:
            if (census := await _read(context, listing, state)) is not None:
                return state, census
        except NotFound:
            if is_last:
                raise
        state = replace(state, filter_id=None)
    raise Left("the saved filter was changed while it was read")


async def _read(context: Context, listing: Listing, state: CensusState) -> Census | None:
    """All results of the filter; None where it was changed."""
    assert state.filter_id is not None
    resource = RESOURCES[listing.resource]
    reading = await context.reading(resource, Lane.CENSUS)
    rows = await context.mirror.read(missing_rows.row_count, resource, listing.workspace_id)
    census = Census(reading.rev_before, reading.began_at)
    async for found in walk_results(context.api, state.filter_id, most=FREE + TIMES * rows):
        if census_filter.shown_of(found.filter) != state.shown:
            return None
        census.add(found.count, found.rows)
        context.progress.at(listing, records=census.count, fraction=0.0)
        context.check_stop()
    return census


async def _settle(taking: _Taking, *, is_fresh: bool) -> None:
    """Compare the census with the mirror, and read again what differs."""
    context, listing, census = taking.context, taking.listing, taking.census
    resource = RESOURCES[listing.resource]
    most = census_rules.MANY
    try:
        found = await context.mirror.read(compared.compare, resource, listing, census, most)
    except Constrained:
        raise Contradicted("it shows ids or times that the database can't hold") from None
    if reason := census_rules.too_different(found, context.settings):
        raise Contradicted(reason) if found.flawed or is_fresh else Left(reason)
    ids = _named(found)
    batches = [ids[at : at + PAGE] for at in range(0, len(ids), PAGE)]
    await side_by_side(context, batches, lambda batch: _read_again(taking, batch))
    taking.report.add(resource.name, unchanged=max(0, census.count - len(ids)))
    since = later(census.began_at, -context.settings.pull.overlap)
    if reason := census_rules.contradiction(found, taking.listed, since):
        raise Contradicted(reason)


def _named(found: Differences) -> list[int]:
    differing = (d.id for d in found.differing)
    return sorted({*found.lacking, *found.unseen, *differing, *found.doubtful})


async def _read_again(taking: _Taking, ids: Sequence[int]) -> None:
    """Read records as the list shows them. One that it doesn't show becomes a candidate."""
    context, report = taking.context, taking.report
    resource = RESOURCES[taking.listing.resource]
    reading = await context.reading(resource, Lane.CENSUS)
    records = await context.api.find(taking.listing, "id", ids)
    for record in records:
        created, updated = record.values.get("created_at"), record.updated_at
        taking.listed[record.id] = Listed(created, updated)
    written = await context.mirror.write(_write, reading, ids, records)
    count(report, resource.name, written)
    await reread(context, report, resource, written.again, Lane.CENSUS)


def _write(tx: Tx, reading: Reading, ids: Sequence[int], records: Sequence[Record]) -> Written:
    written = write_records(tx, reading, records, full=True)
    missing = sorted(set(ids) - {r.id for r in records})
    missing_rows.add_not_found(tx, reading.resource, missing, rev_before=reading.rev_before)
    return written
