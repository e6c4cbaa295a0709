"""Where a pull may end, and what it remembers: the rule for records that become visible late."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cfsync.mirror.progress.checkpoints import Checkpoint
from cfsync.records import Page, Record
from cfsync.sync.incoming.watermark import APART_S, ended, floor_of, is_to_drop, newest, settled
from cfsync.times import AHEAD_S, time_text

START = datetime(2025, 5, 21, 12, tzinfo=UTC)
OVERLAP = 120


def at(seconds: float) -> str:
    return time_text(START + timedelta(seconds=seconds))


def place(
    watermark: float | None, *, seen: float | None, began: float | None, pending: str | None = None
) -> Checkpoint:
    times = [None if t is None else at(t) for t in (watermark, seen, began)]
    known = dict(zip(("watermark", "seen_at", "began_at"), times, strict=True))
    return Checkpoint(
        "contacts", 7, "pull", pending=pending, cursor=5 if pending else None, **known
    )


@pytest.mark.parametrize(
    ("seen", "began", "floor"),
    [
        (0, 0, "2025-05-21T11:58:00.000Z"),
        (0, 119.999, "2025-05-21T11:58:00.000Z"),
        (0, 120, "2025-05-21T12:00:00.000Z"),
        (0, 120.001, "2025-05-21T12:00:00.000Z"),
        (60, 179, "2025-05-21T11:58:00.000Z"),
        (60, 180, "2025-05-21T12:00:00.000Z"),
        (60, 0, "2025-05-21T11:58:00.000Z"),
    ],
)
def test_a_walk_looks_behind_a_young_watermark(seen: float, began: float, floor: str):
    checkpoint = place(0, seen=seen, began=began)

    assert floor_of(checkpoint, OVERLAP) == floor
    assert settled(checkpoint, OVERLAP) is (floor == at(0))


def test_without_an_overlap_every_watermark_is_settled():
    assert floor_of(place(0, seen=0, began=0), 0) == "2025-05-21T12:00:00.000Z"


@pytest.mark.parametrize(
    "checkpoint",
    [
        place(None, seen=None, began=None),
        place(None, seen=None, began=0),
        place(0, seen=None, began=0),
        place(0, seen=0, began=None),
    ],
)
def test_where_no_watermark_is_known_the_walk_goes_to_the_end(checkpoint: Checkpoint):
    assert floor_of(checkpoint, OVERLAP) is None
    assert not settled(checkpoint, OVERLAP)


@pytest.mark.parametrize(
    ("watermark", "pending", "after", "seen"),
    [
        (0, 5, 5, 220),
        (0, 0, 0, 10),
        (0, -5, 0, 10),
        (0, None, 0, 10),
        (None, 5, 5, 220),
        (None, None, None, 10),
    ],
)
def test_the_watermark_never_goes_back(
    watermark: float | None, pending: float | None, after: float | None, seen: float
):
    start = place(watermark, seen=10, began=10)

    checkpoint = ended(
        start, pending=None if pending is None else at(pending), began_at=at(200), now=at(220)
    )

    expected = place(after, seen=seen, began=200)
    assert checkpoint == replace(expected, done_at=at(220))


def test_a_walk_that_was_taken_up_again_settles_nothing():
    start = place(0, seen=0, began=10, pending=at(0))

    checkpoint = ended(start, pending=at(0), began_at=at(500), now=at(501))

    assert checkpoint == replace(place(0, seen=0, began=10), done_at=at(501))


@dataclass(frozen=True)
class Late:
    """A record: when it is stamped, and when lists begin to show it, in seconds."""

    stamp: int
    visible: int


@dataclass(frozen=True)
class Pass:
    """How long after the last one it begins, how long its first page and the rest take, and
    whether it is stopped between the two and taken up again so much later.
    """

    gap: int
    first_page: int
    rest: int
    stopped_for: int | None = None


class List:
    """A list that is pulled. ClickFunnels' clock and the mirror's differ by `skew` seconds."""

    def __init__(self, records: list[Late], *, skew: int) -> None:
        self.records = records
        self.skew = skew
        self.found: set[Late] = set()
        self.time = 0
        first = self.shown(None)
        self.found |= set(first)
        newest = max((r.stamp for r in first), default=None)
        now = self.time + skew
        seen = None if newest is None else now
        self.checkpoint = place(newest, seen=seen, began=now)

    def shown(self, floor: str | None) -> list[Late]:
        """What a list shows now and a walk down to its floor reads, newest first."""
        shown = [r for r in self.records if r.visible <= self.time]
        newer = [r for r in shown if floor is None or at(r.stamp) > floor]
        return sorted(newer, key=lambda r: -r.stamp)

    def run(self, one: Pass) -> None:
        """A pass: a first page of two records, and later, perhaps in another run, the rest."""
        self.time += one.gap
        start, began = self.checkpoint, self.time + self.skew
        floor = floor_of(start, OVERLAP)
        self.time += one.first_page
        first, more = self.shown(floor)[:2], self.shown(floor)[2:]
        pending = at(first[0].stamp) if first else None
        self.time += one.rest
        if one.stopped_for is not None and first:
            self.time += one.stopped_for
            start, began = replace(start, pending=pending, cursor=1), self.time + self.skew
            more = self.shown(floor)
        self.found |= {
            *first,
            *(r for r in self.shown(floor) if more and r.stamp < first[-1].stamp),
        }
        self.checkpoint = ended(
            start, pending=pending, began_at=at(began), now=at(self.time + self.skew)
        )


lates = st.builds(
    lambda stamp, late: Late(stamp, stamp + late),
    st.integers(-300, 900),
    st.integers(0, OVERLAP) | st.sampled_from([0, OVERLAP]),
)
seconds = st.integers(0, 200) | st.sampled_from([0, 1, OVERLAP])
passes = st.builds(
    Pass, gap=seconds, first_page=seconds, rest=seconds, stopped_for=st.none() | seconds
)


@settings(max_examples=200, deadline=None, database=None)
@given(
    st.lists(lates, max_size=8, unique_by=lambda r: r.stamp),
    st.lists(passes, max_size=8),
    st.sampled_from([-3600, 0, 3600]),
)
def test_no_record_is_missed_that_becomes_visible_within_the_overlap(
    records: list[Late], runs: list[Pass], skew: int
):
    pulled = List(records, skew=skew)

    for one in [*runs, Pass(2000, 0, 0), Pass(2000, 0, 0)]:
        before = pulled.checkpoint.watermark or ""
        pulled.run(one)
        assert (pulled.checkpoint.watermark or "") >= before

    assert pulled.found == set(records)
    assert not records or floor_of(pulled.checkpoint, OVERLAP) == at(max(r.stamp for r in records))


def test_a_slow_first_page_is_no_reason_to_settle_early():
    pulled = List([Late(-200, -200), Late(98, 217), Late(99, 99)], skew=0)

    for one in [Pass(1, 99, 0), Pass(21, 0, 0), Pass(200, 0, 0)]:
        pulled.run(one)

    assert pulled.found == {Late(-200, -200), Late(98, 217), Late(99, 99)}


def test_a_stopped_pass_is_no_reason_to_settle_early():
    pulled = List([Late(-2, 0), Late(-1, 119), Late(0, 0)], skew=0)

    for one in [Pass(10, 0, 0, stopped_for=190), Pass(100, 0, 0)]:
        pulled.run(one)

    assert pulled.found == {Late(-2, 0), Late(-1, 119), Late(0, 0)}


def test_the_pass_after_the_settling_one_ends_at_the_watermark():
    pulled = List([Late(0, 0)], skew=0)

    floors = []
    for gap in (60, 59, 1, 60):
        floors.append(floor_of(pulled.checkpoint, OVERLAP))
        pulled.run(Pass(gap, 0, 0))

    assert floors == [at(-120), at(-120), at(-120), at(0)]


def page(*times: float | None) -> Page:
    records = [
        Record("contacts", i, None if t is None else at(t), {}, "{}") for i, t in enumerate(times)
    ]
    return Page(tuple(records), None)


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ((), None),
        ((None,), None),
        ((AHEAD_S, 0), at(AHEAD_S)),
        ((AHEAD_S + 1, 0), at(0)),
        ((1e9, None, -5), at(-5)),
        ((1e9,), None),
    ],
)
def test_a_time_in_the_future_is_no_watermark(
    times: tuple[float | None, ...], expected: str | None
):
    assert newest(page(*times), at(0)) == expected


@pytest.mark.parametrize(
    ("server", "mirror", "is_future"),
    [
        (0, 0, False),
        (-3600, 0, False),
        (0, -3600, False),
        (-AHEAD_S - 1, -AHEAD_S - 1, True),
        (2 * APART_S, -3600, True),
        (-2 * APART_S, 0, True),
        (0, -2 * APART_S, True),
    ],
)
def test_a_watermark_is_dropped_where_it_is_ahead_of_the_clocks(
    server: float, mirror: float, is_future: bool
):
    answer = replace(page(), at=at(server))

    assert is_to_drop(at(0), answer, at(mirror)) is is_future


@pytest.mark.parametrize(
    ("server", "expected"), [(3600, at(3600)), (APART_S, at(APART_S)), (1e9, at(0)), (-1e9, None)]
)
def test_the_servers_clock_is_believed_up_to_a_day_from_the_mirrors(
    server: float, expected: str | None
):
    answer = replace(page(0, 3600, APART_S, 1e9), at=at(server))

    assert newest(answer, at(0)) == expected
