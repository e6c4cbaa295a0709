"""An account of 300 workspaces, nearly all of them quiet, as the daemon pulls it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from cfsync.sync import passes
from cfsync.sync.context import Context
from cfsync.sync.report import Report
from tests.sync.conftest import Round
from tests.sync.inspection.test_doctor import examined

WORKSPACES = 300
DAY_S = 86400.0


@pytest.fixture
def sizes() -> dict[str, Any]:
    return {"bare": True, "workspaces": WORKSPACES, "contacts": 2 * WORKSPACES}


def test_quiet_lists_are_pulled_in_turn_at_the_pace_that_doctor_foretells(round_: Round) -> None:
    contacts = round_.configured().resource("contacts")
    round_.backfill("contacts")
    foretold = re.search(r"cost ([\d.]+) requests a second", examined(round_)["pace"].text)
    busy = round_.world.ids("contacts", round_.workspace)[0]
    turns = round(contacts.pull_max_every / contacts.pull_every)

    def tick(number: int) -> int:
        round_.world.edit("contacts", busy, first_name=f"Busy {number}")
        round_.clock.go_on(contacts.pull_every)
        return round_.run(_pull_due).requests

    round_.clock.go_on(DAY_S)
    for number in range(1 + turns):  # all are far behind, then each has found its turn
        tick(number)
    requests = []
    for number in range(turns):
        requests.append(tick(100 + number))
        seen = round_.one(f"SELECT first_name FROM contacts WHERE id = {busy}")
        assert seen == f"Busy {100 + number}", "what changes is looked at each time"

    assert foretold is not None
    a_second = sum(requests) / contacts.pull_max_every
    assert 0.8 * float(foretold[1]) <= a_second <= 1.3 * float(foretold[1])
    assert max(requests) <= WORKSPACES / turns * 1.5, "in turn, not all at once"


async def _pull_due(context: Context) -> Report:
    return await passes.pull_due(context, "contacts") or Report("pull")
