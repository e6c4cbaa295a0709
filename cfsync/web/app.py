"""The routes. `/livez /readyz /healthz /webhooks` ask for no token and name nobody; `/metrics` asks
for `web.access_token` where there is one.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cfsync.web import health
from cfsync.web.health import Vitals
from cfsync.web.metrics import CONTENT_TYPE, Metrics
from cfsync.web.receiver import Receiver

Look = Callable[[], Vitals]


def make(look: Look, metrics: Metrics, receiver: Receiver, access_token: str | None) -> Starlette:
    """The application; `look` gives the vitals as they are now."""

    async def livez(_request: Request) -> Response:
        return _judged(health.not_alive(look()))

    async def readyz(_request: Request) -> Response:
        return _judged(health.not_ready(look()))

    async def healthz(_request: Request) -> Response:
        now = look()
        return _judged(health.not_fresh(now), resources=_resources(now))

    async def show_metrics(request: Request) -> Response:
        if not _may_see(request, access_token):
            return Response(status_code=401, headers={"WWW-Authenticate": "Bearer"})
        return Response(metrics.text(), headers={"Content-Type": CONTENT_TYPE})

    shown = [("/livez", livez), ("/readyz", readyz), ("/healthz", healthz)]
    routes = [Route(path, answer) for path, answer in (*shown, ("/metrics", show_metrics))]
    taken = Route("/webhooks/{workspace_id}", receiver.take, methods=["POST"])
    return Starlette(routes=[*routes, taken])


def _judged(reasons: list[str], **more: Any) -> JSONResponse:
    content = {"status": "bad" if reasons else "ok", "reasons": reasons, **more}
    return JSONResponse(content, status_code=503 if reasons else 200)


def _resources(now: Vitals) -> dict[str, Any]:
    shown = ("lag_s", "late", "paused", "trouble")
    return {
        name: {key: value for key, value in asdict(r).items() if key in shown}
        for name, r in now.resources.items()
    }


def _may_see(request: Request, access_token: str | None) -> bool:
    if access_token is None:
        return True
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    return hmac.compare_digest(given.encode(), access_token.encode())
