"""Bulk tagging in an account of two workspaces."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cfsync.sandbox import Running, World, running
from cfsync.sync import passes
from tests.conftest import copy_of
from tests.push.conftest import Account
from tests.push.test_bulk_tagging import ACTION, ROUTE, bulk_checks, have

pytestmark = pytest.mark.usefixtures("no_retries")


@pytest.fixture(params=["sqlite", "postgresql"])
def mirror_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with copy_of("migrated", request.param, request, tmp_path) as url:
        yield url


@pytest.fixture
def served() -> Iterator[Running]:
    with running(World(bare=True, workspaces=2, contacts=8)) as it:
        yield it


def test_each_workspace_has_a_bulk_of_its_own_and_one_may_refuse_it(account: Account) -> None:
    world, (open_, closed) = account.world, account.world.workspaces
    account.settings["CFSYNC_PUSH__BULK_FROM"] = "3"
    tags = {w: world.create("contact_tags", w, name="Bulk") for w in (open_, closed)}
    assert account.run(passes.backfill).state == "done"
    refused = f"/workspaces/{closed}{ROUTE}"
    world.fault("status", method="POST", path=refused, status=403, times=None)
    for workspace, tag in tags.items():
        account.sql("UPDATE contacts SET tag_ids = ? WHERE workspace_id = ?", f"[{tag}]", workspace)

    account.push()

    people = {workspace: world.ids("contacts", workspace) for workspace in tags}
    assert all(all(have(account, tag, people[workspace])) for workspace, tag in tags.items())
    singly = [("create", "contact_applied_tags")] * len(people[closed])
    assert account.writes() == [ACTION, *singly]
    (text,) = bulk_checks(account)
    assert f"in workspace {closed} go one by one" in text
