"""What the web server answers, given the daemon's health."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from cfsync.config import WebSettings
from cfsync.config.runnable import web_problems
from cfsync.errors import SettingsError
from cfsync.web import app, server
from cfsync.web.connection import MAX_CONNECTIONS
from cfsync.web.daemon_health import Health, ResourceHealth
from cfsync.web.metrics import Metrics
from cfsync.web.receiver import Receiver

FRESH = ResourceHealth(
    rows=30, lag_s=12.0, succeeded={"pull": 1748000000.0}, found={"pull": {0: 1, 500: 2, 60_000: 1}}
)
WELL = Health(
    database_problem="",
    schema="0001",
    resources={"contacts": FRESH},
    edits={"pending": 2, "parked": 1},
    oldest_edit_s=3.0,
    conflicts=1,
    deletions_held=5,
    oldest_waiting_s=90.0,
    rate={"rate": 40.0, "learned": 50.0},
    waits={"rate_limit": 250.0, "outage": 0.0},
    leases=19,
)


def ask(
    path: str,
    health: Health,
    *,
    token: str | None = None,
    given: str | None = None,
    method: str = "GET",
) -> httpx.Response:
    metrics = Metrics(lambda: health)
    metrics.request("pull", 200, 0.2)
    metrics.request("push", 429, 0.1)
    metrics.webhook("unsigned")
    metrics.pass_ended("pull", "contacts", "done", 1.5)
    transport = httpx.ASGITransport(
        app.create(lambda: health, metrics, Receiver(metrics.webhook), token)
    )

    async def get() -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            headers = {"Authorization": f"Bearer {given}"} if given else {}
            return await client.request(method, path, headers=headers)

    return asyncio.run(get())


def sampled(health: Health) -> dict[str, dict[str, float]]:
    """Metric -> labels as text -> value."""
    found: dict[str, dict[str, float]] = {}
    for family in text_string_to_metric_families(ask("/metrics", health).text):
        for sample in family.samples:
            labels = ",".join(f"{k}={v}" for k, v in sorted(sample.labels.items()))
            found.setdefault(sample.name, {})[labels] = sample.value
    return found


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/healthz"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_all_is_well(path: str, method: str) -> None:
    assert ask(path, WELL, method=method).status_code == 200


def with_(health: Health = WELL, **changes: Any) -> Health:
    from dataclasses import replace

    return replace(health, **changes)


LATE = ResourceHealth(lag_s=4000.0, late=True, trouble="server")


@pytest.mark.parametrize(
    ("health", "livez", "readyz", "healthz"),
    [
        (with_(sql_silence_s=151.0), 503, 503, 503),
        (with_(database_problem="can't be reached"), 200, 503, 503),
        (Health(), 200, 503, 503),
        (with_(token_ok=False), 200, 200, 503),
        (with_(resources={"contacts": LATE}), 200, 200, 503),
        (with_(resources={"contacts": ResourceHealth(late=True, paused=True)}), 200, 200, 200),
    ],
)
def test_liveness_readiness_and_freshness_are_judged_apart(
    health: Health, livez: int, readyz: int, healthz: int
) -> None:
    answers = [ask(path, health).status_code for path in ("/livez", "/readyz", "/healthz")]

    assert answers == [livez, readyz, healthz]


def test_healthz_names_what_is_late_and_why() -> None:
    answer = json.loads(ask("/healthz", with_(resources={"contacts": LATE})).text)

    assert answer["reasons"] == ["contacts: the last pull began 4000 s ago (server)"]
    assert answer["resources"]["contacts"] == {
        "lag_s": 4000.0,
        "crash": None,
        "late": True,
        "paused": False,
        "trouble": "server",
    }


def test_every_metric_is_shown() -> None:
    found = sampled(WELL)

    assert found["cfsync_lag_seconds"] == {"resource=contacts": 12.0}
    assert found["cfsync_rows"] == {"resource=contacts": 30.0}
    assert found["cfsync_last_success_timestamp_seconds"] == {
        "pass=pull,resource=contacts": 1748000000.0
    }
    assert found["cfsync_pass_total"] == {"pass=pull,resource=contacts,state=done": 1.0}
    assert found["cfsync_pass_seconds_sum"] == {"pass=pull": 1.5}
    assert found["cfsync_requests_total"] == {"code=200,lane=pull": 1.0, "code=429,lane=push": 1.0}
    assert found["cfsync_request_seconds_count"] == {"": 2.0}
    assert found["cfsync_rate_limit"] == {"kind=rate": 40.0, "kind=learned": 50.0}
    assert found["cfsync_wait_seconds"] == {"reason=rate_limit": 250.0, "reason=outage": 0.0}
    assert found["cfsync_outbox_rows"] == {"state=pending": 2.0, "state=parked": 1.0}
    assert found["cfsync_outbox_oldest_seconds"] == {"": 3.0}
    assert found["cfsync_conflicts_open"] == {"": 1.0}
    assert found["cfsync_deletions_held"] == {"": 5.0}
    assert found["cfsync_waiting_oldest_seconds"] == {"": 90.0}
    assert found["cfsync_drift_rows"] == {"resource=contacts": 0.0}
    assert found["cfsync_found_total"] == {"lane=pull,resource=contacts": 4.0}
    assert found["cfsync_webhooks_total"] == {"outcome=unsigned": 1.0}
    assert (
        found["cfsync_delay_seconds_bucket"]
        | {
            "lane=pull,le=0.25,resource=contacts": 0.0,
            "lane=pull,le=0.5,resource=contacts": 2.0,
            "lane=pull,le=30.0,resource=contacts": 2.0,
            "lane=pull,le=60.0,resource=contacts": 3.0,
            "lane=pull,le=+Inf,resource=contacts": 3.0,
        }
        == found["cfsync_delay_seconds_bucket"]
    )
    assert found["cfsync_delay_quantile_seconds"] == {
        "lane=pull,quantile=0.5,resource=contacts": 0.5,
        "lane=pull,quantile=0.99,resource=contacts": 60.0,
    }
    assert found["cfsync_token_ok"] == {"": 1.0}
    assert found["cfsync_leases_held"] == {"": 19.0}
    assert found["cfsync_schema_info"] == {"revision=0001": 1.0}


def test_a_counter_does_not_begin_at_zero_after_a_restart_before_its_value_was_read() -> None:
    assert "cfsync_capture_restored_total" not in sampled(Health())
    assert sampled(with_(captures_restored=3))["cfsync_capture_restored_total"] == {"": 3.0}


def test_metrics_ask_for_the_access_token_where_there_is_one() -> None:
    assert ask("/metrics", WELL, token="s3cret").status_code == 401
    assert ask("/metrics", WELL, token="s3cret", given="wrong").status_code == 401
    assert ask("/metrics", WELL, token="s3cret", given="s3cret").status_code == 200
    assert ask("/healthz", WELL, token="s3cret").status_code == 200


@pytest.mark.parametrize("path", ["/", "/docs", "/webhooks/", "/webhooks/1/2", "/metrics/"])
def test_there_are_no_other_routes(path: str) -> None:
    assert ask(path, WELL).status_code in (404, 307)


@pytest.mark.parametrize("listen", ["0.0.0.0:8787", "[::]:8787", "example.com:80", "192.0.2.1:80"])
def test_off_loopback_an_access_token_is_needed(listen: str) -> None:
    (problem,) = web_problems(WebSettings(listen=listen))
    assert "set web.access_token" in problem
    assert not web_problems(WebSettings(listen=listen, access_token="s3cret"))


@pytest.mark.parametrize("listen", ["127.0.0.1:1", "127.8.8.8:1", "[::1]:1", "localhost:1", "off"])
def test_on_loopback_no_access_token_is_needed(listen: str) -> None:
    assert not web_problems(WebSettings(listen=listen))


def test_certificate_and_key_belong_together(tmp_path: Path) -> None:
    assert web_problems(WebSettings(tls_cert=tmp_path / "absent.pem")) == [
        "web.tls_cert and web.tls_key are both needed, or none",
        f"web.tls_cert can't be read: {tmp_path / 'absent.pem'}",
    ]


def test_files_that_are_no_certificate_are_a_problem_before_the_server_starts(
    tmp_path: Path,
) -> None:
    for name in ("cert.pem", "key.pem"):
        (tmp_path / name).write_text("-----BEGIN CERTIFICATE-----\n")

    (problem,) = web_problems(
        WebSettings(tls_cert=tmp_path / "cert.pem", tls_key=tmp_path / "key.pem")
    )

    assert problem.startswith("web.tls_cert and web.tls_key are not a certificate and its key: ")


def test_an_address_in_use_is_reported_in_one_line() -> None:
    async def serve(port: int) -> None:
        settings = WebSettings(listen=f"127.0.0.1:{port}")
        shown = app.create(Health, Metrics(Health), Receiver(str), None)
        async with server.serving(shown, settings):
            raise AssertionError

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(SettingsError, match="can't be used: Address already in use"):
            asyncio.run(serve(taken.getsockname()[1]))


def test_connections_that_nobody_closes_make_room_for_later_ones() -> None:
    async def main() -> int:
        port = _free_port()
        shown = app.create(lambda: WELL, Metrics(Health), Receiver(str), None)
        async with server.serving(shown, WebSettings(listen=f"127.0.0.1:{port}")):
            silent = [await _begin(port) for _ in range(MAX_CONNECTIONS + 1)]
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
                answer = await client.get("/livez")
            async with asyncio.timeout(20):
                with suppress(ConnectionResetError):
                    await silent[0][0].read()
            for _, writer in silent:
                writer.close()
        return answer.status_code

    assert asyncio.run(main()) == 200


async def _begin(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A request that is never finished."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST /webhooks/1 HTTP/1.1\r\nHost: x\r\n")
    await writer.drain()
    return reader, writer


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def test_a_renewed_certificate_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "CERTIFICATE_CHECK_S", 0.02)
    settings = _with_certificate(tmp_path)
    port = int(settings.listen.rpartition(":")[2])

    def shown() -> str:
        return ssl.get_server_certificate(("127.0.0.1", port), timeout=20)

    async def main() -> None:
        async with server.serving(
            app.create(Health, Metrics(Health), Receiver(str), None), settings
        ):
            before = await asyncio.to_thread(shown)
            (tmp_path / "crt").write_text("half written")
            _with_certificate(tmp_path)
            async with asyncio.timeout(20):
                while await asyncio.to_thread(shown) == before:
                    pass

    asyncio.run(main())


def test_files_that_are_not_a_certificate_are_reported_in_one_line(tmp_path: Path) -> None:
    settings = _with_certificate(tmp_path)
    (tmp_path / "crt").write_text("nothing")

    async def main() -> None:
        async with server.serving(
            app.create(Health, Metrics(Health), Receiver(str), None), settings
        ):
            raise AssertionError

    with pytest.raises(SettingsError, match="not a certificate"):
        asyncio.run(main())


def _with_certificate(path: Path) -> WebSettings:
    """A new one, in the same files."""
    cert, key = path / "crt", path / "key"
    made = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2")
    files = ("-subj", "/CN=localhost", "-keyout", str(key), "-out", str(cert))
    subprocess.run([*made, *files], check=True, capture_output=True)
    return WebSettings(listen=f"127.0.0.1:{_free_port()}", tls_cert=cert, tls_key=key)
