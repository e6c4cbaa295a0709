"""Imports a file: a preview, which writes nothing, and the import itself, 1,000 rows at a time."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import structlog

from cfsync.errors import UsageError
from cfsync.mirror.bookkeeping import imports
from cfsync.mirror.db import statements
from cfsync.mirror.db.engine import Mirror, Tx
from cfsync.mirror.db.errors import Busy
from cfsync.mirror.db.tables import TABLES
from cfsync.mirror.lists import listings
from cfsync.mirror.outgoing import many_edits
from cfsync.mirror.outgoing.many_edits import NewEdit
from cfsync.mirror.reports import known_rows
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
from cfsync.sync.importing.compare import Kind, Outcome, Rules, compare
from cfsync.sync.importing.members import Members
from cfsync.sync.importing.report import Report
from cfsync.sync.importing.seen import Seen
from cfsync.sync.importing.source import Source
from cfsync.sync.importing.table import Row, Table, read_table
from cfsync.sync.importing.values import Wrong, key_of
from cfsync.sync.selection import workspace_id

CHUNK = 1_000
"""Rows that are written in one transaction."""
TRIES = 20
"""How often rows are tried that another program holds."""
PAUSE_S = 0.25

Progress = Callable[[str, int], None]
"""Told what is done, and how many more rows it is done with."""

log = structlog.get_logger()


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
    workspace = await mirror.read(_workspace, resource, options.workspace)
    rules = Rules(columns, table.is_csv, options.clear, options.insert, workspace)
    tags = members.names_in(options.tags)
    wanted = await mirror.read(members.load, resource, tags, workspace, create=options.create_tags)
    rows = _note_lines(rules, table, seen, progress)
    if not rows:
        raise UsageError(f"{source.name} has a header and no rows")
    await mirror.read(_note_gone, columns, workspace, seen)
    return Import(mirror, table, rules, seen, wanted, options.again, rows, progress)


def _workspace(tx: Tx, resource: Resource, given: str | None) -> int | None:
    """The workspace of new rows, and of the rows that are looked for."""
    if "workspace_id" not in resource.by_name:
        return None
    known = listings.workspaces(tx)
    if given is not None:
        wanted = workspace_id(tx, given)
        if wanted in {i for i, _ in known}:
            return wanted
    elif len(known) == 1:
        return known[0][0]
    names = ", ".join(str(i) for i, _ in known)
    raise UsageError(f"--workspace ID says where the rows belong; the mirror has {names or 'none'}")


def _note_lines(rules: Rules, table: Table, seen: Seen, progress: Progress) -> int:
    """Note the last line of each record; returns how many rows there are."""
    count = 0
    for rows in _chunks(table):
        count += len(rows)
        seen.note_lines((key, row.line) for row, key in _keys(rules, rows) if key is not None)
        progress("read", len(rows))
    return count


def _note_gone(tx: Tx, columns: Columns, workspace: int | None, seen: Seen) -> None:
    """Note by which keys records that were deleted were known."""
    name = columns.resource.name
    seen.note_gone(
        (value, f"{name} {id_} was {what} earlier")
        for value, id_, what in known_rows.deleted(tx, columns.resource, columns.key, workspace)
    )


def _chunks(table: Table) -> Iterator[list[Row]]:
    rows = table.rows()
    while some := list(islice(rows, CHUNK)):
        yield some


def _keys(rules: Rules, rows: Sequence[Row]) -> Iterator[tuple[Row, Any]]:
    """Each row with what says which record it is; None where nothing does."""
    for row in rows:
        try:
            key = None if row.problem else key_of(rules.columns, row, is_text=rules.is_text)
        except Wrong:
            key = None
        yield row, key


async def preview(job: Import) -> Report:
    """What an import would do. Writes nothing."""
    report = Report(new_members=job.members.missing if job.members else [])
    rules = job.rules
    if job.members:
        # A new tag has no id yet: any number that no tag has makes it a change.
        stand_ins = [-n for n, _ in enumerate(job.members.missing, 1)]
        rules = _with_members(rules, job.members, [*job.members.ids.values(), *stand_ins])
    for rows in _chunks(job.table):
        report.add(await job.mirror.read(_outcomes, job, rules, rows))
        job.progress("compared", len(rows))
    return report


async def write(job: Import, progress: Progress) -> Report:
    """Import a file. What was committed is kept, whatever happens then. Raises Busy where another
    program holds rows for long.
    """
    number = await job.mirror.write(imports.new_number)
    report = Report(number, new_members=job.members.missing if job.members else [])
    log.info("import.started", number=number, resource=job.resource.name, rows=job.rows)
    rules = job.rules
    if job.members:
        ids = await job.mirror.write(_create_members, job, number)
        rules = _with_members(rules, job.members, ids)
    for rows in _chunks(job.table):
        report.add(await _patiently(job, rules, rows, number))
        progress("imported", len(rows))
    log.info("import.done", number=number, **{str(k): n for k, n in report.counts.items()})
    return report


def _with_members(rules: Rules, found: Members, ids: Sequence[int]) -> Rules:
    return replace(rules, members={found.field.name: frozenset(ids)})


def _create_members(tx: Tx, job: Import, number: int) -> list[int]:
    assert job.members is not None
    with many_edits.of_import(tx, number):
        return list(members.create(tx, job.members, job.rules.workspace_id).values())


async def _patiently(job: Import, rules: Rules, rows: list[Row], number: int) -> list[Outcome]:
    """Write rows; where another program holds one of them, try again for some seconds."""
    for attempt in range(TRIES):
        try:
            return await job.mirror.write(_write, job, rules, rows, number)
        except Busy:
            if attempt == TRIES - 1:
                raise
            await asyncio.sleep(PAUSE_S)
    raise AssertionError


def _write(tx: Tx, job: Import, rules: Rules, rows: Sequence[Row], number: int) -> list[Outcome]:
    """Write rows in one transaction, as they are to the mirror now."""
    outcomes = _outcomes(tx, job, rules, rows, lock=True)
    edits = [
        NewEdit(one.line, one.record_id, one.values)
        for one in outcomes
        if one.kind in (Kind.NEW, Kind.CHANGED)
    ]
    with many_edits.of_import(tx, number):
        refused = many_edits.write(tx, job.resource, edits)
    return [_refused(one, refused.get(one.line)) for one in outcomes]


def _refused(one: Outcome, words: str | None) -> Outcome:
    return one if words is None else Outcome(Kind.REFUSED, one.line, reason=words)


def _outcomes(
    tx: Tx, job: Import, rules: Rules, rows: Sequence[Row], *, lock: bool = False
) -> list[Outcome]:
    """What rows are to the mirror. `lock`: nobody may change what they are compared with."""
    keyed = list(_keys(rules, rows))
    keys = list({key for _, key in keyed if key is not None})
    last, gone = job.seen.last_lines(keys), job.seen.gone(keys)
    columns = rules.columns
    found = known_rows.find(tx, columns.resource, columns.key, keys, rules.workspace_id)
    ids = [id_ for some in found.values() for id_ in some]
    table = TABLES[columns.resource.name]
    if lock and (busy := many_edits.lock(tx, columns.resource, ids)):
        raise Busy(f"{columns.resource.name} {min(busy)} is locked by another program; try again")
    known = statements.load(tx, table, ids, _unneeded(rules))
    taken = Counter(id_ for some in found.values() for id_ in some)
    outcomes = []
    for row, key in keyed:
        here = found.get(key, [])
        if (one := _without_comparing(rules, row, key, last, here)) is not None:
            outcomes.append(one)
        elif any(taken[id_] > 1 for id_ in here):
            outcomes.append(_no(row, f"another line is also {columns.resource.name} {here[0]}"))
        elif not here and key in gone and rules.insert and not job.again:
            outcomes.append(Outcome(Kind.GONE, row.line, reason=gone[key]))
        else:
            outcomes.append(compare(rules, row, known[here[0]] if here else None))
    return outcomes


def _without_comparing(
    rules: Rules, row: Row, key: Any, last: Any, here: Sequence[int]
) -> Outcome | None:
    """What a row is that can't be compared with a row of the mirror; None: it can. Pure."""
    if row.problem:
        return _no(row, row.problem)
    if key is None:
        try:
            key_of(rules.columns, row, is_text=rules.is_text)
        except Wrong as wrong:
            return _no(row, str(wrong))
    if last[key] != row.line:
        return Outcome(Kind.DOUBLED, row.line, reason=f"line {last[key]} is the same record")
    if len(here) > 1:
        name = rules.columns.key.name
        return _no(row, f"{len(here)} records have this {name}: match by id")
    return None


def _no(row: Row, reason: str) -> Outcome:
    return Outcome(Kind.REFUSED, row.line, reason=reason)


def _unneeded(rules: Rules) -> tuple[str, ...]:
    """The columns that nothing is compared with."""
    needed = {"id", "workspace_id", *rules.members}
    needed |= {target.field.name for target in rules.columns.targets.values()}
    table = TABLES[rules.columns.resource.name]
    return tuple(c.name for c in table.c if c.name not in needed)
