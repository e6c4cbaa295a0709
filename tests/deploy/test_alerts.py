"""The alerts, against the metrics that exist, and as Prometheus judges them."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from cfsync.config import load
from cfsync.resources import RESOURCES
from cfsync.sync.health_rule import late_after
from tests.deploy.conftest import DEPLOY
from tests.meta.metrics import label_names

Tool = Callable[[str], str]

FILE = DEPLOY / "alerts.yaml"
RULES: dict[str, dict[str, Any]] = {
    rule["alert"]: rule for rule in yaml.safe_load(FILE.read_text())["groups"][0]["rules"]
}


@pytest.mark.parametrize("name", RULES)
def test_an_alert_asks_for_metrics_and_labels_that_exist(name: str) -> None:
    exist = label_names()

    asked = re.findall(r"\b(cfsync_\w+)(?:\{(.*?)\})?", RULES[name]["expr"])

    for metric, labels in asked:
        assert metric in exist
        assert set(re.findall(r"(\w+)=~?\"", labels)) <= exist[metric]
    assert asked or 'up{job="cfsync"}' in RULES[name]["expr"]


@pytest.mark.parametrize("name", RULES)
def test_an_alert_says_how_urgent_it_is_and_what_is_wrong(name: str) -> None:
    assert RULES[name]["labels"]["severity"] in ("page", "ticket")
    assert RULES[name]["annotations"]["summary"]


def test_the_document_says_what_to_do_for_each_alert() -> None:
    document = (DEPLOY.parent / "docs" / "operating.md").read_text()

    assert set(re.findall(r"^\| `(Cfsync\w+)` \|", document, re.M)) == RULES.keys()


def test_an_alert_of_lag_waits_until_the_list_is_late_by_the_shipped_intervals() -> None:
    settings = load(environ={})
    tiers = re.findall(r'resource([=!])~"(.*?)"\}\) > (\d+)', late_rule())

    for name in RESOURCES:
        mine = settings.resource(name)
        slowest = max(mine.pull_every, mine.pull_max_every)
        limits = [int(n) for how, of, n in tiers if bool(re.fullmatch(of, name)) == (how == "=")]
        assert limits[0] == late_after(slowest), name


def late_rule() -> str:
    expr: str = RULES["CfsyncLate"]["expr"]
    return expr


def test_the_rules_are_rules_for_prometheus_and_fire(tool: Tool, tmp_path: Path) -> None:
    (tmp_path / "alerts.yaml").write_text(FILE.read_text())
    (tmp_path / "cases.yaml").write_text(yaml.safe_dump(CASES))

    for command in (["check", "rules", "alerts.yaml"], ["test", "rules", "cases.yaml"]):
        done = subprocess.run(
            [tool("promtool"), *command], cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr


def case(alert: str, series: dict[str, str], *, fires: bool, at: str = "2h") -> dict[str, Any]:
    """Whether the alert fires at that time, by samples that come each minute."""
    rows = [{"series": name, "values": values} for name, values in series.items()]
    expr = f'count(ALERTS{{alertname="{alert}", alertstate="firing"}}) or vector(0)'
    wanted = [{"labels": "{}", "value": int(fires)}]
    asked = [{"expr": expr, "eval_time": at, "exp_samples": wanted}]
    return {"interval": "1m", "input_series": rows, "promql_expr_test": asked}


def both(alert: str, series: str, bad: str, good: str) -> list[dict[str, Any]]:
    return [case(alert, {series: bad}, fires=True), case(alert, {series: good}, fires=False)]


OK, LIMITED = 'cfsync_requests_total{code="200"}', 'cfsync_requests_total{code="429"}'
PAUSED = 'cfsync_paused{resource="contacts"}'
LAG = 'cfsync_lag_seconds{resource="contacts"}'
CRASHED = 'cfsync_crashed{resource="contacts"}'
BROKEN = 'cfsync_requests_total{code="503"}'
CASES: dict[str, Any] = {
    "rule_files": ["alerts.yaml"],
    "tests": [
        *both("CfsyncDown", 'up{job="cfsync"}', "0x120", "1x120"),
        case("CfsyncDown", {'up{job="other"}': "1x120"}, fires=True),
        *both("CfsyncTokenRefused", "cfsync_token_ok", "0x120", "1x120"),
        *both("CfsyncLate", LAG, "2800x120", "2700x120"),
        *both("CfsyncLate", 'cfsync_lag_seconds{resource="forms"}', "10900x120", "10000x120"),
        *both("CfsyncCaptureLost", "cfsync_capture_ok", "0x120", "1x120"),
        *both("CfsyncCaptureRestored", "cfsync_capture_restored_total", "0x110 1x10", "7x120"),
        *both("CfsyncCrashed", CRASHED, "1x120", "0x120"),
        case("CfsyncLate", {LAG: "2800x120", PAUSED: "1x120"}, fires=False),
        case("CfsyncLate", {LAG: "2800x120", PAUSED: "0x120"}, fires=True),
        case("CfsyncCrashed", {CRASHED: "1x120", PAUSED: "1x120"}, fires=False),
        case("CfsyncPaused", {PAUSED: "1x1500"}, fires=True, at="25h"),
        case("CfsyncPaused", {PAUSED: "1x700 _x6 1x793"}, fires=True, at="25h"),  # it was restarted
        case("CfsyncPaused", {PAUSED: "1x1500"}, fires=False),
        *both("CfsyncLate", 'cfsync_lag_seconds{resource="users"}', "260000x120", "250000x120"),
        *both(
            "CfsyncPassesFail",
            'cfsync_pass_total{resource="contacts",state="failed"}',
            "0+1x120",
            "7x120",
        ),
        *both(
            "CfsyncWebhooksRefused",
            'cfsync_webhooks_total{outcome="unsigned"}',
            "0+1x120",
            "7x120",
        ),
        case(
            "CfsyncWebhooksRefused",
            {'cfsync_webhooks_total{outcome="unknown_secret"}': "0+1x120"},
            fires=True,
        ),
        *both("CfsyncEditsNotSent", "cfsync_outbox_oldest_seconds", "1000x120", "800x120"),
        *both("CfsyncEditsWaitForYou", 'cfsync_outbox_rows{state="parked"}', "1x120", "0x120"),
        *both("CfsyncConflicts", "cfsync_conflicts_open", "1x120", "0x120"),
        *both("CfsyncDeletionsHeld", "cfsync_deletions_held", "1x120", "0x120"),
        *both("CfsyncWaitsForADay", "cfsync_waiting_oldest_seconds", "90000x120", "3600x120"),
        *both("CfsyncDrift", 'cfsync_drift_rows{resource="contacts"}', "1x120", "0x120"),
        *both("CfsyncLogHeld", "cfsync_wal_held_seconds", "4000x120", "600x120"),
        *both("CfsyncBackupOld", "cfsync_backup_age_seconds", "180000x120", "100000x120"),
        case("CfsyncRateLimited", {OK: "0+90x120", LIMITED: "0+10x120"}, fires=True),
        case("CfsyncRateLimited", {OK: "0+99x120", LIMITED: "0+1x120"}, fires=False),
        case("CfsyncClickFunnelsFails", {OK: "0+70x120", BROKEN: "0+30x120"}, fires=True),
        case("CfsyncClickFunnelsFails", {OK: "0+90x120", BROKEN: "0+10x120"}, fires=False),
        case(
            "CfsyncNobodyWorks",
            {"cfsync_leases_held": "0x120", 'cfsync_schema_info{revision="0001"}': "1x120"},
            fires=True,
        ),
        case(
            "CfsyncNobodyWorks",
            {"cfsync_leases_held": "9x120", 'cfsync_schema_info{revision="0001"}': "1x120"},
            fires=False,
        ),
    ],
}
