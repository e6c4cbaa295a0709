"""What has waited for a person for more than a day is a warning, and no matter of health."""

from __future__ import annotations

import pytest

from cfsync.mirror.reports.freshness import oldest_waiting_age
from cfsync.sync import health_facts
from cfsync.sync.inspection.status import status
from cfsync.times import later
from tests.push.conftest import Account, now
from tests.push.operator.test_conflicts import clash, clash_with_delete, orphan
from tests.status_text import status_lines

HOUR = 3600.0


@pytest.mark.parametrize("make", [clash, orphan, clash_with_delete])
@pytest.mark.parametrize(("hours", "warned"), [(23, False), (25, True)])
def test_what_waits_for_more_than_a_day_is_a_warning(
    account: Account, contact: int, make, hours: int, warned: bool
) -> None:
    account.pull()  # the copied mirror may be older than health allows
    make(account, contact)
    account.sql("UPDATE cf_conflicts SET found_at = ?", later(now().isoformat(), -hours * HOUR))

    found = account.desk(status, account.configured())

    assert (found.waiting_total, found.waiting_long) == (1, int(warned))
    assert ("warning: 1 of them for more than a day" in status_lines(found)) is warned
    age = account.desk(lambda mirror: mirror.read(oldest_waiting_age))
    assert hours * HOUR <= age < (hours + 1) * HOUR
    assert account.desk(health_facts.problems, account.configured()) == []


def test_nothing_waits(account: Account) -> None:
    assert account.desk(status, account.configured()).waiting_long == 0
    assert account.desk(lambda mirror: mirror.read(oldest_waiting_age)) == 0.0
