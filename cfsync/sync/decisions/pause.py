"""Pauses resources, and lets them run again. What is paused is in `mirror.coordination.pauses`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from cfsync.mirror.bookkeeping import decided
from cfsync.mirror.coordination import pauses
from cfsync.mirror.db.engine import Mirror, Tx
from cfsync.resources import RESOURCES, named
from cfsync.sync.decisions import decision_log

What = Literal["paused", "resumed"]

_CHANGES = {"paused": pauses.pause, "resumed": pauses.resume}


async def change(
    mirror: Mirror,
    what: What,
    names: Sequence[str],
    begin: Callable[[], None] = lambda: None,
) -> dict[str, str]:
    """Pause these resources, or let them run again; all of them, if none is named. `begin` is
    called before, unless they are so already. Returns what is paused afterwards, and since when.
    Raises UnknownResource.
    """
    wanted = [named(name).name for name in names]
    paused = await mirror.read(pauses.paused)
    if any((name in paused) != (what == "paused") for name in wanted or RESOURCES):
        begin()
    await mirror.write(_change, what, wanted)
    decision_log.paused(what, wanted)
    return await mirror.read(pauses.paused)


def _change(tx: Tx, what: What, names: Sequence[str]) -> None:
    _CHANGES[what](tx, names)
    decided.lists(tx, what, names or [pauses.ALL])
