"""What a command that changes something says before: what it will do, where that can be looked at,
and how it is taken back. The last two stand in its help, too, from the same words.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import TypeVar

from cfsync.cli.text import wrapped

C = TypeVar("C", bound=Callable[..., object])


@dataclass(frozen=True, slots=True)
class Change:
    """What a command is about to do."""

    #: What will happen.
    will: str
    #: Where to look at it before.
    see: str
    #: How to take it back, or that nothing does.
    back: str

    def say(self, *, json: bool = False) -> None:
        """Tell a person, not a program that reads JSON."""
        if not json:
            print(wrapped(self.will), file=sys.stderr)
            print(wrapped(f"({self.see}; {self.back})", " "), file=sys.stderr)


def once(change: Change, *, json: bool) -> Callable[[], None]:
    """What says it the first time that it is called."""
    return cache(partial(change.say, json=json))


_EXAMPLE = "\b\nExample:"


def changes(change: Change) -> Callable[[C], C]:
    """Marks a command that changes something, and completes its help."""

    def decorated(command: C) -> C:
        text, mark, example = inspect.cleandoc(command.__doc__ or "").partition(_EXAMPLE)
        told = f"{change.see[0].upper()}{change.see[1:]}; {change.back}."
        command.__doc__ = f"{text}{told}\n\n{mark}{example}"
        command.change = change  # type: ignore[attr-defined]
        return command

    return decorated


EDITS_BACK = (
    "`cfsync outbox discard` takes it back until the push, `cfsync revert BATCH` after it; a sent"
    " delete only `cfsync undelete`, as a new record"
)
