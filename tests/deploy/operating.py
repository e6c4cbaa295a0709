"""The command lines that docs/operating.md gives, to be run as they stand there."""

from __future__ import annotations

import re
import textwrap

from tests.deploy.conftest import DEPLOY

DOCUMENT = DEPLOY.parent / "docs" / "operating.md"


def commands(heading: str) -> list[str]:
    """The blocks of shell commands below that heading, in order."""
    found: list[str] = []
    below, block = "", None
    for line in DOCUMENT.read_text().splitlines():
        if line.strip() == "```sh":
            block = []
        elif line.strip() == "```" and block is not None:
            if below == heading:
                found.append(textwrap.dedent("\n".join(block)) + "\n")
            block = None
        elif block is not None:
            block.append(line)
        elif match := re.match(r"#+ (.*)", line):
            below = match[1]
    assert found, f"{heading} gives no commands"
    return found
