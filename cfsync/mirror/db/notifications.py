"""Who wants to know at once of edits, and of hints: PostgreSQL tells, SQLite is asked a few times a
second.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cfsync.errors import MirrorError
from cfsync.mirror.db.connect import Place

POLL_S = 5.0
"""How often the outbox is looked at where nothing was told: a pooler may swallow notifications."""

LOOK_S = 0.2
"""How often an SQLite file is asked whether anybody has committed to it."""

CHANNEL = "cfsync_outbox"


async def changes(place: Place) -> AsyncGenerator[None]:
    """Yields once at the beginning, whenever there may be something new, and now and then.

    Has a connection of its own. Raises MirrorError when that is lost.
    """
    yield
    watched = _committed(place.file) if place.file else _notified(place)
    async for _ in watched:
        yield


async def _notified(place: Place) -> AsyncGenerator[None]:
    import psycopg

    url = place.url.set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn:
            await conn.execute(f"LISTEN {CHANNEL}")
            while True:
                yield
                async for _ in conn.notifies(timeout=POLL_S, stop_after=1):
                    pass
    except psycopg.Error as error:
        raise MirrorError(f"{place} can't be reached: {type(error).__name__}") from error


async def _committed(file: Path) -> AsyncGenerator[None]:
    """Each look is made off the loop: the file may be on a slow disk."""
    loop, quiet, seen = asyncio.get_running_loop(), 0.0, None
    with ThreadPoolExecutor(1, thread_name_prefix="watch") as thread:
        conn = await loop.run_in_executor(thread, _connect, file)
        try:
            while True:
                version = await loop.run_in_executor(thread, _data_version, conn)
                if version != seen or quiet >= POLL_S:
                    seen, quiet = version, 0.0
                    yield
                await asyncio.sleep(LOOK_S)
                quiet += LOOK_S
        finally:
            thread.submit(conn.close)


def _connect(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, isolation_level=None)


def _data_version(conn: sqlite3.Connection) -> int | None:
    """A number that changes with every commit of another connection; None: it can't be read now."""
    try:
        return int(conn.execute("PRAGMA data_version").fetchone()[0])
    except sqlite3.Error:
        return None
