"""The learned limit is the account's: kept for the next process, parted among those that run."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from cfsync.api.rate import Rate
from cfsync.daemon.duties import Duties
from cfsync.mirror.engine import Mirror


class Rights:
    """A daemon that runs beside others."""

    def __init__(self, processes: int) -> None:
        self.processes = processes
        self.names = ()

    async def turn(self, is_busy: object) -> None:
        pass


class Idle:
    """A runner without jobs."""

    def is_busy(self, _name: str) -> bool:
        return False

    def of(self, _kind: str) -> tuple[()]:
        return ()

    def stop(self, which: object) -> None:
        pass


def daemon(mirror: Mirror, *, processes: int) -> tuple[Duties, Rate]:
    rate = Rate()
    api = SimpleNamespace(budget=SimpleNamespace(rate=rate))
    parts: Any = SimpleNamespace(
        contact=SimpleNamespace(api=api, token_ok=True),
        sides=SimpleNamespace(books=mirror),
        rights=Rights(processes),
        runner=Idle(),
        pusher=SimpleNamespace(wake=asyncio.Event()),
    )
    return Duties(parts, lambda: None), rate


def test_two_daemons_part_what_a_third_has_learned_and_keep_it_whole(mirror: Mirror) -> None:
    async def main() -> list[float]:
        first, learned = daemon(mirror, processes=1)
        await first.keep_rate()
        learned.restore({"rate": 40.0, "learned": 40.0})
        await first.keep_rate()
        others = [daemon(mirror, processes=2) for _ in range(2)]
        for duties, _ in others:
            await duties.keep_rate()
            await duties._turn()
            await duties.keep_rate()
        _, after = last = daemon(mirror, processes=1)
        await last[0].keep_rate()
        return [rate.per_second for _, rate in others] + [after.per_second]

    assert asyncio.run(main()) == pytest.approx([20.0, 20.0, 40.0])
