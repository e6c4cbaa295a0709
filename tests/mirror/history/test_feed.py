"""`cf_feed`: whoever goes on from the last number that he has seen misses nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from cfsync.mirror.db.engine import Mirror
from tests.conftest import ROLES, Sql


@pytest.fixture
def mirror_url(postgres: Any, migrated_postgres: str) -> Iterator[str]:
    """On SQLite there is one writer at a time, so numbers are in the order of commits."""
    name = postgres.create(migrated_postgres)
    yield postgres.url(name, "cfsync_daemon")
    postgres.drop(name)


class Consumer:
    """Reads the feed from the last number that it has seen."""

    def __init__(self, dsn: str) -> None:
        self.conn = psycopg.connect(dsn, autocommit=True)
        self.last = 0
        self.seen: list[int] = []

    def read(self) -> list[int]:
        """The records whose changes are new to it."""
        query = "SELECT seq, record_id FROM cf_feed WHERE seq > %s AND op = 'update' ORDER BY seq"
        found = self.conn.execute(query, [self.last]).fetchall()
        self.last = found[-1][0] if found else self.last
        self.seen += [record_id for _, record_id in found]
        return [record_id for _, record_id in found]


@pytest.fixture
def consumer(app_sql: Sql) -> Iterator[Consumer]:
    found = Consumer(app_sql.dsn.replace("cfsync_app", "cfsync_daemon"))
    yield found
    found.conn.close()


@pytest.fixture
def people(daemon: Any, workspace: int, mirror: Mirror) -> list[int]:
    ids = [5, 6, 7, 8]
    daemon("contacts", *({"id": i, "workspace_id": workspace, "first_name": "A"} for i in ids))
    return ids


def edit(conn: Any, record_id: int) -> None:
    conn.execute("UPDATE contacts SET first_name = 'Eve' WHERE id = %s", [record_id])


def connected(sql: Sql, isolation: str = "read committed") -> Any:
    conn = psycopg.connect(sql.dsn)
    conn.isolation_level = {
        "read committed": psycopg.IsolationLevel.READ_COMMITTED,
        "repeatable read": psycopg.IsolationLevel.REPEATABLE_READ,
        "serializable": psycopg.IsolationLevel.SERIALIZABLE,
    }[isolation]
    return conn


@pytest.mark.parametrize("isolation", ["read committed", "repeatable read", "serializable"])
def test_a_transaction_that_commits_late_is_not_missed(
    app_sql: Sql, consumer: Consumer, people: list[int], isolation: str
) -> None:
    early, late, other = (connected(app_sql, isolation) for _ in range(3))
    with early, late, other:
        # It has a number of a transaction and a snapshot before the other one begins.
        early.execute("SELECT pg_current_xact_id(), (SELECT count(*) FROM contacts)")
        edit(late, 5)
        edit(early, 6)
        early.commit()
        edit(other, 7)
        other.commit()
        while_open = consumer.read()
        late.commit()
        rest = consumer.read()

    assert while_open == []
    assert rest == [5, 6, 7]


def test_a_transaction_that_is_rolled_back_holds_up_nothing_afterwards(
    app_sql: Sql, consumer: Consumer, people: list[int]
) -> None:
    with connected(app_sql) as one, connected(app_sql) as other:
        edit(one, 5)
        edit(other, 6)
        other.commit()
        held = consumer.read()
        one.rollback()

        assert (held, consumer.read()) == ([], [6])


def test_readers_that_hold_a_transaction_open_hold_up_nothing(
    app_sql: Sql, consumer: Consumer, people: list[int]
) -> None:
    with connected(app_sql, "repeatable read") as reader, connected(app_sql) as writer:
        reader.execute("SELECT * FROM contacts")
        edit(writer, 5)
        writer.commit()

        assert consumer.read() == [5]


def test_programs_are_notified_of_changes(
    app_sql: Sql, consumer: Consumer, people: list[int]
) -> None:
    consumer.conn.execute("LISTEN cfsync_changes")
    with connected(app_sql) as writer:
        edit(writer, 5)
        writer.commit()
    (notice,) = consumer.conn.notifies(timeout=30, stop_after=1)

    assert notice.channel == "cfsync_changes"


@pytest.mark.parametrize("again", [False, True], ids=["once", "roles.sql again"])
def test_applications_may_not_read_the_history_unasked(
    app_sql: Sql, people: list[int], *, again: bool
) -> None:
    if again:
        with psycopg.connect(
            app_sql.dsn.replace("cfsync_app", "postgres"), autocommit=True
        ) as conn:
            conn.execute(ROLES.read_text())

    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app_sql("SELECT * FROM cf_feed")


def test_an_application_that_was_given_the_history_reads_it(
    app_sql: Sql, people: list[int]
) -> None:
    with psycopg.connect(app_sql.dsn.replace("cfsync_app", "postgres"), autocommit=True) as conn:
        conn.execute("GRANT SELECT ON cf_feed TO cfsync_app")
    app_sql(f"UPDATE contacts SET first_name = 'Given' WHERE id = {people[0]}")

    assert app_sql(f"SELECT op FROM cf_feed WHERE record_id = {people[0]}")
