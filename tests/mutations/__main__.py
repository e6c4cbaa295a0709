"""`make mutation-check`: break the code in each place of the list and see who notices.

Works in a copy of the tree, so that nothing here is ever broken. Prints a Markdown table, as in
docs/reliability.md; exit 1 where a breakage was not noticed or could not be made.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

from tests.mutations import BREAKAGES
from tests.mutations.breakage import Breakage

ROOT = Path(__file__).parents[2]
PARTS = ("cfsync", "migrations", "tests", "deploy", "docs")
FILES = ("pyproject.toml", "config.example.toml", "README.md", "CHANGELOG.md", "Makefile")

SOME_FAILED = 1
"""pytest's exit code when tests ran and failed; others mean that they could not be run."""

_NOTICED = re.compile(r"^(?:FAILED|ERROR) \S*?([^/\s]+::\S+)", re.MULTILINE)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("words", nargs="*", help="only breakages whose name or file holds one")
    words = parser.parse_args().words
    chosen = [b for b in BREAKAGES if not words or any(w in b.name + b.file for w in words)]
    with tempfile.TemporaryDirectory(prefix="cfsync-broken-") as folder:
        root = _copy(Path(folder) / "tree")
        if problem := _unbroken(root, chosen):
            print(problem)
            return 1
        print(f"{date.today()}\n\n| broken on purpose | what it would do | noticed by | s |")
        print("| --- | --- | --- | ---: |", flush=True)
        missed = [b.name for b in chosen if not _noticed(root, b)]
    print(f"\n{len(chosen) - len(missed)} of {len(chosen)} noticed", *missed, sep="\n- ")
    return 1 if missed else 0


def _copy(root: Path) -> Path:
    for part in PARTS:
        shutil.copytree(ROOT / part, root / part, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(ROOT / name, root / name)
    # by content: a file that is broken and mended within a second must not be taken for the same
    compiling = (sys.executable, "-m", "compileall", "-q", "--invalidation-mode", "checked-hash")
    subprocess.run([*compiling, root / "cfsync"], check=True)
    return root


def _unbroken(root: Path, chosen: Iterable[Breakage]) -> str | None:
    """What is wrong before anything is broken: then a failure afterwards would say nothing."""
    done = _pytest(root, list(dict.fromkeys(t for b in chosen for t in b.tests)))
    return None if done.returncode == 0 else f"{done.stdout}\nthe tests fail with nothing broken"


def _noticed(root: Path, breakage: Breakage) -> bool:
    """Break, run, mend, and print the breakage's line."""
    before = breakage.apply(root)
    began = time.monotonic()
    try:
        done = _pytest(root, breakage.tests)
    finally:
        (root / breakage.file).write_text(before)
    found = _NOTICED.search(done.stdout) if done.returncode == SOME_FAILED else None
    who = f"`{found[1]}`" if found else "**NOT NOTICED**" if done.returncode == 0 else done.stdout
    seconds = time.monotonic() - began
    print(f"| {breakage.name} | {breakage.why} | {who} | {seconds:.0f} |", flush=True)
    return found is not None


def _pytest(root: Path, tests: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Stops at the first failure; `root` comes before the tree that is installed."""
    options = ("-x", "-q", "-rfE", "--tb=no", "--no-header", "-p", "no:cacheprovider")
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, *tests],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root), "COLUMNS": "400"},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )


if __name__ == "__main__":
    sys.exit(main())
