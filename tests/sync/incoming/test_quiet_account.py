"""A quiet pull of an account with all that is mirrored by default: a request for each list."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from cfsync.mirror.lists import listings
from cfsync.resources import RESOURCES
from tests.sync.conftest import Round

SIZES = {
    "workspaces": 1,
    **dict.fromkeys(("contacts", "discounts", "domains", "pages", "refine_filters", "stores"), 45),
}
"""A few of everything; some lists, also such as ClickFunnels shows whole, have three pages."""


def due(round_: Round) -> int:
    """How many lists the next pull reads."""
    settings = round_.configured()

    async def main() -> int:
        found = 0
        for name in settings.wanted:
            resource = RESOURCES[name]
            read = listings.due_lists if resource.nested else listings.all_lists
            found += len(await round_.mirror.read(read, resource, [round_.workspace]))
        return found

    return asyncio.run(main())


@pytest.mark.parametrize("sizes", [SIZES], ids=["a few of everything"])
def test_a_quiet_pull_costs_one_request_for_each_list_that_is_due(round_: Round) -> None:
    del round_.settings["CFSYNC_API__MIRROR"]
    round_.backfill()
    round_.settle()
    round_.clock.go_on(3600)
    lists = due(round_)
    round_.world.ledger.clear()

    report = round_.pull()

    asked = Counter(path.partition("?")[0] for _, path, _ in round_.world.ledger.calls)
    assert report.quiet
    assert {path: n for path, n in asked.items() if n > 1} == {}
    assert sum(n for path, n in asked.items() if not path.endswith("/outgoing/events")) == lists
