"""SQLite's write-ahead log (WAL): kept small, and what keeps it from being emptied is noted.

A program that leaves a transaction open in which it reads keeps the log from being emptied, and
each commit makes it longer. SQLite tells neither who reads nor for how long, but where in the log a
checkpoint had to end: since when that has been the same place is noted.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import structlog

from cfsync.mirror.db.dialect.place import Place
from cfsync.mirror.db.engine import Mirror, Tx
from cfsync.mirror.progress import meta
from cfsync.times import seconds

log = structlog.get_logger()

LARGE = 64 * 2**20
"""Bytes of a log that is worth a warning: twice what it grows to by itself."""


@dataclass(frozen=True, slots=True)
class Wal:
    """The log beside the mirror's file; empty where a server holds the mirror."""

    #: Bytes.
    size: int = 0
    #: Seconds, at least, for which a reader has kept it from being emptied; 0: none does.
    held_s: float = 0.0

    def after(self, elapsed_s: float) -> Wal:
        """The same log so many seconds later, if nothing happens in between."""
        return Wal(self.size, self.held_s + elapsed_s if self.held_s else 0.0)


def read(tx: Tx, place: Place) -> Wal:
    """The log as it is now."""
    _, _, since = (meta.get(tx.conn, meta.WAL_HELD) or "").partition(" ")
    size = place.wal_size()
    return Wal(size, max(0.0, seconds(since, tx.now)) if since and size else 0.0)


def warning(wal: Wal) -> str:
    """One line about a log that is large, with what to do; '' about another one. Pure."""
    if wal.size <= LARGE:
        return ""
    size = f"the log of the database (-wal) has {wal.size / 2**20:.0f} MiB"
    if not wal.held_s:
        return f"{size}: the daemon, or the next pass, empties it"
    held = f"{wal.held_s / 60:.0f} min" if wal.held_s >= 60 else f"{wal.held_s:.0f} s"
    return (
        f"{size}: for {held} or more a program has been reading in a transaction that it left open:"
        " end it"
    )


async def shrink(mirror: Mirror) -> None:
    """Empty the log if it is large and nobody reads it; note if somebody does. Raises Replaced."""
    if mirror.place.file is None:
        return
    noted = await mirror.read(_noted)  # first: a log that was replaced must be left alone
    held_at = await asyncio.to_thread(mirror.place.shrink_wal)
    if held_at != noted:
        await mirror.write(_note, held_at)


class Shrinker:
    """Shrinks the log again and again. Says once that a reader holds that up, when this begins to
    matter, and once that it is over.
    """

    HELD_S = 60.0
    """Seconds that a reader may take before it is worth a warning."""

    def __init__(self) -> None:
        self._is_said = False

    async def run(self, mirror: Mirror) -> None:
        await shrink(mirror)
        if mirror.place.file is None:
            return
        wal = await mirror.read(read, mirror.place)
        line = warning(wal)
        if line and wal.held_s >= self.HELD_S and not self._is_said:
            self._is_said = True
            log.warning("wal.held", error=line)
        elif not line and self._is_said:
            self._is_said = False
            log.info("wal.released")


def _noted(tx: Tx) -> str:
    return (meta.get(tx.conn, meta.WAL_HELD) or "").partition(" ")[0]


def _note(tx: Tx, held_at: str) -> None:
    meta.put(tx.conn, meta.WAL_HELD, f"{held_at} {tx.now}" if held_at else "")
