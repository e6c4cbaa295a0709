"""What must stand in no output: tokens, secrets, and in no log a person. Everything that the suite
collects is searched: what pytest captures of each test, and what each command prints.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from typing import Any

from cfsync.sandbox import TOKEN
from cfsync.sandbox.seeds.people import FIRST, LAST

SECRETS = (TOKEN, "secret-token", "another-token", "hunter2")
"""Those that the tests give to cfsync."""

PRINTS_TOKENS = ("sandbox",)
"""Commands that say how the fake ClickFunnels is reached."""

_SECRET = re.compile("|".join(map(re.escape, SECRETS)))
_PERSON = re.compile(rf"\b(?:{'|'.join((*FIRST, *LAST))})\b|[\w.+-]+@[\w-]+\.\w+")
_WEBHOOK_SECRET = re.compile(r"\b[0-9a-f]{32}\b")
_FOR_PEOPLE = ("cfsync: ", "usage: ", "Usage: ")
"""How lines begin that tell whoever made a call what became of it, and are no log."""


class Leak(AssertionError):
    pass


def search(printed: str, where: str, *, people: bool = True) -> None:
    """Raise Leak for a secret, and for a person in a line of a log."""
    for line in printed.splitlines():
        if found := _SECRET.search(line):
            raise Leak(f"{where} tells a secret ({found[0][:4]}...): {line[:300]}")
        if people and not line.startswith(_FOR_PEOPLE):
            if _PERSON.search(line):
                raise Leak(f"{where} tells of a person: {line[:300]}")
            if _WEBHOOK_SECRET.search(line):
                raise Leak(f"{where} tells what may be a webhook's secret: {line[:300]}")


def search_command(process: subprocess.Popen[Any], out: Any, err: Any) -> None:
    """What a command printed: results are for who asked, so people are looked for in logs alone."""
    words = [str(a) for a in process.args] if isinstance(process.args, list) else []
    if not any("cfsync" in word for word in words) or set(PRINTS_TOKENS) & set(words):
        return
    search(_text(out), f"{words} on standard output", people=False)
    search(_text(err), f"{words} on standard error")


def _text(printed: str | bytes | None) -> str:
    return printed.decode(errors="replace") if isinstance(printed, bytes) else printed or ""


def search_captured(sections: Iterable[tuple[str, str]], *, people: bool = True) -> None:
    """What pytest captured in one phase of a test."""
    for name, content in sections:
        search(content, name, people=people)
