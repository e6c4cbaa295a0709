"""Every request passes here: found, counted, limited, struck by faults or answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import parse_qsl

from cfsync.sandbox.api.answers import Answer
from cfsync.sandbox.api.handlers import Request, respond
from cfsync.sandbox.api.routes import find
from cfsync.sandbox.faults.answer_kinds import Exchange, Reply
from cfsync.sandbox.faults.list_kinds import KINDS
from cfsync.sandbox.world import World

API = "/api/v2"
GATEWAY = "/clickfunnels"


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
        query=dict(parse_qsl(query, keep_blank_values=True)) if query else {},
        headers=headers,
        body=body,
        base=f"{origin}{way}{API}",
        by_gateway=bool(way),
        route=route,
        id=id_,
    )


def handle(world: World, request: Request, query: str = "") -> Reply:
    """What the network shall see; `query` is the query string, for the counters."""
    target = f"{request.path}?{query}" if query else request.path
    with world.lock:
        reply = _reply(world, request, target)
        if world.latency:
            reply = replace(reply, delay=reply.delay + world.latency)
        route = request.route.path if request.route else "-"
        status = reply.answer.status if reply.answer else 0
        world.ledger.count(request.method, route, target, status)
        return reply


def _reply(world: World, request: Request, target: str) -> Reply:
    if refusal := world.limit.refusal():
        return Reply(refusal)
    if fault := world.faults.strike(request.method, target):
        return KINDS[fault.kind](fault, Exchange(world, request))
    return Reply(respond(world, request))


def not_found() -> Answer:
    """Outside of the API there is nothing."""
    return Answer(404, b'{"error":"Not found"}')
