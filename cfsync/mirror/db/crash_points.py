"""Named points at which a test can kill the process. Nothing happens unless a variable is set.

`CFSYNC_CRASH_AT=before_commit` kills the process (SIGKILL: no cleanup, like a power cut) when it
first reaches that point, `after_commit/save_page:3` at the third commit of the function
`save_page`. `CFSYNC_HANG_AT` names a point in the same way: there the thread hangs for ever.
"""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter

_seen: Counter[str] = Counter()


def reached(point: str, detail: str = "") -> None:
    """Kill or hang the process if a test has asked for it at `point` (in `detail`)."""
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
