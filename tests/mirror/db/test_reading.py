"""A connection that only reads an SQLite file leaves out the triggers, and nothing else."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cfsync.mirror.db.dialect.sqlite import reading
from cfsync.mirror.db.engine import Mirror
from tests.conftest import SQLITE_ONLY

pytestmark = SQLITE_ONLY


@pytest.fixture
def file(mirror: Mirror, sql: Any) -> Path:
    sql("INSERT INTO contacts (workspace_id, email_address) VALUES (1, 'ada@example.com')")
    sql("UPDATE cf_outbox SET state = 'parked', error = 'odd'")
    return Path(str(mirror.place))


@pytest.fixture
def reader(file: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(file, isolation_level=None)
    reading.prepare(connection)
    yield connection
    connection.close()


def all_rows(connection: sqlite3.Connection) -> dict[str, Any]:
    named = connection.execute("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')")
    return {
        name: connection.execute(f'SELECT * FROM "{name}"').fetchall()
        for (name,) in named.fetchall()
    }


def indexes(connection: sqlite3.Connection) -> set[str]:
    tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    listed = "SELECT name FROM pragma_index_list(?)"
    return {name for table in tables for (name,) in connection.execute(listed, table)}


def has_triggers(connection: sqlite3.Connection) -> bool:
    """Whether an edit is captured; it is taken back."""
    connection.executescript("PRAGMA query_only = OFF; BEGIN")
    connection.execute("UPDATE contacts SET first_name = 'Ada'")
    ((n,),) = connection.execute("SELECT count(*) FROM cf_outbox").fetchall()
    connection.execute("ROLLBACK")
    return bool(n > 1)


def test_every_table_and_view_is_there(file: Path, reader: sqlite3.Connection) -> None:
    found = all_rows(reader)

    assert found == all_rows(sqlite3.connect(file))
    assert len(found["cf_waiting"]) == 1
    assert indexes(reader) == indexes(sqlite3.connect(file))
    assert not has_triggers(reader)


def test_a_schema_that_changes_is_read_again(file: Path, reader: sqlite3.Connection) -> None:
    sqlite3.connect(file).execute("ALTER TABLE contacts ADD COLUMN own TEXT DEFAULT 'x'")

    assert reader.execute("SELECT own FROM contacts").fetchall() == [("x",)]


@pytest.mark.parametrize(
    "own",
    [f"{'a' * reading.LONGEST} TEXT", f"own INT CHECK (own > {'1 + ' * reading.DEEPEST}1)"],
    ids=["long", "deep"],
)
def test_a_table_with_much_of_ones_own_is_there(file: Path, own: str) -> None:
    other = sqlite3.connect(file)
    other.execute(f"ALTER TABLE contacts ADD COLUMN {own}")
    reader = sqlite3.connect(file, isolation_level=None)

    reading.prepare(reader)

    assert all_rows(reader) == all_rows(other)
    assert has_triggers(reader)


def test_it_can_not_write(reader: sqlite3.Connection) -> None:
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.execute("DELETE FROM cf_meta")
