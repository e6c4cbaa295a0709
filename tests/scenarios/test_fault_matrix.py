"""A fixed part of the fault matrix: every kind of fault in every pass and, on SQLite, every call of
it. `make fault-matrix` runs all of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.scenarios.fault_bench import Bench, PostgresStore, SqliteStore, Store
from tests.scenarios.fault_kinds import KINDS
from tests.scenarios.fault_matrix import Cell, bench_of, cells_of, complaints
from tests.scenarios.fault_scenes import SCENES, quiet_logs
from tests.scenarios.fault_verdict import Plan, differences, unsettled

PASSES = ("backfill", "pull", "push", "push in bulk", "sweep", "sweep by census")
ON_POSTGRESQL = ("pull", "push", "push in bulk", "sweep by census")
PLAYED = [*(("sqlite", name) for name in PASSES), *(("postgresql", name) for name in ON_POSTGRESQL)]

Ready = tuple[Bench, Plan]


@pytest.fixture
def ready(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ready]:
    quiet_logs()
    database, name = request.param
    store: Store
    if database == "sqlite":
        store = SqliteStore(request.getfixturevalue("migrated_sqlite"), tmp_path)
    else:
        empty = request.getfixturevalue("migrated_postgres")
        store = PostgresStore(request.getfixturevalue("postgres"), empty)
    with bench_of(name, tmp_path, store) as found:
        yield found


def part_of(cells: Iterable[Cell], *, every_call: bool) -> list[Cell]:
    """For each kind the call that was struck least so far, then a kind for each other call."""
    left, struck, chosen = list(cells), Counter[int](), []
    for kind in KINDS:
        mine = [c for c in left if c.kind is kind]
        if mine:
            chosen.append(min(mine, key=lambda c: struck[c.call.n]))
            struck[chosen[-1].call.n] += 1
    used = Counter(c.kind.name for c in chosen)
    for n in sorted({c.call.n for c in left} - set(struck)) if every_call else ():
        chosen.append(min((c for c in left if c.call.n == n), key=lambda c: used[c.kind.name]))
        used[chosen[-1].kind.name] += 1
    return chosen


@pytest.mark.timeout(900)
@pytest.mark.parametrize("ready", PLAYED, indirect=True, ids=" on ".join)
def test_whatever_goes_wrong_with_a_call_the_pass_says_so_and_the_next_one_mends_it(
    ready: Ready,
) -> None:
    bench, plan = ready
    cells = cells_of(bench, plan)
    every_call = bench.store.mirror.dialect.name == "sqlite"
    part = part_of(cells, every_call=every_call)
    assert not every_call or {c.call for c in part} == set(plan.calls)
    assert {c.kind.name for c in part} == {c.kind.name for c in cells}

    wrong = {str(cell): found for cell in part if (found := complaints(bench, plan, cell)[1])}

    assert wrong == {}


def test_every_kind_of_fault_strikes_somewhere() -> None:
    assert len({kind.name for kind in KINDS}) == len(KINDS)
    assert set(PASSES) < set(SCENES)


@pytest.mark.parametrize("ready", [("sqlite", "push")], indirect=True)
def test_the_verdict_notices_what_is_missing_on_either_side(ready: Ready) -> None:
    bench, _ = ready
    with bench.fresh() as account:
        assert len(list(unsettled(account))) > 10
        contact = account.world.ids("contacts", account.workspace)[7]
        names = ("contacts",)
        before = differences(account, names)

        account.world.edit("contacts", contact, last_name="Other")
        changed = set(differences(account, names)) - set(before)
        account.world.delete("contacts", contact)
        gone = set(differences(account, names)) - set(before)

    assert len([line for line in changed if f"{contact}: last_name" in line]) == 2
    assert gone == {f"contacts {contact}: row and base of a record that is not there"}
