"""Enables and disables the census of contacts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from cfsync.api.filter_results import read_results
from cfsync.errors import BadAnswer, Forbidden, NotFound, Refused
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.lists import census_explained, census_state
from cfsync.mirror.lists.census_explained import NOTHING
from cfsync.mirror.lists.census_state import CensusState, Standing
from cfsync.resources import RESOURCES
from cfsync.sync.account import open_account
from cfsync.sync.context import Context
from cfsync.sync.incoming import census_filter
from cfsync.sync.inspection.census import States, status

CONTACTS = RESOURCES["contacts"]


async def enable(context: Context, begin: Callable[[], None] = lambda: None) -> States:
    """Make the filter in each workspace, and see whether it answers. The next sweep compares what
    it shows with a walk. `begin` is called before each change in ClickFunnels.
    """
    for workspace in await open_account(context):
        known = await context.mirror.read(census_state.load, workspace)
        known = known or CensusState(Standing.UNPROVED)
        state = await _enabled(context, workspace, known, begin)
        await context.mirror.write(census_state.save, workspace, state)
    return await context.mirror.read(status)


async def _enabled(
    context: Context, workspace: int, known: CensusState, begin: Callable[[], None]
) -> CensusState:
    api = context.api
    try:
        filter_id, shown = await census_filter.ensure(api, CONTACTS, workspace, known.shown, begin)
        await read_results(api, filter_id, None, 1)
    except (BadAnswer, Forbidden, NotFound, Refused) as error:
        return replace(known, standing=Standing.OFF, reason=str(error))
    if known.standing is not Standing.TRUSTED:
        known = replace(known, standing=Standing.UNPROVED, reason="")
    return replace(known, filter_id=filter_id, shown=shown)


def _forget(tx: Tx, workspace: int) -> None:
    census_state.save(tx, workspace, CensusState(Standing.DISABLED))
    census_explained.save(tx, workspace, NOTHING)


async def disable(context: Context, begin: Callable[[], None] = lambda: None) -> States:
    """Delete the filter in each workspace; their lists are walked from now on. `begin` is called
    before each change.
    """
    workspaces = await open_account(context)
    states = (await context.mirror.read(status)).values()
    if any(state.standing is not Standing.DISABLED for state in states):
        begin()
    for workspace in workspaces:  # first, so that none is used where its filter can't be deleted
        await context.mirror.write(_forget, workspace)
    for workspace in workspaces:
        await census_filter.remove(context.api, CONTACTS, workspace, begin)
    return await context.mirror.read(status)
