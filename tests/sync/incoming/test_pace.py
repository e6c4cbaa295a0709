"""What quiet workspaces cost: counted tick by tick, and as `doctor` foretells it."""

from __future__ import annotations

from datetime import datetime, timedelta

from cfsync.api.codec import PAGE
from cfsync.config import load
from cfsync.mirror.lists.listings import in_turn
from cfsync.mirror.progress.checkpoints import Checkpoint
from cfsync.resources import RESOURCES
from cfsync.sync.events.log import most_rate
from cfsync.sync.incoming.pace import due_now, steady_rate
from cfsync.times import time_text

WORKSPACES = 300
START = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
SETTINGS = load(environ={})
OF_WORKSPACES = [n for n in SETTINGS.wanted if RESOURCES[n].parent == "workspaces"]


def pulled(name: str, hours: float, lists: int = WORKSPACES) -> list[tuple[float, int]]:
    """(seconds, lists pulled then) of each tick of a resource whose lists are all quiet, begun at
    one moment, as after a backfill.
    """
    mine = SETTINGS.resource(name)
    began = dict.fromkeys(range(lists), time_text(START))
    found, seconds = [], 0.0
    while (seconds := seconds + mine.pull_every) <= hours * 3600:
        now = time_text(START + timedelta(seconds=seconds))
        places = [
            (n, Checkpoint(name, n, "pull", seen_at="2025-01-01T00:00:00.000Z", began_at=at))
            for n, at in began.items()
        ]
        due = due_now(places, mine, now)
        began |= dict.fromkeys(due, now)
        found.append((seconds, len(due)))
    return found


def test_three_hundred_quiet_workspaces_cost_no_more_than_eight_requests_a_second() -> None:
    ticks = [tick for name in OF_WORKSPACES for tick in pulled(name, hours=3)]

    last_hours = sum(lists for seconds, lists in ticks if seconds > 3600)
    foretold = steady_rate(SETTINGS, dict.fromkeys(OF_WORKSPACES, WORKSPACES))

    assert last_hours / 7200 <= 8.0
    assert foretold <= 8.0
    assert 0.9 * foretold <= last_hours / 7200 <= 1.3 * foretold


RECORDS = {"contacts": 20_000, "orders": 5_000, "submissions": 2_000}
"""Of everything else the workspace has 100 records."""


def records(name: str) -> int:
    return RECORDS.get(name, 100)


def daily_pulls(name: str) -> int:
    """The requests that the pulls of a resource make in a day, in one workspace. Of a list one is
    enough where nothing has changed (`test_pull.py` counts them).
    """
    parent = RESOURCES[name].parent
    if RESOURCES[name].nested:
        ticks = int(24 * 3600 / SETTINGS.resource(name).pull_every)
        return ticks * in_turn(records(str(parent)))
    return sum(lists for _, lists in pulled(name, hours=24, lists=1))


def daily_sweeps(name: str) -> float:
    """Those of its sweeps, which read every page of every list."""
    lists = records(str(RESOURCES[name].parent)) if RESOURCES[name].nested else 1
    return max(lists, records(name) / PAGE) * 86_400 / SETTINGS.resource(name).sweep_every


def test_one_quiet_workspace_costs_less_than_a_request_every_two_seconds() -> None:
    pulls = {name: daily_pulls(name) for name in SETTINGS.wanted}
    sweeps = {name: daily_sweeps(name) for name in SETTINGS.wanted}
    logs = most_rate(SETTINGS.events.log_every, 1)

    assert all(pulls.values())
    rate = (sum(pulls.values()) + sum(sweeps.values())) / 86_400 + logs
    assert 0.2 < rate < 0.5


def test_they_are_pulled_in_turn_and_not_all_at_once() -> None:
    lists = [n for seconds, n in pulled("contacts", hours=2) if seconds > 3600]

    assert max(lists) <= WORKSPACES / 10


def test_what_hangs_below_other_records_costs_a_part_of_it_each_time() -> None:
    assert steady_rate(SETTINGS, {"order_transactions": 28_800}) == 100 / 300


def test_what_is_switched_off_costs_nothing() -> None:
    settings = load(environ={"CFSYNC_RESOURCES__CONTACTS__ENABLED": "false"})

    assert steady_rate(settings, {"contacts": WORKSPACES}) == 0.0


def test_the_logs_of_many_workspaces_cost_one_request_a_second_at_most():
    assert most_rate(15.0, 3) == 0.2
    assert most_rate(15.0, WORKSPACES) == 1.0
    assert most_rate(0.0, WORKSPACES) == 0.0
