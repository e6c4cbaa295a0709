"""What `cfsync status` prints."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import redirect_stdout
from io import StringIO

from cfsync.cli.colors import Part, print_parts
from cfsync.cli.output.status import lanes, lines
from cfsync.sync.inspection.status import Status


def status_lines(found: Status) -> list[str]:
    return _printed(lines(found))


def lanes_lines(found: Status) -> list[str]:
    """With `--lanes`."""
    return _printed(lanes(found))


def _printed(parts: Iterable[Part | Iterable[Part]]) -> list[str]:
    with redirect_stdout(StringIO()) as out:
        print_parts(parts)
    return out.getvalue().splitlines()
