"""What the code, its docstrings, the migration and the diagrams say of states is the same."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import pytest

from cfsync.mirror.bookkeeping import outbox, tombstones
from cfsync.mirror.bookkeeping.outbox import OutboxState
from cfsync.mirror.bookkeeping.tombstones import TombstoneState
from tests.meta.documents import ROOT

STATES: Mapping[str, tuple[type[StrEnum], Mapping[Any, Any]]] = {
    "outbox": (OutboxState, outbox.TRANSITIONS),
    "tombstones": (TombstoneState, tombstones.TRANSITIONS),
}
tables = pytest.mark.parametrize("table", STATES)


def transitions(table: str) -> set[tuple[str, str]]:
    """As the code has them; `none` stands for no row."""
    _, allowed = STATES[table]
    return {(str(a or "none"), str(b or "none")) for a, after in allowed.items() for b in after}


def drawn(table: str) -> set[tuple[str, str]]:
    (diagram,) = re.findall(
        rf"^<!-- states: {table} -->\n```mermaid\n(.*?)```\n<!-- end of states -->$",
        (ROOT / "docs/concepts.md").read_text(),
        re.MULTILINE | re.DOTALL,
    )
    arrows = re.findall(r"^ +(\[\*\]|\w+) --> (\[\*\]|\w+)", diagram, re.MULTILINE)
    return {(a.replace("[*]", "none"), b.replace("[*]", "none")) for a, b in arrows}


def in_migration(table: str) -> set[str]:
    """As the migration lists them beside the column."""
    sql = (ROOT / "migrations/versions/0001_books_sqlite.sql").read_text()
    columns = sql.split(f"CREATE TABLE cf_{table} (")[1].split("\n);")[0]
    comment = re.findall(r"^ +-- (.*)$", columns, re.MULTILINE)
    return set(re.findall(r"(?:^|; )([a-z]+)(?::| +->)", "\n".join(comment), re.MULTILINE))


@tables
def test_the_diagram_shows_the_transitions_of_the_code(table: str) -> None:
    assert drawn(table) == transitions(table)


@tables
def test_the_docstring_explains_each_transition(table: str) -> None:
    states, _ = STATES[table]

    explained = re.findall(r"^ +(\w+) -> (\w+): .", states.__doc__ or "", re.MULTILINE)

    assert len(explained) == len(set(explained))
    assert set(explained) == transitions(table)


@tables
def test_every_state_has_its_transitions_and_stands_in_the_migration(table: str) -> None:
    states, allowed = STATES[table]

    assert set(allowed) == {None, *states}
    assert in_migration(table) == set(states)
