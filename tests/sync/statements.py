"""What the databases are asked while something runs."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from cfsync.mirror.db.engine import Mirror

Run = tuple[str, Any]


@contextmanager
def watched(mirror: Mirror) -> Iterator[list[Run]]:
    """Every statement that is run within, with the parameters of the first time."""
    runs: dict[str, Any] = {}

    def note(_conn: Any, _cursor: Any, sql: str, values: Any, _context: Any, many: bool) -> None:
        runs.setdefault(sql, values[0] if many else values)

    sa.event.listen(mirror._engine, "before_cursor_execute", note)
    found: list[Run] = []
    yield found
    sa.event.remove(mirror._engine, "before_cursor_execute", note)
    verbs = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")
    found += [(sql, values) for sql, values in runs.items() if sql.lstrip().startswith(verbs)]


def written(runs: Collection[Run]) -> set[str]:
    """The tables that the statements write."""
    pattern = re.compile(r'\b(?:INSERT(?: OR \w+)? INTO|UPDATE|DELETE FROM) (?:\w+\.)?"?(\w+)"?')
    return {table for sql, _ in runs for table in pattern.findall(sql)}
