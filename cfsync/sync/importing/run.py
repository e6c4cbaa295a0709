"""Imports a file: a preview, which writes nothing, and the import itself, 1,000 rows at a time."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import structlog

from cfsync.mirror.bookkeeping import decided, imports
from cfsync.mirror.db import statements
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.errors import Busy
from cfsync.mirror.db.tables import TABLES
from cfsync.mirror.outgoing import many_edits
from cfsync.mirror.outgoing.many_edits import NewEdit
from cfsync.mirror.reports import known_rows
from cfsync.sync.importing import members, references
from cfsync.sync.importing.compare import Kind, Outcome, Rules, compare
from cfsync.sync.importing.job import Import, Progress, chunks, keyed
from cfsync.sync.importing.members import Members
from cfsync.sync.importing.report import Report
from cfsync.sync.importing.table import Row
from cfsync.sync.importing.values import Wrong, key_of

TRIES = 20
"""How often rows are tried that another program holds."""
PAUSE_S = 0.25

log = structlog.get_logger()


async def preview(job: Import) -> Report:
    """What an import would do. Writes nothing."""
    report = Report(new_members=job.members.missing if job.members else [])
    rules = job.rules
    if job.members:
        # A new tag has no id yet: any number that no tag has makes it a change.
        stand_ins = [-n for n, _ in enumerate(job.members.missing, 1)]
        rules = _with_members(rules, job.members, [*job.members.ids.values(), *stand_ins])
    for rows in chunks(job.table):
        report.add(await job.mirror.read(_outcomes, job, rules, rows))
        job.progress("compared", len(rows))
    return report


async def write(job: Import, progress: Progress) -> Report:
    """Import a file. What was committed is kept, whatever happens then. Raises Busy where another
    program holds rows for long.
    """
    number = await job.mirror.write(_begin, job)
    report = Report(number, new_members=job.members.missing if job.members else [])
    log.info("import.started", number=number, resource=job.resource.name, rows=job.rows)
    rules = job.rules
    if job.members:
        ids = await job.mirror.write(_create_members, job, number)
        rules = _with_members(rules, job.members, ids)
    for rows in chunks(job.table):
        report.add(await _patiently(job, rules, rows, number))
        progress("imported", len(rows))
    log.info("import.done", number=number, **{str(k): n for k, n in report.counts.items()})
    return report


def _with_members(rules: Rules, found: Members, ids: Sequence[int]) -> Rules:
    return replace(rules, members={found.field.name: frozenset(ids)})


def _begin(tx: Tx, job: Import) -> int:
    """The number of the import; who makes it is noted."""
    number = imports.new_number(tx)
    decided.imported(tx, number, job.resource.name, job.rows)
    return number


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
    rows_and_keys = list(keyed(rules, rows))
    keys = list({key for _, key in rows_and_keys if key is not None})
    last = job.seen.last_lines(keys)
    columns = rules.columns
    found = known_rows.find(tx, columns.resource, columns.key, keys, rules.workspace_id)
    ids = [id_ for some in found.values() for id_ in some]
    table = TABLES[columns.resource.name]
    busy = many_edits.lock(tx, columns.resource, ids) if lock else set()
    known = statements.load(tx, table, ids, _unneeded(rules))
    if busy := busy or set(ids) - known.keys():  # held, or deleted a moment ago
        raise Busy(f"{columns.resource.name} {min(busy)} is locked by another program; try again")
    taken = Counter(id_ for some in found.values() for id_ in some)
    gone = {} if job.again or not rules.insert else _gone(job, [k for k in keys if k not in found])
    outcomes = []
    for row, key in rows_and_keys:
        here = found.get(key, [])
        if (one := _without_comparing(rules, row, key, last, here)) is not None:
            outcomes.append(one)
        elif any(taken[id_] > 1 for id_ in here):
            outcomes.append(_no(row, f"another line is also {columns.resource.name} {here[0]}"))
        elif not here and key in gone:
            outcomes.append(Outcome(Kind.GONE, row.line, reason=gone[key]))
        else:
            outcomes.append(compare(rules, row, known[here[0]] if here else None))
    return references.checked(tx, columns.resource, outcomes)


def _gone(job: Import, keys: Sequence[Any]) -> dict[Any, str]:
    """Key -> the words about the record that had it and was deleted or redacted."""
    columns = job.rules.columns
    found = dict(job.seen.gone(keys))
    if columns.key.name == columns.resource.upsert_key:
        for key in keys:
            if (id_ := job.redacted.id_of(key)) is not None:
                found[key] = f"{columns.resource.name} {id_} was redacted earlier"
    return found


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
    if last.get(key, row.line) != row.line:
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
