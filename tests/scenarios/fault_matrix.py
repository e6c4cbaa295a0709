"""The fault matrix: every call of every pass, struck by every kind of fault, and what must hold.

    python -m tests.scenarios.fault_matrix [SCENE [KIND [CALL]]]      all of it, or a part

A cell is one scene, one of its calls, one kind of fault. The pass runs with the fault armed at just
that call; then the fault is gone, the pass runs again, and both sides are compared.
"""

from __future__ import annotations

import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import certifi
import pytest

from cfsync.decode import decode_record
from cfsync.errors import CfsyncError
from cfsync.mirror.migrate import migrate
from cfsync.resources import RESOURCES
from cfsync.sandbox import World
from cfsync.sync.report import Report
from tests.push.conftest import Account
from tests.scenarios.agreement import differences
from tests.scenarios.fault_kinds import ANY, KINDS, Call, Kind
from tests.scenarios.fault_scenes import NAMES, PUSHED, SCENES, Bench, Scene, quiet_logs

TRIES = 3
"""A cell whose fault struck nothing (the machine was slower than its time-out) is run again."""


Shape = Counter[tuple[str, str]]
"""(resource, what is seen of a record) -> how often."""


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


@dataclass(frozen=True)
class End:
    """How a pass ended: its exit code, or -1 with the traceback of what should never happen."""

    code: int
    words: str


@dataclass
class Plan:
    """What a scene does when nothing goes wrong: its calls, and how ClickFunnels then stands."""

    calls: list[Call]
    end: int
    waiting: int
    shape: Shape


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


def cells_of(scene: Scene, plan: Plan) -> list[Cell]:
    return [Cell(scene, call, kind) for call in plan.calls for kind in KINDS if kind.fits(call)]


def names_of(scene: Scene) -> tuple[str, ...]:
    return PUSHED if scene.name.startswith("push") else NAMES


def ended(do: Callable[[Account], Report], account: Account) -> End:
    try:
        report = do(account)
    except CfsyncError as error:
        return End(error.exit_code, str(error))
    except Exception:
        return End(-1, traceback.format_exc())
    return End(report.exit_code, "; ".join([*report.problems, *report.unreachable]))


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
    account.served.door.move(open_=True)
    cell.kind.undo(account)
    rest = afterwards(
        bench, plan, account, before, sweep=cell.needs_sweep, changed=cell.kind.changes
    )
    found += [f"afterwards: {line}" for line in rest]
    if not cell.kind.ends >= ANY and len(account.column(WAITING)) > plan.waiting:
        found.append("afterwards: an edit waits that nobody has refused")
    return struck, end, found


def judged(plan: Plan, cell: Cell, end: End) -> Iterator[str]:
    if end.code == -1:
        yield end.words
    elif end.code not in (cell.kind.ends or {plan.end}):
        yield f"ended with {end.code} ({end.words})"


def _true_to_its_word(bench: Bench, cell: Cell, end: End, account: Account) -> Iterator[str]:
    """A pass that says it is done has done everything."""
    if end.code == 0 and not cell.needs_sweep:
        for line in [*differences(account, names_of(bench.scene)), *unsettled(account)]:
            yield f"said to be done: {line}"


def afterwards(
    bench: Bench,
    plan: Plan,
    account: Account,
    before: int,
    *,
    sweep: bool = False,
    changed: bool = False,
) -> Iterator[str]:
    """The fault is gone, and the next passes must bring everything to rest. `before`: so many
    edits were there. `changed`: ClickFunnels does not end as in the plan.
    """
    names = names_of(bench.scene)
    again = [ended(bench.scene.do, account)]
    if account.column(WAITING):  # for a human, or for a record that the pass has just made
        again += [ended(bench.scene.do, account), ended(lambda a: a.pull(*names), account)]
    if sweep:
        again += [ended(lambda a: a.pull(*names), account)]
        again += [ended(lambda a: a.sweep(*names), account)]
    yield from (f"ended with {e.code} ({e.words})" for e in again if e.code not in (0, 5))
    yield from differences(account, names)
    yield from unsettled(account)
    yield from doubles(account.world)
    if not changed:
        yield from _lost(account, plan, before)
    yield from _not_quiet(account)


def unsettled(account: Account) -> Iterator[str]:
    """Edits that are neither done nor wait for a human with a reason."""
    query = "SELECT seq, op, resource, state, coalesce(error, '') FROM cf_outbox ORDER BY seq"
    for seq, op, resource, state, error in account.sql(query):
        waits = error.startswith("waits for") or (error and state in ("parked", "held"))
        if state != "done" and not waits:
            yield f"edit {seq} ({op} of {resource}) is {state}: {error}"


def edits_of(account: Account) -> int:
    return int(account.one("SELECT count(*) FROM cf_outbox"))


def _lost(account: Account, plan: Plan, before: int) -> Iterator[str]:
    """Edits that are gone, or that arrived twice. What waits for a human may be missing."""
    if edits_of(account) < before:
        yield f"{before} edits were there, {edits_of(account)} are left"
    now, waits = shape(account.world), Counter(account.column(WAITING))
    for what, wrong in (("too many", now - plan.shape), ("missing", plan.shape - now)):
        for name in {name for name, _ in wrong}:
            records = [record for of, record in wrong.elements() if of == name]
            if len(records) > waits[name]:
                yield f"{what} in ClickFunnels: {name} {records}"


WAITING = """
    SELECT resource FROM cf_outbox WHERE state <> 'done' GROUP BY resource, record_id
"""


def shape(world: World) -> Shape:
    """What a user would see of the records that are pushed: new ones have no number."""
    found: Shape = Counter()
    for name in PUSHED:
        resource, plan = RESOURCES[name], world.store.plan
        fields = [f for f in resource.columns if (f.create or f.update or f.actions)]
        for shown in world.records(name, world.workspaces[0]):
            values = decode_record(resource, shown).values
            number = shown["id"] if plan.index(name, shown["id"]) is not None else "new"
            seen = {f.name: values.get(f.name) for f in fields if not f.ref or f.merge == "set"}
            found[name, f"{number} {seen}"] += 1
    return found


def doubles(world: World) -> Iterator[str]:
    """New records that are known by the same values."""
    for name in PUSHED:
        natural = RESOURCES[name].natural
        new = Counter(
            tuple(shown[n] for n in natural)
            for shown in world.records(name, world.workspaces[0])
            if world.store.plan.index(name, shown["id"]) is None
        )
        yield from (f"made twice: {name} {key}" for key, count in new.items() if count > 1)


def _not_quiet(account: Account) -> Iterator[str]:
    writes = len(account.world.ledger.writes())
    report = account.push()
    if not report.idle or report.state != "done" or len(account.world.ledger.writes()) > writes:
        yield f"another push is not quiet: {report}"


@contextmanager
def bench_of(name: str, folder: Path, empty: Path | None = None) -> Iterator[tuple[Bench, Plan]]:
    """A scene and its plan; `empty`: a mirror that is migrated already."""
    if empty is None:
        empty = folder / "empty.db"
        migrate(f"sqlite:///{empty}")
    with few_authorities(folder):
        bench = Bench(SCENES[name], empty, folder)
        try:
            yield bench, plan_of(bench)
        finally:
            bench.close()


@contextmanager
def few_authorities(folder: Path) -> Iterator[None]:
    """Each pass reads all certificates of the world anew: a tenth of a cell's time, for nothing."""
    end = "-----END CERTIFICATE-----\n"
    first = Path(certifi.where()).read_text().partition(end)[0] + end
    (folder / "authorities.pem").write_text(first)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(folder / "authorities.pem"))
        yield


def main(scene: str = "", kind: str = "", call: str = "") -> int:
    quiet_logs()
    failures = [_all_of(name, kind, call) for name in SCENES if scene in ("", name)]
    return int(any(failures))


def _all_of(name: str, kind: str, call: str) -> int:
    began, failed = time.monotonic(), 0
    ends: dict[str, Counter[int]] = {}
    with tempfile.TemporaryDirectory() as folder, bench_of(name, Path(folder)) as (bench, plan):
        cells = [
            c
            for c in cells_of(SCENES[name], plan)
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
    took = time.monotonic() - began
    print(f"{name}: {len(plan.calls)} calls, {len(cells)} cells, {failed} failed, {took:.0f} s")
    return failed


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
