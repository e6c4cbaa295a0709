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
    """What the network sees. No answer: the connection is cut. `delay` in seconds goes before it,
    `pause` between the halves of its body. `last`: behind it nobody listens any more.
    """

    answer: Answer | None
    delay: float = 0.0
    pause: float = 0.0
    last: bool = False


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request that a fault strikes, and the way to its right answer."""

    account: Account
    request: Request

    def proper(self) -> Answer:
        """Do what was asked; call it only once where that changes something."""
        return respond(self.account, self.request)


Kind = Callable[[Fault, Exchange], Reply]
"""What one kind of fault makes of a request."""
