"""SQL that a person gives, one statement at a time: to read, or to edit as any other program does.

In comes a statement, out go its rows as they are read, in flat memory. `sqlite` and `postgresql`
run it, each on a connection of its own beside SQLAlchemy's. A statement that is to read is kept
from writing by the database itself, never by looking at its text.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from cfsync.errors import UsageError
from cfsync.mirror.db.dialect.place import Place

READ_ONLY = "this only reads; --write lets a statement change something"
ONE = "give one statement at a time"


class JsonText(str):
    """JSON as the database writes it."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Edits:
    """Edits of a resource that a statement has made."""

    resource: str
    count: int
    #: When they were made, as the database has it.
    since: str


@dataclass(slots=True)
class Answer:
    """What a statement gives."""

    #: The names of its columns; empty: it gives no rows.
    columns: Sequence[str]
    #: The driver's own values, JSON on PostgreSQL as `JsonText`.
    rows: Iterator[Sequence[Any]]
    #: How many rows it has changed; -1: unknown. Known once its rows have been read.
    changed: int = -1
    #: What the triggers have made of it. Known before the commit.
    edits: list[Edits] = field(default_factory=list)


BeforeCommit = Callable[[Answer], None]


def run(
    place: Place, statement: str, before_commit: BeforeCommit | None = None
) -> AbstractContextManager[Answer]:
    """Enter with the answer, whose rows are read within the block. With `before_commit` it may
    write: all of it is one transaction, which is committed at the block's end, after a call of that
    with the answer. Its rows are read, and may be shown, before: only then is it known what the
    statement has done. A reader that stops (Ctrl-S) keeps other writers waiting.

    Raises UsageError with the database's own words, and MirrorError where it can't be used.
    """
    text = statement.strip()
    if not text:
        raise UsageError("there is no statement")
    if "\0" in text or text.encode(errors="ignore").decode() != text:
        raise UsageError("the statement is not text")
    database = importlib.import_module(f"{__name__}.{place.dialect.name}")
    answer: AbstractContextManager[Answer] = database.run(place, text, before_commit)
    return answer
