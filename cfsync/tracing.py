"""Traces for OpenTelemetry: a span for each pass and request, where the environment asks for them.

The variables are the standard ones: `OTEL_TRACES_EXPORTER`, `OTEL_EXPORTER_OTLP_ENDPOINT` and the
others that the SDK reads. Without them nothing of OpenTelemetry is imported. A span holds names of
passes, tables and routes, counts and statuses: no ids, no URL, no values. Nothing is added to the
requests to ClickFunnels.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import structlog

import cfsync

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Tracer

log = structlog.get_logger()

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
HTTP = "http/protobuf"

EndPass = Callable[[str, int], None]
"""Takes the state in which a pass has ended, and how many requests it has made."""

_tracer: Tracer | None = None


def start(environ: Mapping[str, str]) -> None:
    """Begin to trace this process if the environment asks for it. What is missing for that is in
    the log, and stops nothing.
    """
    global _tracer
    if _tracer or not (wanted := exporters(environ)):
        return
    try:
        _tracer = _make_tracer(wanted, environ)
    except ImportError:
        log.info("tracing.unavailable", hint="pip install 'cfsync[otel]'")
    except ValueError as error:
        log.warning("tracing.unavailable", error=str(error))


def exporters(environ: Mapping[str, str]) -> list[str]:
    """The exporters that the environment asks for; none: no traces. Pure."""
    if environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return []
    default = "otlp" if any(environ.get(name) for name in ENDPOINTS) else "none"
    names = (environ.get("OTEL_TRACES_EXPORTER") or default).split(",")
    return [name.strip() for name in names if name.strip() != "none"]


def begin_pass(name: str, resources: Sequence[str]) -> EndPass:
    """Begin the span of a pass; requests that its task makes belong to it. The answer ends it."""
    if not _tracer:
        return lambda _state, _requests: None
    from opentelemetry import context, trace

    one = f" {resources[0]}" if len(resources) == 1 else ""
    attributes = {"cfsync.pass": name, "cfsync.resources": list(resources)}
    span = _tracer.start_span(f"{name}{one}", attributes=attributes)
    token = context.attach(trace.set_span_in_context(span))

    def end(state: str, requests: int) -> None:
        context.detach(token)
        span.set_attributes({"cfsync.state": state, "cfsync.requests": requests})
        if state == "failed":
            span.set_status(trace.StatusCode.ERROR)
        span.end()

    return end


def request_done(method: str, route: str, status: int, seconds: float) -> None:
    """Record the span of a request that has just ended. `route` holds no ids; `status` is 0 where
    no answer came.
    """
    if not _tracer:
        return
    from opentelemetry import trace

    now = time.time_ns()
    span = _tracer.start_span(
        f"{method} {route}",
        kind=trace.SpanKind.CLIENT,
        attributes={"http.request.method": method, "url.template": route},
        start_time=now - round(seconds * 1e9),
    )
    if status:
        span.set_attribute("http.response.status_code", status)
    if not status or status >= 400:
        span.set_attribute("error.type", str(status) if status else "no_answer")
        span.set_status(trace.StatusCode.ERROR)
    span.end(now)


def _make_tracer(names: Iterable[str], environ: Mapping[str, str]) -> Tracer:
    """Raises ImportError without the extra, and ValueError for an exporter that there is not."""
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    about = {"service.version": cfsync.__version__}
    if "service.name=" not in environ.get("OTEL_RESOURCE_ATTRIBUTES", ""):
        about["service.name"] = environ.get("OTEL_SERVICE_NAME") or "cfsync"
    made = [_exporter(name, environ) for name in names]
    provider = TracerProvider(resource=Resource.create(about))
    for exporter in made:
        provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider.get_tracer("cfsync", cfsync.__version__)


def _exporter(name: str, environ: Mapping[str, str]) -> SpanExporter:
    if name == "console":
        from opentelemetry.sdk.trace.export import ConsoleSpanExporter

        return ConsoleSpanExporter(out=sys.stderr)
    if name != "otlp":
        raise ValueError(f"OTEL_TRACES_EXPORTER: {name} is none of otlp, console, none")
    protocol = next((environ[p] for p in PROTOCOLS if environ.get(p)), HTTP)
    if protocol != HTTP:
        raise ValueError(f"OTEL_EXPORTER_OTLP_PROTOCOL: {protocol} is not {HTTP}")
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter()
