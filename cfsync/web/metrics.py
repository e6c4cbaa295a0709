"""Metrics for Prometheus: counters of what happens, gauges from the vitals as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import accumulate

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from cfsync.mirror.bookkeeping.latency import BOUNDS_S, UNMEASURED, Counts, quantile
from cfsync.web.health import Vitals

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_PASS_S = (0.1, 0.5, 1, 5, 15, 60, 300, 1800, 7200, 36000)


class Metrics:
    """`look` gives the vitals as they are now."""

    def __init__(self, look: Callable[[], Vitals]) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "cfsync_requests",
            "Requests to ClickFunnels; code 0: no answer",
            ["lane", "code"],
            registry=self._registry,
        )
        self._request_s = Histogram(
            "cfsync_request_seconds", "How long a request took", registry=self._registry
        )
        self._passes = Counter(
            "cfsync_pass",
            "Passes that ended",
            ["pass", "resource", "state"],
            registry=self._registry,
        )
        self._pass_s = Histogram(
            "cfsync_pass_seconds",
            "How long a pass took",
            ["pass"],
            buckets=_PASS_S,
            registry=self._registry,
        )
        self._webhooks = Counter(
            "cfsync_webhooks",
            "Deliveries that came, by what became of them",
            ["outcome"],
            registry=self._registry,
        )
        self._registry.register(_Gauges(look))

    def request(self, lane: str, status: int, seconds: float) -> None:
        self._requests.labels(lane, status).inc()
        self._request_s.observe(seconds)

    def pass_ended(self, name: str, resource: str, state: str, seconds: float) -> None:
        self._passes.labels(name, resource, state).inc()
        self._pass_s.labels(name).observe(seconds)

    def pass_broke(self, name: str, resource: str) -> None:
        """An error ended it before it could report."""
        self._passes.labels(name, resource, "failed").inc()

    def webhook(self, outcome: str) -> None:
        self._webhooks.labels(outcome).inc()

    def text(self) -> bytes:
        return generate_latest(self._registry)


class _Gauges(Collector):
    def __init__(self, look: Callable[[], Vitals]) -> None:
        self._look = look

    def collect(self) -> Iterator[Metric]:
        vitals = self._look()
        yield from _of_resources(vitals)
        yield from _of_all(vitals)


def _of_resources(vitals: Vitals) -> Iterator[Metric]:
    lag = GaugeMetricFamily(
        "cfsync_lag_seconds", "Age of the pull up to which all is in", labels=["resource"]
    )
    rows = GaugeMetricFamily("cfsync_rows", "Rows of the mirror's table", labels=["resource"])
    drift = GaugeMetricFamily(
        "cfsync_drift_rows", "Rows changed past the triggers, last sweep", labels=["resource"]
    )
    success = GaugeMetricFamily(
        "cfsync_last_success_timestamp_seconds",
        "When a pass last ended well",
        labels=["resource", "pass"],
    )
    found = CounterMetricFamily(
        "cfsync_found", "News that a lane brought first", labels=["resource", "lane"]
    )
    for name, resource in vitals.resources.items():
        if resource.lag_s is not None:
            lag.add_metric([name], resource.lag_s)
        if resource.rows is not None:
            rows.add_metric([name], resource.rows)
        drift.add_metric([name], resource.drift)
        for pass_, at in resource.succeeded.items():
            success.add_metric([name, pass_], at)
        for lane, news in resource.found.items():
            found.add_metric([name, lane], sum(news.values()))
    yield from (lag, rows, drift, success, found)
    yield from _delays(vitals)


def _delays(vitals: Vitals) -> Iterator[Metric]:
    taken = HistogramMetricFamily(
        "cfsync_delay_seconds",
        "From updated_at to the mirror, of news that a lane brought first",
        labels=["resource", "lane"],
    )
    shares = GaugeMetricFamily(
        "cfsync_delay_quantile_seconds",
        "The same: within how many seconds that share of all news came",
        labels=["resource", "lane", "quantile"],
    )
    for name, resource in vitals.resources.items():
        for lane, counts in resource.found.items():
            if quantile(counts, 1) is None:
                continue
            taken.add_metric([name, lane], _cumulated(counts), sum_value=None)
            for share in (0.5, 0.99):
                shares.add_metric([name, lane, str(share)], quantile(counts, share) or 0.0)
    yield from (taken, shares)


def _cumulated(counts: Counts) -> list[tuple[str, float]]:
    measured = [(bound, counts.get(int(1000 * bound), 0)) for bound in BOUNDS_S]
    totals = accumulate(n for _, n in measured)
    steps = [(str(float(bound)), float(n)) for (bound, _), n in zip(measured, totals, strict=True)]
    return [*steps, ("+Inf", float(sum(n for ms, n in counts.items() if ms != UNMEASURED)))]


def _of_all(vitals: Vitals) -> Iterator[Metric]:
    plain = {
        "cfsync_outbox_oldest_seconds": ("Age of the first edit to be sent", vitals.oldest_edit_s),
        "cfsync_conflicts_open": ("Conflicts that nobody has looked at", vitals.conflicts),
        "cfsync_deletions_held": ("Deletions that wait for a human", vitals.deletions_held),
        "cfsync_token_ok": ("1: ClickFunnels accepts the token", vitals.token_ok),
        "cfsync_leases_held": ("Resources whose passes run here", vitals.leases),
    }
    for name, (text, value) in plain.items():
        yield GaugeMetricFamily(name, text, value=float(value))
    edits = GaugeMetricFamily("cfsync_outbox_rows", "Edits that are open", labels=["state"])
    for state, n in vitals.edits.items():
        edits.add_metric([state], n)
    rate = GaugeMetricFamily("cfsync_rate_limit", "Requests a second, as learned", labels=["kind"])
    for kind, value in vitals.rate.items():
        rate.add_metric([kind], value)
    schema = GaugeMetricFamily("cfsync_schema_info", "The schema's revision", labels=["revision"])
    if vitals.schema:
        schema.add_metric([vitals.schema], 1)
    yield from (edits, rate, schema)
