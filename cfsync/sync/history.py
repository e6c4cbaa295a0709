"""Keeps the history going: what is written down, and from when on it is complete."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from cfsync.mirror.db.engine import Tx
from cfsync.mirror.history import starts
from cfsync.mirror.lists import history_start
from cfsync.resources import Resource
from cfsync.sync.context import Context


async def begin(
    context: Context, resources: Iterable[Resource], workspaces: Collection[int]
) -> None:
    """Mark the lists of these resources that were read whole: their history is complete from now
    on.
    """
    if not context.settings.retention.changes:
        return
    of = frozenset(workspaces)
    wanted = [r for r in resources if (r.name, of) not in context.with_history]
    for resource in wanted:
        if await context.mirror.write(history_start.begin, resource, of):
            context.with_history.add((resource.name, of))


async def switch(context: Context) -> None:
    """Begin or end writing changes down, as `retention.changes` says, in short transactions. A pass
    that finds this unfinished goes on with it.
    """
    wanted = bool(context.settings.retention.changes)
    is_off, is_empty = await context.mirror.read(_state)
    if is_off != wanted and (wanted or is_empty):
        return
    if not is_off:
        await context.mirror.write(starts.turn_off)
    while await context.mirror.write(starts.delete_some):
        context.check_stop()
    while wanted and await context.mirror.write(starts.begin_again):
        context.check_stop()


def _state(tx: Tx) -> tuple[bool, bool]:
    """Whether the history is off, and whether it is empty."""
    return starts.is_off(tx), starts.is_empty(tx)
