"""`make soak`: the convergence machine without end, on accounts of rising size, on SQLite and
PostgreSQL in turn, with passes and with daemons (`KIND=`). Most passes are commands in a process of
their own, half of them killed.

Every round is made up from SEED, its kind and number alone: `make soak SEED=7 KIND=passes ROUND=12`
plays that one again, with `SHRINK=1` it looks for the shortest steps that fail. Ends 1 with the
first failure.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from itertools import count
from pathlib import Path

import structlog

from cfsync.mirror.migrate import migrate
from tests.conftest import Postgres, prepared
from tests.scenarios.daemons import small_disk
from tests.scenarios.daemons import steps as daemon_steps
from tests.scenarios.daemons.machine import DaemonMachine, daemons_over
from tests.scenarios.ledger import as_lines
from tests.scenarios.machine import Machine, Verdict
from tests.scenarios.stage import POLICIES, Setup, any_setup, stage
from tests.scenarios.steps import Mix, Pass, as_code, shortest, steps

LONGEST, LARGEST = 150, 8
KINDS = ("passes", "daemons")
DIALECTS = ("sqlite", "postgresql")


@dataclass(frozen=True, slots=True)
class Round:
    """One run of the machine on an account of its own. `daemons`: how many there are; 0: passes."""

    name: str
    dialect: str
    setup: Setup
    steps: tuple[daemon_steps.Step, ...]
    daemons: int = 0

    def __str__(self) -> str:
        played = f"{len(self.steps)} steps" + (f", {self.daemons} daemons" if self.daemons else "")
        return f"{self.name} {self.dialect} {self.setup}, {played}"


def round_of(seed: int, kind: str, number: int) -> Round:
    """Pure: what the round of that kind and number is."""
    return (_of_passes if kind == "passes" else _of_daemons)(seed, number)


def _of_daemons(seed: int, number: int) -> Round:
    dice = random.Random(f"{seed}/daemons/{number}")
    mix = Mix(min(20 + 5 * number, LONGEST), real=0.7, killed=0.5, troubled=dice.random() < 0.8)
    setup = any_setup(dice, policy=POLICIES[number % 4], size=1 + min(number // 4, LARGEST - 1))
    setup = replace(setup, tables=daemon_steps.FEW if dice.random() < 0.7 else ())
    daemons = dice.randint(1, 3) if number % 2 else 1
    dialect = DIALECTS[number % 2]
    cast = daemon_steps.Cast(dialect, daemons, setup.tables, own_disk=dialect == "postgresql")
    found = daemon_steps.steps(dice, mix, cast)
    return Round(f"{seed}/daemons/{number}", cast.dialect, setup, tuple(found), daemons)


def _of_passes(seed: int, number: int) -> Round:
    dice = random.Random(f"{seed}/{number}")
    mix = Mix(min(20 + 5 * number, LONGEST), real=0.7, killed=0.5, troubled=dice.random() < 0.8)
    setup = any_setup(
        dice, policy=POLICIES[number // 2 % 4], size=1 + min(number // 4, LARGEST - 1)
    )
    first = [Pass("backfill", real=True)] if dice.random() < 0.7 else []
    found = (*first, *steps(dice, mix))
    return Round(f"{seed}/passes/{number}", DIALECTS[number % 2], setup, found)


class Databases:
    """Where rounds get their mirrors."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server: Postgres | None = None
        self._template = ""

    @contextmanager
    def fresh(self, dialect: str) -> Iterator[str]:
        """The URL of a migrated, empty mirror, which goes away afterwards."""
        if dialect == "sqlite":
            with tempfile.TemporaryDirectory(dir=self.folder) as folder:
                url = f"sqlite:///{folder}/cfsync.db"
                migrate(url)
                yield url
            return
        server = self._started()
        name = server.create(self._template)
        yield server.url(name, "cfsync_daemon")
        server.drop(name)

    def _started(self) -> Postgres:
        if self.server is None:
            home = self.folder / "postgres"
            home.mkdir()
            small_disk.mount(home)
            self.server = Postgres(home)
            self.server.start()
            self._template = prepared(self.server)
        return self.server

    def close(self) -> None:
        if self.server:
            self.server.stop()
            small_disk.unmount(self.server.folder)


def play(databases: Databases, it: Round) -> Verdict:
    with ExitStack() as open_:
        url = open_.enter_context(databases.fresh(it.dialect))
        player: Machine | DaemonMachine = open_.enter_context(stage(url, it.setup))
        if it.daemons:
            crew = daemons_over(player, databases.folder, it.daemons, databases.server)
            player = open_.enter_context(crew)
        player.play(it.steps)
        return player.judge()


def shorter(databases: Databases, it: Round) -> Round:
    """The same round with as few steps as still fail."""

    def fails(part: list[daemon_steps.Step]) -> bool:
        wrong = bool(_played(databases, replace(it, steps=tuple(part))).wrong)
        print(f"{len(part)} steps {'fail too' if wrong else 'do not fail'}", flush=True)
        return wrong

    return replace(it, steps=tuple(shortest(it.steps, fails)))


def soak(databases: Databases, seed: int, kinds: Sequence[str], minutes: float) -> int:
    """Round after round until the time is over; the exit code."""
    end, failed = time.monotonic() + 60 * minutes, False
    ledger, reasons = Counter[str](), Counter[str]()
    for number, kind in ((n, kind) for n in count() for kind in kinds):
        it, began = round_of(seed, kind, number), time.monotonic()
        verdict = _played(databases, it)
        ledger += verdict.counts
        reasons += verdict.reasons
        if failed := bool(verdict.wrong):
            _tell_failure(it, verdict)
        else:
            seconds = time.monotonic() - began
            print(f"{it}: at rest after {verdict.rounds} rounds, {seconds:.0f} s", flush=True)
        if failed or time.monotonic() > end:
            break
    print("\n" + "\n".join(as_lines(ledger)) + "\n\nwaiting for a human:")
    print("\n".join(f"{n} {reason}" for reason, n in reasons.most_common()))
    return int(failed)


def _played(databases: Databases, it: Round) -> Verdict:
    """A fault of any kind is a verdict too."""
    try:
        return play(databases, it)
    except Exception as error:
        return Verdict(0, [f"{type(error).__name__}: {error}"], Counter(), Counter())


def _tell_failure(it: Round, verdict: Verdict) -> None:
    seed, kind, number = it.name.split("/")
    print(f"{it}: FAILED\n" + "\n".join(verdict.wrong))
    print(f"steps = {as_code(it.steps)}")
    again = f"make soak SEED={seed} KIND={kind} ROUND={number}"
    print(f"again: {again} (SHRINK=1: the shortest steps that fail)")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--kind", choices=KINDS, help="only with passes, or with daemons")
    parser.add_argument("--round", type=int, help="only this one")
    parser.add_argument("--shrink", action="store_true", help="look for the shortest that fails")
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(f"{date.today()}, {machine}, SEED={given.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="cfsync-soak-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        databases = Databases(Path(folder))
        try:
            if given.round is None:
                kinds = [given.kind] if given.kind else KINDS
                return soak(databases, given.seed, kinds, given.minutes)
            it = round_of(given.seed, given.kind or KINDS[0], given.round)
            return _again(databases, it, shrink=given.shrink)
        finally:
            databases.close()


def _again(databases: Databases, it: Round, *, shrink: bool) -> int:
    verdict = _played(databases, it)
    if not verdict.wrong:
        print(f"{it}: at rest after {verdict.rounds} rounds")
        print("\n".join(as_lines(verdict.counts)))
        return 0
    if shrink:
        it = shorter(databases, it)
        verdict = _played(databases, it)
    _tell_failure(it, verdict)
    return 1


if __name__ == "__main__":
    sys.exit(main())
