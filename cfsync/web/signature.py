"""The signature of a webhook delivery: whether it is genuine. Pure, so that tests can try any
number of forgeries.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Collection, Mapping

WINDOW_S = 600
"""Seconds by which a delivery's timestamp may differ from now."""

MAX_BODY = 1024 * 1024
"""Bytes of a delivery; an order with hundreds of lines has a tenth of that."""

TIMESTAMP = "x-webhook-clickfunnels-timestamp"
SIGNATURE = "x-webhook-clickfunnels-signature"

_SECONDS = re.compile(r"[0-9]{1,12}", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)


def refusal(
    headers: Mapping[str, str], body: bytes, secrets: Collection[str], *, now: float
) -> str | None:
    """Why a delivery is refused: "large", "unsigned" (it bears no signature), "unknown_secret" (it
    is signed, but with none of the secrets) or "stale". None if it is recent and signed with one of
    them. Names of headers are in lower case; `now` is Unix time.
    """
    if len(body) > MAX_BODY:
        return "large"
    at, given = headers.get(TIMESTAMP, ""), headers.get(SIGNATURE, "")
    if not _SECONDS.fullmatch(at) or not _DIGEST.fullmatch(given):
        return "unsigned"
    if not _is_signed(at, body, given, secrets):
        return "unknown_secret"
    return None if abs(now - int(at)) <= WINDOW_S else "stale"


def _is_signed(at: str, body: bytes, given: str, secrets: Collection[str]) -> bool:
    """Always tries every secret, so that the time taken reveals nothing."""
    text = b"%s.%s" % (at.encode(), body)
    matches = [
        hmac.compare_digest(hmac.digest(s.encode(), text, "sha256").hex(), given) for s in secrets
    ]
    return any(matches)
