"""`cf_my_edits` shows a role what has become of its own edits, and nothing of others."""

from __future__ import annotations

from tests.conftest import Sql


def test_an_application_sees_its_own_edits_wait(ada: int, app_sql: Sql, sql: Sql) -> None:
    app_sql("UPDATE contacts SET first_name = 'Mine' WHERE id = 5")
    sql("UPDATE contacts SET last_name = 'Theirs' WHERE id = 5")
    sql("UPDATE cf_outbox SET state = 'parked', error = 'why ' || seq")

    seen = app_sql("SELECT seq, resource, id, op, state, reason FROM cf_my_edits ORDER BY seq")

    mine, theirs = ((i, "contacts", 5, "update", "parked", f"why {i}") for i in (1, 2))
    assert seen == ([mine, theirs] if sql.is_sqlite else [mine])
