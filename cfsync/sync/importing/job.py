"""A file that is understood: what its columns are, and which of its lines are the same record."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from cfsync.errors import UsageError
from cfsync.mirror.bookkeeping import redacted
from cfsync.mirror.bookkeeping.redacted import Redacted
from cfsync.mirror.db.engine import Mirror, Tx
from cfsync.mirror.lists import listings
from cfsync.mirror.reports import browse, known_rows
from cfsync.resources import named
from cfsync.resources.model import Resource
from cfsync.sync.importing import members
from cfsync.sync.importing.columns import (
    Columns,
    check_importable,
    is_known,
    map_columns,
    renaming,
)
from cfsync.sync.importing.compare import Rules
from cfsync.sync.importing.members import Members
from cfsync.sync.importing.seen import Seen
from cfsync.sync.importing.source import Source
from cfsync.sync.importing.table import Row, Table, read_table
from cfsync.sync.importing.values import Wrong, key_of
from cfsync.sync.selection import workspace_id

CHUNK = 1_000
"""Rows that are written in one transaction."""

Progress = Callable[[str, int], None]
"""Told what is done, and how many more rows it is done with."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a person asks for, as `cfsync import` takes it."""

    into: str = "contacts"
    match: str | None = None
    map: Sequence[str] = ()
    rest: str | None = None
    workspace: str | None = None
    tags: str = ""
    create_tags: bool = False
    insert: bool = True
    clear: bool = False
    again: bool = False


@dataclass(frozen=True, slots=True)
class Import:
    """A file that is understood, and what is to be done with it."""

    mirror: Mirror
    table: Table
    rules: Rules
    seen: Seen
    members: Members | None
    redacted: Redacted
    #: Records that were deleted are made again.
    again: bool
    #: The rows in the file.
    rows: int
    progress: Progress

    @property
    def resource(self) -> Resource:
        return self.rules.columns.resource


async def prepare(
    mirror: Mirror, source: Source, options: Options, seen: Seen, progress: Progress
) -> Import:
    """Understand a file: its columns, and which lines are the same record. Raises UsageError, and
    UnknownResource.
    """
    resource = named(options.into)
    check_importable(resource)
    table = read_table(source, lambda column: is_known(resource, column))
    columns = map_columns(
        resource,
        table.columns,
        match=options.match,
        renamed=renaming(options.map),
        rest=options.rest,
    )
    workspace = await mirror.read(_workspace, columns, options)
    rules = Rules(columns, table.is_csv, options.clear, options.insert, workspace)
    tags = members.names_in(options.tags)
    wanted = await mirror.read(members.load, resource, tags, workspace, create=options.create_tags)
    rows = _note_lines(rules, table, seen, progress)
    if not rows:
        raise UsageError(f"{source.name} has a header and no rows")
    await mirror.read(_note_gone, columns, workspace, seen)
    known = await mirror.read(redacted.load, resource)
    return Import(mirror, table, rules, seen, wanted, known, options.again, rows, progress)


def _workspace(tx: Tx, columns: Columns, options: Options) -> int | None:
    """The workspace of new rows, and of the rows that are looked for; None: an id says it."""
    if "workspace_id" not in columns.resource.by_name:
        return None
    known = listings.workspaces(tx)
    if options.workspace is not None:
        wanted = workspace_id(tx, options.workspace)
        if wanted in {i for i, _ in known}:
            return wanted
    elif len(known) == 1:
        return known[0][0]
    elif columns.key.name in ("id", "public_id") and known and not options.tags:
        return None
    titles = browse.titles(tx, [("workspaces", i) for i, _ in known])
    names = ", ".join(f"{i} ({t})" if t else f"{i}" for (_, i), t in sorted(titles.items()))
    raise UsageError(f"--workspace ID says where the rows belong; the mirror has {names or 'none'}")


def _note_lines(rules: Rules, table: Table, seen: Seen, progress: Progress) -> int:
    """Note the last line of each record; returns how many rows there are."""
    count = 0
    for rows in chunks(table):
        count += len(rows)
        seen.note_lines((key, row.line) for row, key in keyed(rules, rows) if key is not None)
        progress("read", len(rows))
    return count


def _note_gone(tx: Tx, columns: Columns, workspace: int | None, seen: Seen) -> None:
    """Note by which keys records that were deleted were known."""
    name = columns.resource.name
    seen.note_gone(
        (value, f"{name} {id_} was {what} earlier")
        for value, id_, what in known_rows.deleted(tx, columns.resource, columns.key, workspace)
    )


def chunks(table: Table) -> Iterator[list[Row]]:
    rows = table.rows()
    while some := list(islice(rows, CHUNK)):
        yield some


def keyed(rules: Rules, rows: Sequence[Row]) -> Iterator[tuple[Row, Any]]:
    """Each row with what says which record it is; None where nothing does."""
    for row in rows:
        try:
            key = None if row.problem else key_of(rules.columns, row, is_text=rules.is_text)
        except Wrong:
            key = None
        yield row, key
