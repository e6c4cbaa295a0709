"""Named places at which a test can pull the plug: nothing happens unless CFSYNC_CRASH_AT is set.

`CFSYNC_CRASH_AT=before_commit` kills the process (SIGKILL: no cleanup, as a power cut) when it
comes there first, `after_commit/save_page:3` at the third commit of the function `save_page`.
"""

from __future__ import annotations

import os
import signal
from collections import Counter

_seen: Counter[str] = Counter()


def reached(point: str, detail: str = "") -> None:
    """Say that the program stands at `point` (in `detail`)."""
    wanted = os.environ.get("CFSYNC_CRASH_AT")
    if not wanted:
        return
    name, _, nth = wanted.partition(":")
    if name in (point, f"{point}/{detail}"):
        _seen[name] += 1
        if _seen[name] == int(nth or 1):
            os.kill(os.getpid(), signal.SIGKILL)
