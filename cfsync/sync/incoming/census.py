"""A sweep by census: a saved filter names all contacts of a workspace in a few answers.

A trusted census replaces the walk of the list:

| the census                   | the list                               | the census is then      |
| ---------------------------- | -------------------------------------- | ----------------------- |
| is explained by the records  | is not walked                          | trusted                 |
| can't be had now             | is walked, unless it is between sweeps | trusted                 |
| differs in very many records | is walked at once                      | trusted if it shows the |
|                              |                                        | same after that, or off |
| is contradicted by a record, | is walked at once                      | off                     |
| or has another form          |                                        |                         |

One that is off stays so until a person enables it again. Before it is trusted, and from time to
time, a walk comes first, and the census must show the same.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import structlog

from cfsync.api import Priority
from cfsync.config import Settings
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.lists import census_state
from cfsync.mirror.lists.census_state import CensusState, Standing
from cfsync.mirror.progress import checkpoints
from cfsync.mirror.progress.checkpoints import Lane
from cfsync.records import Listing
from cfsync.resources import RESOURCES, Resource
from cfsync.sync.context import Context
from cfsync.sync.incoming import census_rules
from cfsync.sync.incoming.census_reading import Contradicted, Doubted, Left, read_and_settle
from cfsync.sync.incoming.census_rules import Way
from cfsync.sync.incoming.sweep import sweep_list
from cfsync.sync.report import Report
from cfsync.sync.walk.page_writer import PageWriter

log = structlog.get_logger()


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
    if way is Way.CENSUS:
        state = await _attempt(context, writer.report, listing, state)
    if way is Way.CENSUS and not state.reason:
        await context.mirror.write(census_state.save, listing.parent_id, state)
    else:
        await _walk(context, writer, listing, way, state)


async def read_census(context: Context, writer: PageWriter, listing: Listing) -> None:
    """Read a trusted census between two sweeps. One that can't be had now is left for the next
    time.
    """
    way, state = await context.mirror.read(_way, context.settings, listing)
    if way is not Way.CENSUS:
        return
    state = await _attempt(context, writer.report, listing, state)
    if state.standing is Standing.TRUSTED:
        await context.mirror.write(census_state.save, listing.parent_id, state)
    else:
        await _walk(context, writer, listing, way, state)


def _way(tx: Tx, settings: Settings, listing: Listing) -> tuple[Way, CensusState]:
    """A walk that was stopped is walked to its end."""
    state = census_state.load(tx, listing.parent_id)
    way = census_rules.way_of(state, settings, tx.now)
    if any(p.done_at is None for p in checkpoints.parts(tx, listing, Lane.SWEEP)):
        way = Way.BOTH if way is Way.CENSUS else way
    return way, state or CensusState(Standing.UNPROVED)


async def _walk(
    context: Context, writer: PageWriter, listing: Listing, way: Way, state: CensusState
) -> None:
    """Walk a list, and let the walk decide about a census that isn't proved, or no longer. `state`:
    what an attempt without a walk has made of it.
    """
    is_doubted = way is Way.CENSUS and state.standing is Standing.UNPROVED
    await sweep_list(context, writer, listing)  # where that fails too, it was no contradiction
    if (way is Way.BOTH or is_doubted) and not _is_unproved(writer.report, listing):
        await writer.drained()
        state = await _attempt(context, writer.report, listing, state, is_fresh=True)
    elif way is not Way.CENSUS:
        return
    await context.mirror.write(census_state.save, listing.parent_id, state)


def _is_unproved(report: Report, listing: Listing) -> bool:
    """Whether the walk has not shown the whole list."""
    return str(listing) in (*report.unreachable, *report.unproved)


async def _attempt(
    context: Context,
    report: Report,
    listing: Listing,
    state: CensusState,
    *,
    is_fresh: bool = False,
) -> CensusState:
    """Take a census and settle its differences; the state then, with a reason if it can't be used.
    `is_fresh`: the list was walked just now.
    """
    context = replace(context, api=context.api.with_priority(Priority.SWEEP))
    state = replace(state, read_at=await context.now(), reason="")
    try:
        state = await read_and_settle(context, report, listing, state, is_fresh=is_fresh)
    except Contradicted as error:
        log.warning("census.off", list=str(listing), reason=str(error))
        return replace(state, standing=Standing.OFF, reason=str(error))
    except Doubted as error:
        log.warning("census.doubted", list=str(listing), reason=str(error))
        return replace(state, standing=Standing.UNPROVED, reason=str(error))
    except Left as error:
        log.warning("census.left", list=str(listing), reason=str(error))
        return replace(state, reason=str(error))
    log.info("census.read", list=str(listing), records=state.records)
    checked_at = state.read_at if is_fresh else state.checked_at
    swept_at = state.swept_at if is_fresh else state.read_at
    return replace(state, standing=Standing.TRUSTED, checked_at=checked_at, swept_at=swept_at)
