"""What a fault works on: the request, the way to its right answer, and what is sent instead."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cfsync.sandbox.account.account import Account
from cfsync.sandbox.api.answers import Answer
from cfsync.sandbox.api.handlers import respond
from cfsync.sandbox.api.requests import Request
from cfsync.sandbox.faults.fault import Fault


@dataclass(frozen=True, slots=True)
class Reply:
    """What is sent. Without an answer the connection is cut. `delay`: seconds before it; `pause`:
    seconds between the halves of its body; `last`: the server stops listening after it.
    """

    answer: Answer | None
    delay: float = 0.0
    pause: float = 0.0
    last: bool = False


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request that a fault hits, and the way to its right answer."""

    account: Account
    request: Request

    def proper(self) -> Answer:
        """Do what was requested, and return the right answer. Each call repeats a write."""
        return respond(self.account, self.request)


Kind = Callable[[Fault, Exchange], Reply]
"""What one kind of fault makes of a request."""
