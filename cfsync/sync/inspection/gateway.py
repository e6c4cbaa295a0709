"""Which gateway the settings lead through, and which of its connections the calls take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from cfsync.api import Api, Retry
from cfsync.api.gateway import CHOOSES, is_gateway
from cfsync.config import ApiSettings
from cfsync.errors import CfsyncError, TokenRefused
from cfsync.sync.inspection.probes import Check

_VARIABLE = "CFSYNC_API__HEADERS__MATON_CONNECTION"


async def check(settings: ApiSettings) -> list[Check]:
    """The line about the gateway; none without one. That it refuses its key is told elsewhere."""
    if not is_gateway(settings.base_url) or settings.token is None:
        return []
    parts = urlsplit(settings.base_url)
    beside = urlunsplit((parts.scheme, parts.netloc, "", "", ""))
    app = parts.path.removesuffix("/api/v2").rpartition("/")[2]
    try:
        async with Api(
            settings.model_copy(update={"base_url": beside}), retry=Retry(attempts=1)
        ) as api:
            answer = await api.raw("GET", "/connections", query={"app": app})
    except TokenRefused:
        return [Check("gateway", "note", parts.netloc)]
    except CfsyncError:
        return [Check("gateway", "note", f"{parts.netloc}; it doesn't list its connections")]
    chosen = settings.headers.get(CHOOSES)
    id_ = chosen.get_secret_value() if chosen else None
    return [judged(parts.netloc, _listed(answer.data, app), id_)]


def _listed(data: Any, app: str) -> list[Mapping[str, Any]]:
    found = data.get("connections") if isinstance(data, dict) else None
    shown = [c for c in found if isinstance(c, dict)] if isinstance(found, list) else []
    return [c for c in shown if c.get("app", app) == app]


def judged(host: str, connections: Sequence[Mapping[str, Any]], chosen: str | None) -> Check:
    """What these connections of the gateway mean. `chosen`: the id in api.headers, a secret that no
    text may hold. Pure.
    """
    active = [c for c in connections if c.get("status") == "ACTIVE"]
    if chosen:
        for one in (c for c in connections if str(c.get("connection_id")) == chosen):
            return _one(host, one, f"the connection in api.headers.{CHOOSES}")
        text = f"{host} doesn't list the connection in api.headers.{CHOOSES}"
        return Check("gateway", "todo", f"{text}; it lists {_ids(connections)}", 5)
    if len(active) > 1:
        text = f"{host} has {len(active)} active connections: {_ids(active)}"
        return Check("gateway", "todo", f"{text}; choose one: {_VARIABLE}=ID", 5)
    if not active:
        text = f"{host} has no active connection; make one there, and authorize it"
        return Check("gateway", "todo", text, 3)
    return _one(host, active[0], f"its only connection, {active[0].get('connection_id')}")


def _one(host: str, one: Mapping[str, Any], named: str) -> Check:
    state, since = str(one.get("status")), str(one.get("creation_time", ""))[:10]
    made = f", made {since}" if since else ""
    if state == "ACTIVE":
        return Check("gateway", "ok", f"{host}, by {named} (ACTIVE{made})")
    return Check("gateway", "todo", f"{host}, {named} is {state}{made}: authorize it there", 3)


def _ids(connections: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(str(c.get("connection_id")) for c in connections) or "none"
