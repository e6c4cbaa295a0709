"""The Grafana dashboard: each query asks for metrics that exist, and Prometheus answers it."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.conftest import DEPLOY
from tests.meta.metrics import label_names, metrics_text

Tool = Callable[[str], str]

DASHBOARD: dict[str, Any] = json.loads((DEPLOY / "grafana.json").read_text())
PANELS = {p["title"]: p for p in DASHBOARD["panels"] if p["type"] != "row"}
ADDED = {"job", "instance"}
"""The labels that Prometheus adds to each metric."""
OURS = 'job="cfsync", instance="127.0.0.1:8787"'


def queries() -> Iterator[tuple[str, str]]:
    """(title of the panel, query with values in place of the dashboard's variables)."""
    values = {"$job": "cfsync", "$resource": ".*", "$__rate_interval": "5m"}
    for title, panel in PANELS.items():
        for target in panel["targets"]:
            query = target["expr"]
            for name, value in values.items():
                query = query.replace(name, value)
            yield title, query


@pytest.mark.parametrize(("title", "query"), list(queries()))
def test_a_panel_asks_for_metrics_and_labels_that_exist(title: str, query: str) -> None:
    exist = label_names()
    asked = re.findall(r"\b(cfsync_\w+)\{(.*?)\}", query)

    for metric, labels in asked:
        assert set(re.findall(r"(\w+)=~?\"", labels)) <= exist[metric] | ADDED
    by = re.findall(r"by \((.*?)\)", query)
    known = set.union(*(exist[metric] for metric, _ in asked)) if asked else set()
    assert {label for labels in by for label in labels.split(", ")} <= known
    assert "$" not in query
    assert asked or "up{" in query, title


def test_every_panel_stands_by_itself() -> None:
    places = {(p["gridPos"]["x"], p["gridPos"]["y"]) for p in DASHBOARD["panels"]}
    ids = {p["id"] for p in DASHBOARD["panels"]}

    assert len(places) == len(ids) == len(DASHBOARD["panels"])
    assert {p["datasource"]["uid"] for p in PANELS.values()} == {"${source}"}
    shown = set(re.findall(r"cfsync_\w+", json.dumps(DASHBOARD)))
    # In the dashboard's place: quantiles of the same; of histograms the buckets alone.
    left_out = re.compile(r"cfsync_delay_seconds|_(sum|count)$")
    assert {name for name in label_names() if not left_out.search(name)} <= shown


def test_prometheus_answers_every_query(tool: Tool, tmp_path: Path) -> None:
    """Asked of the metrics as a daemon shows them, at the end of two hours."""
    series = [
        {"series": f"{name}{{{', '.join(filter(None, (labels, OURS)))}}}", "values": "1+1x120"}
        for name, labels in re.findall(r"^(cfsync_\w+)(?:\{(.*)\})? ", metrics_text(), re.M)
    ]
    series.append({"series": f"up{{{OURS}}}", "values": "1x120"})
    asked = [
        {
            "expr": f"(count({query}) or vector(0)) > bool 0",
            "eval_time": "2h",
            "exp_samples": [{"labels": "{}", "value": 1}],
        }
        for _, query in queries()
    ]
    case = {"interval": "1m", "input_series": series, "promql_expr_test": asked}
    (tmp_path / "cases.yaml").write_text(yaml.safe_dump({"rule_files": [], "tests": [case]}))

    command = [tool("promtool"), "test", "rules", "cases.yaml"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr
