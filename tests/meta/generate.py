"""The parts of the documents that are generated from the code, between markers:

    <!-- generated: NAME -->
    ...
    <!-- end -->

`make docs` (`python -m tests.meta.generate`) rewrites them; a test fails if they are out of date.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from tests.meta import tables
from tests.mutations import BREAKAGES

DOCS = Path(__file__).parents[2] / "docs"
MARKED = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def breakages() -> str:
    """What `make mutation-check` breaks, and which test notices."""
    head = "| broken on purpose | what would happen | noticed by |\n| --- | --- | --- |\n"
    rows = ((b.name, b.why, b.tests[0].removeprefix("tests/")) for b in BREAKAGES)
    return head + "".join(f"| {name} | {why} | `{test}` |\n" for name, why, test in rows)


PARTS: dict[str, Callable[[], str]] = {
    "writes": tables.writes,
    "columns": tables.columns,
    "breakages": breakages,
}


def generated(document: str) -> str:
    """The document with every generated part as it should be. Raises KeyError on a marker that
    names no part.
    """
    return MARKED.sub(lambda m: f"{m[1]}{PARTS[m[2]]()}{m[3]}", document)


if __name__ == "__main__":
    for path in DOCS.glob("*.md"):
        path.write_text(generated(path.read_text()))
