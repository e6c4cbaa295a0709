"""How the C library keeps memory that was freed. With another one than glibc, nothing is done."""

from __future__ import annotations

import ctypes
from contextlib import suppress

_M_ARENA_MAX = -8


def use_one_arena() -> None:
    """Take what all threads allocate from one pool, where each would keep one of its own: SQLite's
    connections have a thread each. To be called before there are threads.
    """
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def give_back() -> None:
    """Give to the operating system what was freed: small pieces are kept otherwise."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)
