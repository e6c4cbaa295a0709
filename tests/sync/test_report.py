from __future__ import annotations

from typing import Any

import pytest

from cfsync.sync.report import Report


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({}, 0),
        ({"waiting": 1}, 5),
        ({"unreachable": ["orders/7"]}, 5),
        ({"unproved": ["orders/7"]}, 5),
        ({"state": "stopped"}, 4),
        ({"state": "stopped", "waiting": 1, "unreachable": ["orders/7"]}, 4),
        ({"state": "failed"}, 1),
        ({"state": "failed", "waiting": 1, "unreachable": ["orders/7"]}, 1),
        ({"requests": 9, "seconds": 1.5}, 0),
    ],
)
def test_the_exit_code_says_what_matters_most(facts: dict[str, Any], code: int):
    assert Report("pull", **facts).exit_code == code


def test_records_that_came_and_went_leave_the_exit_code_alone():
    report = Report("sweep")

    report.add("contacts", new=3, deleted=2)

    assert report.exit_code == 0


def test_counts_add_up_by_resource_and_in_all():
    report = Report("pull")

    report.add("contacts", new=2, changed=0, unchanged=5)
    report.add("contacts", new=1)
    report.add("orders", new=4)

    assert report.counts == {"contacts": {"new": 3, "unchanged": 5}, "orders": {"new": 4}}
    assert (report.total("new"), report.total("unchanged"), report.total("deleted")) == (7, 5, 0)


def test_a_pass_that_found_nothing_new_is_quiet():
    report = Report("pull", requests=12, seconds=0.5)

    report.add("contacts", new=0, unchanged=20)

    assert report.quiet


@pytest.mark.parametrize("news", ["new", "changed", "drift", "deleted", "held", "conflicts"])
def test_a_pass_that_did_something_is_not_quiet(news: str):
    report = Report("pull")

    report.add("contacts", unchanged=20, **{news: 1})

    assert not report.quiet


@pytest.mark.parametrize(
    "facts",
    [
        {"state": "stopped"},
        {"state": "failed"},
        {"unreachable": ["orders/7"]},
        {"unproved": ["orders/7"]},
        {"problems": ["contacts/7: ids out of order"]},
    ],
)
def test_a_pass_with_something_to_say_is_not_quiet(facts: dict[str, Any]):
    assert not Report("pull", **facts).quiet
