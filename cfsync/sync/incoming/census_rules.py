"""When a census is read, and whether what it shows is believed. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from cfsync.config import Settings
from cfsync.mirror.lists.census import Differences
from cfsync.mirror.lists.census_explained import Explained
from cfsync.mirror.lists.census_state import CensusState, Standing
from cfsync.sync.mass_limit import too_many
from cfsync.times import seconds

FEW = 40
"""So many records may differ in any account: to read them again costs two requests."""
MANY = 100_000
"""More are never read one by one, so that memory stays flat."""
HIDDEN_SHARE = 20
"""One record of so many may be shown by the filter and left out by the list."""


class Way(StrEnum):
    """How a list is swept."""

    WALK = "walk"
    CENSUS = "census"
    BOTH = "both"
    """A walk, and then a census that must show the same."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A record as the list has just shown it."""

    created_at: str | None
    updated_at: str | None
    #: Whether its values tell why a filter leaves it out.
    may_lack: bool = False


def way_of(state: CensusState | None, settings: Settings, now: str) -> Way:
    """How to sweep the list of a workspace."""
    if state is None:
        return Way.BOTH if settings.census.create_filter else Way.WALK
    if state.standing in (Standing.OFF, Standing.DISABLED):
        return Way.WALK
    if state.standing is Standing.UNPROVED or state.checked_at is None:
        return Way.BOTH
    age = seconds(state.checked_at, now)
    return Way.CENSUS if 0 <= age < settings.census.check_every else Way.BOTH


def is_due(state: CensusState, settings: Settings, now: str) -> bool:
    """Whether a trusted census is to be read again between two sweeps."""
    if state.standing is not Standing.TRUSTED or state.read_at is None:
        return False
    age = seconds(state.read_at, now)
    return age < 0 or age >= settings.census.every


def most_to_read(rows: int) -> int:
    """From how many differing records on a walk costs less, or is safer."""
    return min(MANY, max(FEW, rows // 2))


def too_different(found: Differences, settings: Settings) -> str:
    """Why the list had better be walked; '' where the differing records can be read again."""
    if found.flawed:
        return f"{found.flawed} records came twice or without a time"
    limits = settings.deletions
    count, fraction = limits.max_count, limits.max_fraction
    unseen = len(found.unseen)
    if too_many(unseen, found.rows, max_count=count, max_fraction=fraction):
        return f"it lacks {unseen} records of the mirror, or more"
    if (lacking := len(found.lacking)) > most_to_read(found.rows):
        return f"it shows {lacking} records that the mirror doesn't have, or more"
    others = lacking + unseen + len(found.differing) + len(found.doubtful)
    if others > most_to_read(found.rows):
        return f"{others} records differ from the mirror, or more"
    return ""


def shown_by(found: Differences) -> list[int]:
    """The ids of the differing records that the census names."""
    return sorted({*found.lacking, *(d.id for d in found.differing), *found.doubtful})


def contradiction(found: Differences, listed: Mapping[int, Listed], since: str) -> str:
    """What the list, asked for the differing records, shows otherwise than the census; '': nothing.
    What was created or changed after `since` may not be in every answer yet.
    """
    lacked = [
        i
        for i in found.unseen
        if i in listed and not listed[i].may_lack and _is_before(listed[i].created_at, since)
    ]
    if lacked:
        return f"it lacks {len(lacked)} records that the list shows, such as {lacked[0]}"
    others = [
        d.id
        for d in found.differing
        if d.id in listed and listed[d.id].updated_at == d.here and _is_before(d.there, since)
    ]
    if others:
        return f"it shows another updated_at of {len(others)} records, such as {others[0]}"
    hidden = [*(i for i in found.lacking if i not in listed), *found.explained.filter_only]
    if len(hidden) > FEW + found.rows // HIDDEN_SHARE:
        return f"it shows {len(hidden)} records that the list leaves out, such as {hidden[0]}"
    return ""


def explained(
    found: Differences, listed: Mapping[int, Listed], gone: Collection[int], since: str
) -> Explained:
    """The records that the next census need not look at again, unless they change. `gone`: those
    that were gone when they were read by themselves. A list may not show yet what was changed
    after `since`.
    """
    hidden = {
        i: time
        for i in found.lacking
        if (time := found.times.get(i)) is not None
        and time < since
        and i not in listed
        and i not in gone
    }
    lacked = {
        i: time
        for i in found.unseen
        if i in listed and listed[i].may_lack and (time := listed[i].updated_at) is not None
    }
    known = found.explained
    return Explained({**known.filter_only, **hidden}, {**known.list_only, **lacked})


def _is_before(time: str | None, since: str) -> bool:
    return time is None or time < since
