"""Samples: what passes did, and how old the lists were, over time: the rows of `cf_samples`.

A row is about five minutes, a resource and a pass (its lane). Each pass adds to it when it ends; a
daemon adds rows with the lane '' that say how old a list was. Rows older than two weeks become one
row a day; after a year they are deleted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import SAMPLES
from cfsync.times import later, time_text

MINUTES, DAY = 5, 24 * 60
"""The spans of a row, in minutes: a young one's, and an old one's."""

YOUNG_S, KEPT_S = 14 * 86_400.0, 365 * 86_400.0
"""Seconds until a row becomes a part of its day's, and until it is deleted."""

BATCH = 500
"""Rows that are deleted in one transaction."""

SEVERAL = ""
"""The resource of what a pass over several resources did for all of them together."""

STATE = ""
"""The lane of rows that say how a list stood, and not what a pass did."""

NEWS = ("new", "changed", "drift", "deleted", "hidden", "redacted")
"""The counts of a report that are news from ClickFunnels; those of a push are not."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A row. Sums over its span, except what is said to be something else."""

    #: When the span begins, canonical text.
    at: str
    #: `MINUTES` or `DAY`.
    minutes: int
    #: `SEVERAL`: of a pass over several resources.
    resource: str
    #: The name of a pass; `STATE`.
    lane: str
    #: Passes that did something, those that found nothing to do, and those that failed.
    passes: int = 0
    quiet: int = 0
    failed: int = 0
    requests: int = 0
    #: Records that were new, changed or gone in ClickFunnels.
    news: int = 0
    #: Edits that were sent.
    sent: int = 0
    #: The greatest age of the list in seconds; None: not known.
    lag_s: int | None = None
    #: The most edits that waited at once; None: not known.
    open_edits: int | None = None
    #: Milliseconds within which half of the changes came that were found last; None: none were.
    p50_ms: int | None = None


_SUMS = ("passes", "quiet", "failed", "requests", "news", "sent")
_GREATEST = ("lag_s", "open_edits")


def span(at: str, minutes: int = MINUTES) -> str:
    """The beginning of the span that a canonical time is in."""
    time = datetime.fromisoformat(at)
    midnight = time.replace(hour=0, minute=0, second=0, microsecond=0)
    whole = (time - midnight) // timedelta(minutes=minutes)
    return time_text(midnight + whole * timedelta(minutes=minutes))


def of_pass(
    at: str,
    lane: str,
    resource: str | None,
    counts: Mapping[str, Mapping[str, int]],
    **done: int,
) -> list[Sample]:
    """The rows of a pass that ends at `at`. Pure. `counts`: as in its report. `done`: what counts
    for the whole pass, such as its requests.
    """
    begin, whole = span(at), resource or SEVERAL
    found = {name: _moved(lane, counts.get(name, {})) for name in {whole, *counts}}
    return [
        Sample(begin, MINUTES, name, lane, **(moved | (done if name == whole else {})))
        for name, moved in sorted(found.items())
        if name == whole or any(moved.values())
    ]


def _moved(lane: str, counts: Mapping[str, int]) -> dict[str, int]:
    if lane == "push":
        return {"sent": counts.get("sent", 0)}
    return {"news": sum(counts.get(name, 0) for name in NEWS)}


def add(tx: Tx, samples: Iterable[Sample]) -> None:
    """Add to the rows of the same span, resource and lane; create those that don't exist."""
    insert = tx.dialect.insert(SAMPLES)
    old, new = SAMPLES.c, insert.excluded
    values = {name: old[name] + new[name] for name in _SUMS}
    values |= {
        name: sa.case(
            (old[name] > new[name], old[name]), else_=sa.func.coalesce(new[name], old[name])
        )
        for name in _GREATEST
    }
    values["p50_ms"] = sa.func.coalesce(new.p50_ms, old.p50_ms)
    query = insert.on_conflict_do_update(index_elements=list(SAMPLES.primary_key), set_=values)
    if rows := [asdict(sample) for sample in samples]:
        tx.conn.execute(query, rows)


def find(tx: Tx, since: str, minutes: int = MINUTES) -> list[Sample]:
    """The rows of one span that begin at this canonical time or later, oldest first."""
    columns = [SAMPLES.c[name] for name in Sample.__dataclass_fields__]
    query = sa.select(*columns).where(SAMPLES.c.minutes == minutes, SAMPLES.c.at >= since)
    order = (SAMPLES.c.at, SAMPLES.c.resource, SAMPLES.c.lane)
    return [Sample(*row) for row in tx.conn.execute(query.order_by(*order))]


def tidy(tx: Tx) -> bool:
    """Make one row a lane of the oldest day of one resource that is over two weeks old, or delete
    up to `BATCH` rows that are over a year old. Returns whether there may be more to do.
    """
    return _fold(tx) or _delete(tx)


def _fold(tx: Tx) -> bool:
    c, before = SAMPLES.c, span(later(tx.now, -YOUNG_S), DAY)
    is_old = (c.minutes == MINUTES, c.at < before)
    first = tx.conn.execute(
        sa.select(c.at, c.resource).where(*is_old).order_by(c.at).limit(1)
    ).first()
    if first is None:
        return False
    day = span(first.at, DAY)
    rows = (*is_old, c.at >= day, c.at < later(day, 86_400.0), c.resource == first.resource)
    columns = [c[name] for name in Sample.__dataclass_fields__]
    found = [Sample(*row) for row in tx.conn.execute(sa.select(*columns).where(*rows))]
    add(tx, of_day(day, found))
    tx.conn.execute(sa.delete(SAMPLES).where(*rows))
    return True


def of_day(day: str, samples: Sequence[Sample]) -> list[Sample]:
    """A row a lane of the rows of one resource and day. Pure. Its delay is the median of theirs."""
    return [_together(day, [s for s in samples if s.lane == lane]) for lane in _lanes(samples)]


def _lanes(samples: Sequence[Sample]) -> list[str]:
    return sorted({sample.lane for sample in samples})


def _together(day: str, samples: Sequence[Sample]) -> Sample:
    sums = {name: sum(getattr(s, name) for s in samples) for name in _SUMS}
    first = samples[0]
    return Sample(
        day,
        DAY,
        first.resource,
        first.lane,
        **sums,
        lag_s=max(known(samples, "lag_s"), default=None),
        open_edits=max(known(samples, "open_edits"), default=None),
        p50_ms=median(known(samples, "p50_ms")),
    )


def known(samples: Iterable[Sample], name: str) -> list[int]:
    """The values of a figure that isn't known everywhere."""
    return [value for s in samples if (value := getattr(s, name)) is not None]


def median(values: Sequence[int]) -> int | None:
    """The middle one, the greater of two; None of none."""
    return sorted(values)[len(values) // 2] if values else None


def _delete(tx: Tx) -> bool:
    c = SAMPLES.c
    key = list(SAMPLES.primary_key)
    old = sa.select(*key).where(c.minutes == DAY, c.at < later(tx.now, -KEPT_S)).limit(BATCH)
    return tx.conn.execute(sa.delete(SAMPLES).where(sa.tuple_(*key).in_(old))).rowcount == BATCH
