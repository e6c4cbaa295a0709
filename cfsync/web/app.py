"""The routes. `/livez`, `/readyz`, `/healthz` and `/webhooks` ask for no token and name no people;
`/metrics` asks for `web.access_token` if there is one.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import fields
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from cfsync.sync.health_rule import Freshness
from cfsync.web import daemon_health
from cfsync.web.daemon_health import Health
from cfsync.web.metrics import CONTENT_TYPE, Metrics
from cfsync.web.receiver import Receiver


def create(
    read_health: Callable[[], Health],
    metrics: Metrics,
    receiver: Receiver,
    access_token: str | None,
    console: ASGIApp | None = None,
) -> Starlette:
    """The application. `read_health` returns the health as it is now; None for `access_token` lets
    everybody read the metrics. `console` serves all other paths; None: there is none.
    """

    async def livez(_request: Request) -> Response:
        return _answer(daemon_health.liveness_problems(read_health()))

    async def readyz(_request: Request) -> Response:
        return _answer(daemon_health.readiness_problems(read_health()))

    async def healthz(_request: Request) -> Response:
        now = read_health()
        return _answer(daemon_health.freshness_problems(now), resources=_resources(now))

    async def show_metrics(request: Request) -> Response:
        if not _is_authorized(request, access_token):
            return Response(status_code=401, headers={"WWW-Authenticate": "Bearer"})
        return Response(metrics.text(), headers={"Content-Type": CONTENT_TYPE})

    return Starlette(
        routes=[
            Route("/livez", livez),
            Route("/readyz", readyz),
            Route("/healthz", healthz),
            Route("/metrics", show_metrics),
            Route("/webhooks/{workspace_id}", receiver.receive, methods=["POST"]),
            *([] if console is None else [Mount("/", console)]),
        ]
    )


def _answer(problems: list[str], **more: Any) -> JSONResponse:
    content = {"status": "bad" if problems else "ok", "reasons": problems, **more}
    return JSONResponse(content, status_code=503 if problems else 200)


def _resources(now: Health) -> dict[str, Any]:
    """Each resource's freshness."""
    shown = [field.name for field in fields(Freshness)]
    return {
        name: {key: getattr(resource, key) for key in shown}
        for name, resource in now.resources.items()
    }


def _is_authorized(request: Request, access_token: str | None) -> bool:
    if access_token is None:
        return True
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    return hmac.compare_digest(given.encode(), access_token.encode())
