"""A push tells records that it created or deleted from those that were there, or gone, before."""

from __future__ import annotations

from typing import Any

import pytest

from tests.push.conftest import Account


def counted(report: Any) -> dict[str, int]:
    found = +report.counts["contacts"]
    return {name: n for name, n in found.items() if name != "unchanged"}


@pytest.mark.parametrize("fault", [None, "reset_after"])
@pytest.mark.usefixtures("no_retries")
def test_a_delete_made_here_is_counted_by_the_push_alone(
    account: Account, contact: int, fault: str | None
) -> None:
    account.sql("DELETE FROM contacts WHERE id = ?", contact)
    if fault:
        account.world.fault(fault, method="DELETE")
        account.push()
        assert account.sweep().total("deleted") == 0

    assert counted(account.push())["deleted"] == 1

    assert account.pull().total("deleted") == 0
    assert account.sweep().total("deleted") == 0


def test_a_record_that_was_deleted_on_both_sides_was_gone_already(
    account: Account, contact: int
) -> None:
    account.sql("DELETE FROM contacts WHERE id = ?", contact)
    account.world.delete("contacts", contact)

    assert counted(account.push()) == {"already_gone": 1}


@pytest.mark.parametrize("given", ["first_name", "phone_number"])
def test_an_insert_that_meets_its_record_has_not_created_it(account: Account, given: str) -> None:
    account.world.create(
        "contacts", account.workspace, email_address="eve@example.com", first_name="Eve"
    )
    account.sql(f"INSERT INTO contacts (email_address, {given}) VALUES ('eve@example.com', 'Eve')")

    found = counted(account.push())

    assert (found["matched"], found.get("created")) == (1, None)
    assert found.get("sent") == (None if given == "first_name" else 1)


@pytest.mark.parametrize("fault", [None, "reset_after"])
@pytest.mark.parametrize("email", ["NULL", "'eve@example.com'"])
@pytest.mark.usefixtures("no_retries")
def test_an_insert_that_makes_its_record_has_created_it(
    account: Account, email: str, fault: str | None
) -> None:
    account.sql(f"INSERT INTO contacts (email_address, first_name) VALUES ({email}, 'Eve')")
    if fault:
        account.world.fault(fault, method="POST")
        assert account.push().total("created") == 0

    found = counted(account.push())

    assert (found["created"], found.get("matched")) == (1, None)
