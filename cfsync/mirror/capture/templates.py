"""SQL statements as template files, with `$names` for the pieces that are generated.

A literal dollar sign is written `$$`. Comments (`-- ...`, on lines of their own) are for readers of
the file and are left out, as are the lines of pieces that are empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from string import Template

_BETWEEN = "\n;;\n"
"""Stands between the statements of a file that holds several."""


class Templates:
    """The templates in a folder, by the names of the files without `.sql`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def render(self, file: str, /, **pieces: str) -> str:
        """The text of a file with its pieces filled in. Raises KeyError where one is missing."""
        template, indents = _template(self._folder / f"{file}.sql")
        for piece, indent in indents:
            pieces[piece] = pieces[piece].replace("\n", "\n" + indent)
        lines = template.substitute(pieces).splitlines()
        return "\n".join(line for line in lines if line.strip())

    def statements(self, file: str, /, **pieces: str) -> list[str]:
        """The statements of a file that holds several."""
        return self.render(file, **pieces).split(_BETWEEN)


@cache
def _template(file: Path) -> tuple[Template, list[tuple[str, str]]]:
    """The template, and how far the pieces are indented that stand on a line of their own."""
    lines = file.read_text(encoding="utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.lstrip().startswith("--"))
    alone = re.findall(r"^( +)\$([a-z_]+)$", text, re.MULTILINE)
    return Template(text), [(piece, indent) for indent, piece in alone]


def branches(cases: Iterable[tuple[str, str]]) -> str:
    """The branches of a CASE: (condition, result)."""
    return "\n".join(f"WHEN {condition} THEN {result}" for condition, result in cases)
