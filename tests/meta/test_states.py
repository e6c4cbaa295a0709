"""The state diagrams in docs/concepts.md have the states that the code has."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.meta.documents import ROOT


def arrows(table: str) -> Iterator[tuple[str, str]]:
    text = (ROOT / "docs/concepts.md").read_text()
    (diagram,) = re.findall(
        rf"^<!-- states: {table} -->\n```mermaid\n(.*?)```\n<!-- end of states -->$",
        text,
        re.MULTILINE | re.DOTALL,
    )
    yield from re.findall(r"^ +(\[\*\]|\w+) --> (\[\*\]|\w+)", diagram, re.MULTILINE)


def in_code(table: str) -> set[str]:
    """As the migration lists them beside the column."""
    sql = (ROOT / "migrations/versions/0001_books_sqlite.sql").read_text()
    columns = sql.split(f"CREATE TABLE cf_{table} (")[1].split("\n);")[0]
    comment = re.findall(r"^ +-- (.*)$", columns, re.MULTILINE)
    return set(re.findall(r"(?:^|; )([a-z]+)(?::| +->)", "\n".join(comment), re.MULTILINE))


@pytest.mark.parametrize("table", ["outbox", "tombstones"])
def test_the_diagram_has_the_states_of_the_code(table: str) -> None:
    drawn = {state for pair in arrows(table) for state in pair} - {"[*]"}

    assert drawn == in_code(table) - {"ignored"}
