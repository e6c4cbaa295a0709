"""The learned rate: how it starts, falls, rises and is shared."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from cfsync.api.rate import Rate
from cfsync.api.share import fair_share
from cfsync.api.window import Window
from tests.load import Load, TokenBucket


def never(now: float) -> bool:
    return False


def always(now: float) -> bool:
    return True


def wide() -> Window:
    """One that is never in the way."""
    window = Window(1000)
    for _ in range(2000):
        window.answered(took=0.1)
    return window


def steady(rate: Rate, *, learned: float = 40.0) -> Rate:
    rate.restore({"rate": learned, "learned": learned})
    return rate


def test_an_idle_budget_lets_the_first_handful_go_at_once():
    rate = Rate(ceiling=1000.0)

    for _ in range(10):
        assert rate.delay(0.0) == 0.0
        rate.sent(0.0)

    assert rate.delay(0.0) == pytest.approx(0.1)


def test_it_starts_at_ten_a_second_and_doubles_every_second():
    load = Load(Rate(ceiling=1000.0), never).run(4.0, wide())

    assert [load.sent_in(s, s + 1) for s in range(4)] == pytest.approx([20, 20, 40, 80], abs=2)


def test_without_a_ceiling_the_connections_alone_bound_the_start():
    load = Load(Rate(), never, latency=0.05).run(2.0)

    assert load.sent_in(0.0, 0.5) > 0.5 * 16 / 0.05 / 2
    assert load.sent_in(0.5, 1.5) == pytest.approx(16 / 0.05, rel=0.1)


def test_a_limit_that_was_just_tried_by_another_process_is_not_tried_again():
    old, new = Rate(), Rate()
    old.restore({"rate": 40.0, "learned": 40.0}, now=0.0, age=700.0)
    new.restore({"rate": 40.0, "learned": 40.0}, now=0.0, age=100.0)

    for rate in (old, new):
        Load(rate, never).run(5.0)

    assert old.state()["learned"] == 42.0
    assert new.state()["learned"] == 40.0


@pytest.mark.parametrize("latency", [0.001, 0.02, 0.05])
def test_the_first_429_without_a_ceiling_finds_half_of_the_connections_under_way(latency: float):
    load = Load(Rate(), TokenBucket(50.0, 10.0), latency=latency).run(0.45)

    assert 1 <= len(load.refused) <= 8
    assert load.rate.per_second in (20.0, 40.0), "the search has begun"


@pytest.mark.parametrize("latency", [0.001, 0.006, 0.02, 0.03])
def test_a_walk_of_a_thousand_requests_takes_hardly_longer_than_the_limit_allows(latency: float):
    server = TokenBucket(50.0, 10.0)

    load = Load(Rate(), server, latency=latency).run(21.1)

    assert server.passed >= 1000
    assert len(load.refused) <= 10


def test_the_ceiling_is_never_exceeded():
    load = Load(Rate(ceiling=25.0), never).run(10.0)

    assert load.rate.per_second == 25.0
    assert max(load.sent_in(s, s + 1) for s in range(1, 9)) <= 26


def test_a_ceiling_below_the_start_counts_from_the_first_request():
    load = Load(Rate(ceiling=2.0), never).run(10.0)

    assert len(load.sent) <= 22


def test_a_rate_that_nobody_uses_does_not_grow():
    rate = Rate(ceiling=1000.0)

    for second in range(100):
        rate.delay(float(second))

    assert rate.per_second == 10.0


def test_idle_time_saves_up_a_handful_and_no_more():
    rate = steady(Rate())
    rate.delay(0.0)

    load = Load(rate, never)
    load.now = 3600.0
    load.run(3600.5, wide())

    assert len(load.sent) == pytest.approx(10 + 20, abs=1)


def test_a_429_takes_the_rate_to_nine_tenths_of_what_was_achieved():
    rate = steady(Rate())
    Load(rate, never).run(10.0)

    rate.limited(10.0)

    assert rate.per_second == pytest.approx(0.9 * 40.0, abs=1)


def test_it_falls_at_most_once_in_two_seconds():
    rate = steady(Rate())
    Load(rate, never).run(10.0)

    for late in (0.0, 0.1, 0.5, 1.9):
        rate.limited(10.0 + late)

    assert rate.per_second == pytest.approx(0.9 * 40.0, abs=1)


def test_it_is_halved_where_429s_go_on():
    rate = steady(Rate())
    Load(rate, never).run(10.0)
    rate.limited(10.0)

    for n in range(25):
        rate.limited(10.0 + n / 10)

    assert rate.per_second == pytest.approx(0.9 * 40.0 / 2, abs=1)


def test_a_429_of_a_quiet_budget_is_no_reason_to_crawl():
    rate = Rate(ceiling=1000.0)
    rate.sent(0.0)
    rate.answered(0.1)

    rate.limited(0.2)

    assert rate.per_second == 5.0


def test_a_429_after_an_idle_moment_is_outlived():
    rate = steady(Rate())
    load = Load(rate, never).run(20.0)
    rate.limited(25.0)

    load.now = 30.0
    load.run(60.0)

    assert rate.per_second > 25.0


def test_a_429_while_little_is_sent_is_no_limit_learned():
    rate, now = steady(Rate()), 0.0
    while (now := now + 0.05) < 20.0:
        rate.delay(now)
        rate.sent(now)
        rate.answered(now)
    rate.limited(now)
    assert rate.per_second < 20.0

    load = Load(rate, never)
    load.now = now
    load.run(30.0, wide())

    assert rate.per_second > 35.0


def test_however_many_429s_come_something_is_left():
    load = Load(Rate(), always).run(300.0)

    assert load.rate.per_second == 0.5


def test_it_recovers_when_429s_end():
    load = Load(Rate(), lambda now: now < 60.0).run(60.0)

    load.run(90.0)

    assert load.rate.per_second > 40.0


def test_retry_after_stops_everybody_that_long():
    rate = steady(Rate())
    rate.delay(0.0)

    rate.limited(0.0, retry_after=5.0)

    assert rate.delay(1.0) == pytest.approx(4.0)
    assert rate.delay(5.1) == 0.0


@pytest.mark.parametrize("ceiling", [0.0, 50.0])
@pytest.mark.parametrize("latency", [0.02, 0.3])
@pytest.mark.parametrize("retry_after", [1.0, 5.0])
def test_a_server_that_always_names_a_pause_is_learned_too(
    ceiling: float, latency: float, retry_after: float
):
    server = TokenBucket(20.0, 10.0)
    load = Load(Rate(ceiling=ceiling), server, latency=latency, retry_after=retry_after).run(60.0)
    passed, refused = server.passed, len(load.refused)

    load.run(180.0)

    assert server.passed - passed >= 0.92 * 20 * 120
    assert len(load.refused) - refused < 0.01 * 20 * 120


def test_a_pause_saves_up_nothing():
    rate = steady(Rate())
    rate.delay(0.0)
    rate.limited(0.0, retry_after=5.0)

    load = Load(rate, never)
    load.now = 5.0
    load.run(5.5, wide())

    assert len(load.sent) <= rate.per_second / 2 + 1


def test_the_reserve_is_taken_from_a_learned_rate_alone():
    rate = Rate(ceiling=1000.0, reserve=0.1)
    assert rate.per_second == 10.0

    steady(rate, learned=40.0)

    assert rate.per_second == 36.0


def test_the_learned_limit_is_tried_after_ten_minutes_and_on_while_it_holds():
    load = Load(steady(Rate(), learned=10.0), never)
    load.run(10.0)
    load.rate.limited(10.0)

    load.run(600.0)
    before = load.rate.per_second
    load.run(618.0)
    tried = load.rate.per_second
    load.run(660.0)

    assert before == pytest.approx(9.7, abs=0.5)
    assert tried == pytest.approx(before * 1.05, rel=0.01)
    assert load.rate.per_second > before * 1.2


def test_state_survives_a_restart():
    first = steady(Rate(reserve=0.1), learned=30.0)
    second = Rate(reserve=0.1)

    second.restore(first.state())

    assert second.state() == first.state() == {"rate": 30.0, "learned": 30.0}
    assert second.per_second == 27.0


def test_a_rate_that_was_kept_before_the_limit_was_met_again_goes_on_growing():
    first = Load(Rate(), TokenBucket(50.0, 10.0)).run(1.0)
    assert len(first.refused) > 0
    assert first.rate.state()["learned"] == 0
    second = Rate()
    second.restore(first.rate.state())

    Load(second, TokenBucket(50.0, 10.0)).run(20.0)

    assert second.per_second == pytest.approx(50.0, rel=0.1)


@pytest.mark.parametrize(
    ("limit", "others", "share"),
    [
        (50.0, [], 50.0),
        (50.0, [0.0], 50.0),
        (50.0, [10.0], 40.0),
        (50.0, [24.0], 25.0),
        (50.0, [50.0], 25.0),
        (60.0, [0.0, 60.0], 30.0),
        (60.0, [10.0, 60.0], 25.0),
        (60.0, [60.0, 60.0], 20.0),
        (60.0, [5.0, 0.0, 10.0], 45.0),
    ],
)
def test_a_process_takes_what_the_others_leave_and_never_less_than_an_equal_part(
    limit: float, others: list[float], share: float
):
    assert fair_share(limit, others) == pytest.approx(share)


@pytest.mark.parametrize("burst", [10, 25, 50, 100])
@pytest.mark.parametrize("latency", [0.02, 0.25])
@pytest.mark.parametrize("ceiling", [0.0, 50.0])
def test_a_limit_of_fifty_a_second_is_used_and_not_abused(
    burst: float, latency: float, ceiling: float
):
    server = TokenBucket(50.0, burst)

    load = Load(Rate(ceiling=ceiling), server, latency=latency).run(60.0)

    assert server.passed >= 0.92 * 50 * 60
    assert len(load.refused) < 0.01 * len(load.sent)


def test_a_limit_that_shrinks_and_grows_is_followed():
    server = TokenBucket(50.0, 10.0)
    load = Load(Rate(), server).run(60.0)
    server.per_second = 15.0
    load.run(120.0)

    assert load.rate.per_second == pytest.approx(15.0, abs=1.5)

    server.per_second = 50.0
    load.run(120.0 + 600.0 + 300.0)

    assert load.rate.per_second == pytest.approx(50.0, rel=0.1)


def test_a_limit_that_is_steady_is_tried_every_ten_minutes_and_no_more():
    server = TokenBucket(50.0, 10.0)
    load = Load(Rate(), server).run(60.0)
    refused = len(load.refused)

    load.run(60.0 + 3600.0)

    assert 1 <= len(load.refused) - refused <= 6 * 6


class Random429s:
    """Refuses a part of the requests at random, besides what `limit` refuses."""

    def __init__(self, part: float, limit: Callable[[float], bool] = never) -> None:
        self.part, self.limit = part, limit
        self._random = Random(3)

    def __call__(self, now: float) -> bool:
        return self._random.random() < self.part or self.limit(now)


@pytest.mark.parametrize("ceiling", [50.0, 20.0])
@pytest.mark.parametrize("latency", [0.05, 0.2])
def test_429s_that_come_at_random_teach_no_limit(ceiling: float, latency: float):
    load = Load(Rate(ceiling=ceiling), Random429s(0.02), latency=latency).run(300.0)

    assert load.sent_in(60.0, 300.0) > 0.75 * 240 * ceiling


def test_a_limit_is_found_among_429s_that_come_at_random():
    limit = TokenBucket(20.0, 5.0)
    load = Load(Rate(ceiling=50.0), Random429s(0.02, limit)).run(300.0)

    assert limit.passed > 0.6 * 300 * 20
    assert len(load.refused) < 0.1 * len(load.sent)
