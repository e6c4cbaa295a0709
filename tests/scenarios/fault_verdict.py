"""What must hold when a fault is over and the next passes have run."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from cfsync.decode import decode_record
from cfsync.errors import CfsyncError
from cfsync.resources import RESOURCES
from cfsync.sandbox import World
from cfsync.sync.report import Report
from tests.push.conftest import Account
from tests.scenarios.fault_bench import Bench
from tests.scenarios.fault_kinds import Call
from tests.scenarios.fault_scenes import NAMES, PUSHED, Scene
from tests.scenarios.oracle import differences as found_differences
from tests.scenarios.snapshot import snapshot

Shape = Counter[tuple[str, str]]
"""(resource, what is seen of a record) -> how often."""


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


def names_of(scene: Scene) -> tuple[str, ...]:
    return PUSHED if scene.name.startswith("push") else NAMES


def differences(account: Account, names: Collection[str]) -> list[str]:
    return found_differences(snapshot(account), names, quotes=False)


def ended(do: Callable[[Account], Report], account: Account) -> End:
    try:
        report = do(account)
    except CfsyncError as error:
        return End(error.exit_code, str(error))
    except Exception:
        return End(-1, traceback.format_exc())
    return End(
        report.exit_code, "; ".join([*report.problems, *report.unreachable, *report.unproved])
    )


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


def unasked(account: Account, plan: Plan) -> Iterator[str]:
    """More edits wait than where nothing goes wrong, though nobody has refused one."""
    if len(account.column(WAITING)) > plan.waiting:
        yield "an edit waits that nobody has refused"


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
    """What a user would see of the records that are pushed: new ones have no number. A copy of
    another record's values is seen there.
    """
    found: Shape = Counter()
    for name in PUSHED:
        resource, plan = RESOURCES[name], world.store.plan
        sent = [f for f in resource.columns if f.create or f.update or f.actions]
        fields = [f for f in sent if f.merge != "quote"]
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
