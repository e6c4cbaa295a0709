"""Named places at which a test can pull the plug: nothing happens unless CFSYNC_CRASH_AT is set.

`CFSYNC_CRASH_AT=before_commit` kills the process (SIGKILL: no cleanup, as a power cut) when it
comes there first, `after_commit/save_page:3` at the third commit of the function `save_page`.
`CFSYNC_HANG_AT` names a place in the same way: there the thread stands still for ever.
"""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter

_seen: Counter[str] = Counter()


def reached(point: str, detail: str = "") -> None:
    """Say that the program stands at `point` (in `detail`)."""
    if _is_wanted("CFSYNC_CRASH_AT", point, detail):
        os.kill(os.getpid(), signal.SIGKILL)
    if _is_wanted("CFSYNC_HANG_AT", point, detail):
        threading.Event().wait()


def _is_wanted(variable: str, point: str, detail: str) -> bool:
    wanted = os.environ.get(variable)
    if not wanted:
        return False
    name, _, nth = wanted.partition(":")
    if name not in (point, f"{point}/{detail}"):
        return False
    _seen[f"{variable} {name}"] += 1
    return _seen[f"{variable} {name}"] == int(nth or 1)
