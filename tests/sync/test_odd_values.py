"""Records with values that no column holds, or that look like something else on the way back."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from cfsync.api import Api
from cfsync.sync.context import Context
from cfsync.sync.inspection.verify import verify
from tests.sync.conftest import Round


@pytest.fixture
def sizes() -> dict[str, Any]:
    few = {"orders": 2, "order_transactions": 2, "form_submissions": 1, "webhook_endpoints": 1}
    return {"bare": True, "workspaces": 1, "contacts": 3, **few}


def assert_the_same(round_: Round) -> None:
    async def main() -> None:
        async with Api(round_.configured().api) as api:
            found = await verify(Context(api, round_.mirror, round_.configured()))
        assert found.differences == []
        assert found.report.total("same") == 11

    asyncio.run(main())


def test_a_field_that_is_no_longer_shown_is_noted_since_when(round_: Round) -> None:
    round_.backfill()
    one, other, _ = round_.world.ids("contacts", round_.workspace)
    (kept,) = round_.column("SELECT first_name FROM contacts WHERE id = ?", one)
    noted = "SELECT field, record_id, seen_at FROM cf_notes WHERE kind = 'vanished'"
    round_.world.fault("body", path="/contacts", times=None, drop=("first_name",), ids=(one, other))
    round_.world.edit("contacts", one, last_name="A")
    round_.pull("contacts")
    first = round_.sql(noted)
    round_.world.edit("contacts", other, last_name="B")
    round_.pull("contacts")

    assert [row[:2] for row in first] == [("first_name", one)]
    assert round_.sql(noted) == first
    assert round_.column("SELECT first_name FROM contacts WHERE id = ?", one) == [kept]
    round_.world.faults.clear()
    round_.world.edit("contacts", one, last_name="C")
    round_.pull("contacts")
    assert round_.sql(noted) == []


@pytest.mark.parametrize(
    ("table", "path", "fields"),
    [
        ("orders", "/orders", {"workspace_id": "seven", "page_id": 2**70}),
        ("contacts", "/contacts", {"custom_attributes": ["no map"]}),
        ("contacts", "/contacts", {"first_name": "\ud800", "new": "\ud800"}),
        ("form_submissions", "/form_submissions", {"data": {"n": 1.5e30}}),
        ("webhook_endpoints", "/webhooks/outgoing/endpoints", {"webhook_secret": "nul\0"}),
    ],
)
def test_an_odd_record_is_kept_whole_and_every_pass_goes_on(
    round_: Round, table: str, path: str, fields: dict[str, Any]
) -> None:
    odd = round_.world.ids(table, round_.workspace)[0]
    round_.world.fault("body", path=path, times=None, fields=fields, ids=(odd,))

    round_.backfill()
    assert_the_same(round_)
    round_.world.edit(table, odd, public_id="new")
    assert round_.pull(table).total("changed") == 1
    round_.sql("UPDATE contacts SET last_name = 'Hopper'")
    round_.sweep()

    assert round_.push().state == "done"
    assert_the_same(round_)
    assert round_.one(f"SELECT workspace_id FROM {table} WHERE id = {odd}") == round_.workspace
