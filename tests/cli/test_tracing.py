"""OpenTelemetry: what a collector gets from a real process, and that it is no person's data."""

from __future__ import annotations

import gzip
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from cfsync.sandbox import TOKEN, World
from tests.cli.conftest import Command

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """What was sent to the collector that the environment names."""
    received: list[bytes] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            is_packed = self.headers.get("Content-Encoding") == "gzip"
            received.append(gzip.decompress(body) if is_packed else body)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=server.serve_forever).start()
    monkeypatch.setenv(ENDPOINT, f"http://127.0.0.1:{server.server_port}")
    yield received
    server.shutdown()
    server.server_close()


def spans(received: list[bytes]) -> list[dict[str, Any]]:
    from google.protobuf.json_format import MessageToDict
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    sent = [MessageToDict(ExportTraceServiceRequest.FromString(body)) for body in received]
    resources = [r for one in sent for r in one["resourceSpans"]]
    return [s for r in resources for scope in r["scopeSpans"] for s in scope["spans"]]


def attributes(span: dict[str, Any]) -> dict[str, Any]:
    return {a["key"]: next(iter(a["value"].values())) for a in span["attributes"]}


def test_passes_and_their_requests_are_spans_without_people_or_ids(
    cfsync: Command, world: World, collector: list[bytes]
) -> None:
    assert cfsync("backfill", "contacts").returncode == 0
    contact = cfsync.sql("SELECT id FROM contacts LIMIT 1")[0][0]
    cfsync.sql(f"UPDATE contacts SET first_name = 'Zebedee' WHERE id = {contact}")
    assert cfsync("push", "contacts").returncode == 0
    assert cfsync("api", "GET", f"/contacts/{contact}", "-f", "secret=Zebedee").returncode == 0

    found = spans(collector)
    by_name = {span["name"]: span for span in found}
    assert {"backfill contacts", "push contacts", "PUT /contacts/{id}"} <= set(by_name)
    put, push = by_name["PUT /contacts/{id}"], by_name["push contacts"]
    assert put["parentSpanId"] == push["spanId"]
    assert attributes(put) == {
        "http.request.method": "PUT",
        "url.template": "/contacts/{id}",
        "http.response.status_code": "200",
    }
    assert attributes(push).keys() == {
        "cfsync.pass",
        "cfsync.resources",
        "cfsync.state",
        "cfsync.requests",
    }
    text = str([{k: v for k, v in s.items() if not k.endswith("Id")} for s in found])
    people = [c for w in world.workspaces for c in world.records("contacts", w)]
    values = [p[f] for p in people for f in ("email_address", "last_name", "phone_number") if p[f]]
    for private in (TOKEN, "Zebedee", "secret=", str(contact), "127.0.0.1", *values):
        assert private not in text
        assert private.encode() not in b"".join(collector)


def test_a_collector_that_is_away_stops_nothing(
    cfsync: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENDPOINT, "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")

    assert cfsync("backfill", "contacts").returncode == 0


def test_the_console_gets_spans_on_standard_error(
    cfsync: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "console")

    done = cfsync("backfill", "contacts", "--json")

    assert done.json["state"] == "done"
    assert '"name": "backfill contacts"' in done.stderr


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, "zipkin is none of otlp, console, none"),
        (
            {ENDPOINT: "http://x", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
            "grpc is not http/protobuf",
        ),
    ],
)
def test_what_cannot_be_exported_is_a_warning(
    cfsync: Command, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], words: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    done = cfsync("backfill", "contacts")

    assert done.returncode == 0
    assert words in done.stderr


def test_without_the_extra_only_a_line_of_the_log_says_so(
    cfsync: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "opentelemetry").mkdir()
    (tmp_path / "opentelemetry" / "__init__.py").write_text("raise ImportError")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    plain = cfsync("backfill", "contacts")
    monkeypatch.setenv(ENDPOINT, "http://127.0.0.1:9")
    asked = cfsync("backfill", "contacts", "--restart")

    assert (plain.returncode, asked.returncode) == (0, 0)
    assert "cfsync[otel]" not in plain.stderr
    assert len(re.findall(r"pip install 'cfsync\[otel\]'", asked.stderr)) == 1


@pytest.mark.parametrize("variables", [{}, {ENDPOINT: "http://x", "OTEL_SDK_DISABLED": "true"}])
def test_nothing_is_imported_where_traces_are_off(
    cfsync: Command, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    done = cfsync("backfill", "contacts")

    assert "cfsync.tracing" in done.stderr
    assert "opentelemetry" not in done.stderr
