"""Tokens that reach less than a whole account: what they reach is mirrored all the same."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from cfsync.api import Api, Retry
from cfsync.errors import NothingReached, UnknownWorkspace
from cfsync.sync.context import Context
from cfsync.sync.inspection import doctor
from cfsync.sync.inspection.probes import Check
from cfsync.sync.inspection.verify import verify
from cfsync.sync.report import Report
from tests.sync.conftest import Round

DENIED = {
    "no teams (403)": {"teams": 403},
    "no teams (404)": {"teams": 404},
    "no list of workspaces": {"workspaces list": 403},
    "no list of workspaces (404)": {"workspaces list": 404},
    "neither": {"teams": 403, "workspaces list": 404},
    "no account at all": {"teams": 403, "workspaces": 403},
}


@pytest.fixture
def sizes() -> dict[str, Any]:
    return {"bare": True, "workspaces": 2, "contacts": 30}


def use(round_: Round, *named: int | str, **reach: Any) -> Round:
    """Use a token with that reach; `named`: what the settings say of workspaces."""
    round_.world.add_token("narrow", **reach)
    round_.settings["CFSYNC_API__TOKEN"] = "narrow"
    round_.settings["CFSYNC_API__WORKSPACES"] = ",".join(map(str, named))
    return round_


def verified(round_: Round) -> Report:
    async def report(context: Context) -> Report:
        return (await verify(context)).report

    return round_.run(report)


@pytest.mark.parametrize("denied", DENIED.values(), ids=list(DENIED))
def test_the_named_workspace_is_mirrored(round_: Round, denied: dict[str, int]) -> None:
    here, _ = round_.world.workspaces
    use(round_, here, denied=denied)

    codes = [round_.backfill().exit_code, round_.pull().exit_code]
    gone, *others = round_.ids("contacts")
    round_.world.delete("contacts", gone)
    round_.sql(f"UPDATE contacts SET last_name = 'Ours' WHERE id = {others[0]}")
    codes += [do(round_).exit_code for do in (Round.push, Round.sweep, verified)]

    assert codes == [0, 0, 0, 0, 0]
    assert round_.ids("contacts") == others == round_.world.ids("contacts", here)
    assert (round_.world.get("contacts", others[0]) or {})["last_name"] == "Ours"


@pytest.mark.parametrize("reach", [{"teams": [], "workspaces": None}, {"denied": {"teams": 403}}])
def test_a_workspace_can_be_named_by_its_public_id(round_: Round, reach: dict[str, Any]) -> None:
    _, there = round_.world.workspaces
    use(round_, (round_.world.get("workspaces", there) or {})["public_id"], **reach)

    round_.backfill("contacts")

    assert round_.ids("workspaces") == [there]
    assert round_.ids("contacts") == round_.world.ids("contacts", there)


def test_a_mirror_goes_on_with_a_token_that_may_no_longer_list_its_teams(round_: Round) -> None:
    round_.backfill("contacts")
    use(round_, denied={"teams": 403})
    here, *_ = round_.world.workspaces
    round_.world.create("contacts", here, email_address="new@example.com")

    report = round_.pull("contacts")

    assert (report.exit_code, report.counts["contacts"]["new"]) == (0, 1)


def test_a_named_workspace_of_another_account_is_refused(round_: Round) -> None:
    use(round_, 99, denied={"teams": 403})

    with pytest.raises(UnknownWorkspace, match="99"):
        round_.backfill()


@pytest.mark.parametrize(
    ("reach", "why"),
    [
        ({"denied": {"teams": 403}}, r"GET /teams: not allowed for this token \(403\)"),
        ({"denied": {"teams": 404}}, r"GET /teams: not found \(404\)"),
        ({"denied": {"workspaces list": 403}}, r"GET /teams/1\d+/workspaces: not allowed"),
        ({"teams": []}, "its list of teams is empty"),
        ({"workspaces": []}, "its list of workspaces is empty"),
    ],
)
def test_why_a_token_reaches_nothing_is_said(
    round_: Round, reach: dict[str, Any], why: str
) -> None:
    use(round_, **reach)

    with pytest.raises(NothingReached, match=why) as raised:
        round_.backfill()

    assert raised.value.exit_code == 3
    assert "401" not in str(raised.value)
    assert "name the workspaces in api.workspaces" in str(raised.value)


def examined(round_: Round) -> list[Check]:
    async def main() -> list[Check]:
        settings = round_.configured()
        async with Api(settings.for_api(), retry=Retry(attempts=1)) as api:
            return await doctor.run_checks(settings, file=None, api=api, mirror=round_.mirror)

    return asyncio.run(main())


def test_doctor_names_each_list_that_the_token_may_not_read(round_: Round) -> None:
    here, there = round_.world.workspaces
    round_.world.create("orders", here)
    use(round_, denied={"contacts": 403, "order_transactions": 404, "images": 403})
    round_.settings["CFSYNC_RESOURCES__IMAGES__ENABLED"] = "false"

    checks = examined(round_)

    assert [(c.state, c.text.split(":")[0]) for c in checks if c.name == "lists"] == [
        ("todo", f"contacts can't be read in workspace {here}, {there} (403)"),
        ("todo", f"order_transactions can't be read in workspace {here} (404)"),
    ]
    assert doctor.exit_code(checks) == 5


def test_doctor_says_which_workspaces_the_settings_have_to_name(round_: Round) -> None:
    here, _ = round_.world.workspaces
    use(round_, here, denied={"teams": 403})

    checks = {c.name: c for c in examined(round_)}

    assert checks["teams"].state == "note"
    assert checks["workspaces"].text == f"{here} of 1"
    assert checks["lists"].state == "ok"
