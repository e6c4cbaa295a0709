"""A gateway in front of the API: its own errors, told from those that it passes on. Pure.

What ClickFunnels answers comes through unchanged, and its errors have `error` or `errors`. Those of
a gateway have no documented form: what lacks these names, or speaks of the gateway's connection, is
its own.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from cfsync.api import codec
from cfsync.errors import (
    CfsyncError,
    GatewayRefused,
    NotJson,
    RateLimited,
    ServerError,
    TokenRefused,
)

CHOOSES = "Maton-Connection"
"""The header that chooses one of several connections."""

_API_REFUSES = "API key missing or invalid"
"""ClickFunnels' own words for a token that it refuses."""

_OF_CONNECTION = re.compile(r"\b(connections?|app)\b", re.IGNORECASE)
_AUTHORIZATION = re.compile(r"oauth|authori[sz]ation|(access|refresh).?token", re.IGNORECASE)
_ENDED = re.compile(r"expired|revoked|invalid|refresh|re-?authori[sz]e", re.IGNORECASE)

_MEND = "make and authorize a new one at the gateway, and name it in api.headers"


def is_gateway(base_url: str) -> bool:
    """Whether the base URL leads through a gateway: the API itself stands at the host's root."""
    return urlsplit(base_url).path != "/api/v2"


def own_error(
    call: str,
    status: int,
    content: bytes,
    wait: float | None = None,
    setting: str = "api.token",
) -> CfsyncError | None:
    """The error that the gateway itself answered with; None where ClickFunnels answers, or may.
    `wait`, `setting`: as for `codec.read`.
    """
    if status < 400:
        return None
    words, is_own = _read(content)
    if status == 401:
        return _refused(words, setting)
    if status == 429 and is_own:
        text = "the gateway's own rate limit is reached (429)"
        return RateLimited(call=call, retry_after=wait, text=text)
    if (status == 400 and is_own) or (status in (400, 403, 404) and _OF_CONNECTION.search(words)):
        what = "the gateway has no connection to ClickFunnels for this key"
        return GatewayRefused(_MEND, status=status, what=what)
    if status == 404 and is_own:
        text = "the gateway itself found nothing (404): is api.base_url right?"
        return NotJson(text, call=call, status=status)
    return _failed(call, status, words, wait, is_own=is_own) if status >= 500 else None


def _refused(words: str, setting: str) -> TokenRefused:
    if _API_REFUSES in words:
        hint = "authorize it again at the gateway, or name another in api.headers"
        return GatewayRefused(hint, what="ClickFunnels refuses the gateway's connection")
    hint = f"{setting} must be the gateway's key"
    return TokenRefused(hint, what="the gateway refuses the key")


def _failed(
    call: str, status: int, words: str, wait: float | None, *, is_own: bool
) -> CfsyncError | None:
    if _AUTHORIZATION.search(words) and _ENDED.search(words):
        what = "the authorization of the gateway's connection has ended"
        return GatewayRefused(_MEND, status=status, what=what)
    if not is_own:
        return None
    text = f"the gateway failed ({status}); if that lasts, its connection has expired: {_MEND}"
    return ServerError(text, call=call, status=status, retry_after=wait)


def _read(content: bytes) -> tuple[str, bool]:
    """What a body says, and whether the gateway itself says it. A page tells nothing: it may come
    from the CDN of either.
    """
    try:
        data = codec.parse(content) if content.strip() else None
    except ValueError:
        return "", not content.lstrip().startswith(b"<")
    is_own = not (isinstance(data, dict) and {"error", "errors"} & data.keys())
    return codec.error_text([data] if is_own else data), is_own
