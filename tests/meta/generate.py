"""The parts of documents and of the example of settings that are generated from the code.

In a document they stand between markers:

    <!-- generated: NAME -->
    ...
    <!-- end -->

In `config.example.toml` they are the sections of the resources, at its end; in
`cfsync/mirror/capture/digests.py` the digests. `docs/cfsync.1` is generated as a whole. `make docs`
(`python -m tests.meta.generate`) rewrites all of them; a test fails if they are out of date.
"""

from __future__ import annotations

import hashlib
import json
import re
import textwrap
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import get_args

from cfsync.config.model import known_keys
from cfsync.mirror.views import VIEWS
from cfsync.resources import RESOURCES, Group
from tests.meta import command_table, entities, metrics, tables
from tests.meta.documents import leaves
from tests.meta.man_page import man_page
from tests.mutations import BREAKAGES

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "config.example.toml"
DIGESTS = ROOT / "cfsync" / "mirror" / "capture" / "digests.py"
MAN_PAGE = ROOT / "docs" / "cfsync.1"
FILES = (EXAMPLE, DIGESTS, MAN_PAGE, ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
DIGEST = re.compile(r'^    "(\w+)": "\w*",$', re.MULTILINE)
MARKED = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def generated(file: Path) -> str:
    """The file's text with every generated part as it should be. Raises KeyError on a marker that
    names no part.
    """
    if file == MAN_PAGE:
        return man_page()
    text = file.read_text()
    if file == EXAMPLE:
        return text[: text.index("[resources.")] + sections()
    if file == DIGESTS:
        return DIGEST.sub(lambda m: f'    "{m[1]}": "{digest(m[1])}",', text)
    return MARKED.sub(lambda m: f"{m[1]}{PARTS[m[2]]()}{m[3]}", text)


def digest(database: str) -> str:
    """Of the statements of the capture on a kind of database."""
    made = import_module(f"cfsync.mirror.capture.{database}").statements("public")
    return hashlib.sha256("\n".join(made).encode()).hexdigest()


def sections() -> str:
    """The settings of each resource of the core, and the names of the others."""
    core = [name for name, resource in RESOURCES.items() if resource.group == "core"]
    others = ", ".join(name for name in RESOURCES if name not in core)
    text = f"The other resources have the same settings: {others}."
    rest = textwrap.fill(text, 98, initial_indent="# ", subsequent_indent="# ")
    return "\n".join([*map(_section, core), rest, ""])


def _section(name: str) -> str:
    keys = {k: v for k, v in known_keys().items() if k.startswith(f"resources.{name}.")}
    lines = [f"{key.rpartition('.')[2]} = {json.dumps(value)}" for key, value in keys.items()]
    if not RESOURCES[name].push:
        lines.insert(0, "# push is off, because a change affects the live account and its site.")
    return "\n".join([f"[resources.{name}]", *lines, ""])


def names() -> str:
    """The tables of the mirror, a paragraph for each value of `api.mirror`."""
    core, standard, every = (
        [name for name, r in RESOURCES.items() if r.group == group] for group in get_args(Group)
    )
    return "\n".join(
        [
            textwrap.fill(f"{_listed(core)}.", 105),
            "",
            textwrap.fill(
                f"There are also {_listed(standard)}."
                ' `api.mirror = "core"` leaves these out, which costs fewer requests.',
                105,
            ),
            "",
            textwrap.fill(f'With `api.mirror = "all"` there are also {_listed(every)}.', 105),
            "",
        ]
    )


def _listed(names: Sequence[str]) -> str:
    *most, last = (f"`{name}`" for name in names)
    return f"{', '.join(most)} and {last}"


def breakages() -> str:
    """What `make mutation-check` breaks, and which test notices."""
    head = "| broken on purpose | what would happen | noticed by |\n| --- | --- | --- |\n"
    rows = ((b.name, b.why, b.tests[0].removeprefix("tests/")) for b in BREAKAGES)
    return head + "".join(f"| {name} | {why} | `{test}` |\n" for name, why, test in rows)


PARTS: dict[str, Callable[[], str]] = {
    "names": names,
    "writes": tables.writes,
    "columns": tables.columns,
    "metrics": metrics.table,
    "commands": command_table.table,
    **{f"usage_{name.replace(' ', '_')}": partial(command_table.usage, name) for name in leaves()},
    "breakages": breakages,
    "confirmed": tables.confirmed,
    "entities": entities.diagrams,
    **{
        f"view_{name}": partial(tables.view, view)
        for name, view in VIEWS.items()
        if name not in tables.CONFIRMED
    },
}


if __name__ == "__main__":
    for path in FILES:
        path.write_text(generated(path))
