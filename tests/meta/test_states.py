"""What the code, its docstrings, the migration and docs/concepts.md say of states is the same."""

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


def listed_in_migration(table: str) -> set[str]:
    """The states in the comment beside the column."""
    sql = (ROOT / "migrations/versions/0001_books_sqlite.sql").read_text()
    columns = sql.split(f"CREATE TABLE cf_{table} (")[1].split("\n);")[0]
    comment = "\n".join(re.findall(r"^ +-- (.*)$", columns, re.MULTILINE))
    return set(re.findall(r"(?:^|; )([a-z]+)(?::| +->)", comment, re.MULTILINE))


each_table = pytest.mark.parametrize(
    ("table", "module"), [("outbox", outbox), ("tombstones", tombstones)]
)


@each_table
def test_a_diagram_has_the_transitions_of_the_code(table: str, module: ModuleType) -> None:
    coded = [(a, b) for a, following in module.TRANSITIONS.items() for b in following]

    assert sorted(drawn(table), key=str) == sorted(coded, key=str)


@each_table
def test_a_docstring_explains_each_transition(table: str, module: ModuleType) -> None:
    states = type(next(state for state in module.TRANSITIONS if state))
    coded = [(a or "none", b or "none") for a, after in module.TRANSITIONS.items() for b in after]

    explained = re.findall(r"^ +(\w+) -> (\w+): \S", states.__doc__, re.MULTILINE)

    assert sorted(explained) == sorted(coded)
    assert set(module.TRANSITIONS) == {None, *states}


@each_table
def test_the_migration_lists_each_state(table: str, module: ModuleType) -> None:
    assert listed_in_migration(table) == set(module.TRANSITIONS) - {None}
