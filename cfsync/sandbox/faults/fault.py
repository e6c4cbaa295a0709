"""Faults: what goes wrong, and with which requests."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any


@dataclass
class Fault:
    """One way of failing, and the requests that it hits.

    `kind`: a key of `kinds.KINDS`. `method` must be equal, `path` is a regular
    expression searched for in 'path?query' after `/api/v2`. It hits from the `nth` match on,
    `times` times (None: always), each with `probability`. `applied`: if the fault replaces the
    answer, whether the server still does what was requested. The rest are details of the kinds:
    `status`, its `retry_after` and the `errors` of a 422; `seconds` of slow, hang and slow_body;
    `host` of foreign_link and redirect; `headers` to set in the right answer; for body: `fields` to
    put into records (and `drop` to leave out) with these `ids` (None: the first one); for strays:
    the `ids` that a list shows too; `act` is called meanwhile.
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
    errors: Any = field(default_factory=lambda: {"base": ["is refused"]})
    host: str = "https://shop.myclickfunnels.com"
    headers: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)
    drop: tuple[str, ...] = ()
    ids: tuple[int, ...] | None = None
    act: Callable[[], object] = bool
    seen: int = 0
    struck: int = 0

    def strikes(self, method: str, target: str, random: Random) -> bool:
        """Whether this request is hit; counts the match."""
        if self.method not in (None, method) or not re.search(self.path, target):
            return False
        self.seen += 1
        spent = self.times is not None and self.struck >= self.times
        if spent or self.seen < self.nth or random.random() >= self.probability:
            return False
        self.struck += 1
        return True


class Faults:
    """The faults in force; the first one that hits a request decides."""

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
