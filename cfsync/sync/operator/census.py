"""Enables and disables the census of contacts, and says how it stands in each workspace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from cfsync.api.filter_results import read_results
from cfsync.errors import BadAnswer, Forbidden, NotFound, Refused
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.lists import census_state
from cfsync.mirror.lists.census_state import CensusState, Standing
from cfsync.resources import RESOURCES
from cfsync.sync.account import open_account
from cfsync.sync.context import Context
from cfsync.sync.incoming import census_filter
from cfsync.sync.operator.probes import Check

CONTACTS = RESOURCES["contacts"]

States = Mapping[int, CensusState]
"""Workspace -> how its census stands."""


async def enable(context: Context) -> States:
    """Make the filter in each workspace, and see whether it answers. The next sweep compares what
    it shows with a walk.
    """
    for workspace in await open_account(context):
        known = await context.mirror.read(census_state.load, workspace)
        state = await _enabled(context, workspace, known or CensusState(Standing.UNPROVED))
        await context.mirror.write(census_state.save, workspace, state)
    return await context.mirror.read(status)


async def _enabled(context: Context, workspace: int, known: CensusState) -> CensusState:
    try:
        filter_id, shown = await census_filter.ensure(context.api, CONTACTS, workspace, known.shown)
        await read_results(context.api, filter_id, None, 1)
    except (BadAnswer, Forbidden, NotFound, Refused) as error:
        return replace(known, standing=Standing.OFF, reason=str(error))
    if known.standing is not Standing.TRUSTED:
        known = replace(known, standing=Standing.UNPROVED, reason="")
    return replace(known, filter_id=filter_id, shown=shown)


async def disable(context: Context) -> States:
    """Delete the filter in each workspace; their lists are walked from now on."""
    for workspace in await open_account(context):
        await census_filter.remove(context.api, workspace)
        state = CensusState(Standing.DISABLED)
        await context.mirror.write(census_state.save, workspace, state)
    return await context.mirror.read(status)


def status(tx: Tx) -> States:
    return census_state.load_all(tx)


def checks(states: States) -> list[Check]:
    """What `doctor` says of the census; nothing where nobody has enabled it. Pure."""
    return [
        _check(workspace, state)
        for workspace, state in states.items()
        if state.standing is not Standing.DISABLED
    ]


def _check(workspace: int, state: CensusState) -> Check:
    place = f"contacts of workspace {workspace}"
    if state.standing is Standing.OFF:
        text = f"{place} are walked, since the census is off: {state.reason}"
        return Check("census", "note", f"{text}; `cfsync census enable` tries it again")
    if state.reason:
        return Check("census", "note", f"{place} were walked the last time: {state.reason}")
    if state.standing is Standing.UNPROVED:
        return Check("census", "note", f"{place}: the next sweep compares the census with a walk")
    text = f"{place}: {state.records:,} named at {state.read_at}, a walk agreed"
    return Check("census", "ok", f"{text} at {state.checked_at}")
