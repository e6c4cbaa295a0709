"""Whose turn it is to push. Of two passes that send edits of one record at once, one could send an
older value after the other's newer one, and nobody would see it: so no two processes push the same
resource at a time. A turn ends with its process, whatever ends that, and where it is paused.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from cfsync.mirror.db.connect import Place
from cfsync.mirror.db.engine import Mirror
from cfsync.mirror.db.errors import Away

if TYPE_CHECKING:
    import psycopg

PAUSED_S, SIGN_S = 60, 15.0
"""A process that gives no sign of life for PAUSED_S loses its turn; one that runs gives one every
SIGN_S seconds.
"""

# A transaction that is left open holds the locks: a pooler gives it a connection of its own, as it
# does not for a session. A machine that has gone is missed within half a minute.
_HOLD = (
    "SELECT set_config(name, value, true) FROM pg_settings JOIN (VALUES"
    " ('idle_in_transaction_session_timeout', '{ms}'), ('transaction_timeout', '0'),"
    " ('tcp_keepalives_idle', '10'), ('tcp_keepalives_interval', '5'),"
    " ('tcp_keepalives_count', '3')) wanted (name, value) USING (name)"
)
_TAKE = (
    "SELECT name FROM unnest(%s::text[]) name"
    " WHERE pg_try_advisory_xact_lock(hashtext('cfsync push'), hashtext(name))"
)


def hold(
    mirror: Mirror, names: Sequence[str], lost: Callable[[], object]
) -> AbstractAsyncContextManager[Collection[str]]:
    """Gives those of the resources that no other process pushes; nobody else will before the block
    ends. Passes of one process on SQLite share its turn. `lost` is called should the server have
    taken the turn away: nothing more may be sent. Raises Away.
    """
    if mirror.pushing is not None:
        return _of_file(mirror.pushing, names)
    return _of_server(mirror.place, names, lost)


@asynccontextmanager
async def _of_file(lock: FileLock, names: Sequence[str]) -> AsyncIterator[Collection[str]]:
    try:
        lock.acquire(blocking=False)
    except Timeout:
        yield ()
        return
    except OSError as error:
        raise Away(f"{lock.lock_file} can't be locked: {error.strerror}") from None
    try:
        yield names
    finally:
        lock.release()


@asynccontextmanager
async def _of_server(
    place: Place, names: Sequence[str], lost: Callable[[], object]
) -> AsyncIterator[Collection[str]]:
    import psycopg

    url = place.url.set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        conn = await psycopg.AsyncConnection.connect(url, prepare_threshold=None)
        await conn.execute(_HOLD.format(ms=PAUSED_S * 1000))
        mine = [name for (name,) in await (await conn.execute(_TAKE, [list(names)])).fetchall()]
    except psycopg.Error as error:
        raise Away(f"{place} can't be reached: {type(error).__name__}") from error
    signs = asyncio.create_task(_give_signs(conn, lost))
    try:
        yield mine
    finally:
        signs.cancel()
        await asyncio.gather(signs, return_exceptions=True)
        with suppress(psycopg.Error):
            await (
                conn.rollback()
            )  # a connection that is merely closed holds its locks a little longer
            await conn.close()


async def _give_signs(conn: psycopg.AsyncConnection, lost: Callable[[], object]) -> None:
    """Until cancelled, or told by the server that it waits no longer."""
    import psycopg

    try:
        while True:
            await asyncio.sleep(SIGN_S)
            await conn.execute("SELECT 1")
    except psycopg.Error:
        lost()
