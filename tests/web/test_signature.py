"""Signatures: only what was recently signed with the secret is accepted."""

from __future__ import annotations

import hashlib
import hmac
import random

import pytest

from cfsync.web.signature import MAX_BODY, SIGNATURE, TIMESTAMP, WINDOW_S, refusal

NOW = 1_748_000_000
SECRET = "whsec-0123456789abcdef"
BODY = b'{"event_id":"e1","event_type":"contact.updated","subject_id":5}'


def sign(body: bytes = BODY, at: int | str = NOW, secret: str = SECRET) -> dict[str, str]:
    text = str(at).encode() + b"." + body
    digest = hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()
    return {TIMESTAMP: str(at), SIGNATURE: digest}


def test_a_delivery_signed_with_any_of_the_valid_secrets_is_accepted() -> None:
    assert refusal(sign(), BODY, [SECRET], now=NOW) is None
    assert refusal(sign(), BODY, ["another", SECRET], now=NOW) is None
    assert refusal(sign(secret="old"), BODY, [SECRET, "old"], now=NOW) is None
    assert refusal(sign(b""), b"", [SECRET], now=NOW) is None


@pytest.mark.parametrize("seconds", [WINDOW_S, -WINDOW_S])
def test_the_window_is_ten_minutes_on_both_sides(seconds: int) -> None:
    further = seconds + (1 if seconds > 0 else -1)

    assert refusal(sign(), BODY, [SECRET], now=NOW + seconds) is None
    assert refusal(sign(), BODY, [SECRET], now=NOW + further) == "stale"


def test_a_delivery_without_a_signature_is_told_from_one_with_an_unknown_secret() -> None:
    assert refusal(sign(secret=""), BODY, [], now=NOW) == "unknown_secret"
    assert refusal(sign(secret="another"), BODY, [SECRET], now=NOW) == "unknown_secret"
    assert refusal({**sign(), SIGNATURE: "0" * 64}, BODY, [SECRET], now=NOW) == "unknown_secret"
    assert refusal({}, BODY, [], now=NOW) == "unsigned"
    assert refusal({}, BODY, [SECRET], now=NOW) == "unsigned"


@pytest.mark.parametrize("at", ["", " 1", "+1", "-1", "1.0", "1e9", "١٢٣", "9" * 13, "0x1", "1\n"])
def test_a_timestamp_must_be_plain_digits_even_if_it_is_signed(at: str) -> None:
    assert refusal(sign(at=at), BODY, [SECRET], now=NOW) == "unsigned"


@pytest.mark.parametrize(
    "given", ["é" * 64, "\udcff", "", "0" * 63, "0" * 64 + "\n", "sha256=" + "0" * 64]
)
def test_a_malformed_signature_is_refused(given: str) -> None:
    assert refusal({**sign(), SIGNATURE: given}, BODY, [SECRET], now=NOW) == "unsigned"


def test_a_large_body_is_refused_before_any_signature_is_computed() -> None:
    body = b"x" * (MAX_BODY + 1)

    assert refusal(sign(body), body, [SECRET], now=NOW) == "large"
    assert refusal(sign(body[1:]), body[1:], [SECRET], now=NOW) is None


def test_ten_thousand_forgeries_are_refused() -> None:
    dice = random.Random(6)
    let_in = [
        (headers, body)
        for headers, body in (forgery(dice) for _ in range(10_000))
        if refusal(headers, body, [SECRET, "older"], now=NOW) is None
    ]

    assert let_in == []


def forgery(dice: random.Random) -> tuple[dict[str, str], bytes]:
    """A genuine delivery with one thing changed."""
    headers, body = sign(), BODY
    match dice.randrange(8):
        case 0:
            return headers, flipped(body, dice)
        case 1:
            return {
                **headers,
                SIGNATURE: flipped(headers[SIGNATURE].encode(), dice).decode("latin-1"),
            }, body
        case 2:
            return {
                **headers,
                TIMESTAMP: str(NOW + dice.choice([-1, 1]) * dice.randint(1, 10**6)),
            }, body
        case 3:
            return sign(secret=flipped(SECRET.encode(), dice).decode("latin-1")), body
        case 4:
            cut = dice.randrange(len(body))
            return headers, body[:cut] + body[cut + 1 :]
        case 5:
            return {**headers, SIGNATURE: headers[SIGNATURE][: dice.randrange(64)]}, body
        case 6:
            return sign(at=NOW - WINDOW_S - dice.randint(1, 10**6)), body
        case _:
            # the border between timestamp and body moved
            digits = dice.randint(1, 9)
            return {**headers, TIMESTAMP: str(NOW)[:-digits]}, str(NOW)[
                -digits:
            ].encode() + b"." + body


def flipped(data: bytes, dice: random.Random) -> bytes:
    """With one bit changed."""
    at = dice.randrange(len(data))
    return data[:at] + bytes([data[at] ^ (1 << dice.randrange(7))]) + data[at + 1 :]
