"""ClickFunnels' own counts beside the mirror's rows."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from cfsync.api import Api
from cfsync.cli.inspection.verify import _quick_lines
from cfsync.sync.context import Context
from cfsync.sync.inspection.counts import Counted, count
from cfsync.sync.inspection.status import status
from tests.status_text import status_lines


def counted(round_: Any) -> dict[str, Counted]:
    async def main() -> list[Counted]:
        settings = round_.configured()
        async with Api(settings.api) as api:
            return await count(Context(api, round_.mirror, settings))

    found = asyncio.run(main())
    return {one.resource: one for one in found if one.workspace_id == round_.workspace}


@pytest.mark.parametrize("sizes", [{}], ids=["a few of everything"])
@pytest.mark.parametrize("nested", [False, True])
def test_counts_and_sums_stand_beside_the_mirrors(round_, nested):
    round_.backfill()
    round_.world.stats_open, round_.world.stats_nested = True, nested

    found = counted(round_)

    for resource in ("contacts", "orders"):
        assert found[resource].there == found[resource].here
        records = round_.world.records(resource, round_.workspace)
        assert found[resource].there["count"] == len(records)
    sums = [Decimal(o["total_amount"]) for o in round_.world.records("orders", round_.workspace)]
    assert found["orders"].here["total_amount"] == sum(sums) > 0


@pytest.mark.parametrize("sizes", [{}], ids=["a few of everything"])
def test_sums_of_several_currencies_name_them(round_):
    first, second, *_ = round_.world.ids("orders", round_.workspace)
    for order, currency in ((first, "EUR"), (second, "usd")):
        round_.world.edit("orders", order, currency=currency)
    round_.backfill()

    found = counted(round_)
    text = "\n".join(_quick_lines(list(found.values())))

    assert {"EUR", "USD"} <= set(found["orders"].currencies)
    assert f"total_amount ({' + '.join(found['orders'].currencies)})" in text
    assert text.count("answered with 403") == 1


def test_what_the_mirror_lacks_shows_and_status_keeps_the_count(round_):
    round_.backfill()
    round_.world.stats_open = True
    round_.world.create("contacts", round_.workspace, first_name="Ada")
    rows = len(round_.ids("contacts")) + 1

    found = counted(round_)
    state = asyncio.run(status(round_.mirror, round_.configured()))

    assert (found["contacts"].here["count"], found["contacts"].there["count"]) == (rows - 1, rows)
    assert (state.resources["contacts"].rows, state.resources["contacts"].counted) == (
        rows - 1,
        rows,
    )
    words = f"contacts: {rows - 1} rows; ClickFunnels counted {rows} at"
    assert words in "\n".join(status_lines(state))


def test_an_account_outside_the_trial_shows_no_figures(round_):
    round_.backfill()

    found = counted(round_)
    state = asyncio.run(status(round_.mirror, round_.configured()))

    assert all(one.why.startswith("answered with 403: ") for one in found.values())
    asked = [target for _, target, _ in round_.world.ledger.calls if "/stats" in target]
    assert len(asked) == len(round_.world.workspaces)  # not once for each resource
    assert found["contacts"].there == {}
    assert state.resources["contacts"].counted is None
