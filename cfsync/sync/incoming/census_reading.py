"""Reads a census, and settles what it shows differently than the mirror.

Such records are read again, 20 a request, as the list shows them. So a census writes nothing
itself: it says where to look. It is contradicted by

- a record that it lacks and the list shows, unless that is quite new, or anonymous or redacted,
- another `updated_at` than the record has, unless that has just changed,
- a record that it names, and names again after that was gone when it was read by itself (a few
  such records are read: one that the list leaves out may be hidden or anonymous),
- very many records that it names and the list leaves out.

Where very many differ, that is cheaper to settle by a walk. What is explained is not read again
until it changes, or a walk has come before (`census_explained`).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field, replace

from cfsync.api.codec import PAGE
from cfsync.api.filter_results import walk_results
from cfsync.errors import BadAnswer, Forbidden, NotFound, Refused, StateConflict, Transient
from cfsync.mirror.db.beside import read_beside
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.errors import Constrained
from cfsync.mirror.incoming.page import Written, write_records
from cfsync.mirror.incoming.reading import Reading
from cfsync.mirror.lists import census as compared
from cfsync.mirror.lists import census_explained, missing_rows
from cfsync.mirror.lists.census import Census, Differences
from cfsync.mirror.lists.census_explained import NOTHING
from cfsync.mirror.lists.census_state import CensusState
from cfsync.mirror.progress.checkpoints import Lane
from cfsync.records import Listing, Record
from cfsync.resources import RESOURCES
from cfsync.sync.context import Context, side_by_side
from cfsync.sync.incoming import census_filter, census_rules
from cfsync.sync.incoming.census_rules import Listed
from cfsync.sync.report import Report
from cfsync.sync.walk.growth import FREE, TIMES
from cfsync.sync.walk.records import count, reread
from cfsync.times import later

_UNUSABLE = (BadAnswer, Forbidden, NotFound)
_NOT_NOW = (Transient, Refused, StateConflict)


class Left(Exception):
    """The census can't be had this time."""


class Doubted(Exception):
    """Only a walk can tell whether the census is right."""


class Contradicted(Exception):
    """The census can't be believed, or had."""


@dataclass(slots=True)
class _Taking:
    """A census of one list. `report`: what became of the differing records. `listed`: what the list
    has shown of them.
    """

    context: Context
    report: Report
    listing: Listing
    state: CensusState
    census: Census
    listed: dict[int, Listed] = field(default_factory=dict)


async def read_and_settle(
    context: Context, report: Report, listing: Listing, state: CensusState, *, is_fresh: bool
) -> CensusState:
    """Take a census, compare it with the mirror, and read again what differs; returns the state
    with the filter, and how many records it names. `is_fresh`: the list was walked just now. Raises
    Left, Doubted and Contradicted.
    """
    state, census = await _take(context, listing, state)
    taking = _Taking(context, Report(report.name), listing, state, census)
    replaces_walk = False
    try:
        with closing(census):
            await _settle(taking, is_fresh=is_fresh)
        replaces_walk = not is_fresh
    finally:
        _add_counts(report, listing.resource, taking.report, with_unchanged=replaces_walk)
    return replace(state, records=census.count)


def _add_counts(report: Report, resource: str, mine: Report, *, with_unchanged: bool) -> None:
    """Add what became of the records to the pass's report. A walk counts all of them itself."""
    counts = {n: c for n, c in mine.counts.get(resource, {}).items() if n != "refused"}
    if not with_unchanged:
        counts.pop("unchanged", None)
    report.add(resource, **counts)
    report.add_refused(resource, [record_id for _, record_id in mine.refused])


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
    except OSError as error:
        raise Left(f"there is no room for a temporary file: {error.strerror}") from error


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
    with ExitStack() as unless_whole:
        census = Census(reading.rev_before, reading.began_at)
        unless_whole.callback(census.close)
        async for found in walk_results(context.api, state.filter_id, most=FREE + TIMES * rows):
            if census_filter.shown_of(found.filter) != state.shown:
                return None
            census.began_at = min(census.began_at, found.at or census.began_at)
            for part in found.parts:
                census.add(*part)
            del found  # so that no two answers are in memory
            context.progress.at(listing, records=census.count, fraction=None)
            context.check_stop()
        unless_whole.pop_all()
    return census


async def _settle(taking: _Taking, *, is_fresh: bool) -> None:
    """Compare the census with the mirror, and read again what differs."""
    context, census = taking.context, taking.census
    found = await _compare(taking, is_fresh=is_fresh)
    if reason := census_rules.too_different(found, context.settings):
        raise Contradicted(reason) if found.flawed or is_fresh else Doubted(reason)
    ids = _named(found)
    batches = [ids[at : at + PAGE] for at in range(0, len(ids), PAGE)]
    await side_by_side(context, batches, lambda batch: _read_again(taking, batch))
    taking.report.add(taking.listing.resource, unchanged=max(0, census.count - len(ids)))
    since = later(census.began_at, -context.settings.pull.overlap)
    if reason := census_rules.contradiction(found, taking.listed, since):
        raise Contradicted(reason)
    gone = await _gone(taking, found)
    if named := await _named_again(taking, gone):
        raise Contradicted(f"it names {len(named)} records that are gone, such as {min(named)}")
    explained = census_rules.explained(found, taking.listed, gone, since)
    await context.mirror.write(census_explained.save, taking.listing.parent_id, explained)


async def _compare(taking: _Taking, *, is_fresh: bool) -> Differences:
    """After a walk, what earlier ones have explained is looked at again."""
    context, listing, most = taking.context, taking.listing, census_rules.MANY
    known = NOTHING
    if not is_fresh:
        known = await context.mirror.read(census_explained.load, listing.parent_id)
    args = listing, taking.census, known, most, context.check_stop
    try:
        return await read_beside(context.mirror, compared.compare, *args)
    except Constrained:
        raise Contradicted("it shows ids or times that the database can't hold") from None


async def _gone(taking: _Taking, found: Differences) -> set[int]:
    """Of the records that the census names and the list leaves out, some that are gone when they
    are read by themselves.
    """
    unlisted = [i for i in census_rules.shown_by(found) if i not in taking.listed]
    some = random.sample(unlisted, min(len(unlisted), PAGE))
    gone: set[int] = set()
    for record_id in some:
        taking.context.check_stop()
        try:
            with suppress(Forbidden):
                resource = RESOURCES[taking.listing.resource]
                await taking.context.api.get(resource, record_id, taking.listing)
        except NotFound:
            gone.add(record_id)
    return gone


async def _named_again(taking: _Taking, gone: set[int]) -> set[int]:
    """Those of some records that are gone which a census names that began after that."""
    if not gone:
        return gone
    _, again = await _take(taking.context, taking.listing, taking.state)
    with closing(again):
        return await read_beside(taking.context.mirror, compared.named, again, gone)


def _named(found: Differences) -> list[int]:
    return sorted({*found.unseen, *census_rules.shown_by(found)})


async def _read_again(taking: _Taking, ids: Sequence[int]) -> None:
    """Read records as the list shows them. One that it doesn't show becomes a candidate."""
    context, report = taking.context, taking.report
    resource = RESOURCES[taking.listing.resource]
    reading = await context.reading(resource, Lane.CENSUS)
    records = await context.api.find(taking.listing, "id", ids)
    for record in records:
        created, updated = record.values.get("created_at"), record.updated_at
        may_lack = resource.is_unfiltered(record.values)
        taking.listed[record.id] = Listed(created, updated, may_lack)
    written = await context.mirror.write(_write, reading, ids, records)
    count(report, resource.name, written)
    await reread(context, report, resource, written.again, Lane.CENSUS)


def _write(tx: Tx, reading: Reading, ids: Sequence[int], records: Sequence[Record]) -> Written:
    written = write_records(tx, reading, records, full=True)
    missing = sorted(set(ids) - {r.id for r in records})
    missing_rows.add_not_found(tx, reading.resource, missing, rev_before=reading.rev_before)
    return written
