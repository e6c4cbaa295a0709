"""Power loss between any two statements: a pass is killed at each point that it comes to, and then
run again.

    python -m tests.scenarios.crash_points sqlite|postgresql [SCENE [POINT]]

A point lies before each SQL statement (sql), before each commit, before each call, and behind its
answer: POINT is the number of one, or the name of a kind. What is committed and what ClickFunnels
has changes only at commits and calls (together: durable); the statements between them are killed at
all the same. Where one leaves what another one between the same two has left, the next passes are
not run again. The process that dies is a real one, forked from one that has everything imported.
"""

from __future__ import annotations

import multiprocessing
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.push.conftest import Account
from tests.scenarios import doomed
from tests.scenarios.fault_bench import Bench, Store
from tests.scenarios.fault_matrix import new_bench, stores_on
from tests.scenarios.fault_scenes import SCENES, quiet_logs
from tests.scenarios.fault_state import state_of
from tests.scenarios.fault_verdict import Plan, afterwards, edits_of, unasked

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload([doomed.__name__])


def lived(bench: Bench, account: Account, last: int = 0) -> list[str]:
    """Run the pass in a process of its own: the points it came to, none where it was killed."""
    from_, to = _forks.Pipe(duplex=False)
    process = _forks.Process(
        target=doomed.live, args=(bench.scene.name, bench.store.url, account.settings, last, to)
    )
    process.start()
    to.close()
    try:
        seen: list[str] = from_.recv()
    except EOFError:
        seen = []
    process.join()
    assert process.exitcode == (0 if seen else -signal.SIGKILL), process.exitcode
    return seen


def points_of(bench: Bench) -> list[str]:
    with bench.fresh() as account:
        return lived(bench, account)


def survived(bench: Bench, plan: Plan, points: list[str], point: int) -> Iterator[str]:
    """Kill the pass at a point and let it be run again: everything that is not as it must be."""
    durable = sum(what != "sql" for what in points[: point - 1])
    with bench.fresh() as account:
        account.world.ledger.clear()
        before = edits_of(account)
        if len(lived(bench, account, point)) >= point:  # else it took a shorter way this time
            yield "it was not killed"
        if (left := (durable, state_of(account))) in bench.proved:
            return
        wrong = [*afterwards(bench, plan, account, before), *unasked(account, plan)]
        if not wrong:
            bench.proved.add(left)
        yield from wrong


def main(database: str = "sqlite", scene: str = "", point: str = "") -> int:
    quiet_logs()
    with stores_on(database) as new_store:
        failed = [_all_of(n, point, new_store) for n in SCENES if scene in ("", n)]
    return int(any(failed))


def _all_of(name: str, point: str, new_store: Callable[[Path], Store]) -> int:
    began, failed = time.monotonic(), 0
    with new_bench(name, new_store) as (bench, plan):
        points = points_of(bench)
        chosen = [n for n, what in enumerate(points, 1) if point in ("", str(n), *_names(what))]
        for n in reversed(chosen):  # the last before a commit holds most locks when it dies
            if found := list(survived(bench, plan, points, n)):
                failed += 1
                print(f"FAILED {name}: killed at {n} ({points[n - 1]})", *found, sep="\n    ")
    took = time.monotonic() - began
    done = f"{len(chosen)} of {len(points)} points that left {len(bench.proved)} states"
    print(f"{name}: {done}, {failed} failed, {took:.0f} s", flush=True)
    return failed


def _names(what: str) -> tuple[str, ...]:
    return (what,) if what == "sql" else (what, "durable")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
