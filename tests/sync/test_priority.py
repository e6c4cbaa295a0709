"""One budget for all lanes: who waits for whom is told by the order in which requests arrive."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from cfsync.api import Api, Priority
from cfsync.records import Listing
from cfsync.sync import passes
from cfsync.sync.context import Context
from cfsync.sync.push.conductor import push
from tests.conftest import SQLITE_ONLY
from tests.sync.conftest import Round

LIMIT = 20.0


@pytest.fixture
def sizes() -> dict[str, Any]:
    return {"bare": True, "workspaces": 1, "contacts": 1000}


def test_a_push_waits_less_than_a_second_behind_a_backfill(round_: Round) -> None:
    """At the server's limit a second is so many requests: fewer come between edit and call."""
    round_.world.limit.per_second, round_.world.limit.burst = LIMIT, 1.0
    settings, calls = round_.configured(), round_.world.ledger.calls
    edit = "UPDATE contacts SET first_name = 'Zoë' WHERE id = (SELECT min(id) FROM contacts)"

    async def main() -> int:
        async with Api(settings.api) as api:
            api.budget.rate.restore({"rate": LIMIT * 0.9, "learned": LIMIT * 0.9})
            context = Context(api, round_.mirror, settings, started_at="9999")
            walk = asyncio.create_task(passes.backfill(context, ["contacts"]))
            while not (walk.done() or await asyncio.to_thread(round_.ids, "contacts")):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            await asyncio.to_thread(round_.sql, edit)
            before = len(calls)
            await push(replace(context, opened=True), ["contacts"])
            assert not walk.done()
            context.stop.set()
            await walk
            return before

    before = asyncio.run(main())

    (put,) = [i for i, (method, _, _) in enumerate(calls) if method == "PUT"]
    assert put - before < LIMIT


@SQLITE_ONLY
def test_pulls_and_sweeps_go_on_under_a_storm_of_edits(round_: Round) -> None:
    """Each lane asks for another list: who got how many places is told by the paths."""
    settings, calls = round_.configured(), round_.world.ledger.calls
    round_.world.limit.per_second, round_.world.limit.burst = 2 * LIMIT, 1.0
    lists = {
        Priority.PUSH: Listing("contacts", round_.workspace, round_.workspace),
        Priority.PULL: Listing("products", round_.workspace, round_.workspace),
        Priority.SWEEP: Listing("forms", round_.workspace, round_.workspace),
    }

    async def go_on(api: Api, priority: Priority) -> None:
        while len(calls) < 200:
            await api.with_priority(priority).page(lists[priority])

    async def main() -> None:
        async with Api(settings.api) as api:
            api.budget.rate.restore({"rate": LIMIT * 1.8, "learned": LIMIT * 1.8})
            storm = [go_on(api, Priority.PUSH) for _ in range(16)]
            await asyncio.gather(*storm, go_on(api, Priority.PULL), go_on(api, Priority.SWEEP))

    asyncio.run(main())

    found = Counter(path.partition("?")[0].rpartition("/")[2] for _, path, _ in calls)
    assert 0.08 * 200 <= found["products"] <= 0.15 * 200
    assert 0.04 * 200 <= found["forms"] <= 0.10 * 200
    assert found["contacts"] >= 0.75 * 200
