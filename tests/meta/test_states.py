"""The state diagrams in docs/concepts.md draw the transitions that the code has."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cfsync.mirror.bookkeeping import outbox
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


def test_the_outbox() -> None:
    coded = [(a, b) for a, following in outbox.TRANSITIONS.items() for b in following]

    assert sorted(drawn("outbox"), key=str) == sorted(coded, key=str)


def test_the_tombstones() -> None:
    """As the migration lists them beside the column."""
    sql = (ROOT / "migrations/versions/0001_books_sqlite.sql").read_text()
    columns = sql.split("CREATE TABLE cf_tombstones (")[1].split("\n);")[0]
    comment = "\n".join(re.findall(r"^ +-- (.*)$", columns, re.MULTILINE))
    listed = set(re.findall(r"(?:^|; )([a-z]+)(?::| +->)", comment, re.MULTILINE))

    assert {state for arrow in drawn("tombstones") for state in arrow} - {None} == listed
