"""The recipe of a warehouse that is kept up to date from the feed."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.meta.documents import document
from tests.push.conftest import Account
from tests.push.test_history import account

__all__ = ["account"]


@pytest.fixture
def recipe() -> dict[str, Any]:
    blocks = document("docs/recipes.md").of("python")
    (block,) = (b for b in blocks if b.heading == "Keep a warehouse up to date")
    found: dict[str, Any] = {}
    exec(block.text, found)
    return found


def test_a_warehouse_that_is_killed_goes_on_and_holds_what_the_mirror_holds(
    account: Account, two: tuple[int, int], recipe: dict[str, Any], tmp_path: Path
) -> None:
    if account.mirror.dialect.name != "sqlite":
        pytest.skip("the recipe reads a file of SQLite")
    mirror = sqlite3.connect(account.settings["CFSYNC_DATABASE__URL"].removeprefix("sqlite:///"))
    warehouse, apply = sqlite3.connect(tmp_path / "warehouse.db"), recipe["apply"]
    recipe["begin"](mirror, warehouse)
    account.sql("INSERT INTO contacts (email_address) VALUES ('new@example.com')")
    account.sql("UPDATE contacts SET first_name = 'Eve' WHERE id = ?", two[0])
    account.sql("DELETE FROM contacts WHERE id = ?", two[1])
    done: list[str] = []

    def killed(*change: Any) -> None:
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(change[1])
        apply(*change)

    recipe["apply"] = killed
    with pytest.raises(KeyboardInterrupt):
        recipe["follow"](mirror, warehouse)
    recipe["apply"] = apply
    account.push()
    account.pull("contacts")
    recipe["follow"](mirror, warehouse)
    query = "SELECT id, email_address, first_name FROM contacts ORDER BY id"

    assert warehouse.execute(query).fetchall() == mirror.execute(query).fetchall()
    mirror.close()
    warehouse.close()
