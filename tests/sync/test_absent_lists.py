"""Lists that an account, its plan or the token doesn't have."""

from __future__ import annotations

import asyncio

import pytest

from cfsync.api import Api
from cfsync.sync.context import Context
from cfsync.sync.inspection.doctor import run_checks
from cfsync.sync.inspection.probes import Check
from cfsync.sync.inspection.status import status
from cfsync.sync.inspection.verify import verify
from cfsync.web.console.connections import Connection
from cfsync.web.console.session import Console
from tests.status_text import status_lines
from tests.sync.conftest import Round
from tests.web.console.conftest import Visitor

OF_CONTENT = {"blogs": 2, "communities": 2, "site": 1}
SIZES = {"bare": True, "workspaces": 1, "contacts": 3, "products": 2} | OF_CONTENT

pytestmark = pytest.mark.parametrize("sizes", [SIZES], ids=["small"])


@pytest.fixture
def standard(round_: Round) -> Round:
    round_.settings["CFSYNC_API__MIRROR"] = "standard"
    return round_


def asked(round_: Round, part: str) -> int:
    """How often a path with this part was asked for since the last time."""
    calls = [path for _, path, _ in round_.world.ledger.calls if part in path]
    round_.world.ledger.clear()
    return len(calls)


@pytest.mark.parametrize("status", [402, 403, 404])
def test_a_list_that_is_not_to_be_had_is_said_once_and_left_out(
    standard: Round, status: int
) -> None:
    closed = standard.world.fault("status", status=status, path="/blogs|/communities", times=None)

    first = standard.backfill()

    assert (first.exit_code, sorted(first.absent)) == (0, ["blogs", "communities"])
    assert standard.ids("contacts")
    closed.struck = 0
    assert asyncio.run(verified(standard)) == 0
    later = [standard.pull(), standard.sweep()]
    assert [(r.exit_code, r.absent) for r in later] == [(0, []), (0, [])]
    assert closed.struck == 0


def shown(round_: Round) -> list[str]:
    """What `cfsync status` prints."""
    return status_lines(asyncio.run(status(round_.mirror, round_.configured())))


def test_status_says_that_it_is_left_out(standard: Round) -> None:
    standard.world.fault("status", status=403, path="/blogs", times=None)
    standard.backfill()

    lines = shown(standard)

    (row,) = [line.split() for line in lines if line.startswith("blogs ")]
    assert row[:4] == ["blogs", "0", "left", "out"]
    assert "left out, not in this account or not for this token: blogs" in lines
    standard.world.faults.clear()
    standard.clock.go_on(25 * 3600)
    standard.pull()
    assert not [line for line in shown(standard) if "left out" in line]


def test_what_has_other_lists_that_are_read_is_not_left_out(standard: Round) -> None:
    one, _ = standard.world.ids("communities", standard.workspace)
    path = f"/communities/{one}/memberships"
    standard.world.fault("status", status=403, path=path, times=None)
    assert standard.backfill().absent == ["community_memberships"]
    standard.pull()

    assert not [line for line in shown(standard) if "left out" in line]


@pytest.mark.parametrize("refused", [None, "/blogs|/communities"])
def test_the_overview_does_not_wait_for_lists_that_cannot_be_read(
    standard: Round, refused: str | None
) -> None:
    """No course, no form: there are no lists below them."""
    if refused:
        standard.world.fault("status", status=403, path=refused, times=None)
    standard.backfill()
    standard.pull()
    connection = Connection(lambda: standard.mirror)

    page = Visitor(Console(standard.configured(), [], connection, connection)).see("/")

    assert "<h1>Up to date with ClickFunnels</h1>" in page
    assert "lists are complete" not in page


def test_it_is_looked_for_again_after_a_day(standard: Round) -> None:
    standard.world.fault("status", status=403, path="/blogs", times=None)
    standard.backfill()
    standard.world.faults.clear()
    standard.pull()
    assert standard.ids("blogs") == []

    standard.clock.go_on(25 * 3600)
    standard.pull()

    assert standard.ids("blogs") == standard.world.ids("blogs", standard.workspace)


def test_doctor_names_it_and_finds_it_again(standard: Round) -> None:
    standard.world.fault("status", status=403, path="/blogs", times=None)
    standard.backfill()
    (said,) = [c for c in doctor(standard) if c.name == "lists"]
    assert (said.state, said.exit_code) == ("note", 0)
    assert "blogs is left out" in said.text
    (drift,) = [c for c in doctor(standard) if c.name == "schema drift"]
    assert drift.state == "ok"

    standard.world.faults.clear()
    doctor(standard)
    standard.pull()

    assert standard.ids("blogs") == standard.world.ids("blogs", standard.workspace)


async def verified(round_: Round) -> int:
    settings = round_.configured()
    async with Api(settings.api) as api:
        return (await verify(Context(api, round_.mirror, settings))).exit_code


def doctor(round_: Round) -> list[Check]:
    async def main() -> list[Check]:
        settings = round_.configured()
        async with Api(settings.api) as api:
            return await run_checks(settings, file=None, api=api, mirror=round_.mirror)

    return asyncio.run(main())


def test_one_of_the_core_is_reported(standard: Round) -> None:
    standard.world.fault("status", status=403, path="/products", times=None)

    assert standard.backfill().exit_code == 5


def test_one_that_was_read_before_keeps_its_rows_and_is_found_again(standard: Round) -> None:
    standard.backfill()
    before = standard.ids("blogs")
    standard.world.fault("status", status=403, path="/blogs(\\?|$)", times=None)
    new = standard.world.create("blogs", standard.workspace, name="New")

    refused = [standard.pull(), standard.pull(), standard.sweep()]

    assert [(r.exit_code, r.absent) for r in refused] == [(0, ["blogs"]), (0, []), (0, [])]
    assert standard.ids("blogs") == before
    standard.world.faults.clear()
    standard.clock.go_on(25 * 3600)
    standard.pull()
    assert standard.ids("blogs") == [*before, new]
    standard.world.fault("status", status=403, path="/blogs(\\?|$)", times=None)
    assert standard.pull().absent == ["blogs"]
