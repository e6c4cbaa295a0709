"""Reads that take seconds, beside the passes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from cfsync.mirror.db.engine import Mirror, Tx

P = ParamSpec("P")
T = TypeVar("T")


async def read_beside(
    mirror: Mirror, fn: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs
) -> T:
    """As `mirror.read`, on a connection and in a thread of its own, so that the transactions of the
    passes don't wait for it.
    """
    other = Mirror(mirror.place, mirror.place.engine(), mirror.clock)
    try:
        return await other.read(fn, *args, **kwargs)
    finally:
        await asyncio.to_thread(other.close)
