"""Metrics for Prometheus: counters of what happens, and gauges of the daemon's health."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
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

from cfsync.mirror.progress.latency import BOUNDS_S, UNMEASURED, Counts, quantile
from cfsync.web.daemon_health import Health, ResourceHealth

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_PASS_BUCKETS_S = (0.1, 0.5, 1, 5, 15, 60, 300, 1800, 7200, 36000)

_QUANTILES = (0.5, 0.99)


class Metrics:
    """All metrics of the daemon. `read_health` returns the health as it is now."""

    def __init__(self, read_health: Callable[[], Health]) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = CollectorRegistry()
        self._requests = self._counter(
            "cfsync_requests", "Requests to ClickFunnels; code 0 means no answer", "lane", "code"
        )
        self._passes = self._counter("cfsync_pass", "Ended passes", "pass", "resource", "state")
        self._webhooks = self._counter(
            "cfsync_webhooks", "Webhook deliveries received, by outcome", "outcome"
        )
        self._request_s = Histogram(
            "cfsync_request_seconds", "How long a request took", registry=self._registry
        )
        self._pass_s = Histogram(
            "cfsync_pass_seconds",
            "How long a pass took",
            ["pass"],
            buckets=_PASS_BUCKETS_S,
            registry=self._registry,
        )
        self._registry.register(_HealthCollector(read_health))

    def request(self, lane: str, status: int, seconds: float) -> None:
        """Count a request to ClickFunnels; `status` is 0 if there was no answer."""
        self._requests.labels(lane, status).inc()
        self._request_s.observe(seconds)

    def pass_ended(self, name: str, resource: str, state: str, seconds: float) -> None:
        """Count a pass that returned a report."""
        self._passes.labels(name, resource, state).inc()
        self._pass_s.labels(name).observe(seconds)

    def pass_crashed(self, name: str, resource: str) -> None:
        """Count a pass that ended by an error, without a report."""
        self._passes.labels(name, resource, "failed").inc()

    def webhook(self, outcome: str) -> None:
        """Count a delivery to the receiver."""
        self._webhooks.labels(outcome).inc()

    def text(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self._registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(name, text, labels, registry=self._registry)


class _HealthCollector(Collector):
    """The daemon's health as metrics, read when they are asked for."""

    def __init__(self, read_health: Callable[[], Health]) -> None:
        self._read_health = read_health

    def collect(self) -> Iterator[Metric]:
        health = self._read_health()
        yield from _daemon_metrics(health)
        yield from _resource_gauges(health)
        yield _last_successes(health)
        yield _found(health)
        yield from _delays(health)


def _daemon_metrics(health: Health) -> Iterator[Metric]:
    plain = {
        "cfsync_outbox_oldest_seconds": (
            "Age of the oldest edit that is still to be sent",
            health.oldest_edit_s,
        ),
        "cfsync_conflicts_open": ("Open conflicts", health.conflicts),
        "cfsync_deletions_held": ("Deletions that wait for a person", health.deletions_held),
        "cfsync_waiting_oldest_seconds": (
            "Age of what has waited longest for a person",
            health.oldest_waiting_s,
        ),
        "cfsync_capture_ok": (
            "Whether all triggers that capture edits are there and on: 1 or 0",
            not health.capture_problem,
        ),
        "cfsync_wal_bytes": ("Size of SQLite's log beside the file", health.wal.size),
        "cfsync_wal_held_seconds": (
            "How long, at least, a reader has kept SQLite's log from being emptied",
            health.wal.held_s,
        ),
        "cfsync_token_ok": ("Whether ClickFunnels accepts the token: 1 or 0", health.token_ok),
        "cfsync_leases_held": ("Resources that this daemon works for", health.leases),
    }
    for name, (text, value) in plain.items():
        yield GaugeMetricFamily(name, text, value=float(value))
    if health.backup_age_s is not None:
        yield GaugeMetricFamily(
            "cfsync_backup_age_seconds", "Age of the newest backup", value=health.backup_age_s
        )
    if health.schema:  # from 0 to what is read then, it would look as if it had grown
        yield CounterMetricFamily(
            "cfsync_capture_restored",
            "How often a pass has put back triggers that were missing or off",
            value=health.captures_restored,
        )
    schema = {health.schema: 1.0} if health.schema else {}
    yield _gauge_by("state", "cfsync_outbox_rows", "Edits that are not confirmed", health.edits)
    yield _gauge_by(
        "kind", "cfsync_rate_limit", "The learned rate limit, in requests per second", health.rate
    )
    yield _gauge_by(
        "reason",
        "cfsync_wait_seconds",
        "Seconds until requests go on: after a 429 (all of them), after an outage (some passes)",
        health.waits,
    )
    yield _gauge_by("revision", "cfsync_schema_info", "The schema's revision", schema)


def _gauge_by(label: str, name: str, text: str, values: Mapping[str, float]) -> Metric:
    """A gauge with one value for each value of a label."""
    gauge = GaugeMetricFamily(name, text, labels=[label])
    for key, value in values.items():
        gauge.add_metric([key], value)
    return gauge


_RESOURCE_GAUGES: tuple[tuple[str, str, Callable[[ResourceHealth], float | None]], ...] = (
    ("cfsync_lag_seconds", "Seconds since the start of the last complete pull", lambda r: r.lag_s),
    ("cfsync_rows", "Rows of the mirror's table", lambda r: r.rows),
    (
        "cfsync_drift_rows",
        "Rows changed without the triggers, as found by the last sweep",
        lambda r: r.drift,
    ),
    (
        "cfsync_paused",
        "Whether a person has paused it: 1 or 0",
        lambda r: r.paused,
    ),
    (
        "cfsync_crashed",
        "Whether an unforeseen error ended one of its passes: 1 or 0",
        lambda r: r.crash is not None,
    ),
)
"""Metric, its description, and its value for a resource (None: not shown)."""


def _resource_gauges(health: Health) -> Iterator[Metric]:
    for metric, text, value_of in _RESOURCE_GAUGES:
        gauge = GaugeMetricFamily(metric, text, labels=["resource"])
        for name, resource in health.resources.items():
            if (value := value_of(resource)) is not None:
                gauge.add_metric([name], value)
        yield gauge


def _last_successes(health: Health) -> Metric:
    success = GaugeMetricFamily(
        "cfsync_last_success_timestamp_seconds",
        "When a pass last succeeded, as Unix time",
        labels=["resource", "pass"],
    )
    for name, resource in health.resources.items():
        for pass_, at in resource.succeeded.items():
            success.add_metric([name, pass_], at)
    return success


def _found(health: Health) -> Metric:
    found = CounterMetricFamily(
        "cfsync_found", "Changes that a lane brought first", labels=["resource", "lane"]
    )
    for name, resource in health.resources.items():
        for lane, counts in resource.found.items():
            found.add_metric([name, lane], sum(counts.values()))
    return found


def _delays(health: Health) -> Iterator[Metric]:
    histogram = HistogramMetricFamily(
        "cfsync_delay_seconds",
        "Time from updated_at to the mirror, for changes that a lane brought first",
        labels=["resource", "lane"],
    )
    quantiles = GaugeMetricFamily(
        "cfsync_delay_quantile_seconds",
        "The delay within which that share of the changes arrived",
        labels=["resource", "lane", "quantile"],
    )
    for name, resource in health.resources.items():
        for lane, counts in resource.found.items():
            if quantile(counts, 1) is None:
                continue
            histogram.add_metric([name, lane], _cumulative(counts), sum_value=None)
            for share in _QUANTILES:
                seconds = quantile(counts, share) or 0.0
                quantiles.add_metric([name, lane, str(share)], seconds)
    yield from (histogram, quantiles)


def _cumulative(counts: Counts) -> list[tuple[str, float]]:
    """The buckets of a Prometheus histogram: (bound, changes within it)."""
    measured = [(bound, counts.get(int(1000 * bound), 0)) for bound in BOUNDS_S]
    totals = accumulate(n for _, n in measured)
    steps = [(str(float(bound)), float(n)) for (bound, _), n in zip(measured, totals, strict=True)]
    return [*steps, ("+Inf", float(sum(n for ms, n in counts.items() if ms != UNMEASURED)))]
