"""Which notices are to be told now. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

AGAIN_S = 86_400.0
"""Seconds after which a notice is told again, if nothing has changed."""

GONE_S = 3_600.0
"""Seconds without it after which the same counts as new: what comes and goes is told once."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A kind of notice: since when it lasts, and when it was there last, in monotonic seconds."""

    since: float
    last: float


def update(
    seen: Mapping[str, Seen], present: Collection[str], now: float
) -> tuple[dict[str, Seen], set[str]]:
    """What has been seen with those kinds present now, and the kinds that are over."""
    kept = {kind: Seen(seen[kind].since if kind in seen else now, now) for kind in present}
    gone = {kind: it for kind, it in seen.items() if kind not in kept}
    over = {kind for kind, it in gone.items() if now - it.last >= GONE_S}
    return kept | {kind: it for kind, it in gone.items() if kind not in over}, over


def lasting(
    seen: Mapping[str, Seen], present: Collection[str], now: float, after: float
) -> set[str]:
    """The present kinds that have lasted for `after` seconds."""
    return {kind for kind in present if now - seen[kind].since >= after}
