"""What is shown before something is done: what it would do, and how to undo it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import htpy as h

from cfsync.web.console.html.parts.layout import Shell, page
from cfsync.web.console.html.parts.words import prose

AGAIN = "again"
"""What is sent by the button that shows a form again."""


@dataclass(frozen=True, slots=True)
class Also:
    """A second button of a preview: it does more than the first one."""

    #: What it sends as `choice`.
    choice: str
    button: str
    #: What it does beside what the first one does.
    lines: Sequence[str]
    #: What that is about.
    things: Sequence[h.Node]
    #: How many more things there are.
    more: int
    back: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What a decision would do now."""

    #: A question, or what can't be done.
    title: str
    #: What would be done, a sentence each, for `prose`.
    lines: Sequence[str]
    #: How it is undone afterwards.
    back: str
    #: What the button says that does it; '': nothing can be done.
    button: str
    #: The digest of what it is about, where that can become something else before it is done.
    seen: str = ""
    #: What it is about, or the first of it.
    things: Sequence[h.Node] = ()
    #: How many more there are.
    more: int = 0
    also: Also | None = None
    #: What its first button sends as `choice`, where it has a second one.
    choice: str = ""
    #: What the button says that shows the form again, in place of Cancel; '': there is no form.
    again: str = ""

    def after(self, told: str) -> str:
        """What is said once it is done, and how it is undone."""
        return f"{told} To undo it: {self.back}"


def sure(
    shell: Shell, shown: Preview, action: str, values: Mapping[str, Sequence[str]], cancel: str
) -> h.Element:
    """The page. `action` and `values`: what is sent again to do it. `cancel`: where one was."""
    can_do = bool(shown.button or shown.also)
    return page(
        shell,
        shown.title,
        h.h1[shown.title],
        h.section(".card")[
            _told(shown.lines, shown.things, shown.more),
            bool(shown.button) and _back(shown.back),
            can_do and _form(shown, action, values, cancel),
            not can_do and h.p(".many")[h.a(".button.quiet", href=cancel)["Back"]],
        ],
    )


def _form(
    shown: Preview, action: str, values: Mapping[str, Sequence[str]], cancel: str
) -> h.Element:
    return h.form("#sure", method="post", action=action)[
        (
            h.input(type="hidden", name=name, value=value)
            for name, given in values.items()
            if not (name == "choice" and shown.choice)
            for value in given
        ),
        bool(shown.button) and h.p(".many")[_first(shown), _no(cancel, shown.again)],
        _also(shown.also, None if shown.button else _no(cancel)) if shown.also else None,
    ]


def _first(shown: Preview) -> h.Element:
    if shown.choice:
        return h.button(".main", name="choice", value=shown.choice)[shown.button]
    return h.button(".main")[shown.button]


def _also(also: Also, cancel: h.Node) -> h.Node:
    return [
        _told(also.lines, also.things, also.more),
        _back(also.back),
        h.p(".many")[
            h.button(".danger", name="choice", value=also.choice)[also.button],
            cancel,
        ],
    ]


def _told(lines: Sequence[str], things: Sequence[h.Node], more: int) -> h.Node:
    return [
        h.ul(".hits")[(h.li[prose(line)] for line in lines), (h.li[one] for one in things)],
        more > 0 and h.p(".hint")[f"… and {more:,} more"],
    ]


def _back(text: str) -> h.Element:
    return h.p(".hint")[h.b["To undo it: "], prose(text)]


def _no(cancel: str, again: str = "") -> h.Element:
    if again:
        return h.button(".quiet", name=AGAIN, value="1")[again]
    return h.a(".button.quiet", href=cancel)["Cancel"]
