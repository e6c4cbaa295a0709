"""sqlite-utils takes `lastrowid` for the key of what it inserts."""

from __future__ import annotations

from typing import Any

import pytest
from sqlite_utils import Database

from cfsync.records import is_provisional
from tests.conftest import SQLITE_ONLY, Sql

pytestmark = SQLITE_ONLY


@pytest.fixture
def contacts(workspace: int, ada: int, sql: Sql) -> Any:
    return Database(sql.path)["contacts"]


def test_what_it_inserts_is_updated_by_the_key_that_it_gives(contacts: Any, sql: Sql) -> None:
    for name in "ab":
        key = contacts.insert({"first_name": name}).last_pk
        contacts.update(key, {"last_name": name.upper()})

    assert sql("SELECT first_name, last_name FROM contacts WHERE id > 5 ORDER BY id") == [
        ("a", "A"),
        ("b", "B"),
    ]
    assert is_provisional(key)


@pytest.mark.parametrize("way", ["upsert", "replace"])
def test_a_known_row_that_it_writes_again_is_updated(contacts: Any, sql: Sql, way: str) -> None:
    row = {"id": 5, "first_name": "Again"}
    if way == "upsert":
        contacts.upsert(row, pk="id")
    else:
        contacts.insert(row, pk="id", replace=True)

    assert sql.outbox() == [("update", "contacts", 5, {"first_name": ["Ada", "Again"]})]
    assert sql("SELECT email_address FROM contacts") == [("ada@example.com",)]
