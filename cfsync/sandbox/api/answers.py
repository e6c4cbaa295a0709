"""What goes out: a request's answer before it meets the network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

JSON = "application/json; charset=utf-8"
HTML = "text/html; charset=UTF-8"
BLOCK_PAGE = (
    b"<!DOCTYPE html><html><head><title>Attention Required! | Cloudflare</title></head></html>"
)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = JSON


class Problem(Exception):
    """The API refuses: becomes an answer with this status and JSON."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        super().__init__(status, body)
        self.answer = answer(status, body)


def answer(status: int, body: Any) -> Answer:
    return Answer(status, orjson.dumps(body))


def malformed(why: str) -> Problem:
    return Problem(400, {"error": why})


def missing() -> Problem:
    return Problem(404, {"error": "Not found: Record missing"})


def conflict(why: str) -> Problem:
    return Problem(409, {"error": why})


def invalid(**errors: str) -> Problem:
    return Problem(422, {"errors": {name: [why] for name, why in errors.items()}})


def block_page(status: int = 403) -> Answer:
    """What the CDN in front of the API answers."""
    return Answer(status, BLOCK_PAGE, content_type=HTML)
