"""The console's connections: one that can only read, closed when nobody looks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from cfsync.errors import MirrorError
from cfsync.mirror.db import allocator
from cfsync.mirror.db.engine import Mirror, Tx
from cfsync.web.console import connections
from cfsync.web.console.connections import Connection
from cfsync.web.console.session import DaemonControl
from tests.push.conftest import Account
from tests.web.console.conftest import Visitor


def opened(account: Account, opens: list[Mirror]) -> Callable[[], Mirror]:
    def open_mirror() -> Mirror:
        opens.append(
            Mirror.open(
                account.settings["CFSYNC_DATABASE__URL"],
                must_exist=True,
                clock=lambda: datetime.now(UTC),
                read_only=True,
            )
        )
        return opens[-1]

    return open_mirror


def _write(tx: Tx) -> None:
    tx.conn.exec_driver_sql("DELETE FROM cf_meta")


def _secrets(tx: Tx) -> None:
    tx.conn.exec_driver_sql("SELECT * FROM cf_secrets")


def test_pages_can_not_write(account: Account) -> None:
    mirror = opened(account, [])()
    try:
        with pytest.raises((MirrorError, sa.exc.DBAPIError)):
            asyncio.run(mirror.write(_write))
    finally:
        mirror.close()
    assert account.one("SELECT count(*) FROM cf_meta") > 0


def test_on_sqlite_pages_can_not_see_secrets(account: Account) -> None:
    if account.mirror.dialect.name != "sqlite":
        pytest.skip("a server has no file for them")
    mirror = opened(account, [])()
    try:
        with pytest.raises((MirrorError, sa.exc.DBAPIError)):
            asyncio.run(mirror.read(_secrets))
    finally:
        mirror.close()


def _one(tx: Tx) -> int:
    return int(tx.conn.exec_driver_sql("SELECT 1").scalar_one())


def test_a_connection_is_closed_when_nobody_looks_and_opened_again(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = asyncio.Event()
    opens: list[Mirror] = []
    connection = Connection(opened(account, opens))
    monkeypatch.setattr(connections, "IDLE_S", 0.0)
    monkeypatch.setattr(allocator, "give_back", lambda: loop.call_soon_threadsafe(closed.set))

    async def look() -> None:
        nonlocal loop
        loop = asyncio.get_running_loop()
        for _ in range(2):
            closed.clear()
            async with connection.use() as mirror:
                await asyncio.sleep(0)  # a timer of nobody may not close it now
                assert await mirror.read(_one) == 1
            await closed.wait()

    loop: asyncio.AbstractEventLoop
    asyncio.run(look())
    connection.close()

    assert len(opens) == 2


def test_pages_that_come_together_open_one_connection(account: Account) -> None:
    opens: list[Mirror] = []
    connection = Connection(opened(account, opens))

    async def look() -> int:
        async with connection.use() as mirror:
            return await mirror.read(_one)

    async def all_look() -> list[int]:
        return await asyncio.gather(*(look() for _ in range(5)))

    assert asyncio.run(all_look()) == [1] * 5
    assert len(opens) == 1
    connection.close()


def test_a_mirror_that_can_not_be_opened_is_tried_again() -> None:
    tries: list[int] = []

    def open_mirror() -> Mirror:
        tries.append(1)
        raise MirrorError("not now")

    connection = Connection(open_mirror)

    async def look() -> None:
        for _ in range(2):
            with pytest.raises(MirrorError):
                async with connection.use():
                    pass

    asyncio.run(look())
    assert len(tries) == 2


def test_what_is_decided_goes_over_the_daemons_connection(
    visit: Callable[..., Visitor], account: Account
) -> None:
    visitor = visit(DaemonControl(lambda *_: "", list, lambda: account.mirror))
    visitor.console.writer = Connection(pytest.fail)  # no other one is opened

    visitor.press("/pause/contacts", "pause")

    assert "paused contacts" in visitor.see("/activity")


def test_a_button_while_the_daemon_stops_says_so(
    visit: Callable[..., Visitor], account: Account
) -> None:
    mirror = opened(account, [])()
    visitor = visit(DaemonControl(lambda *_: "", list, lambda: mirror))
    mirror.close()

    page = visitor.press("/pause/contacts", "pause")

    assert "is closed as cfsync stops; what was done is kept" in page
