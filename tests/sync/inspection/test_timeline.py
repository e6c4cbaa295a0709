from __future__ import annotations

import asyncio
from typing import Any

from cfsync.daemon.health.sampler import Sampler
from cfsync.mirror.progress.samples import DAY, MINUTES, SEVERAL, STATE, Sample
from cfsync.sync.inspection.timeline import Timeline, arranged, read
from cfsync.times import seconds

FIRST = "2026-03-04T12:00:00.000Z"


def sample(at: str, resource: str = "contacts", lane: str = "pull", **sums: int) -> Sample:
    return Sample(f"2026-03-04T{at}:00.000Z", MINUTES, resource, lane, **sums)


def timeline(round_: Any, back_s: float, spans: int) -> Timeline:
    return asyncio.run(round_.mirror.read(read, back_s, spans))


def test_spans_add_up_what_began_in_them():
    found = [
        sample("12:00", passes=1, news=2, requests=3),
        sample("12:05", lane="events", passes=1, news=1),
        sample("12:10", lane="push", passes=1, sent=4, requests=1),
        sample("12:10", lane="sweep", failed=1),
    ]

    line = arranged(found, FIRST, 600, "2026-03-04T12:19:00.000Z")

    first, second = line.spans
    assert (first.at, first.news, first.requests) == (FIRST, {"pull": 2, "events": 1}, 3)
    assert (first.passes, first.all_news) == ({"pull": 1, "events": 1}, 3)
    assert (second.sent, second.failed, second.passes) == (4, 1, {"push": 1, "sweep": 0})
    assert line.news_of == {"contacts": [3, 0]}


def test_how_it_stood_is_told_by_the_row_for_all_lists():
    found = [
        sample("12:00", SEVERAL, STATE, lag_s=60, open_edits=1, p50_ms=500),
        sample("12:05", SEVERAL, STATE, lag_s=90, open_edits=0),
        sample("12:05", "orders", STATE, lag_s=900),
    ]

    (span,) = arranged(found, FIRST, 600, "2026-03-04T12:09:00.000Z").spans

    assert (span.lag_s, span.open_edits, span.p50_ms) == (90, 1, 500)


def test_without_samples_the_spans_are_empty():
    line = arranged([], FIRST, 3600, "2026-03-04T14:30:00.000Z")

    assert [span.at[11:16] for span in line.spans] == ["12:00", "13:00", "14:00"]
    assert {(span.lag_s, span.all_news) for span in line.spans} == {(None, 0)}


def test_a_first_pull_and_an_edit_are_in_the_last_span(round_):
    round_.backfill()
    contact = round_.ids("contacts")[0]
    round_.sql(f"UPDATE contacts SET first_name = 'Ada' WHERE id = {contact}")
    round_.push()

    line = timeline(round_, 86_400.0, 24)

    assert line.step_s == 3600
    assert 24 <= len(line.spans) <= 25
    assert sum(span.sent for span in line.spans) == 1
    assert "contacts" not in line.news_of
    assert sum(span.news.get("backfill", 0) for span in line.spans) >= 45
    assert sum(span.all_news for span in line.spans) == 0  # a first filling is no news


def test_a_daemon_adds_how_it_stands(round_):
    round_.backfill()
    contact = round_.ids("contacts")[0]
    round_.sql(f"UPDATE contacts SET first_name = 'Ada' WHERE id = {contact}")
    settings = round_.configured()

    asyncio.run(Sampler(settings).run(round_.mirror, [round_.workspace], settings.wanted))

    span = next(span for span in timeline(round_, 86_400.0, 24).spans if span.open_edits)
    assert (span.open_edits, span.p50_ms) == (1, None)
    assert 0 <= span.lag_s < 600


def test_a_range_of_months_is_read_by_the_day(round_):
    round_.backfill()

    line = timeline(round_, 90 * 86_400.0, 90)

    assert line.step_s == DAY * 60
    assert sum(span.news.get("backfill", 0) for span in line.spans) >= 45
    assert seconds(line.spans[0].at, line.spans[-1].at) == (len(line.spans) - 1) * 86_400
