"""The convergence machine: does the steps, lets both sides come to rest, judges what is left."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from cfsync.errors import CfsyncError
from cfsync.resources import RESOURCES
from cfsync.sandbox import Fault
from cfsync.sync import passes
from cfsync.sync.push.conductor import push
from cfsync.sync.report import Report
from tests.conftest import Sql
from tests.push.conftest import Account
from tests.scenarios import oracle
from tests.scenarios.book import Book
from tests.scenarios.fates import counted, fates
from tests.scenarios.follower import Follower
from tests.scenarios.here import Here
from tests.scenarios.snapshot import Snapshot, snapshot
from tests.scenarios.steps import SENDERS, Calm, Edit, Pass, Step, Together, Trouble
from tests.scenarios.there import There

ROUNDS = 6
"""So many times push, pull and sweep may take to bring both sides to rest."""

ENDS = (0, 1, 3, 4, 5, -9)
"""What a command may end with while faults strike it (1: a 200 that is no answer), and when it is
killed.
"""

PASSES: dict[str, tuple[Callable[..., Any], ...]] = {
    "pull": (passes.pull,),
    "push": (push,),
    "sync": (passes.pull, push),
    "sweep": (passes.sweep,),
    "walk": (partial(passes.sweep, walk=True),),
    "backfill": (passes.backfill,),
}


@dataclass
class Machine:
    """Both sides of an account, and the book of what was done to them. `user`: a program that has
    rights on the mirror's tables alone.
    """

    account: Account
    user: Sql
    book: Book = field(default_factory=Book)

    def __post_init__(self) -> None:
        self.here = Here(self.user, self.book)
        self.there = There(self.account.world, self.book)
        self.follow()
        self.book.first = {
            (name, record) for name in RESOURCES for record in self.account.ids_of(name)
        }

    def follow(self) -> None:
        """From now on the history must be right."""
        workspaces = frozenset(self.account.world.workspaces)
        self.follower = Follower(self.account.mirror, workspaces)
        self.follower.go_on()

    def play(self, steps: Sequence[Step]) -> None:
        for step in steps:
            self.do(step)

    def do(self, step: Step) -> None:
        self.book.counts["steps"] += 1
        match step:
            case Edit():
                self._edit(step)
            case Together(edits):
                self.here.do(edits)
            case Trouble():
                self.book.counts["faults armed"] += 1
                arm(self.account, step)
            case Calm():
                self.account.world.faults.clear()
            case Pass():
                with self._meanwhile(step), self._noted(step):
                    self.command(step) if step.real else self.run(step.name)
        self.follower.go_on()

    def _edit(self, edit: Edit) -> None:
        if edit.side == "here":
            self.here.do([edit])
        else:
            self.there.do(edit)

    def _all_edits(self, edits: Sequence[Edit]) -> None:
        for edit in edits:
            self._edit(edit)

    @contextmanager
    def _meanwhile(self, step: Pass) -> Iterator[None]:
        faults = self.account.world.faults.all
        edits = Fault("meanwhile", nth=step.nth, act=lambda: self._all_edits(step.meanwhile))
        faults.insert(0, edits)
        yield
        if edits in faults:
            faults.remove(edits)

    @contextmanager
    def _noted(self, step: Pass) -> Iterator[None]:
        """Which writes came while it pushed."""
        began, self.book.is_pushing = len(self.account.world.ledger.entries), step.name in SENDERS
        yield
        if self.book.is_pushing:
            self.book.pushes.append((began, len(self.account.world.ledger.entries)))
        self.book.is_pushing = False

    def run(self, name: str) -> list[Report]:
        """The passes of a command, in this process; a fault may end them."""
        self.book.counts["passes"] += 1
        reports: list[Report] = []
        try:
            for work in PASSES[name]:
                reports.append(self.account.run(work))
                if reports[-1].state == "stopped":
                    break
        except CfsyncError:
            self.book.counts["passes that failed"] += 1
        return reports

    def command(self, step: Pass) -> int:
        """The command itself, killed with SIGKILL where the step says so; its exit code."""
        self.book.counts["processes"] += 1
        crash = {"CFSYNC_CRASH_AT": step.crash} if step.crash else {}
        process = subprocess.Popen(
            [sys.executable, "-m", "cfsync", step.name],
            env=self.account.settings | crash,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        if step.kill:
            self._kill_after(process, step.kill)
        _, words = process.communicate(timeout=100)
        assert process.returncode in ENDS, words
        assert "Traceback" not in words, words
        assert "unexpected error" not in words, words
        self.book.counts["kills"] += process.returncode == -9
        return process.returncode

    def _kill_after(self, process: subprocess.Popen[str], requests: int) -> None:
        counted = self.account.world.ledger.requests
        enough = counted.total() + requests
        while counted.total() < enough and process.poll() is None:
            time.sleep(0.001)
        process.kill()

    def settle(self) -> int:
        """Passes without faults, until nothing is left to do; how many rounds that took. What waits
        for another edit must do so for two rounds.
        """
        self.account.world.faults.clear()
        self.account.world.appear()
        waited: list[Any] = []
        for number in range(1, ROUNDS + 1):
            for name in ("push", "pull", "walk"):
                for report in self.run(name):
                    assert report.state == "done", report.problems
            now, before = snapshot(self.account), waited
            waited = [(r["seq"], r["error"]) for r in now.outbox if r["state"] == "pending"]
            if not oracle.unrest(now) and waited in ([], before):
                return number
        return ROUNDS + 1

    def judge(self) -> Verdict:
        """What the oracle says of both sides, and what became of each edit. Two more rounds must
        change nothing on either side.
        """
        rounds, now = self.settle(), snapshot(self.account)
        found = fates(now, self.book)
        wrong = oracle.faults(now, self.book)
        wrong += [f"lost: {made}" for made, fate in found if fate == "lost"]
        before = self.writes_and_revs()
        for name in ("push", "pull", "walk") * 2:
            self.run(name)
        after = self.writes_and_revs()
        wrong += [f"written again: {n}" for n in before if before[n] != after[n]]
        wrong += self.follower.faults()
        reasons = Counter(re.sub(r"[-\d]+", "N", row["error"] or "") for row in now.outbox)
        return Verdict(rounds, wrong, self._counts(now) + counted(found), reasons)

    def writes_and_revs(self) -> dict[str, Any]:
        """What changes with each write on either side."""
        revs = {
            name: self.account.sql(f"SELECT id, cf_rev FROM {name} ORDER BY id")
            for name in RESOURCES
        }
        return {"ClickFunnels": len(self.account.world.ledger.entries), **revs}

    def _counts(self, now: Snapshot) -> Counter[str]:
        edits = Counter(f"{m.side} edits" for m in self.book.made)
        others = {
            "refused at once": len(self.book.refused),
            "conflicts": len(now.conflicts),
            "duplicates": len(list(oracle.doubles(now, self.book))),
        }
        return edits + self.book.counts + Counter(others)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`rounds` that it took to come to rest; `wrong`: what should not be; the ledger's `counts`;
    `reasons` for which edits wait, without their numbers.
    """

    rounds: int
    wrong: list[str]
    counts: Counter[str]
    reasons: Counter[str]


def arm(account: Account, trouble: Trouble) -> None:
    account.world.fault(
        trouble.kind,
        method=trouble.method,
        nth=trouble.nth,
        times=trouble.times,
        status=trouble.status,
        applied=trouble.applied,
    )
