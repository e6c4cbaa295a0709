"""A fixed part of the fault matrix: every call of every pass, and every kind of fault in each of
them. `make fault-matrix` runs all of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.conftest import Postgres
from tests.scenarios.fault_bench import Bench, PostgresStore, SqliteStore
from tests.scenarios.fault_kinds import KINDS, is_census, is_write
from tests.scenarios.fault_matrix import Cell, bench_of, cells_of, complaints
from tests.scenarios.fault_scenes import SCENES, quiet_logs
from tests.scenarios.fault_verdict import Plan, differences, unsettled

PASSES = ("backfill", "pull", "push", "push in bulk", "sweep", "sweep by census")

Ready = tuple[Bench, Plan]


@pytest.fixture
def ready(request: pytest.FixtureRequest, migrated_sqlite: Path, tmp_path: Path) -> Iterator[Ready]:
    quiet_logs()
    store = SqliteStore(migrated_sqlite, tmp_path)
    with bench_of(request.param, tmp_path, store) as found:
        yield found


def part_of(cells: Iterable[Cell]) -> list[Cell]:
    """For each kind the call that was struck least so far, then a kind for each other call."""
    left, struck, chosen = list(cells), Counter[int](), []
    for kind in KINDS:
        mine = [c for c in left if c.kind is kind]
        if mine:
            chosen.append(min(mine, key=lambda c: struck[c.call.n]))
            struck[chosen[-1].call.n] += 1
    used = Counter(c.kind.name for c in chosen)
    for n in sorted({c.call.n for c in left} - set(struck)):
        chosen.append(min((c for c in left if c.call.n == n), key=lambda c: used[c.kind.name]))
        used[chosen[-1].kind.name] += 1
    return chosen


@pytest.mark.timeout(300)
@pytest.mark.parametrize("ready", PASSES, indirect=True)
def test_whatever_goes_wrong_with_a_call_the_pass_says_so_and_the_next_one_mends_it(
    ready: Ready,
) -> None:
    bench, plan = ready
    cells = cells_of(bench.scene, plan)
    part = part_of(cells)
    assert {c.call for c in part} == set(plan.calls)
    assert {c.kind.name for c in part} == {c.kind.name for c in cells}

    wrong = {str(cell): found for cell in part if (found := complaints(bench, plan, cell)[1])}

    assert wrong == {}


@pytest.fixture
def ready_on_postgresql(
    request: pytest.FixtureRequest, postgres: Postgres, migrated_postgres: str, tmp_path: Path
) -> Iterator[Ready]:
    quiet_logs()
    with bench_of(request.param, tmp_path, PostgresStore(postgres, migrated_postgres)) as found:
        yield found


@pytest.mark.timeout(300)
@pytest.mark.parametrize("ready_on_postgresql", ["push in bulk", "sweep by census"], indirect=True)
def test_so_it_is_on_postgresql_with_the_calls_of_bulks_and_censuses(
    ready_on_postgresql: Ready,
) -> None:
    bench, plan = ready_on_postgresql
    faults = (is_census, is_write)
    part = part_of(c for c in cells_of(bench.scene, plan) if c.kind.fits in faults)

    wrong = {str(cell): found for cell in part if (found := complaints(bench, plan, cell)[1])}

    assert len(part) > 4
    assert wrong == {}


def test_every_kind_of_fault_strikes_somewhere() -> None:
    assert len({kind.name for kind in KINDS}) == len(KINDS)
    assert set(PASSES) < set(SCENES)


@pytest.mark.parametrize("ready", ["push"], indirect=True)
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
