"""The state diagrams in docs/concepts.md draw the transitions that the code has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import ModuleType

import pytest

from cfsync.mirror.bookkeeping import outbox, tombstones
from tests.meta.documents import ROOT


def drawn(table: str) -> Iterator[tuple[str | None, str | None]]:
    """The arrows of a diagram; None stands for its beginning and end."""
    text = (ROOT / "docs/concepts.md").read_text()
    (diagram,) = re.findall(
        rf"^<!-- states: {table} -->\n```mermaid\n(.*?)```\n<!-- end of states -->$",
        text,
        re.MULTILINE | re.DOTALL,
    )
    for arrow in re.findall(r"^ +(\S+) --> (\[\*\]|\w+)", diagram, re.MULTILINE):
        before, after = (None if state == "[*]" else state for state in arrow)
        yield before, after


@pytest.mark.parametrize(("table", "module"), [("outbox", outbox), ("tombstones", tombstones)])
def test_a_diagram_has_the_transitions_of_the_code(table: str, module: ModuleType) -> None:
    coded = [(a, b) for a, following in module.TRANSITIONS.items() for b in following]

    assert sorted(drawn(table), key=str) == sorted(coded, key=str)
