"""The convergence machine with daemons instead of passes."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from cfsync.sandbox.faults.fault import Fault
from tests.conftest import Postgres
from tests.scenarios import oracle
from tests.scenarios.daemons.crew import Crew, command, free_port, register_webhooks
from tests.scenarios.daemons.decisions import decide
from tests.scenarios.daemons.looks import Looks
from tests.scenarios.daemons.outages import Outages
from tests.scenarios.daemons.steps import (
    Amid,
    Clock,
    Decide,
    Kill,
    Misfit,
    Outage,
    Settings,
    Start,
    Step,
    Suspend,
    Wake,
)
from tests.scenarios.machine import Machine, Verdict, arm
from tests.scenarios.snapshot import snapshot
from tests.scenarios.steps import Calm, Edit, Pass, Together, Trouble

REST_S = 300.0
"""How long daemons may take to bring both sides to rest, on a busy machine too."""

LOOK_EVERY_S = 0.5

ToDaemon = Start | Kill | Suspend | Wake | Clock | Misfit
Swept = tuple[str, int]

BREATH = 3
"""So many requests the daemons make between two steps, if they make any."""


@dataclass
class DaemonMachine:
    """`machine` has both sides and the book; `crew` are the daemons between them; `outages` keep
    them from their database.
    """

    machine: Machine
    crew: Crew
    outages: Outages
    looks: Looks = field(init=False)

    def __post_init__(self) -> None:
        self.looks = Looks(book=self.machine.book)
        self._calm()

    def play(self, steps: Sequence[Step]) -> None:
        for step in steps:
            self.do(step)
            self._wait(BREATH, 0.5)
            self.looks.close(self._written())

    def do(self, step: Step) -> None:
        self.machine.book.counts["steps"] += 1
        match step:
            case Start() | Kill() | Suspend() | Wake() | Clock() | Misfit():
                self._to_daemon(step)
            case Amid():
                struck = self._at_request(step, lambda: self._edits(step.edits))
                self.machine.book.counts["edits amid a request"] += struck
            case Outage():
                self._outage(step)
            case Decide():
                decide(self.crew, self.machine.book, step)
            case Calm():
                self._calm()
            case Pass():
                self.machine.command(step)
            case Edit():
                self._edits([step])
            case Together(edits):
                self.machine.here.do(edits)
            case Trouble():
                self.machine.book.counts["faults armed"] += 1
                arm(self.machine.account, step)
        self.machine.follower.go_on()

    def _to_daemon(self, step: ToDaemon) -> None:
        counts, which = self.machine.book.counts, step.which
        match step:
            case Start(settings=settings):
                self.crew.start(which, settings)
            case Kill():
                counts["kills"] += which in self.crew.running
                self.crew.end(which, signal.SIGKILL)
            case Suspend():
                counts["suspensions"] += which in self.crew.running
                self.crew.suspend(which)
                self.looks.asleep_since = self.looks.asleep_since or time.monotonic()
            case Wake():
                self.crew.wake(which)
            case Clock(off=off):
                counts["clocks set"] += which in self.crew.running
                self.crew.set_clock(which, off)
            case Misfit(reload=reload):
                counts["settings refused"] += 1
                (self.crew.reload if reload else self.crew.refuse)(which)
        if not self.crew.suspended and self.looks.asleep_since:
            self.looks.awake()

    def _edits(self, edits: Sequence[Edit]) -> None:
        for edit in edits:
            if edit.side == "here":
                self.machine.here.do([edit])
            else:
                self._edit_there(edit)

    def _edit_there(self, edit: Edit) -> None:
        """Note which of it a push may not have seen."""
        made, written = self.machine.book.made, self._written()
        with self.machine.account.world.lock:
            first = len(made)
            self.machine.there.do(edit)
            for n in range(first, len(made)):
                made[n] = replace(made[n], push=self.looks.window(made[n].record, written))

    def _at_request(self, step: Amid | Outage, act: Callable[[], object]) -> bool:
        """Do something while a request is answered, if there is such a one soon."""
        world = self.machine.account.world
        fault = Fault("meanwhile", method=step.method, nth=step.nth, act=act)
        with world.lock:
            world.faults.all.insert(1, fault)
        end = time.monotonic() + 3
        while not fault.struck and time.monotonic() < end:
            signal.sigtimedwait([], 0.005)
        with world.lock:
            if fault in world.faults.all:
                world.faults.all.remove(fault)
        return bool(fault.struck)

    def _outage(self, step: Outage) -> None:
        how = self.outages.playable(step.how)
        self.machine.book.counts[f"database {how}"] += 1
        with self.outages.of(how) as outage:
            self._at_request(step, outage.begin)
            outage.begin()
            self._edits(step.edits)
            if step.killed is not None:
                self._to_daemon(Kill(step.killed))
            signal.sigtimedwait([], step.seconds)

    def _wait(self, requests: int, patience: float) -> None:
        counted = self.machine.account.world.ledger.requests
        enough, end = counted.total() + requests, time.monotonic() + patience
        while counted.total() < enough and time.monotonic() < end:
            signal.sigtimedwait([], 0.005)

    def _written(self) -> int:
        return len(self.machine.account.world.ledger.entries)

    def _calm(self) -> None:
        with self.machine.account.world.lock:
            self.machine.account.world.faults.all[:] = [self.looks]

    def judge(self) -> Verdict:
        """As of passes, when the daemons have come to rest by themselves and are stopped."""
        wrong = self._come_to_rest()
        before = self.machine.writes_and_revs()
        for which in [*self.crew.running]:
            self.crew.end(which, signal.SIGTERM)
        verdict = self.machine.judge()
        after = self.machine.writes_and_revs()
        wrong += [f"left by the daemons: {n}" for n in before if before[n] != after[n]]
        return replace(verdict, wrong=[*self.crew.wrong, *wrong, *verdict.wrong])

    def _come_to_rest(self) -> list[str]:
        self._calm()
        self.machine.account.world.appear()
        for which in self.crew.clocks:
            self.crew.set_clock(which, 0)
        for which in [*self.crew.suspended]:
            self.crew.wake(which)
        if not self.crew.running:
            self.crew.start(0, Settings())
        done = command(self.machine.account, "resume")
        assert done.returncode == 0, done.stderr
        ends, swept = time.monotonic() + REST_S, self._swept()
        left, written = [f"nothing is swept: {swept}"], self.machine.writes_and_revs()
        while time.monotonic() < ends:
            signal.sigtimedwait([], LOOK_EVERY_S)
            if swept & (now := self._swept()):
                continue  # some list has not been walked since both sides were compared
            left = oracle.unrest(snapshot(self.machine.account))
            before, written = written, self.machine.writes_and_revs()
            left += [f"{n} was written" for n in written if written[n] != before[n]]
            if now and not left:
                return []
            swept = now
        return [f"the daemons don't come to rest: {line}" for line in left]

    def _swept(self) -> set[Swept]:
        """Each resource, and how many sweeps of it have ended."""
        query = "SELECT resource, sum(1 + quiet) FROM cf_runs WHERE pass = 'sweep'"
        ended = "AND state = 'done' AND resource IS NOT NULL GROUP BY resource"
        found = self.machine.account.sql(f"{query} {ended}")
        return {(name, int(count)) for name, count in found}


@contextmanager
def daemons_over(
    machine: Machine, folder: Path, count: int, server: Postgres | None
) -> Iterator[DaemonMachine]:
    """The same machine, its mirror filled, with daemons; webhooks reach the first of them."""
    account = machine.account
    machine.run("backfill")
    crew = Crew(account, folder, [free_port() for _ in range(count)])
    for endpoint in register_webhooks(account, crew.ports[0]):
        machine.book.note("here", "insert", "webhook_endpoints", endpoint)
    machine.follow()  # from now on: no pass has brought the endpoint
    account.world.courier.pace, account.world.courier.double = 0.01, 0.1
    try:
        yield DaemonMachine(machine, crew, Outages(machine, crew, server))
    finally:
        crew.close()
