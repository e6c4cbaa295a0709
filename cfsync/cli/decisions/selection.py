"""How commands take many things at once: common options, a preview, and a question."""

from __future__ import annotations

import functools
import inspect
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar

import typer

from cfsync.cli.changing import Change, once
from cfsync.cli.common import Config, Json
from cfsync.cli.questions import ask
from cfsync.cli.text import columns, print_lines

if TYPE_CHECKING:
    from cfsync.sync.selection import Filter

T = TypeVar("T")

Yes = Annotated[bool, typer.Option("--yes", help="Don't ask for confirmation.")]

EXAMPLES = 3
"""Things of which a preview shows the values."""

_OPTIONS: dict[str, Any] = {
    "all": Annotated[bool, typer.Option("--all", help="All that wait.")],
    "field": Annotated[
        str | None, typer.Option("--field", metavar="FIELD", help="Only what is about this field.")
    ],
    "since": Annotated[
        str | None,
        typer.Option(
            "--since",
            metavar="TIME",
            help="Only what waits since then: a time, or an age such as 2h.",
        ),
    ],
    "workspace": Annotated[
        str | None,
        typer.Option("--workspace", metavar="ID", help="Only what is in this workspace."),
    ],
    "imported": Annotated[
        int | None, typer.Option("--import", metavar="N", help="Only what import N has made.")
    ],
    "yes": Yes,
    "config": Config,
    "json": Json,
}
"""The options by which many things are chosen, and those of each command."""

EVERYWHERE = ("yes", "config", "json")


@dataclass(frozen=True, slots=True)
class Given:
    """What a person has given beside the things that he has named."""

    filter: Filter
    yes: bool
    config: Path | None
    json: bool


def selecting(*names: str) -> Callable[[Callable[..., T]], Callable[..., T]]:
    """A command with these of the options above, and those of every command, which reach it
    together as the keyword `given`.
    """
    taken = [name for name in _OPTIONS if name in (*names, *EVERYWHERE)]

    def decorated(command: Callable[..., T]) -> Callable[..., T]:
        @functools.wraps(command)
        def run(**values: Any) -> T:
            from cfsync.sync.selection import Filter

            found = {name: values.pop(name) for name in taken}
            yes, config, json = (found.pop(name) for name in EVERYWHERE)
            chosen = Filter(everything=found.pop("all", False), **found)
            return command(**values, given=Given(chosen, yes, config, json))

        own = inspect.signature(command, eval_str=True)
        added = [_parameter(name) for name in taken]
        mine = [p for p in own.parameters.values() if p.name != "given"]
        run.__signature__ = own.replace(parameters=[*mine, *added])  # type: ignore[attr-defined]
        run.__annotations__ = {p.name: p.annotation for p in (*mine, *added)}
        return run

    return decorated


def _parameter(name: str) -> inspect.Parameter:
    default = False if name in ("all", "yes", "json") else None
    kind = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(name, kind, default=default, annotation=_OPTIONS[name])


def _none(_: Sequence[object]) -> Iterable[str]:
    return ()


@dataclass(frozen=True, slots=True)
class Preview(Generic[T]):
    """How the things look that a command is about to decide."""

    #: What is done with them.
    verb: str
    head: Sequence[str]
    #: The cells under the head by which they are counted.
    row_of: Callable[[T], Sequence[str | None]]
    #: Lines with a thing's values on both sides, which a terminal shows of the first few.
    sides_of: Callable[[T], Iterable[str]]
    #: Lines that say which records are deleted or created by that.
    effects_of: Callable[[Sequence[T]], Iterable[str]] = _none

    def show(self, found: Sequence[T]) -> None:
        print(_counted(self.head, map(self.row_of, found)), file=sys.stderr)
        if sys.stdin.isatty() and sys.stderr.isatty():
            for one in found[:EXAMPLES]:
                print_lines(self.sides_of(one), sys.stderr)
            if len(found) > EXAMPLES:
                print(f"... and {len(found) - EXAMPLES:,} more", file=sys.stderr)
        self.warn(found)

    def warn(self, found: Sequence[T]) -> None:
        print_lines(self.effects_of(found), sys.stderr)


def confirmation(
    change: Change, preview: Preview[T], given: Given, *, named: bool
) -> Callable[[Sequence[T]], None]:
    """What tells a person what a command is about to do with the things that it has found. Those
    that are not `named` one by one are shown, and it asks: without a terminal it raises UsageError,
    unless --yes says so already.
    """

    say = once(change, json=given.json)

    def confirm(found: Sequence[T]) -> None:
        if named or given.yes:
            say()
            if not given.json:
                preview.warn(found)
            return
        preview.show(found)
        which = "this one" if len(found) == 1 else f"these {len(found):,}"
        needs = f"--yes is needed to {preview.verb} them"
        ask(f"{preview.verb.capitalize()} {which}?", needs=needs, change=change)

    return confirm


def _counted(head: Sequence[str], rows: Iterable[Sequence[str | None]]) -> str:
    counted = Counter(tuple(row) for row in rows)
    lines = [(*row, n) for row, n in sorted(counted.items(), key=lambda pair: str(pair[0]))]
    return columns([(*head, "count"), *lines])
