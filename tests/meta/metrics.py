"""Everything that /metrics can show, for the alerts and for docs/operating.md."""

from __future__ import annotations

import re

from cfsync.web.daemon_health import Health, ResourceHealth
from cfsync.web.metrics import Metrics


def metrics_text() -> str:
    """An answer of /metrics with at least one sample of each metric."""
    resource = ResourceHealth(rows=1, lag_s=1, succeeded={"pull": 1}, found={"pull": {1000: 1}})
    health = Health(
        schema="0001",
        resources={"contacts": resource},
        edits={"held": 1},
        rate={"rate": 1},
        waits={"outage": 1},
        backup_age_s=1,
    )
    metrics = Metrics(lambda: health)
    metrics.request("pull", 200, 0.1)
    metrics.pass_ended("pull", "contacts", "done", 0.1)
    metrics.webhook("stored")
    return metrics.text().decode()


def label_names() -> dict[str, set[str]]:
    """Sample -> its labels."""
    lines = re.findall(r"^(cfsync_\w+)(?:\{(.*)\})? ", metrics_text(), re.M)
    return {name: set(re.findall(r'(\w+)="', text)) for name, text in lines}


def table() -> str:
    """One row for each metric: its type, its labels, and what it means."""
    head = "| metric | type | labels | meaning |\n| --- | --- | --- | --- |\n"
    found = re.findall(r"^# HELP (\w+) (.*)\n# TYPE \w+ (\w+)$", metrics_text(), re.M)
    return head + "".join(
        f"| `{name}` | {kind} | {_labels(name)} | {meaning} |\n" for name, meaning, kind in found
    )


def _labels(metric: str) -> str:
    known = label_names()
    names = known[metric] if metric in known else known[f"{metric}_bucket"] - {"le"}
    return ", ".join(f"`{name}`" for name in sorted(names))
