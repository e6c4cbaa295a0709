"""`make bench`: what cfsync costs, measured on whole processes against the sandbox.

Nothing here is asserted: machines differ, and these are shared. Compare within one run. The result
is a Markdown table, as in docs/performance.md.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from pathlib import Path

from tests.bench import census, history, push, start, storm, walks
from tests.bench.account import Run, account


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contacts", type=int, default=20_000, help="beside the plain loop")
    parser.add_argument("--minute", type=int, default=60_000, help="walked at a server's limit")
    parser.add_argument("--growth", type=int, nargs="*", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--census", type=int, nargs="*", default=[100_000, 1_000_000])
    given = parser.parse_args()
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(f"{date.today()}, {machine}, {given.contacts:,} contacts\n")
    _head()
    with tempfile.TemporaryDirectory() as folder:
        with account(Path(folder), contacts=given.contacts) as it:
            walks.beside_the_loop(it, given.contacts, line)
            push.of_edits(it, line)
            push.of_tags(it, line)
            print(f"\n{walks.neighbour(it)}\n", flush=True)
            print(f"\n{storm.of_edits(it)}\n", flush=True)
            print(f"\n{history.of_pulls(it)}\n{history.of_updates(it)}\n", flush=True)
        with account(Path(folder), contacts=given.minute) as it:
            print(f"\n{walks.at_the_limit(it)}\n", flush=True)
        _growth(Path(folder) / "growth", given.growth)
        _head(beside="--version")
        with account(Path(folder), contacts=1, bare=False) as it:
            start.of_commands(it, line)
        _head(beside="walk")
        (Path(folder) / "census").mkdir()
        for contacts in given.census:
            with account(Path(folder) / "census", contacts=contacts) as it:
                census.of_sweeps(it, contacts, line)


def _growth(folder: Path, sizes: Sequence[int]) -> None:
    folder.mkdir()
    _head()
    backfills: list[tuple[int, Run]] = []
    for contacts in sizes:
        with account(folder, contacts=contacts) as it:
            backfills.append((contacts, walks.growing(it, contacts, line)))
    for (few, first), (many, then) in pairwise(backfills):
        each = (then.cpu - first.cpu) / (many - few) * 1e6
        print(f"\nFrom {few:,} to {many:,} contacts: {each:.0f} µs of CPU a contact.")


def _head(beside: str = "loop") -> None:
    print(f"| work | wall s | CPU s | MB | requests | wall : {beside} | CPU : {beside} |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")


def line(what: str, run: Run, loop: Run | None) -> None:
    ratios = f"{run.wall / loop.wall:.2f} | {run.cpu / loop.cpu:.2f}" if loop else " | "
    cost = f"{run.wall:.2f} | {run.cpu:.2f} | {run.memory:.0f} | {run.requests}"
    print(f"| {what} | {cost} | {ratios} |", flush=True)


if __name__ == "__main__":
    main()
