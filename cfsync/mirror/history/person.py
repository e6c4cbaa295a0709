"""Who has cfsync do something: the author of what a command or the console decides."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from cfsync.mirror.history.changes import Origin, Side, Source

_ACTING: ContextVar[str | None] = ContextVar("acting", default=None)


@contextmanager
def acting_as(name: str) -> Iterator[None]:
    """Within the block, what is decided is by a person of this name, whoever runs the process."""
    token = _ACTING.set(name)
    try:
        yield
    finally:
        _ACTING.reset(token)


def person() -> str:
    """The name of whom `acting_as` names, else the operating system's user who runs the command,
    also behind sudo.
    """
    if (name := _ACTING.get()) is not None:
        return name
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return f"uid {os.getuid()}"


def by_person() -> Origin:
    """Where a change comes from that a person has decided by a command."""
    return Origin(Side.LOCAL, Source.USER, person())
