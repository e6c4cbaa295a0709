"""A reading: what is noted before ClickFunnels is asked for records."""

from __future__ import annotations

from dataclasses import dataclass

from cfsync.merge import OnDrift, Policy
from cfsync.mirror.history.changes import Origin, Side, Source
from cfsync.mirror.progress.checkpoints import Lane
from cfsync.resources.model import Resource


@dataclass(frozen=True, slots=True)
class Reading:
    """What is noted before ClickFunnels is asked for records of a resource, so that an answer that
    took its time is never written over something newer.
    """

    resource: Resource
    lane: Lane
    #: The highest `cf_rev` before the request: a record with a higher one has newer news.
    rev_before: int
    #: The time before the request by the mirror's clock, canonical text.
    began_at: str
    #: Who wins where both sides changed a field: the resource's `on_conflict`.
    policy: Policy
    #: What becomes of drift: `sweep.on_drift`.
    on_drift: OnDrift = "ask"
    #: The mirrored workspaces: a record of another one is left. None: no record is looked at.
    ours: frozenset[int] | None = None

    @property
    def origin(self) -> Origin:
        """Where what it brings comes from, for the history."""
        return Origin(Side.CLICKFUNNELS, Source(str(self.lane)))
