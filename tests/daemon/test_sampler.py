"""What a daemon writes down every five minutes of how the lists stand."""

from __future__ import annotations

from cfsync.daemon.health.sampler import by_resource, since, state_samples
from cfsync.mirror.progress.samples import SEVERAL
from cfsync.sync.health_facts import HealthFacts
from cfsync.sync.health_rule import PullAge

NOW = "2026-03-04T12:03:59.999Z"
AGES = {
    "contacts": PullAge(30.4, 500.0),
    "orders": PullAge(4000.0, -10.0),
    "forms": PullAge(90.0, 500.0),
    "images": PullAge(None, 0.0),
}
FACTS = HealthFacts(NOW, AGES, [], "", 0)


def test_lists_with_something_to_tell_have_a_row():
    found = state_samples(FACTS, AGES, {"forms": 3}, {"contacts": {250: 3, 1000: 1}})

    assert [(s.resource, s.lag_s, s.open_edits, s.p50_ms) for s in found] == [
        (SEVERAL, 4000, 3, 250),
        ("contacts", 30, 0, 250),
        ("orders", 4000, 0, None),
        ("forms", 90, 3, None),
    ]


def test_a_daemon_tells_of_its_own_lists_only():
    found = state_samples(FACTS, ["contacts"], {"forms": 3}, {})

    assert [(s.resource, s.lag_s, s.open_edits) for s in found] == [(SEVERAL, 30, 0)]


def test_a_mirror_that_was_never_pulled_has_no_lag():
    facts = HealthFacts(NOW, {"images": PullAge()}, [], "", 0)

    (found,) = state_samples(facts, ["images"], {}, {})

    assert (found.lag_s, found.open_edits) == (None, 0)


def test_what_was_found_between_two_counts():
    before = by_resource({"contacts": {"pull": {250: 5}, "events": {250: 1}}})
    now = by_resource({"contacts": {"pull": {250: 5, 500: 2}, "events": {250: 4}}, "orders": {}})

    assert since(before, now) == {"contacts": {250: 3, 500: 2}, "orders": {}}
