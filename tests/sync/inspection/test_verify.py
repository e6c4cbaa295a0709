from __future__ import annotations

import asyncio
from typing import Any

import pytest

from cfsync.api import Api
from cfsync.mirror.db.engine import Tx
from cfsync.sync.context import Context
from cfsync.sync.inspection.verify import Verified, verify


def verified(round_: Any, *names: str) -> Verified:
    async def main() -> Verified:
        settings = round_.configured()
        async with Api(settings.api) as api:
            return await verify(Context(api, round_.mirror, settings), names)

    return asyncio.run(main())


def differences(found: Verified) -> set[tuple[str, int, str, tuple[str, ...]]]:
    return {(d.resource, d.id, d.kind, d.fields) for d in found.differences}


@pytest.mark.parametrize("sizes", [{}], ids=["a few of everything"])
def test_after_a_backfill_nothing_differs(round_):
    round_.backfill()

    found = verified(round_)

    assert (found.differences, found.exit_code) == ([], 0)
    assert found.report.counts["contacts"]["same"] == len(round_.ids("contacts"))
    assert found.report.total("same") > 100


def test_each_kind_of_difference_is_found(round_):
    round_.backfill()
    ids = round_.ids("contacts")
    round_.world.edit("contacts", ids[0], last_name="Hopper")
    round_.world.delete("contacts", ids[20])
    round_.world.delete("contacts", ids[-1])
    new = round_.world.create("contacts", round_.workspace, first_name="Ada")

    found = verified(round_, "contacts")

    assert found.exit_code == 5
    assert differences(found) == {
        ("contacts", ids[0], "differs", ("last_name", "updated_at")),
        ("contacts", ids[20], "missing in ClickFunnels", ()),
        ("contacts", ids[-1], "missing in ClickFunnels", ()),
        ("contacts", new, "missing here", ()),
    }
    assert found.report.counts["contacts"] == {
        "same": 42,
        "differs": 1,
        "missing_here": 1,
        "missing_in_ClickFunnels": 2,
    }


def test_edits_that_wait_to_be_sent_are_no_difference(round_):
    round_.backfill()
    ids = round_.ids("contacts")
    round_.sql(f"UPDATE contacts SET first_name = 'Ada' WHERE id = {ids[0]}")
    round_.sql(f"DELETE FROM contacts WHERE id = {ids[1]}")
    round_.sql("INSERT INTO contacts (first_name) VALUES ('Bea')")

    found = verified(round_)

    assert (found.differences, found.exit_code) == ([], 0)
    assert found.report.counts["contacts"] == {"same": 43, "edited": 2}


def test_an_edit_does_not_hide_a_difference_of_another_field(round_):
    round_.backfill()
    first = round_.ids("contacts")[0]
    round_.sql(f"UPDATE contacts SET first_name = 'Ada' WHERE id = {first}")
    round_.world.edit("contacts", first, last_name="Hopper")

    assert differences(verified(round_)) == {
        ("contacts", first, "differs", ("last_name", "updated_at"))
    }


def test_drift_is_a_difference(round_):
    round_.backfill()
    first = round_.ids("contacts")[0]

    def write(tx: Tx) -> None:
        rev = tx.rev()
        tx.conn.exec_driver_sql(
            f"UPDATE contacts SET first_name = 'X', cf_rev = {rev} WHERE id = {first}"
        )

    asyncio.run(round_.mirror.write(write))

    assert differences(verified(round_)) == {("contacts", first, "drift", ("first_name",))}


def test_it_changes_nothing(round_):
    round_.backfill()
    tables = ("cf_runs", "cf_checkpoints", "cf_tombstones", "cf_base")
    round_.world.delete("contacts", round_.ids("contacts")[0])
    before = [round_.sql(f"SELECT * FROM {table} ORDER BY 1, 2") for table in tables]

    verified(round_)

    assert [round_.sql(f"SELECT * FROM {table} ORDER BY 1, 2") for table in tables] == before


def test_a_rejected_deletion_is_settled(round_):
    round_.backfill()
    ids = round_.ids("contacts")[:12]
    for record_id in ids:
        round_.world.delete("contacts", record_id)
    round_.sweep()
    round_.sql("UPDATE cf_tombstones SET state = 'rejected'")

    assert verified(round_).differences == []


def test_the_children_of_a_deleted_parent_are_missing_and_no_list_is_unreadable(round_):
    form = round_.world.create("forms", round_.workspace, name="Survey")
    child = round_.world.create("submissions", form)
    round_.backfill()
    round_.world.delete("forms", form)

    found = verified(round_, "forms", "submissions")

    assert found.report.unreachable == []
    assert differences(found) == {
        ("forms", form, "missing in ClickFunnels", ()),
        ("submissions", child, "missing in ClickFunnels", ()),
    }
    assert found.exit_code == 5
