"""The world of a test: the fake account, and what goes wrong on the way to it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from random import Random
from typing import Any

from cfsync.sandbox.account.account import Account, utc_now
from cfsync.sandbox.api.gateway import Gateway
from cfsync.sandbox.api.limits import Limit
from cfsync.sandbox.faults.courier import Courier
from cfsync.sandbox.faults.fault import Fault, Faults
from cfsync.sandbox.faults.kinds import KINDS


class World(Account):
    """An account as the network shows it: `latency` seconds before each answer, the rate `limit`,
    `faults` that replace or spoil answers, and the `courier` that delivers webhooks. With a
    `gateway`, what comes by the gateway's address needs its key.
    """

    def __init__(
        self,
        seed: int = 1,
        *,
        clock: Callable[[], datetime] = utc_now,
        bare: bool = False,
        anonymous: int | None = None,
        **sizes: int,
    ) -> None:
        super().__init__(seed, clock=clock, bare=bare, anonymous=anonymous, **sizes)
        self.latency = 0.0
        self.limit = Limit()
        self.gateway: Gateway | None = None
        self.faults = Faults(Random(seed))  # noqa: S311 - chance in a test, no secret
        self.courier = Courier(Random(seed), clock)  # noqa: S311
        self.store.listeners.append(self.courier.enqueue)

    def fault(self, kind: str, **match: Any) -> Fault:
        """Make something go wrong: `Fault` lists the kinds' details and how to match requests.
        Raises ValueError on an unknown kind.
        """
        with self.lock:
            if kind not in KINDS:
                raise ValueError(f"no fault {kind!r}; there are {', '.join(sorted(KINDS))}")
            return self.faults.add(Fault(kind, **match))
