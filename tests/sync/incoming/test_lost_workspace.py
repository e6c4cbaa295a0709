"""A token that reaches one workspace less: its rows and edits stay, and hold up no other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cfsync.sync.report import Report
from tests.sync.conftest import Round


@pytest.fixture
def sizes() -> dict[str, Any]:
    return {"bare": True, "workspaces": 2, "contacts": 30}


@pytest.fixture
def less(round_: Round) -> Round:
    """The mirror knows two workspaces, the token only the first one."""
    round_.backfill("contacts")
    round_.world.add_token("less", workspaces=round_.world.workspaces[:1])
    round_.settings["CFSYNC_API__TOKEN"] = "less"
    return round_


@pytest.mark.parametrize("do", [Round.backfill, Round.pull, Round.sweep])
def test_its_rows_stay_and_the_others_go_on(less: Round, do: Callable[..., Report]) -> None:
    here, lost = less.world.workspaces
    known = less.ids("contacts")
    contact = less.world.ids("contacts", here)[0]
    less.world.edit("contacts", contact, first_name="News")

    report = do(less, "contacts")

    assert (report.exit_code, report.unreachable) == (5, [f"contacts/{lost}"])
    assert less.ids("contacts") == known
    assert less.one("SELECT first_name FROM contacts WHERE id = ?", contact) == "News"


def edit(round_: Round) -> tuple[int, int, int]:
    """A contact that is changed; one of the lost workspace that is changed, one that is deleted."""
    here, lost = round_.world.workspaces
    (mine, *_), (changed, deleted, *_) = (round_.world.ids("contacts", w) for w in (here, lost))
    for contact in (changed, mine):
        round_.sql("UPDATE contacts SET last_name = 'Ours' WHERE id = ?", contact)
    round_.sql("DELETE FROM contacts WHERE id = ?", deleted)
    return mine, changed, deleted


@pytest.mark.parametrize("status", [403, 404])
def test_its_edits_wait_and_the_others_are_sent(round_: Round, status: int) -> None:
    round_.backfill("contacts")
    lost = round_.world.workspaces[1]
    mine, changed, deleted = edit(round_)
    round_.world.refuse(lost, status)

    report = round_.push()

    assert (report.exit_code, report.unreachable) == (5, [f"contacts/{lost}"])
    assert (round_.world.get("contacts", mine) or {})["last_name"] == "Ours"
    states = "SELECT record_id, state, error FROM cf_outbox ORDER BY seq"
    why = "waits: the token does not reach its workspace; check api.token"
    assert round_.sql(states) == [
        (changed, "pending", why),
        (mine, "done", None),
        (deleted, "pending", why),
    ]

    looks = [target for _, target, status in round_.world.ledger.calls if status >= 400]
    assert len(looks) <= 2 + (status == 403), "the list, its workspace, and what it may show still"

    round_.world.refuse(lost, 0)
    assert round_.push().exit_code == 0
    assert (round_.world.get("contacts", changed) or {})["last_name"] == "Ours"
    assert round_.world.get("contacts", deleted) is None
