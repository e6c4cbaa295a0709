"""Power loss between any two statements: a pass is killed at each point that it comes to, and then
run again.

    python -m tests.scenarios.crash_points [SCENE [POINT]]

A point lies before each SQL statement (sql), before each commit, before each call, and behind its
answer: POINT is the number of one, or the name of a kind. What is committed and what ClickFunnels
has changes only at commits and calls (together: durable); the statements between them are killed at
all the same. The process that dies is a real one, forked from one that has everything imported.
"""

from __future__ import annotations

import multiprocessing
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.push.conftest import Account
from tests.scenarios import doomed
from tests.scenarios.fault_matrix import bench_of
from tests.scenarios.fault_scenes import SCENES, Bench, quiet_logs
from tests.scenarios.fault_verdict import Plan, afterwards, edits_of

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload([doomed.__name__])


def lived(bench: Bench, account: Account, last: int = 0) -> list[str]:
    """Run the pass in a process of its own: the points it came to, none where it was killed."""
    from_, to = _forks.Pipe(duplex=False)
    process = _forks.Process(
        target=doomed.live, args=(bench.scene.name, bench.url, account.settings, last, to)
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


def survived(bench: Bench, plan: Plan, point: int) -> Iterator[str]:
    """Kill the pass at a point and let it be run again: everything that is not as it must be."""
    with bench.fresh() as account:
        account.world.ledger.clear()
        before = edits_of(account)
        if lived(bench, account, point):
            yield "it was not killed"
        yield from afterwards(bench, plan, account, before)


def main(scene: str = "", point: str = "") -> int:
    quiet_logs()
    return int(sum(_all_of(name, point) for name in SCENES if scene in ("", name)) > 0)


def _names(what: str) -> tuple[str, ...]:
    return (what,) if what == "sql" else (what, "durable")


def _all_of(name: str, point: str) -> int:
    began, failed = time.monotonic(), 0
    with tempfile.TemporaryDirectory() as folder, bench_of(name, Path(folder)) as (bench, plan):
        points = points_of(bench)
        chosen = [n for n, what in enumerate(points, 1) if point in ("", str(n), *_names(what))]
        for n in chosen:
            if found := list(survived(bench, plan, n)):
                failed += 1
                print(f"FAILED {name}: killed at {n} ({points[n - 1]})", *found, sep="\n    ")
    took = time.monotonic() - began
    print(
        f"{name}: {len(chosen)} of {len(points)} points, {failed} failed, {took:.0f} s", flush=True
    )
    return failed


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
