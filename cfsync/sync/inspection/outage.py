"""Whether ClickFunnels can be reached, as the passes of a daemon have found it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from cfsync.errors import NO_CONNECTION
from cfsync.mirror.coordination.pauses import Trouble
from cfsync.sync.inspection.status import Status
from cfsync.times import seconds

_PLACE = re.compile(r"^(?:\S+: )?[A-Z]+ /\S*: ")
"""What stands before the reason of a failed call: the list, and the call."""

SEVERAL = 2
"""Lists of which passes must fail, where ClickFunnels answers: one alone may be at fault itself."""


@dataclass(frozen=True, slots=True)
class Outage:
    """ClickFunnels can't be reached, or fails whatever is asked."""

    #: Canonical text.
    since: str
    reason: str


def outage(found: Status) -> Outage | None:
    """The one that goes on: nothing was pulled since passes fail for it, because nothing listens
    there, or those of several lists.
    """
    pulled_s = [r.lag_s for r in found.resources.values() if r.lag_s is not None]
    last_s = min(pulled_s, default=float("inf"))
    failing = [
        t
        for t in found.troubles
        if t.kind == "server"
        and t.resource not in found.paused
        and seconds(t.since, found.at) <= last_s
    ]
    is_away = any(reason(t).startswith(NO_CONNECTION) for t in failing)
    if not is_away and len({t.resource for t in failing}) < SEVERAL:
        return None
    first = min(failing, key=lambda t: t.since)
    return Outage(first.since, reason(first))


def reason(trouble: Trouble) -> str:
    """Why a pass does not run now, without the lists and calls that have met it first."""
    return "; ".join(dict.fromkeys(_PLACE.sub("", text) for text in trouble.text.split("; ")))


def by_reason(troubles: Iterable[Trouble]) -> dict[str, list[Trouble]]:
    """Reason -> the troubles that have it."""
    found: dict[str, list[Trouble]] = {}
    for trouble in troubles:
        found.setdefault(reason(trouble), []).append(trouble)
    return found
