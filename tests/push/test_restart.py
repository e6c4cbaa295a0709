"""PostgreSQL is restarted, or goes away, while a call of a push is under way."""

from __future__ import annotations

import pytest

from tests.conftest import POSTGRESQL_ONLY, Postgres, Sql
from tests.push.checks import during_the_call, sent, settled
from tests.push.conftest import Account

pytestmark = POSTGRESQL_ONLY


@pytest.fixture
def edited(account: Account, sql: Sql, contact: int) -> Account:
    sql("UPDATE contacts SET first_name = 'X' WHERE id = ?", contact)
    return account


def restart(postgres: Postgres) -> None:
    postgres.stop()
    postgres.start()


def test_a_restart_between_a_call_and_its_answer_is_not_noticed(
    edited: Account, sql: Sql, contact: int, postgres: Postgres
) -> None:
    assert during_the_call(edited, lambda: restart(postgres), seconds=1.5).exit_code == 0

    assert sent(edited) == [("update", {"first_name": "X"})]
    edited.sql = sql.again()
    settled(edited, "contacts", contact)
    edited.sql.conn.close()


def test_an_answer_that_could_not_be_written_is_found_by_the_next_push(
    edited: Account, sql: Sql, contact: int, postgres: Postgres
) -> None:
    edited.world.fault("meanwhile", method="PUT", act=postgres.stop)
    try:
        stopped = edited.push()
    finally:
        postgres.start()

    assert (stopped.exit_code, stopped.state) == (4, "stopped")
    assert "can't be reached" in stopped.problems[-1]
    assert edited.push().exit_code == 0

    assert sent(edited) == [("update", {"first_name": "X"})]
    edited.sql = sql.again()
    settled(edited, "contacts", contact)
    edited.sql.conn.close()
