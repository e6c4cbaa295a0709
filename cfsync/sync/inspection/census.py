"""How the census of contacts stands in each workspace."""

from __future__ import annotations

from collections.abc import Mapping

from cfsync.mirror.db.engine import Tx
from cfsync.mirror.lists import census_state
from cfsync.mirror.lists.census_state import CensusState, Standing
from cfsync.sync.inspection.probes import Check

States = Mapping[int, CensusState]
"""Workspace -> how its census stands."""


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
