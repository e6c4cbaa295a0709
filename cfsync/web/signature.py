"""Whether a delivery is genuine: pure, so that it can be tried with any number of forgeries."""

from __future__ import annotations

import hmac
import re
from collections.abc import Collection, Mapping

WINDOW_S = 600
"""So many seconds a delivery's timestamp may be away from now."""

MAX_BODY = 1024 * 1024
"""Bytes of a delivery; an order with hundreds of lines has a tenth of that."""

TIMESTAMP = "x-webhook-clickfunnels-timestamp"
SIGNATURE = "x-webhook-clickfunnels-signature"

_SECONDS = re.compile(r"[0-9]{1,12}", re.ASCII)


def refusal(
    headers: Mapping[str, str], body: bytes, secrets: Collection[str], *, now: float
) -> str | None:
    """Why a delivery is refused, in a word: large, unsigned, stale; None: it is signed with one of
    the secrets, and not long ago. Names of headers are in lower case, `now` is Unix time.
    """
    if len(body) > MAX_BODY:
        return "large"
    at, given = headers.get(TIMESTAMP, ""), headers.get(SIGNATURE, "")
    if not _SECONDS.fullmatch(at) or not _is_signed(at, body, given, secrets):
        return "unsigned"
    return None if abs(now - int(at)) <= WINDOW_S else "stale"


def _is_signed(at: str, body: bytes, given: str, secrets: Collection[str]) -> bool:
    """Every secret is tried, whichever fits, so that the time tells nothing."""
    text = b"%s.%s" % (at.encode(), body)
    fits = [
        hmac.compare_digest(
            hmac.digest(s.encode(), text, "sha256").hex().encode(), given.encode("utf-8", "replace")
        )
        for s in secrets
    ]
    return any(fits)
