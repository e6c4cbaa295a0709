"""When a census is read and believed: pure decisions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cfsync.config import load
from cfsync.mirror.lists.census import Differences, Differing
from cfsync.mirror.lists.census_explained import Explained
from cfsync.mirror.lists.census_state import CensusState, Standing
from cfsync.resources import RESOURCES
from cfsync.sync.incoming.census_rules import (
    FEW,
    Listed,
    Way,
    contradiction,
    explained,
    is_due,
    too_different,
    way_of,
)

OLD, SINCE, NOW = (f"2026-01-{day}T00:00:00.000Z" for day in ("01", "09", "10"))
SETTINGS = load(environ={})
MAKING = load(environ={"CFSYNC_CENSUS__CREATE_FILTER": "true"})
TRUSTED = CensusState(Standing.TRUSTED, checked_at=SINCE, read_at=SINCE)
NONE = Differences(1000, 0, [], [], [], [])


@pytest.mark.parametrize(
    ("state", "settings", "way"),
    [
        (None, SETTINGS, Way.WALK),
        (None, MAKING, Way.BOTH),
        (CensusState(Standing.UNPROVED), SETTINGS, Way.BOTH),
        (TRUSTED, SETTINGS, Way.CENSUS),
        (replace(TRUSTED, checked_at=OLD), SETTINGS, Way.BOTH),
        (replace(TRUSTED, checked_at="2026-02-01T00:00:00.000Z"), SETTINGS, Way.BOTH),
        (replace(TRUSTED, standing=Standing.OFF), MAKING, Way.WALK),
        (replace(TRUSTED, standing=Standing.DISABLED), MAKING, Way.WALK),
    ],
)
def test_how_a_list_is_swept(state: CensusState | None, settings: Any, way: Way) -> None:
    assert way_of(state, settings, NOW) is way


@pytest.mark.parametrize(
    ("state", "due"),
    [
        (TRUSTED, True),
        (replace(TRUSTED, read_at="2026-01-09T23:00:00.000Z"), False),
        (replace(TRUSTED, read_at="2026-02-01T00:00:00.000Z"), True),
        (replace(TRUSTED, standing=Standing.UNPROVED), False),
    ],
)
def test_when_it_is_read_between_two_sweeps(state: CensusState, due: bool) -> None:
    assert is_due(state, SETTINGS, NOW) is due


@pytest.mark.parametrize(
    ("found", "word"),
    [
        (NONE, ""),
        (replace(NONE, lacking=[*range(500)]), ""),
        (replace(NONE, lacking=[*range(501)]), "doesn't have"),
        (replace(NONE, differing=[Differing(i, OLD, NOW) for i in range(501)]), "differ"),
        (replace(NONE, unseen=[*range(50)]), ""),
        (replace(NONE, unseen=[*range(101)]), "lacks"),
        (replace(NONE, rows=0, lacking=[*range(FEW)]), ""),
        (replace(NONE, flawed=1), "twice"),
    ],
)
def test_many_differences_are_for_a_walk(found: Differences, word: str) -> None:
    reason = too_different(found, SETTINGS)

    assert word in reason
    assert bool(word) is bool(reason)


OTHER = Differing(7, OLD, "2026-01-02T00:00:00.000Z")
YOUNG = Differing(7, OLD, NOW)


@pytest.mark.parametrize(
    ("found", "listed", "word"),
    [
        (replace(NONE, unseen=[7]), {}, ""),
        (replace(NONE, unseen=[7]), {7: Listed(OLD, OLD)}, "lacks 1 records"),
        (replace(NONE, unseen=[7]), {7: Listed(NOW, NOW)}, ""),
        (replace(NONE, unseen=[7]), {7: Listed(OLD, OLD, may_lack=True)}, ""),
        (replace(NONE, differing=[OTHER]), {7: Listed(OLD, OTHER.there)}, ""),
        (replace(NONE, differing=[OTHER]), {7: Listed(OLD, OLD)}, "another updated_at"),
        (replace(NONE, differing=[YOUNG]), {7: Listed(OLD, OLD)}, ""),
        (replace(NONE, differing=[OTHER]), {}, ""),
        (replace(NONE, lacking=[*range(90)]), {}, ""),
        (replace(NONE, lacking=[*range(91)]), {}, "leaves out"),
        (replace(NONE, lacking=[*range(91)]), {1: Listed(OLD, OLD)}, ""),
        (replace(NONE, explained=Explained(dict.fromkeys(range(91), OLD))), {}, "leaves out"),
    ],
)
def test_what_the_list_shows_otherwise(
    found: Differences, listed: dict[int, Listed], word: str
) -> None:
    reason = contradiction(found, listed, SINCE)

    assert word in reason
    assert bool(word) is bool(reason)


def test_what_is_remembered_is_old_and_there_and_has_a_reason() -> None:
    """A row with a tombstone (4) is not: a person may still decide about it."""
    shown = replace(
        NONE,
        lacking=[1, 2, 3],
        doubtful=[4],
        times={1: OLD, 2: NOW, 3: OLD, 4: OLD},
        unseen=[5, 6],
        explained=Explained({8: OLD}, {9: OLD}),
    )
    listed = {5: Listed(OLD, OLD, may_lack=True), 6: Listed(NOW, NOW)}

    found = explained(shown, listed, {3}, SINCE)

    assert found == Explained(dict.fromkeys([1, 8], OLD), dict.fromkeys([5, 9], OLD))


@pytest.mark.parametrize(
    ("values", "may_lack"),
    [
        ({"anonymous": 1}, True),
        ({"anonymous": 0}, False),
        ({"first_name": "REDACTED"}, True),
        ({"first_name": "Ada"}, False),
    ],
)
def test_which_contacts_a_filter_may_leave_out(values: dict[str, Any], may_lack: bool) -> None:
    assert RESOURCES["contacts"].is_unfiltered(values) is may_lack
