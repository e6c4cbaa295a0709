"""How often the daemon looks at a list: at `pull_every` while it changes, ever more seldom while it
is quiet, at `pull_max_every` at the longest. Pure, and told by the list's checkpoint alone, so that
restarts and several daemons make no difference.
"""

from __future__ import annotations

from datetime import datetime

from cfsync.config import ResourceSettings
from cfsync.mirror.checkpoints import Checkpoint

SHARE = 0.1
"""A list that last changed some time ago is looked at again after this share of that time."""


def interval(place: Checkpoint, settings: ResourceSettings, now: str) -> float:
    """Seconds between two pulls of a list that stands at `place`."""
    quiet = 0.0 if place.seen_at is None else seconds(place.seen_at, now)
    return max(settings.pull_every, min(settings.pull_max_every, quiet * SHARE))


def is_due(place: Checkpoint | None, settings: ResourceSettings, now: str) -> bool:
    """Whether its time has come, or will have before half of another `pull_every` is over. What was
    never pulled to its end is always due, as is what was pulled in a future: a clock was set back.
    """
    if place is None or place.began_at is None or place.pending is not None:
        return True
    age = seconds(place.began_at, now)
    return age < 0 or age >= interval(place, settings, now) - settings.pull_every / 2


def seconds(since: str, now: str) -> float:
    """From one canonical time to another."""
    return (datetime.fromisoformat(now) - datetime.fromisoformat(since)).total_seconds()
