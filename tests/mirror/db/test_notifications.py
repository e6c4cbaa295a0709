"""Who waits for edits hears of them: by a notification, or by a look of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from cfsync.mirror.db import notifications
from cfsync.mirror.db.dialect.postgresql import server
from cfsync.mirror.db.engine import Mirror
from tests.conftest import POSTGRESQL_ONLY, Sql


def hears(mirror: Mirror, edit: Callable[[], object]) -> None:
    """Wait for edits, and for one that is made meanwhile. Raises TimeoutError."""

    async def main() -> None:
        looks = notifications.changes(mirror.place)
        for _ in range(2):  # at the beginning, and when it listens
            await anext(looks)
        edit()
        await asyncio.wait_for(anext(looks), 10.0)
        await looks.aclose()

    asyncio.run(main())


def test_an_edit_is_heard_of_long_before_the_next_look(
    ada: int, mirror: Mirror, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifications, "POLL_S", 600.0)

    hears(mirror, lambda: sql("UPDATE contacts SET first_name = 'X' WHERE id = ?", ada))


@POSTGRESQL_ONLY
def test_where_notifications_can_not_pass_a_look_comes_all_the_same(
    ada: int, mirror: Mirror, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "CHANNEL", "of_a_pooler")
    assert notifications.POLL_S == 5.0
    monkeypatch.setattr(notifications, "POLL_S", 0.2)

    hears(mirror, lambda: sql("UPDATE contacts SET first_name = 'X' WHERE id = ?", ada))
