"""What it costs to begin: commands on a small account with something in each list.

The first command compiles the source, as an installation does, so that none of the measured ones
does it. The ratios are to `cfsync --version`, which every command takes at least.
"""

from __future__ import annotations

from tests.bench.account import Account, Run, median
from tests.bench.walks import Line

ROUNDS = 5
STANDARD = {"CFSYNC_API__MIRROR": "standard", "PYTHONDONTWRITEBYTECODE": ""}


def of_commands(it: Account, line: Line) -> None:
    it.cfsync("backfill", database=it.sqlite("compiled"), **STANDARD)
    version = median([it.cfsync("--version", database="", **STANDARD) for _ in range(ROUNDS)])
    line("cfsync --version", version, None)
    backfills = [_run(it, "backfill", it.sqlite(f"first{n}")) for n in range(ROUNDS)]
    line("something in each list: first backfill", median(backfills), version)
    mirror = it.sqlite("first0")
    for what in ("pull", "status"):
        found = median([_run(it, what, mirror) for _ in range(ROUNDS)])
        line(f"something in each list: {what}", found, version)


def _run(it: Account, command: str, mirror: str) -> Run:
    return it.cfsync(command, "--json", database=mirror, **STANDARD)
