"""What cfsync did over time, in equal spans: for `status --history` and for charts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil

from cfsync.mirror.db.engine import Tx
from cfsync.mirror.progress import samples
from cfsync.mirror.progress.runs import PassName
from cfsync.mirror.progress.samples import DAY, MINUTES, STATE, YOUNG_S, Sample, known, median
from cfsync.times import later, seconds

DAY_S = 86_400.0


@dataclass(slots=True)
class Span:
    """What happened in one span. Its end is the beginning of the next one."""

    #: Canonical text.
    at: str
    #: Lane -> how many passes did something, and how many requests all of them sent.
    passes: dict[str, int] = field(default_factory=dict)
    requests: int = 0
    failed: int = 0
    #: Lane -> news from ClickFunnels; of a backfill: the records that it wrote.
    news: dict[str, int] = field(default_factory=dict)
    #: Edits that were sent.
    sent: int = 0
    #: The greatest age of a list in seconds, the most edits that waited at once, and the delay of
    #: half of the changes in milliseconds; None: not known, for no daemon was running.
    lag_s: int | None = None
    open_edits: int | None = None
    p50_ms: int | None = None

    @property
    def all_news(self) -> int:
        """The news of all lanes. What a backfill writes is none."""
        return sum(n for lane, n in self.news.items() if lane != PassName.BACKFILL)


@dataclass(frozen=True, slots=True)
class Timeline:
    #: Seconds that each span takes.
    step_s: int
    spans: Sequence[Span]
    #: Resource -> its news in each span, where it had any; without what a backfill wrote.
    news_of: Mapping[str, Sequence[int]]


def read(tx: Tx, back_s: float, spans: int) -> Timeline:
    """The last `back_s` seconds, in at most `spans` spans. What is older than two weeks is known by
    the day only.
    """
    minutes = MINUTES if back_s <= YOUNG_S else DAY
    smallest = minutes * 60
    step = ceil(back_s / spans / smallest) * smallest
    first = samples.span(later(tx.now, smallest - back_s), minutes)
    found = samples.find(tx, first, MINUTES)
    if minutes == DAY:
        found = [*samples.find(tx, first, DAY), *found]
    return arranged(found, first, step, tx.now)


def hours_and_days(tx: Tx) -> tuple[Timeline, Timeline]:
    """The last 24 hours, and the last 14 days."""
    return read(tx, DAY_S, 24), read(tx, 14 * DAY_S, 14)


def arranged(found: Sequence[Sample], first: str, step_s: int, now: str) -> Timeline:
    """The spans from `first` until now. Pure."""
    count = max(1, ceil((seconds(first, now) + 0.001) / step_s))
    parts: list[list[Sample]] = [[] for _ in range(count)]
    begin = datetime.fromisoformat(first)
    for sample in found:
        place = (datetime.fromisoformat(sample.at) - begin).total_seconds() // step_s
        parts[min(count - 1, int(place))].append(sample)
    return Timeline(
        step_s,
        [_span(later(first, i * step_s), part) for i, part in enumerate(parts)],
        _news_of(parts),
    )


def _span(at: str, part: Sequence[Sample]) -> Span:
    span, state = Span(at), [s for s in part if s.lane == STATE]
    for s in part:
        if s.passes or s.failed:
            span.passes[s.lane] = span.passes.get(s.lane, 0) + s.passes
        if s.news:
            span.news[s.lane] = span.news.get(s.lane, 0) + s.news
        span.requests += s.requests
        span.failed += s.failed
        span.sent += s.sent
    whole = [s for s in state if s.resource == samples.SEVERAL]
    span.lag_s = max(known(whole, "lag_s"), default=None)
    span.open_edits = max(known(whole, "open_edits"), default=None)
    span.p50_ms = median(known(whole, "p50_ms"))
    return span


def _news_of(parts: Sequence[Sequence[Sample]]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for place, part in enumerate(parts):
        for s in part:
            if s.news and s.resource != samples.SEVERAL and s.lane != PassName.BACKFILL:
                found.setdefault(s.resource, [0] * len(parts))[place] += s.news
    return found
