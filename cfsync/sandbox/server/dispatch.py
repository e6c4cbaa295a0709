"""Handles each request: gateway, rate limit, faults, then the API's answer; counts it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from email.utils import format_datetime

from cfsync.sandbox.api import gateway
from cfsync.sandbox.api.answers import Answer
from cfsync.sandbox.api.handlers import respond
from cfsync.sandbox.api.requests import Request
from cfsync.sandbox.faults.exchange import Exchange, Reply
from cfsync.sandbox.faults.kinds import KINDS
from cfsync.sandbox.world import World


def handle(world: World, request: Request, query: str = "") -> Reply:
    """What to send for a request; `query` is its query string, for the counters."""
    target = f"{request.path}?{query}" if query else request.path
    with world.lock:
        reply = _reply(world, request, target)
        takes = world.latency + (reply.answer.seconds if reply.answer else 0.0)
        if takes:
            reply = replace(reply, delay=reply.delay + takes)
        if reply.answer:
            reply = replace(reply, answer=_dated(world, reply.answer))
        route = request.route.path if request.route else "-"
        status = reply.answer.status if reply.answer else 0
        world.ledger.count(request.method, route, target, status)
        return reply


def _reply(world: World, request: Request, target: str) -> Reply:
    if request.by_gateway and world.gateway:
        passed_on = world.gateway.passed_on(request)
        if isinstance(passed_on, Answer):
            return Reply(passed_on)
        request = passed_on
    if refusal := world.limit.refusal():
        return Reply(refusal)
    if fault := world.faults.strike(request.method, target):
        return KINDS[fault.kind](fault, Exchange(world, request))
    return Reply(respond(world, request))


def _dated(world: World, answer: Answer) -> Answer:
    """The answer with the time on the world's clock."""
    date = {"Date": format_datetime(world.store.clock(), usegmt=True)}
    return replace(answer, headers=date | dict(answer.headers))


def beside(world: World, path: str, headers: Mapping[str, str]) -> Answer:
    """The answer outside the API's paths, where a gateway lists its connections."""
    with world.lock:
        if world.gateway and path == gateway.PATH:
            return world.gateway.listed(headers)
    return Answer(404, b'{"error":"Not found"}')
