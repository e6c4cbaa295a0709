"""A mirror that was filled with fewer tables than the settings want now, as after an upgrade."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from cfsync.sync import health_facts
from cfsync.sync.inspection.status import status
from tests.sync.conftest import Round
from tests.sync.test_absent_lists import doctor

SIZES = {"bare": True, "workspaces": 1, "contacts": 3, "blogs": 2, "blog_posts": 3, "products": 2}

pytestmark = pytest.mark.parametrize("sizes", [SIZES], ids=["small"])


@pytest.fixture
def upgraded(round_: Round) -> Round:
    """Everything of the core is there, and the default is in force since."""
    round_.backfill()
    round_.clock.go_on(24 * 3600)
    round_.pull()
    del round_.settings["CFSYNC_API__MIRROR"]
    return round_


def announced(round_: Round, *names: str) -> list[str]:
    """The resources that a pull says are new."""
    with capture_logs() as logs:
        assert round_.pull(*names).exit_code == 0
    return [name for e in logs if e["event"] == "lists.added" for name in e["resources"]]


def test_the_next_pull_fills_the_new_lists_and_says_so_once(upgraded: Round) -> None:
    assert announced(upgraded, "contacts") == []

    added = announced(upgraded)

    assert {"blogs", "funnels", "discounts"} <= set(added)
    assert not {"contacts", "products", "blog_posts", "themes"} & set(added)
    assert upgraded.ids("blogs") == upgraded.world.ids("blogs", upgraded.workspace)
    assert len(upgraded.ids("blog_posts")) == 3
    assert announced(upgraded) == []


def test_what_the_account_does_not_have_is_not_said_to_be_new_again(upgraded: Round) -> None:
    upgraded.world.fault("status", status=403, path="/blogs", times=None)

    assert "blogs" in announced(upgraded)
    assert announced(upgraded) == []


def test_a_mirror_of_some_tables_is_told_nothing(round_: Round) -> None:
    del round_.settings["CFSYNC_API__MIRROR"]

    assert announced(round_) == []


def test_the_new_tables_count_as_neither_late_nor_wrong(upgraded: Round) -> None:
    settings = upgraded.configured()

    assert asyncio.run(health_facts.problems(upgraded.mirror, settings)) == []
    assert asyncio.run(status(upgraded.mirror, settings)).exit_code == 0
    assert {check.name for check in doctor(upgraded) if check.state == "todo"} == set()
