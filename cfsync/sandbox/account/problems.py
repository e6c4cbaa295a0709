"""What the API refuses, as an exception with the status and JSON of its answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Problem(Exception):
    """A refusal: `status` and `body` (as JSON) are what the client gets."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body


def malformed(why: str) -> Problem:
    return Problem(400, {"error": why})


def missing() -> Problem:
    return Problem(404, {"error": "Not found: Record missing"})


def conflict(why: str) -> Problem:
    return Problem(409, {"error": why})


def invalid(**errors: str) -> Problem:
    return Problem(422, {"errors": {name: [why] for name, why in errors.items()}})
