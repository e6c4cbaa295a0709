"""Answers, before they are sent."""

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
    #: How long the server needs for it.
    seconds: float = 0.0


def answer(status: int, body: Any) -> Answer:
    return Answer(status, orjson.dumps(body))


def block_page(status: int = 403) -> Answer:
    """The HTML page of the CDN in front of the API."""
    return Answer(status, BLOCK_PAGE, content_type=HTML)
