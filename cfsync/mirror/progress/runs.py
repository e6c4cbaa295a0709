"""Runs: a pass that did something is a row; quiet ones are counted in the last row of that pass.

The row is inserted with the first change that a pass writes, since changes name it, and otherwise
when the pass ends.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from cfsync.errors import UNFORESEEN
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.run_row import RunRow
from cfsync.mirror.db.tables import RUNS
from cfsync.mirror.progress import samples


class PassName(StrEnum):
    """What a pass does."""

    BACKFILL = "backfill"
    PULL = "pull"
    PUSH = "push"
    SWEEP = "sweep"
    CENSUS = "census"
    """Between two sweeps: only the lists of which a trusted census tells what to read."""
    EVENTS = "events"
    VERIFY = "verify"
    RECOVER = "recover"


class RunState(StrEnum):
    """How a pass ended."""

    RUNNING = "running"
    """It has not, or was killed."""
    DONE = "done"
    STOPPED = "stopped"
    """Before its end, with everything kept: when started again it goes on."""
    FAILED = "failed"
    """A list could not be read, or by an error that nobody foresaw."""


HAS_ENDED = RUNS.c.state != RunState.RUNNING

LIMIT = "limit"
"""The trouble of a pass that ran out of requests: a clean stop, and no failure."""

HAS_FAILED = sa.or_(RUNS.c.state == RunState.FAILED, RUNS.c.trouble != LIMIT)
"""Passes that something has ended which should not be: also those that the state calls stopped,
since they can be continued, but that ClickFunnels' absence has stopped.
"""


def has_failed(state: str, trouble: str | None) -> bool:
    """As HAS_FAILED, of one pass."""
    return state == RunState.FAILED or trouble not in (None, LIMIT)


@dataclass(frozen=True, slots=True)
class End:
    """How a pass has ended."""

    state: RunState
    #: How many requests it sent.
    requests: int
    #: Resource -> counts by name.
    counts: Mapping[str, Any]
    #: Why it did not end well, in a line; None where it did.
    error: str | None
    #: The kind of what ended it early, as in `Trouble.kind`; None: nothing, or it was only
    #: interrupted or paused, or has left edits to a later pass.
    trouble: str | None = None


def begin(name: PassName, resource: str | None, started_at: str) -> RunRow:
    """The row of a pass that begins. `resource`: None for several. Writes nothing."""
    return RunRow({"pass": name, "resource": resource, "started_at": started_at})


def current(tx: Tx) -> int | None:
    """The id of the row of the pass that writes, which is inserted where it isn't there yet; None:
    no pass writes.
    """
    if tx.run is None:
        return None
    if not _is_there(tx, tx.run):
        tx.run.id = _insert(tx, tx.run, state=RunState.RUNNING)
    return tx.run.id


def _is_there(tx: Tx, run: RunRow) -> bool:
    """Whether it was inserted, and that was not rolled back."""
    if run.id is None:
        return False
    same = [RUNS.c[name].is_not_distinct_from(value) for name, value in run.values.items()]
    return (
        tx.conn.execute(sa.select(RUNS.c.id).where(RUNS.c.id == run.id, *same)).first() is not None
    )


def _insert(tx: Tx, run: RunRow, **values: Any) -> int:
    query = sa.insert(RUNS).values(**run.values, quiet=0, **values).returning(RUNS.c.id)
    return int(tx.conn.execute(query).scalar_one())


def save(tx: Tx, run: RunRow, end: End, *, quiet: bool) -> int:
    """Write down how a pass has ended, and add it to the samples; returns how many things wait for
    a person. A quiet one, which changed nothing, is counted in the row of the pass before it, if
    that ended in the same way.
    """
    _add_sample(tx, run, end, quiet=quiet)
    values = {**asdict(end), "ended_at": tx.now}
    if _is_there(tx, run):
        tx.conn.execute(sa.update(RUNS).where(RUNS.c.id == run.id).values(values))
    elif not quiet or not _count_quiet(tx, run, end):
        _insert(tx, run, **values)
    return waiting(tx)


def _add_sample(tx: Tx, run: RunRow, end: End, *, quiet: bool) -> None:
    ended = "failed" if has_failed(end.state, end.trouble) else "quiet" if quiet else "passes"
    done = {ended: 1, "requests": end.requests}
    name, resource = run.values["pass"], run.values["resource"]
    samples.add(tx, samples.of_pass(tx.now, name, resource, end.counts, **done))


def _count_quiet(tx: Tx, run: RunRow, end: End) -> bool:
    """Count a pass in the row of the one before it, if that ended in the same way."""
    name, resource = run.values["pass"], run.values["resource"]
    same = (RUNS.c["pass"] == name, RUNS.c.resource.is_not_distinct_from(resource))
    last = sa.select(sa.func.max(RUNS.c.id)).where(*same).scalar_subquery()
    counted = tx.conn.execute(
        sa.update(RUNS)
        .where(RUNS.c.id == last, RUNS.c.state == end.state)
        .where(RUNS.c.error.is_not_distinct_from(end.error))
        .where(RUNS.c.trouble.is_not_distinct_from(end.trouble))
        .values(quiet=RUNS.c.quiet + 1, ended_at=tx.now)
    )
    return counted.rowcount > 0


def last_done(tx: Tx, name: PassName, resource: str, *, alone: bool = True) -> str | None:
    """When a pass of this resource (`alone`, or also with others) last ended well, canonical
    text.
    """
    of = RUNS.c.resource == resource
    query = sa.select(sa.func.max(RUNS.c.ended_at, type_=RUNS.c.ended_at.type)).where(
        RUNS.c["pass"] == name,
        RUNS.c.state == RunState.DONE,
        of if alone else of | RUNS.c.resource.is_(None),
    )
    found: str | None = tx.conn.execute(query).scalar()
    return found


def failed_command(tx: Tx, name: str) -> str | None:
    """When the last pass of this name over several resources ended, canonical text; None if it did
    not fail, or there was none. Commands run such passes; those of a daemon are of one resource.
    """
    query = sa.select(RUNS.c.state, RUNS.c.ended_at).where(
        RUNS.c["pass"] == name, RUNS.c.resource.is_(None), HAS_ENDED
    )
    last = tx.conn.execute(query.order_by(RUNS.c.id.desc()).limit(1)).first()
    return last.ended_at if last is not None and last.state == RunState.FAILED else None


def died_alone(tx: Tx, names: Collection[str]) -> list[tuple[str, str, str]]:
    """The passes of one resource of which an unforeseen error ended the last one: (pass, resource,
    when it ended, canonical text).
    """
    alone = RUNS.c["pass"].in_(names) & RUNS.c.resource.is_not(None) & HAS_ENDED
    last = sa.select(sa.func.max(RUNS.c.id)).where(alone).group_by(RUNS.c["pass"], RUNS.c.resource)
    query = sa.select(RUNS.c["pass"], RUNS.c.resource, RUNS.c.ended_at).where(
        RUNS.c.id.in_(last),
        RUNS.c.state == RunState.FAILED,
        sa.literal("; ").concat(RUNS.c.error).contains(f"; {UNFORESEEN} "),
    )
    return [tuple(row) for row in tx.conn.execute(query.order_by(RUNS.c.id))]


def waiting(tx: Tx) -> int:
    """How many things wait for a person: the rows of `cf_waiting`."""
    return int(tx.conn.exec_driver_sql("SELECT count(*) FROM cf_waiting").scalar_one())
