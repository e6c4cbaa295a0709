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
    """Begin or end writing changes down, as `retention.changes` says."""
    if await context.mirror.read(starts.is_off) == bool(context.settings.retention.changes):
        await context.mirror.write(_switch, bool(context.settings.retention.changes))


def _switch(tx: Tx, on: bool) -> None:
    if on:
        starts.begin_again(tx)
    else:
        starts.end_all(tx)
