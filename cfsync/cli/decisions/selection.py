"""How commands take many things at once: common options, a preview, and a question."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, TypeVar

import typer

from cfsync.cli.text import columns
from cfsync.errors import UsageError

T = TypeVar("T")

Field = Annotated[
    str | None, typer.Option("--field", metavar="FIELD", help="Only what is about this field.")
]
Since = Annotated[
    str | None,
    typer.Option(
        "--since",
        metavar="TIME",
        help="Only what waits since then: a time, or an age such as 2h.",
    ),
]
Workspace = Annotated[
    str | None, typer.Option("--workspace", metavar="ID", help="Only what is in this workspace.")
]
Imported = Annotated[
    int | None, typer.Option("--import", metavar="N", help="Only what import N has made.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Don't ask for confirmation.")]


def confirmation(
    verb: str, head: Sequence[str], row_of: Callable[[T], Sequence[str | None]], *, yes: bool
) -> Callable[[Sequence[T]], None]:
    """What shows a person the things that a command is about to decide, counted by `row_of`, and
    asks. Without a terminal it raises UsageError, unless `yes` says so already.
    """

    def confirm(found: Sequence[T]) -> None:
        if yes:
            return
        print(_preview(head, map(row_of, found)), file=sys.stderr)
        if not sys.stdin.isatty():
            raise UsageError(f"nothing is done: without a terminal, --yes is needed to {verb} them")
        typer.confirm(f"{verb.capitalize()} these {len(found):,}?", abort=True, err=True)

    return confirm


def _preview(head: Sequence[str], rows: Iterable[Sequence[str | None]]) -> str:
    counted = Counter(tuple(row) for row in rows)
    lines = [(*row, n) for row, n in sorted(counted.items(), key=lambda pair: str(pair[0]))]
    return columns([(*head, "count"), *lines])
