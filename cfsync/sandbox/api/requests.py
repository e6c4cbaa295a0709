"""A request of the API, taken apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from cfsync.sandbox.api.routes import Route, find

API = "/api/v2"
GATEWAY = "/clickfunnels"


@dataclass(frozen=True, slots=True)
class Request:
    """`path` begins behind `/api/v2`, `base` ends there; header names are lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""
    base: str = ""
    by_gateway: bool = False
    route: Route | None = None
    id: str = ""


def request_of(
    method: str, target: str, headers: Mapping[str, str], body: bytes, origin: str
) -> Request | None:
    """A request of the API from its parts on the wire; None if the path is not the API's.
    `target` is path and query as sent; `headers` have names in lower case.
    """
    path, _, query = target.partition("?")
    way = GATEWAY if path.startswith(GATEWAY + "/") else ""
    path = path[len(way) :]
    if not path.startswith(API + "/"):
        return None
    segments = path[len(API) + 1 :].rstrip("/").split("/")
    route, id_ = find(method, segments) or (None, "")
    return Request(
        method=method,
        path=path[len(API) :],
        query=_query(query) if query else {},
        headers=headers,
        body=body,
        base=f"{origin}{way}{API}",
        by_gateway=bool(way),
        route=route,
        id=id_,
    )


def _query(text: str) -> dict[str, str]:
    """The parameters by name; the values of one that is an array, with commas between them."""
    found: dict[str, str] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        is_more = name.endswith("[]") and name in found
        found[name] = f"{found[name]},{value}" if is_more else value
    return found
