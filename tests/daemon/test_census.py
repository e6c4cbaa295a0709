"""A real daemon sweeps contacts by census, and goes on whatever becomes of the filter."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from cfsync.sandbox import World
from tests.conftest import SQLITE_ONLY
from tests.daemon.harness import Daemon, until

Start = Callable[..., Daemon]

OFTEN = {
    "CENSUS__CREATE_FILTER": "true",
    "CENSUS__EVERY": "1s",
    "RESOURCES__CONTACTS__SWEEP_EVERY": "1s",
    "RESOURCES__CONTACTS__PULL_EVERY": "1h",
    "RESOURCES__CONTACTS__PULL_MAX_EVERY": "1h",
    "EVENTS__LOG_EVERY": "1h",
}


@pytest.fixture
def trusted(start: Start) -> Daemon:
    """It has read a census that shows what the walk has shown. From then on no walk is due."""
    daemon = start(**OFTEN)
    daemon.wait_for("census.read")
    daemon.stop()
    daemon = start(**OFTEN | {"RESOURCES__CONTACTS__SWEEP_EVERY": "24h"})
    daemon.wait_for("census.read")
    return daemon


def next_read(daemon: Daemon, event: str = "census.read") -> None:
    before = len(daemon.events(event))
    until(lambda: len(daemon.events(event)) > before, f"no {event}:\n{daemon.output[-3000:]}")


def found_by_census(daemon: Daemon) -> list[str]:
    """Resource and count of the changes that the census has brought first, by the metrics."""
    found = re.findall(
        r"^cfsync_found_total\{(.*)\} (.*)$", daemon.ask("/metrics")[1], re.MULTILINE
    )
    labels = [(dict(re.findall(r'(\w+)="(\w+)"', given)), count) for given, count in found]
    return [f"{given['resource']} {n}" for given, n in labels if given["lane"] == "census"]


def the_filter(world: World) -> dict[str, Any]:
    (found,) = world.records("refine_filters", world.workspaces[0])
    return found


def test_it_sweeps_by_census_and_survives_what_becomes_of_the_filter(
    trusted: Daemon, world: World, sql: Any, contact: int
) -> None:
    world.ledger.clear()
    world.store.events = "never"
    world.edit("contacts", contact, first_name="Zed")
    until(lambda: sql("SELECT 1 FROM contacts WHERE first_name = 'Zed'"))
    until(lambda: found_by_census(trusted) == ["contacts 1.0"])
    world.delete("contacts", contact)
    until(lambda: not sql("SELECT 1 FROM contacts WHERE id = ?", contact))

    world.delete("refine_filters", the_filter(world)["id"])
    next_read(trusted, "census.filter_created")
    next_read(trusted)  # an edit before the daemon has seen its own filter costs a walk
    nobody = [{"attribute": "first_name", "clause": "eq", "value": "Nobody"}]
    world.edit("refine_filters", the_filter(world)["id"], criteria=nobody)
    next_read(trusted, "census.filter_put_right")
    world.fault("results_busy", path="results", times=2, retry_after=0.01)
    next_read(trusted)

    assert the_filter(world)["criteria"] != nobody
    place = f"/workspaces/{world.workspaces[0]}/contacts"
    walked = [t for _, t, _ in world.ledger.calls if t.startswith(place) and "filter%5B" not in t]
    assert walked == []
    assert trusted.events("census.off") == []
    assert trusted.stop() == 0


@SQLITE_ONLY
def test_an_account_that_turns_older_is_walked_at_once_and_the_daemon_goes_on(
    trusted: Daemon, world: World, sql: Any, contact: int, command: Callable[..., Any]
) -> None:
    world.closed_routes |= {"GET /refine_filters/{id}", "GET /workspaces/{parent}/refine_filters"}
    world.store.events = "never"
    world.delete("contacts", contact)

    trusted.wait_for("census.off")

    until(lambda: not sql("SELECT 1 FROM contacts WHERE id = ?", contact))
    assert "contacts of workspace" in (text := command("doctor").stdout)
    assert "since the census is off" in text
    assert trusted.ask("/healthz")[0] == 200
    assert trusted.stop() == 0
