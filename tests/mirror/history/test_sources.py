"""Each way in which records reach the mirror has its name in the history."""

from __future__ import annotations

from cfsync.mirror.history.changes import Source
from cfsync.mirror.progress.checkpoints import Lane


def test_every_lane_is_a_source() -> None:
    assert {lane.value for lane in Lane} - {Lane.TURN.value} <= {s.value for s in Source}
