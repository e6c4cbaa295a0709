"""Faults of any answer: refused, cut off, slow or spoilt."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping
from dataclasses import replace

from cfsync.sandbox.api.answers import HTML, Answer, answer, block_page
from cfsync.sandbox.api.limits import too_many
from cfsync.sandbox.faults.exchange import Exchange, Kind, Reply
from cfsync.sandbox.faults.fault import Fault


def instead(make: Callable[[Fault], Answer | None]) -> Kind:
    """A kind that replaces the right answer."""

    def reply(fault: Fault, exchange: Exchange) -> Reply:
        if fault.applied:
            exchange.proper()
        return Reply(make(fault))

    return reply


def changed(change: Callable[[Answer], Answer | None]) -> Kind:
    """A kind that spoils the right answer."""
    return lambda _, exchange: Reply(change(exchange.proper()))


_WORDS = {
    401: "API key missing or invalid",
    403: "Not allowed",
    404: "Not found: Record missing",
    409: "Conflict",
    503: "Service unavailable",
}


def _status(fault: Fault) -> Answer:
    if fault.status == 429:
        return too_many(fault.retry_after)
    if fault.status == 422:
        return answer(422, {"errors": fault.errors})
    named = {} if fault.retry_after is None else {"Retry-After": f"{fault.retry_after:g}"}
    words = _WORDS.get(fault.status, "Internal server error")
    return replace(answer(fault.status, {"error": words}), headers=named)


def _redirect(fault: Fault) -> Answer:
    return Answer(302, headers={"Location": f"{fault.host}/api/v2/teams"})


def _meanwhile(fault: Fault, exchange: Exchange) -> Reply:
    """Something happens just before the right answer."""
    fault.act()
    return Reply(exchange.proper())


def _hang(fault: Fault, exchange: Exchange) -> Reply:
    """No answer, and then a cut connection."""
    if fault.applied:
        exchange.proper()
    return Reply(None, delay=fault.seconds)


def _headers(fault: Fault, exchange: Exchange) -> Reply:
    """Odd headers, which are true of the answer: a body that they call packed is."""
    proper = exchange.proper()
    is_packed = "gzip" in fault.headers.get("Content-Encoding", "") and proper.body
    return Reply(
        replace(
            proper,
            body=gzip.compress(proper.body) if is_packed else proper.body,
            headers={**proper.headers, **fault.headers},
        )
    )


ANSWER_KINDS: Mapping[str, Kind] = {
    "status": instead(_status),
    "html_200": instead(lambda _: block_page(200)),
    "html_403": instead(lambda _: block_page(403)),
    "html_413": instead(lambda _: block_page(413)),
    "html_503": instead(lambda _: block_page(503)),
    "error_under_200": instead(lambda _: answer(200, {"error": "Something went wrong"})),
    "errors_under_200": instead(lambda _: answer(200, {"errors": {"base": ["went wrong"]}})),
    "not_a_list": instead(lambda _: answer(200, {"data": []})),
    "redirect": instead(_redirect),
    "reset_before": instead(lambda _: None),
    "reset_after": changed(lambda _: None),
    "truncated": changed(lambda a: Answer(a.status, a.body[: len(a.body) // 2], a.headers)),
    "empty_body": changed(lambda a: Answer(a.status, b"", a.headers)),
    "wrong_content_type": changed(lambda a: Answer(a.status, a.body, a.headers, HTML)),
    "headers": _headers,
    "slow": lambda fault, exchange: Reply(exchange.proper(), delay=fault.seconds),
    "slow_body": lambda fault, exchange: Reply(exchange.proper(), pause=fault.seconds),
    "hang": _hang,
    "shut": lambda _, exchange: Reply(exchange.proper(), last=True),
    "meanwhile": _meanwhile,
}
