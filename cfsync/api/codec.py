"""From the bytes of an answer to JSON and records, or to the error that the answer is. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson

from cfsync.belonging import is_stray
from cfsync.decode import decode_record
from cfsync.errors import (
    BadAnswer,
    Forbidden,
    NotFound,
    NotJson,
    RateLimited,
    Refused,
    ServerError,
    StateConflict,
    TokenRefused,
)
from cfsync.records import Listing, Page, Record
from cfsync.resources import ALL, Resource
from cfsync.times import time_text

Parse = Callable[[bytes], Any]  # raises ValueError on what is not JSON

PAGE = 20
"""Records on a full page of a list; the API has no way to ask for more."""

MAX_ERROR_TEXT = 500
"""Characters of the server's own error text that are kept."""

TOO_LARGE = (413, 414, 431)
"""Statuses for a body, a URL or a header that is too large; a gateway's, so not always JSON."""

NOT_NOW = (408, 421, 423, 425, 499)
"""Statuses that say that the same call may work later: timed out, misdirected, locked, too early,
closed by a proxy. A write may have been applied.
"""

CLOSED = (402, 403, 410, 418, 451)
"""Statuses with which a list or record is closed to this token. None proves that a record is gone:
a 410 may stand for a version of the API.
"""

_NEXT_LINK = re.compile(r"<([^>]*)>\s*;[^,]*?\brel=\"?next\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a call that succeeded. `data` is its JSON, None where the body is empty."""

    status: int
    headers: Mapping[str, str]
    data: Any


def read(
    call: str,
    status: int,
    headers: Mapping[str, str],
    content: bytes,
    wait: float | None = None,
    loads: Parse | None = None,
    setting: str = "api.token",
) -> Answer:
    """The answer to `call` ('METHOD /path'). Raises the TokenRefused or ApiError that it is.
    `wait`: the seconds until it may be repeated, where named. `setting`: what gives the token.
    """
    if status == 401:
        raise TokenRefused(f"check {setting}")
    if status == 429:
        raise RateLimited(call=call, retry_after=wait)
    if status >= 500 or status in NOT_NOW:
        text = f"the server failed ({status})"
        raise ServerError(text, call=call, status=status, retry_after=wait)
    if status in TOO_LARGE:
        raise Refused(f"too large for ClickFunnels ({status})", call=call, status=status)
    if not 200 <= status < 500 or 300 <= status < 400:
        raise BadAnswer(f"answered with status {status}", call=call, status=status)
    data = _json(call, status, headers, content, loads or parse)
    if status >= 400:
        raise _client_error(call, status, data)
    return Answer(status, headers, data)


def _client_error(call: str, status: int, data: Any) -> Exception:
    if status == 403 or (status in CLOSED and call.startswith("GET ")):
        return Forbidden(f"not allowed for this token ({status})", call=call, status=status)
    if status == 404:
        return NotFound("not found (404)", call=call, status=status)
    if status == 409:
        return StateConflict("its state does not allow that (409)", call=call, status=status)
    return Refused(error_text(data), call=call, status=status, fields=error_fields(data))


def _json(call: str, status: int, headers: Mapping[str, str], content: bytes, loads: Parse) -> Any:
    """The JSON of a body; None for an empty one, which only a success may have. A 404 without the
    API's own words is no proof that a record is gone.
    """
    if not content.strip():
        if status < 300:
            return None
        raise NotJson(f"answered with an empty body ({status})", call=call, status=status)
    kind = headers.get("content-type", "json").partition(";")[0].strip().lower()
    if "html" in kind or content.lstrip()[:1] == b"<":
        text = f"ClickFunnels' CDN answered with an HTML page ({status})"
        if status in (200, 404):
            text = f"answered with an HTML page ({status}): is api.base_url the API's?"
        raise NotJson(text, call=call, status=status)
    if "json" not in kind:
        raise NotJson(f"answered with {kind[:60]!r} ({status})", call=call, status=status)
    try:
        return loads(content)
    except ValueError:
        raise NotJson(f"answered with broken JSON ({status})", call=call, status=status) from None


def parse(content: bytes) -> Any:
    """The JSON value. Lone surrogates and bytes that are not UTF-8 are let through, so that only
    the field that holds them is lost. Raises ValueError on anything that is not JSON.
    """
    try:
        return orjson.loads(content)
    except ValueError:
        text = content.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    try:
        return json.loads(text, parse_float=_float, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _float(text: str) -> float | str:
    number = float(text)
    return number if isfinite(number) else text


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def error_text(data: Any) -> str:
    """The server's own error text, on one line of at most MAX_ERROR_TEXT characters."""
    return _line(_said(data)) or "no reason given"


def error_fields(data: Any) -> dict[str, str]:
    """The fields that the server names in an error, each with its text about that field."""
    said = _said(data)
    names = said if isinstance(said, dict) else {}
    return {name: _line({name: value}) for name, value in names.items()}


def _said(data: Any) -> Any:
    return (data.get("error") or data.get("errors")) if isinstance(data, dict) else data


def _line(said: Any) -> str:
    return " ".join("; ".join(_sentences(said)).split())[:MAX_ERROR_TEXT]


def _sentences(said: Any) -> list[str]:
    if isinstance(said, dict):
        return [f"{name} {s}" for name, value in said.items() for s in _sentences(value)]
    if isinstance(said, list):
        return [s for value in said for s in _sentences(value)]
    return [] if said is None else [str(said)]


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds that Retry-After asks to wait; None without a usable one. It is a number of
    seconds, however large, or a date, which is compared with the server's own clock (`Date`).
    """
    text = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", text, re.ASCII):
        return float(text)
    try:
        until = parsedate_to_datetime(text)
        now = parsedate_to_datetime(headers["date"]) if "date" in headers else datetime.now(UTC)
        return max(0.0, (until - now).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None


def raise_if_error(call: str, answer: Answer) -> None:
    """Raise BadAnswer on a success that holds an error and no record. The error is named and not
    quoted: its text may be about a person, and only `Refused` keeps such text out of logs.
    """
    data = answer.data
    if isinstance(data, dict) and "id" not in data:
        for name in {"error", "errors"} & data.keys():
            text = f"answered with {name!r} and no record ({answer.status})"
            raise BadAnswer(text, call=call, status=answer.status)


def page(call: str, answer: Answer, listing: Listing, expanded: Sequence[str] = ()) -> Page:
    """The records of a list answer. Raises BadAnswer where it is not a list of records.
    `expanded`: the fields that only single records show; other records are not whole without them.
    """
    if answer.data is None:
        raise NotJson("answered with an empty body", call=call, status=answer.status)
    resource = ALL[listing.resource]
    bodies = _bodies(resource, answer.data)
    if not isinstance(bodies, list):
        raise BadAnswer("answered with something that is no list", call=call, status=answer.status)
    asked = expanded if resource.single else ()
    shown = [_decoded(call, resource, body, listing, asked) for body in bodies]
    if expanded and not resource.single:
        shown = [replace(record, whole=False) for record in shown]
    following = next_id(call, answer.headers)
    if resource.whole:
        shown.sort(key=lambda r: r.id)
    elif following is None and len(shown) >= PAGE:
        following = shown[-1].id  # a gateway may have dropped the headers
    strays = tuple(r.id for r in shown if is_stray(resource, r, listing))
    records = tuple(r for r in shown if r.id not in strays)
    return Page(records, following, server_time(answer.headers), strays)


def _bodies(resource: Resource, data: Any) -> Any:
    """What an answer lists: the single record, or what stands in an object below the resource's
    name, which is how some lists come (the vendor's documents of September 2026).
    """
    if resource.single:
        return [data]
    return data.get(resource.name, data) if isinstance(data, dict) else data


def server_time(headers: Mapping[str, str]) -> str | None:
    """The server's clock when it answered (`Date`), canonical; None without a usable one."""
    try:
        at = parsedate_to_datetime(headers["date"])
        return time_text(at if at.tzinfo else at.replace(tzinfo=UTC))  # `-0000` is UTC, too
    except (KeyError, ValueError, TypeError, OverflowError):
        return None


def next_id(call: str, headers: Mapping[str, str]) -> int | None:
    """The id behind which the next page begins, from `Pagination-Next` or `Link`; None without
    either. Nothing else of a Link is used: it may lead to another host, which must not get the
    token.
    """
    text = headers.get("pagination-next", "").strip()
    if text.lower() in ("", "null"):
        link = _NEXT_LINK.search(headers.get("link", ""))
        if link is None:
            return None
        text = parse_qs(urlsplit(link[1]).query).get("after", [""])[0].strip()
    if not re.fullmatch(r"\d{1,18}", text, re.ASCII):
        raise BadAnswer("a next page without a usable id", call=call)
    return int(text)


def record(
    call: str,
    answer: Answer,
    resource: Resource,
    listing: Listing | None = None,
    asked: int | str | None = None,
    expanded: Sequence[str] = (),
) -> Record:
    """The record in an answer. `expanded`: the fields that were asked for by name, which are null
    where the answer lacks them. Raises BadAnswer if it is none, or has another id and public_id
    than `asked`, and NotJson if the body is missing.
    """
    if answer.data is None:
        raise NotJson("answered with an empty body", call=call, status=answer.status)
    if resource.single and listing is None and str(asked).isdecimal():
        listing = Listing(resource.name, int(str(asked)), int(str(asked)))
    found = _decoded(call, resource, answer.data, listing, expanded)
    if asked is not None and not found.has_id(asked):
        raise BadAnswer(f"answered with another record ({found.id})", call=call)
    return found


def _decoded(
    call: str, resource: Resource, body: Any, listing: Listing | None, expanded: Sequence[str]
) -> Record:
    if not isinstance(body, dict):
        raise BadAnswer("answered with something that is no record", call=call)
    if expanded:
        body = dict.fromkeys(expanded) | body
    if resource.single and listing is not None:
        body = {**body, "id": listing.parent_id}
    try:
        return decode_record(resource, body, listing)
    except BadAnswer as error:
        raise BadAnswer(error.text, call=call) from None
    except RecursionError:
        raise BadAnswer("a record that is nested too deeply", call=call) from None
