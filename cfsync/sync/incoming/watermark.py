"""The watermark of a list: where a pull may end, and what the next one starts from. Pure."""

from __future__ import annotations

from dataclasses import replace

from cfsync.mirror.progress.checkpoints import Checkpoint
from cfsync.records import Page
from cfsync.times import is_ahead, later, seconds

APART_S = 86400.0
"""The server's clock is believed up to so many seconds from the mirror's."""


def floor_of(checkpoint: Checkpoint, overlap: float) -> str | None:
    """The `updated_at` at which a walk may end; None: it goes to the end of the list. Pure.

    `overlap` is in seconds. A watermark that was first seen less than that before the previous
    pass began is too young: records older than it may have appeared since.
    """
    watermark = checkpoint.watermark
    if watermark is None or checkpoint.seen_at is None or checkpoint.began_at is None:
        return None
    if settled(checkpoint, overlap):
        return watermark
    return later(watermark, -overlap)


def settled(checkpoint: Checkpoint, overlap: float) -> bool:
    """Whether the last pass began at least `overlap` seconds after the watermark was first seen."""
    if checkpoint.seen_at is None or checkpoint.began_at is None:
        return False
    return seconds(checkpoint.seen_at, checkpoint.began_at) >= overlap


def ended(start: Checkpoint, *, pending: str | None, began_at: str, now: str) -> Checkpoint:
    """The checkpoint after a walk that reached its floor. Pure.

    In doubt a watermark counts as younger than it is: it was seen at `now` at the latest, and it is
    not known when the run began that read the first pages of a resumed walk.
    """
    newer = pending is not None and (start.watermark or "") < pending
    return replace(
        start,
        watermark=pending if newer else start.watermark,
        seen_at=now if newer else start.seen_at,
        pending=None,
        cursor=None,
        began_at=start.began_at if start.pending else began_at,
        done_at=now,
    )


def newest(page: Page, read_at: str) -> str | None:
    """The newest `updated_at` on a page; None where there is none. Times in the future don't count:
    no change would ever be newer. The present is the server's clock or, where it names none, the
    mirror's (`read_at`); the earlier of both where one of them must be wrong.
    """
    server = page.at or read_at
    now = min(server, read_at) if _disagree(server, read_at) else server
    times = (r.updated_at for r in page.records if r.updated_at)
    return max((time for time in times if not is_ahead(time, now)), default=None)


def is_to_drop(watermark: str | None, page: Page, read_at: str) -> bool:
    """Whether a watermark lies in the future, so that it hides changes.

    Here the present is the later of both clocks, as long as they agree: one server of many whose
    clock is a little behind makes nobody walk a whole list again.
    """
    server = page.at or read_at
    now = min(server, read_at) if _disagree(server, read_at) else max(server, read_at)
    return is_ahead(watermark, now)


def _disagree(server: str, mirror: str) -> bool:
    """Whether the two clocks are so far apart that one of them must be wrong."""
    return abs(seconds(server, mirror)) > APART_S
