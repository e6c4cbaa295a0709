"""How often the daemon pulls a list: every `pull_every` while it changes, then less and less often
while it is quiet, at least every `pull_max_every`. Pure, and computed from the list's checkpoint
alone, so restarts and several daemons make no difference.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from math import ceil
from typing import TypeVar, get_args

from cfsync.config import ResourceSettings, Settings
from cfsync.mirror.lists.listings import in_turn
from cfsync.mirror.progress.checkpoints import Checkpoint
from cfsync.resources import RESOURCES, Group, Resource
from cfsync.times import seconds

T = TypeVar("T")

CATCH_UP_FACTOR = 1.25
"""By how much a pull may exceed its share of the lists that are due, so that none falls behind."""

DAY_S = 86400

SHARE = 0.1
"""A list that last changed some time ago is looked at again after this share of that time."""


def interval(
    place: Checkpoint, settings: ResourceSettings, now: str, told: Collection[int] = ()
) -> float:
    """Seconds between two pulls of a list that stands at `place`. `told`: parents of lists
    whose changes arrive as events; their pulls are only a check.
    """
    if place.parent_id in told:
        return max(settings.pull_every, settings.pull_max_every)
    quiet = 0.0 if place.seen_at is None else seconds(place.seen_at, now)
    return max(settings.pull_every, min(settings.pull_max_every, quiet * SHARE))


def due_now(
    places: Iterable[tuple[T, Checkpoint | None]],
    settings: ResourceSettings,
    now: str,
    told: Collection[int] = (),
) -> list[T]:
    """What to pull now, of (list, its place) each. All that are busy, or that were never pulled to
    their end, or are far behind; of the quiet ones that are due those that waited longest, no more
    than their share of one `pull_every`, so that they come in turn and not all at once.
    """
    urgent, calm, share = [], [], 0.0
    for listing, place in places:
        age, every = _age(place, now), settings.pull_every
        pace = every if place is None else interval(place, settings, now, told)
        share += every / pace if pace > every else 0.0
        if age is None or age >= 2 * pace or (pace <= every and age >= every / 2):
            urgent.append(listing)
        elif pace > every and age >= pace - every / 2:
            calm.append((age, listing))
    calm.sort(key=lambda waited: -waited[0])
    return urgent + [listing for _, listing in calm[: ceil(share * CATCH_UP_FACTOR)]]


def steady_rate(settings: Settings, lists: Mapping[str, int]) -> float:
    """Requests a second that pulls cost while nothing changes, with so many lists of each resource
    (its name -> how many): every list of a workspace once in its longest interval, of the lists
    below other records a part in each pull.
    """
    return sum(
        _rate(RESOURCES[name], settings.resource(name), count)
        for name, count in lists.items()
        if settings.resource(name).enabled
    )


def requests_a_day(
    settings: Settings, lists: Mapping[str, int], workspaces: int
) -> dict[Group, int]:
    """What pulls cost a day while nothing changes, by the value of `api.mirror`; a resource that is
    switched on or off by itself stays so. Of a resource that is not mirrored yet one list in each
    workspace is assumed, and of children as many as one pull takes.
    """
    rates = {
        name: _rate(
            resource,
            settings.resource(name),
            lists.get(name) or (1 if resource.nested else workspaces),
        )
        for name, resource in RESOURCES.items()
    }
    return {
        group: round(DAY_S * sum(rates[name] for name in settings.wanted_with(group)))
        for group in get_args(Group)
    }


def _rate(resource: Resource, mine: ResourceSettings, lists: int) -> float:
    if resource.nested:
        return in_turn(lists) / mine.pull_every
    return lists / max(mine.pull_every, mine.pull_max_every)


def _age(place: Checkpoint | None, now: str) -> float | None:
    """Seconds since its last pull began. None: it was never pulled to its end, or it lies in the
    future because a clock was set back.
    """
    if place is None or place.began_at is None or place.pending is not None:
        return None
    age = seconds(place.began_at, now)
    return age if age >= 0 else None
