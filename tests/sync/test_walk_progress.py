"""How far a walk is, how fast, and how long it still takes."""

from __future__ import annotations

from cfsync.records import Listing
from cfsync.sync.walk_progress import Walks

CONTACTS, MORE = Listing("contacts", 1, 1), Listing("contacts", 2, 2)


def test_a_walk_tells_its_rate_and_the_time_that_is_left() -> None:
    now = [100.0]
    walks = Walks(lambda: now[0])
    walk = walks.begin("pull", "contacts")
    assert walks.states == []

    walk.at(CONTACTS, records=0, fraction=0.25)  # an earlier pass had read a quarter
    now[0] += 10.0
    walk.at(CONTACTS, records=3_000, fraction=0.5)

    (state,) = walks.states
    assert (state.records, state.fraction, state.per_second) == (3_000, 0.5, 300.0)
    assert state.left_s == 20.0


def test_the_lists_of_several_workspaces_are_one_walk() -> None:
    now = [0.0]
    walks = Walks(lambda: now[0])
    walk = walks.begin("sweep", "contacts")
    walk.begin({"contacts": 2}, {})
    walk.at(CONTACTS, records=100, fraction=0.0)
    walk.at(MORE, records=50, fraction=0.5)
    walk.walked(CONTACTS)

    (state,) = walks.states
    assert (state.records, state.fraction) == (150, 0.75)


def test_what_has_no_known_end_has_no_time_left_and_what_ended_is_gone() -> None:
    walks = Walks(lambda: 0.0)
    walk = walks.begin("sweep", "contacts")
    walk.at(CONTACTS, records=100, fraction=0.0)  # a census

    (state,) = walks.states
    assert (state.fraction, state.left_s) == (None, None)
    walks.end("sweep", "contacts")
    assert walks.states == []
