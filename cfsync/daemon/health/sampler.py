"""The sampler: writes down every five minutes how old the lists are and how many edits wait."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping

from cfsync.config import Settings
from cfsync.mirror.db.engine import Mirror, Tx
from cfsync.mirror.progress import samples
from cfsync.mirror.progress.latency import Counts, quantile
from cfsync.mirror.progress.samples import MINUTES, SEVERAL, STATE, Sample, span
from cfsync.mirror.reports import status
from cfsync.sync.health_facts import HealthFacts, read_facts
from cfsync.sync.health_rule import PullAge

EVERY_S = 60.0 * MINUTES

Found = Mapping[str, Mapping[str, Counts]]
"""Resource -> lane -> changes that it brought first, by the class of their delay."""


class Sampler:
    """Remembers what was found before, since the mirror only counts all that was ever found."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._before: dict[str, Counts] | None = None

    async def run(
        self, mirror: Mirror, workspaces: Collection[int], owned: Collection[str]
    ) -> None:
        """Write a sample of each list of `owned` resources that has something to tell."""
        now = await mirror.write(self._take, workspaces, owned)
        self._before = now

    def _take(
        self, tx: Tx, workspaces: Collection[int], owned: Collection[str]
    ) -> dict[str, Counts]:
        facts = read_facts(tx, self._settings, workspaces)
        now = by_resource(status.found_by_lane(tx))
        new = {} if self._before is None else since(self._before, now)
        edits = {name: sum(n.values()) for name, n in status.open_edits(tx).items()}
        samples.add(tx, state_samples(facts, owned, edits, new))
        return now


def by_resource(found: Found) -> dict[str, Counts]:
    """Resource -> the changes of all lanes together."""
    return {
        name: sum((Counter(counts) for counts in lanes.values()), Counter())
        for name, lanes in found.items()
    }


def since(before: Mapping[str, Counts], now: Mapping[str, Counts]) -> dict[str, Counts]:
    """What was found between two counts."""
    return {name: Counter(counts) - Counter(before.get(name, {})) for name, counts in now.items()}


def state_samples(
    facts: HealthFacts,
    owned: Collection[str],
    edits: Mapping[str, int],
    found: Mapping[str, Counts],
) -> list[Sample]:
    """How it stands, with a row for all lists together, and one for each that is late, has edits
    that wait, or has brought news. Pure. `edits`: resource -> how many wait.
    """
    ages = {name: age for name, age in facts.pull_ages.items() if name in owned}
    oldest = max(ages.values(), key=lambda age: age.lag_s or 0.0, default=PullAge())
    together: Counter[int] = sum((Counter(found.get(name, {})) for name in ages), Counter())
    waiting = sum(n for name, n in edits.items() if name in owned)
    at = span(facts.now)
    return [
        _sample(at, SEVERAL, oldest, waiting, together),
        *_of_lists(at, ages, edits, found),
    ]


def _of_lists(
    at: str, ages: Mapping[str, PullAge], edits: Mapping[str, int], found: Mapping[str, Counts]
) -> Iterator[Sample]:
    for name, age in ages.items():
        waiting, new = edits.get(name, 0), found.get(name, {})
        if waiting or any(new.values()) or age.late_in_s < 0:
            yield _sample(at, name, age, waiting, new)


def _sample(at: str, resource: str, age: PullAge, waiting: int, found: Counts) -> Sample:
    lag_s = None if age.lag_s is None else round(age.lag_s)
    half_s = quantile(found, 0.5)
    return Sample(
        at,
        MINUTES,
        resource,
        STATE,
        lag_s=lag_s,
        open_edits=waiting,
        p50_ms=None if half_s is None or half_s == float("inf") else round(1000 * half_s),
    )
