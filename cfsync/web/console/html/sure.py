"""What is shown before something is done: what it would do, and how to undo it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import htpy as h

from cfsync.web.console.html.parts.layout import Shell, page
from cfsync.web.console.html.parts.words import prose

LINES = 12
"""Lines that are shown above the button; the others are counted."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a decision would do now."""

    #: A question.
    title: str
    #: What would be done, a line each.
    lines: Sequence[str]
    #: How it is undone afterwards.
    back: str
    #: What the button says that does it.
    button: str
    #: The digest of what it is about, where that can become something else before it is done.
    seen: str = ""

    def after(self, told: str) -> str:
        """What is said once it is done, and how it is undone."""
        return f"{told} To undo it: {self.back}"


def sure(
    shell: Shell, shown: Preview, action: str, values: Mapping[str, Sequence[str]], cancel: str
) -> h.Element:
    """The page. `action` and `values`: what is sent again to do it. `cancel`: where one was."""
    more = len(shown.lines) - LINES
    return page(
        shell,
        shown.title,
        h.h1[shown.title],
        h.section(".card")[
            h.ul(".hits")[(h.li[line] for line in shown.lines[:LINES])],
            more > 0 and h.p(".hint")[f"… and {more:,} more"],
            h.p(".hint")[h.b["To undo it: "], prose(shown.back)],
            h.form("#sure", method="post", action=action)[
                (
                    h.input(type="hidden", name=name, value=value)
                    for name, given in values.items()
                    for value in given
                ),
                h.p(".many")[
                    h.button(".main")[shown.button], h.a(".button.quiet", href=cancel)["Cancel"]
                ],
            ],
        ],
    )
