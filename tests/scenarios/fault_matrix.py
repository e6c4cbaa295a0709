"""The fault matrix: every call of every pass, struck by every kind of fault, and what must hold.

    python -m tests.scenarios.fault_matrix sqlite|postgresql [SCENE [KIND [CALL]]]    or a part

A cell is one scene, one of its calls, one kind of fault. The pass runs with the fault armed at just
that call; then the fault is gone, the pass runs again, and both sides are compared.
"""

from __future__ import annotations

import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from cfsync.mirror.migrate import migrate
from tests.conftest import Postgres, fast_folder, one_authority, prepared
from tests.push.conftest import Account
from tests.scenarios.fault_bench import Bench, PostgresStore, SqliteStore, Store
from tests.scenarios.fault_kinds import ANY, KINDS, Call, Kind, shut
from tests.scenarios.fault_scenes import SCENES, Scene, quiet_logs
from tests.scenarios.fault_state import state_of
from tests.scenarios.fault_verdict import (
    WAITING,
    End,
    Plan,
    afterwards,
    differences,
    edits_of,
    ended,
    names_of,
    shape,
    unasked,
    unsettled,
)

TRIES = 3
"""A cell whose fault struck nothing (the machine was slower than its time-out) is run again."""


@dataclass(frozen=True)
class Cell:
    scene: Scene
    call: Call
    kind: Kind

    @property
    def needs_sweep(self) -> bool:
        refused = self.kind.ends >= ANY and self.scene.hints and self.call.is_look
        return self.kind.sweep or refused

    def __str__(self) -> str:
        return f"{self.kind.name} at {self.call}"


def plan_of(bench: Bench) -> Plan:
    with bench.fresh() as account:
        account.world.ledger.clear()
        end = ended(bench.scene.do, account)
        assert end.code in (0, 5), end
        log = list(account.world.ledger.calls)
        complaints = [*differences(account, names_of(bench.scene)), *unsettled(account)]
        assert not complaints, complaints
        calls = [Call(n, method, target) for n, (method, target, _) in enumerate(log, 1)]
        waiting = len(account.column(WAITING))
        return Plan(calls, end.code, waiting, shape(account.world))


def cells_of(bench: Bench, plan: Plan) -> list[Cell]:
    """Where several calls are under way at once a pass may take one less than the time before."""
    scene, database = bench.scene, bench.store.mirror.dialect.name
    calls = plan.calls[: len(plan.calls) - scene.walkers + 1]
    kinds = [kind for kind in KINDS if kind.database in (database, "both")]
    return [Cell(scene, call, kind) for call in calls for kind in kinds if kind.fits(call)]


def complaints(bench: Bench, plan: Plan, cell: Cell) -> tuple[End, list[str]]:
    """Run one cell: how its pass ended, and everything that is not as it must be."""
    for _ in range(TRIES):
        with bench.fresh() as account:
            struck, end, found = _run(bench, plan, cell, account)
        if struck:
            break
        found = [*found, "the fault struck nothing"]
    return end, found


def _run(bench: Bench, plan: Plan, cell: Cell, account: Account) -> tuple[bool, End, list[str]]:
    scene, world = bench.scene, account.world
    world.ledger.clear()
    before = edits_of(account)
    hit = replace(account, settings=account.settings | cell.kind.settings, retry=cell.kind.retry)
    cell.kind.arm(hit, cell.call)
    end = ended(scene.do, hit)
    struck = all(f.struck for f in world.faults.all)
    found = [*judged(plan, cell, end), *_true_to_its_word(bench, cell, end, account)]
    world.faults.clear()
    account.served.listener.set_open(open_=True)
    cell.kind.undo(account)
    state = state_of(account), cell.kind.ends >= ANY, cell.needs_sweep
    if state not in bench.proved:
        rest = list(_rest(bench, plan, cell, account, before))
        found += [f"afterwards: {line}" for line in rest]
        if not rest:
            bench.proved.add(state)
    return struck, end, found


def _rest(bench: Bench, plan: Plan, cell: Cell, account: Account, before: int) -> Iterator[str]:
    sweep, changed = cell.needs_sweep, cell.kind.changes
    yield from afterwards(bench, plan, account, before, sweep=sweep, changed=changed)
    if not cell.kind.ends >= ANY:
        yield from unasked(account, plan)


def judged(plan: Plan, cell: Cell, end: End) -> Iterator[str]:
    if end.code == -1:
        yield end.words
    elif cell.scene.needless in cell.call.target and end.code == plan.end:
        return
    elif end.code not in (cell.kind.ends or {plan.end}) | _spared(plan, cell):
        yield f"ended with {end.code} ({end.words})"


def _spared(plan: Plan, cell: Cell) -> set[int]:
    """Nobody new can connect, but others that walk have their connections, and may need no more."""
    return {plan.end} if cell.kind.arm is shut and cell.scene.walkers > 1 else set()


def _true_to_its_word(bench: Bench, cell: Cell, end: End, account: Account) -> Iterator[str]:
    """A pass that says it is done has done everything."""
    if end.code == 0 and not cell.needs_sweep:
        for line in [*differences(account, names_of(bench.scene)), *unsettled(account)]:
            yield f"said to be done: {line}"


@contextmanager
def bench_of(name: str, folder: Path, store: Store) -> Iterator[tuple[Bench, Plan]]:
    """A scene and its plan."""
    with few_authorities(folder):
        try:
            bench = Bench(SCENES[name], store)
            yield bench, plan_of(bench)
        finally:
            store.close()


def new_file(folder: Path) -> SqliteStore:
    empty = folder / "empty.db"
    migrate(f"sqlite:///{empty}")
    return SqliteStore(empty, folder)


@contextmanager
def few_authorities(folder: Path) -> Iterator[None]:
    """Each pass reads all certificates of the world anew: a tenth of a cell's time, for nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(one_authority(folder)))
        yield


@contextmanager
def new_bench(name: str, new_store: Callable[[Path], Store]) -> Iterator[tuple[Bench, Plan]]:
    with tempfile.TemporaryDirectory() as folder:
        where = Path(folder)
        with bench_of(name, where, new_store(where)) as found:
            yield found


@contextmanager
def stores_on(database: str) -> Iterator[Callable[[Path], Store]]:
    """What makes a mirror on `sqlite` or `postgresql`, to be played with in a folder."""
    if database == "sqlite":
        yield new_file
        return
    with tempfile.TemporaryDirectory(prefix="cfsync-pg-", dir=fast_folder()) as folder:
        server = Postgres(Path(folder))
        server.start()
        try:
            empty = prepared(server)
            yield lambda _: PostgresStore(server, empty)
        finally:
            server.stop(signal.SIGQUIT)


def main(database: str = "sqlite", scene: str = "", kind: str = "", call: str = "") -> int:
    quiet_logs()
    with stores_on(database) as new_store:
        failures = [_all_of(n, kind, call, new_store) for n in SCENES if scene in ("", n)]
    return int(any(failures))


def _all_of(name: str, kind: str, call: str, new_store: Callable[[Path], Store]) -> int:
    began, failed = time.monotonic(), 0
    ends: dict[str, Counter[int]] = {}
    with new_bench(name, new_store) as (bench, plan):
        cells = [
            c
            for c in cells_of(bench, plan)
            if kind in ("", c.kind.name) and call in ("", str(c.call.n))
        ]
        for cell in cells:
            end, found = complaints(bench, plan, cell)
            ends.setdefault(cell.kind.name, Counter())[end.code] += 1
            failed += bool(found)
            if found:
                print(f"FAILED {name}: {cell}", *found, sep="\n    ", flush=True)
    for of, counts in ends.items():
        print(f"  {of:24} ended with {dict(sorted(counts.items()))}")
    took, left = time.monotonic() - began, len(bench.proved)
    print(f"{name}: {len(plan.calls)} calls, {len(cells)} cells that left {left} states,", end=" ")
    print(f"{failed} failed, {took:.0f} s", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
