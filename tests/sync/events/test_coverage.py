"""Pulls are stretched while events prove reliable, and not a moment longer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from cfsync.mirror.lists.event_coverage import GRACE_S, PROVED_S
from cfsync.sandbox import World
from cfsync.sync import passes
from tests.conftest import SQLITE_ONLY, Clock
from tests.sync.conftest import Round
from tests.sync.events.test_follow import Post

MINUTE, QUARTER = 60, 900


@pytest.fixture
def world(sizes: dict[str, Any], clock: Clock) -> World:
    """Both sides by the same clock."""
    return World(seed=1, clock=clock, **sizes)


@pytest.fixture
def post(round_: Round) -> Post:
    return Post(round_)


@pytest.fixture
def live(round_: Round, post: Post) -> Callable[[float], None]:
    """`live(seconds)`: so long contacts change, events tell of it, and pulls go on."""
    round_.settings["CFSYNC_EVENTS__STRETCH_PULLS"] = "true"
    round_.settings["CFSYNC_EVENTS__LOG_EVERY"] = "0s"
    round_.backfill("contacts")

    def go_on(seconds: float) -> None:
        for _ in range(6):
            round_.clock.go_on(seconds / 6)
            contact = round_.ids("contacts")[0]
            round_.world.edit("contacts", contact, first_name=f"At {round_.clock.ahead}")
            post.bring()
            round_.run(passes.events_due, "contacts")
            pulled(round_)

    return go_on


def pulled(round_: Round) -> bool:
    """Whether the time of the list had come."""

    async def main() -> Any:
        from cfsync.api import Api
        from cfsync.sync.context import Context

        settings = round_.configured()
        async with Api(settings.api) as api:
            return await passes.pull_due(Context(api, round_.mirror, settings), "contacts")

    return asyncio.run(main()) is not None


def to_the_next_pull(round_: Round) -> None:
    while not pulled(round_):
        round_.clock.go_on(MINUTE)


def is_due_after(round_: Round, seconds: float) -> bool:
    round_.clock.go_on(seconds)
    return pulled(round_)


@SQLITE_ONLY
def test_while_events_tell_of_everything_pulls_are_few(
    round_: Round, live: Callable[[float], None]
) -> None:
    live(MINUTE * 6)
    assert is_due_after(round_, MINUTE), "an hour without a gap is asked for"

    live(PROVED_S)
    to_the_next_pull(round_)
    assert not is_due_after(round_, 5 * MINUTE)
    assert is_due_after(round_, QUARTER - 5 * MINUTE)


def test_the_first_thing_that_events_missed_makes_them_many_again(
    round_: Round, live: Callable[[float], None], post: Post
) -> None:
    live(PROVED_S * 1.2)
    to_the_next_pull(round_)

    round_.world.edit("contacts", round_.ids("contacts")[1], first_name="Untold")
    post._events.clear()
    assert is_due_after(round_, QUARTER)

    assert is_due_after(round_, MINUTE)
    live(MINUTE * 6)
    assert is_due_after(round_, MINUTE), "and an hour without a gap is asked for again"


@SQLITE_ONLY
def test_a_pull_that_was_faster_than_the_event_is_no_gap(
    round_: Round, live: Callable[[float], None], post: Post
) -> None:
    live(PROVED_S * 1.2)
    to_the_next_pull(round_)
    round_.clock.go_on(QUARTER - GRACE_S / 2)
    round_.world.edit("contacts", round_.ids("contacts")[1], first_name="Soon told")
    assert is_due_after(round_, GRACE_S / 2)
    post.bring()

    assert not is_due_after(round_, 5 * MINUTE)


@SQLITE_ONLY
def test_without_the_setting_nothing_is_stretched(
    round_: Round, live: Callable[[float], None]
) -> None:
    round_.settings.pop("CFSYNC_EVENTS__STRETCH_PULLS")
    live(PROVED_S * 1.2)
    to_the_next_pull(round_)
    assert is_due_after(round_, MINUTE)
