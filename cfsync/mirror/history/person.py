"""Who runs a command: the author of what it decides."""

from __future__ import annotations

import getpass
import os

from cfsync.mirror.history.changes import Origin, Side, Source


def person() -> str:
    """The operating system's user who runs the command, also behind sudo."""
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return f"uid {os.getuid()}"


def by_person() -> Origin:
    """Where a change comes from that a person has decided by a command."""
    return Origin(Side.LOCAL, Source.USER, person())
