"""Faults as data: what goes wrong, and with which requests."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any


@dataclass
class Fault:
    """One way of failing, held to the requests that match.

    `kind`: a key of `kinds.KINDS`. `method` must be equal, `path` is a regular
    expression looked for in 'path?query' behind `/api/v2`. It strikes from the `nth` match on,
    `times` times (None: for ever), each with `probability`. `applied`: where the fault replaces
    the answer, whether the server does first what was asked. The rest are details of the kinds:
    `status`; `seconds` of slow, hang and slow_body; `retry_after` of 429; `host` of foreign_link
    and redirect; for body: `fields` to put into records (and `drop` to leave out) with these `ids`
    (None: the first one); `act` is what somebody does meanwhile.
    """

    kind: str
    method: str | None = None
    path: str = ""
    nth: int = 1
    times: int | None = 1
    probability: float = 1.0
    applied: bool = False
    status: int = 500
    seconds: float = 1.0
    retry_after: float | None = None
    host: str = "https://shop.myclickfunnels.com"
    fields: Mapping[str, Any] = field(default_factory=dict)
    drop: tuple[str, ...] = ()
    ids: tuple[int, ...] | None = None
    act: Callable[[], object] = bool
    seen: int = 0
    struck: int = 0

    def strikes(self, method: str, target: str, random: Random) -> bool:
        """Whether this request is hit; counts it."""
        if self.method not in (None, method) or not re.search(self.path, target):
            return False
        self.seen += 1
        spent = self.times is not None and self.struck >= self.times
        if spent or self.seen < self.nth or random.random() >= self.probability:
            return False
        self.struck += 1
        return True


class Faults:
    """Those that are in force; the first one that strikes a request decides."""

    def __init__(self, random: Random) -> None:
        self.all: list[Fault] = []
        self._random = random

    def add(self, fault: Fault) -> Fault:
        self.all.append(fault)
        return fault

    def clear(self) -> None:
        self.all.clear()

    def strike(self, method: str, target: str) -> Fault | None:
        return next((f for f in self.all if f.strikes(method, target, self._random)), None)
