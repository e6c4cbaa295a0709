from __future__ import annotations

import pytest

from cfsync.mirror.progress.latency import LONGER_MS, UNMEASURED, count_by_class, quantile

NOW = "2026-01-02T00:00:10.000Z"


@pytest.mark.parametrize(
    ("updated_at", "bound"),
    [
        ("2026-01-02T00:00:10.000Z", 250),
        ("2026-01-02T00:00:09.750Z", 250),
        ("2026-01-02T00:00:09.749Z", 500),
        ("2026-01-01T23:59:10.000Z", 60_000),
        ("2026-01-02T00:00:12.000Z", 250),
        ("2025-01-02T00:00:10.000Z", LONGER_MS),
        (None, UNMEASURED),
    ],
)
def test_a_delay_belongs_to_the_class_that_it_just_fits_into(
    updated_at: str | None, bound: int
) -> None:
    assert count_by_class([updated_at], NOW) == {bound: 1}


@pytest.mark.parametrize(
    ("counts", "half", "most"),
    [
        ({}, None, None),
        ({UNMEASURED: 500}, None, None),
        ({250: 1}, 0.25, 0.25),
        ({250: 50, 1000: 50}, 0.25, 1.0),
        ({250: 98, 1000: 1, 60_000: 1, UNMEASURED: 10_000}, 0.25, 1.0),
        ({250: 97, 1000: 1, 60_000: 2}, 0.25, 60.0),
        ({250: 1, LONGER_MS: 9}, float("inf"), float("inf")),
    ],
)
def test_quantiles_are_bounds_of_classes(
    counts: dict[int, int], half: float | None, most: float | None
) -> None:
    assert (quantile(counts, 0.5), quantile(counts, 0.99)) == (half, most)
