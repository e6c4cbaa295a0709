from __future__ import annotations

import pytest

from cfsync.sync.mass_limit import too_many


@pytest.mark.parametrize(
    ("missing", "rows", "held"),
    [
        (0, 0, False),
        (100, 1_000_000, False),
        (101, 1_000_000, True),
        (9, 9, False),
        (10, 10, True),
        (9, 100, False),
        (10, 199, True),
        (10, 200, False),
        (10, 0, True),
        (50, 1000, False),
        (51, 1000, True),
        (100, 2000, False),
        (100, 1999, True),
    ],
)
def test_more_than_a_hundred_or_a_twentieth_from_ten_on_are_too_many(
    missing: int, rows: int, held: bool
):
    assert too_many(missing, rows, max_count=100, max_fraction=0.05) is held


@pytest.mark.parametrize(("missing", "held"), [(0, False), (1, True), (9, True)])
def test_with_a_count_of_zero_every_missing_record_waits_for_a_human(missing: int, held: bool):
    assert too_many(missing, 1000, max_count=0, max_fraction=1.0) is held


@pytest.mark.parametrize(("missing", "held"), [(9, False), (10, True)])
def test_with_a_fraction_of_zero_ten_missing_records_wait_for_a_human(missing: int, held: bool):
    assert too_many(missing, 1000, max_count=100, max_fraction=0.0) is held


def test_with_a_fraction_of_one_only_the_count_stops_anything():
    assert not too_many(500, 500, max_count=500, max_fraction=1.0)
    assert too_many(501, 501, max_count=500, max_fraction=1.0)
