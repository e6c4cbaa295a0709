"""The time series: passes add to their five minutes; old ones become days; older ones go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cfsync.mirror.db.engine import Mirror
from cfsync.mirror.progress import samples
from cfsync.mirror.progress.runs import End, PassName, RunState, begin, save
from cfsync.mirror.progress.samples import DAY, MINUTES, SEVERAL, STATE, Sample, of_pass, span

Write = Callable[..., Any]

NOON = "2026-03-04T12:03:59.999Z"


@pytest.mark.parametrize(
    ("at", "minutes", "begin"),
    [
        (NOON, MINUTES, "2026-03-04T12:00:00.000Z"),
        ("2026-03-04T12:05:00.000Z", MINUTES, "2026-03-04T12:05:00.000Z"),
        ("2026-03-04T23:59:59.999Z", MINUTES, "2026-03-04T23:55:00.000Z"),
        (NOON, DAY, "2026-03-04T00:00:00.000Z"),
    ],
)
def test_a_time_is_in_one_span(at: str, minutes: int, begin: str) -> None:
    assert span(at, minutes) == begin


def test_a_pass_over_several_resources_counts_its_requests_once() -> None:
    counts = {"contacts": {"new": 2, "unchanged": 9}, "orders": {"unchanged": 5}}

    found = of_pass(NOON, "pull", None, counts, passes=1, requests=7)

    assert [(s.resource, s.passes, s.requests, s.news) for s in found] == [
        (SEVERAL, 1, 7, 0),
        ("contacts", 0, 0, 2),
    ]


def test_a_pass_of_one_resource_is_one_row() -> None:
    counts = {"contacts": {"changed": 1, "drift": 2, "deleted": 3, "held": 9}}

    (found,) = of_pass(NOON, "sweep", "contacts", counts, passes=1)

    assert (found.resource, found.news, found.sent) == ("contacts", 6, 0)


def test_what_a_push_sent_is_no_news() -> None:
    (found,) = of_pass(NOON, "push", "contacts", {"contacts": {"sent": 4, "created": 4}}, passes=1)

    assert (found.sent, found.news) == (4, 0)


def test_passes_of_the_same_five_minutes_are_added_up(mirror: Mirror, write: Write) -> None:
    for quiet, state in ((False, RunState.DONE), (True, RunState.DONE), (True, RunState.FAILED)):
        counts = {} if quiet else {"contacts": {"new": 2}}
        run = begin(PassName.PULL, "contacts", NOON)
        write(save, run, End(state, 3, counts, None), quiet=quiet)

    assert _sums(write) == (1, 1, 1, 9, 2)


def _sums(write: Write) -> tuple[int, ...]:
    found = write(samples.find, "2000-01-01T00:00:00.000Z")
    names = ("passes", "quiet", "failed", "requests", "news")
    return tuple(sum(getattr(s, name) for s in found) for name in names)


def test_two_daemons_add_to_one_row(write: Write) -> None:
    at = span(NOON)
    write(samples.add, [Sample(at, MINUTES, SEVERAL, STATE, lag_s=90, open_edits=None, p50_ms=5)])
    write(samples.add, [Sample(at, MINUTES, SEVERAL, STATE, lag_s=30, open_edits=4)])

    (found,) = write(samples.find, at)

    assert (found.lag_s, found.open_edits, found.p50_ms) == (90, 4, 5)


def test_after_two_weeks_a_day_is_one_row_for_each_lane(
    write: Write, clock: Any, mirror: Mirror
) -> None:
    begin = write(lambda tx: span(tx.now, DAY))
    for hour in (1, 2, 3):
        at = begin.replace("T00:", f"T0{hour}:")
        pull = Sample(at, MINUTES, "contacts", "pull", passes=1, requests=5, news=hour)
        state = Sample(at, MINUTES, "contacts", STATE, lag_s=60 * hour, p50_ms=100 * hour)
        write(samples.add, [pull, state])

    while write(samples.tidy):
        pass
    assert len(write(samples.find, begin)) == 6  # they are young

    clock.go_on(16 * 86_400)
    assert write(samples.tidy)
    assert not write(samples.tidy)

    state, pull = write(samples.find, begin, DAY)
    assert write(samples.find, begin) == []
    assert (pull.at, pull.passes, pull.requests, pull.news) == (begin, 3, 15, 6)
    assert (state.lag_s, state.p50_ms) == (180, 200)


def test_a_day_is_kept_for_a_year(write: Write, clock: Any) -> None:
    begin = write(lambda tx: span(tx.now, DAY))
    days = [Sample(begin, DAY, f"r{i}", "pull", passes=1) for i in range(samples.BATCH + 1)]
    write(samples.add, days)

    clock.go_on(364 * 86_400)
    assert not write(samples.tidy)
    assert len(write(samples.find, begin, DAY)) == samples.BATCH + 1

    clock.go_on(2 * 86_400)
    assert write(samples.tidy)  # there is more
    assert not write(samples.tidy)
    assert write(samples.find, begin, DAY) == []


def test_a_sample_that_comes_late_is_added_to_its_day(write: Write, clock: Any) -> None:
    begin = write(lambda tx: span(tx.now, DAY))
    clock.go_on(16 * 86_400)
    for _ in range(2):
        write(samples.add, [Sample(begin, MINUTES, "contacts", "pull", passes=1)])
        write(samples.tidy)

    (found,) = write(samples.find, begin, DAY)
    assert found.passes == 2
