"""A mirror with one workspace, and the daemon's hand to write records into it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import TABLES

Daemon = Callable[..., None]


def save(tx: Tx, resource: str, *rows: dict[str, Any]) -> None:
    """Insert or update rows as a pass does."""
    table = TABLES[resource]
    for row in rows:
        values = row | {"cf_rev": tx.rev(), "cf_synced_at": tx.now}
        query = tx.dialect.insert(table).values(values)
        tx.conn.execute(query.on_conflict_do_update(index_elements=["id"], set_=values))


@pytest.fixture
def daemon(write: Callable[..., Any]) -> Daemon:
    """`daemon("contacts", {"id": 5, ...}, ...)`: records that came from ClickFunnels."""
    return lambda resource, *rows: write(save, resource, *rows)


@pytest.fixture
def workspace(daemon: Daemon) -> int:
    """The only workspace of the mirror; nothing else is in it."""
    daemon("workspaces", {"id": 10, "workspace_id": 10, "team_id": 1, "name": "Shop"})
    return 10


@pytest.fixture
def ada(daemon: Daemon, workspace: int) -> int:
    """A contact as ClickFunnels sent it."""
    daemon(
        "contacts",
        {
            "id": 5,
            "workspace_id": workspace,
            "email_address": "ada@example.com",
            "first_name": "Ada",
            "uuid": "u5",
            "created_at": "2025-05-21T12:18:51.772Z",
            "updated_at": "2025-05-21T12:18:51.772Z",
            "custom_attributes": {"colour": "red", "size": "m"},
            "tags": [{"id": 1}, {"id": 2}],
            "tag_ids": [1, 2],
        },
    )
    return 5


def rows(tx: Tx, query: str) -> list[Any]:
    return list(tx.conn.execute(sa.text(query)))
