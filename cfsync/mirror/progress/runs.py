"""Runs: a pass that did something is a row; quiet ones are counted in the last row of that pass."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from cfsync.errors import UNFORESEEN
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import RUNS


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

    DONE = "done"
    STOPPED = "stopped"
    """Before its end, with everything kept: when started again it goes on."""
    FAILED = "failed"
    """A list could not be read, or by an error that nobody foresaw."""


@dataclass(frozen=True, slots=True)
class Run:
    """A pass that has ended."""

    name: PassName
    #: None: it was of several resources.
    resource: str | None
    state: RunState
    #: Canonical text.
    started_at: str
    #: How many requests it sent.
    requests: int
    #: Resource -> counts by name.
    counts: Mapping[str, Any]
    #: Why it did not end well, in a line; None where it did.
    error: str | None


def save(tx: Tx, run: Run, *, quiet: bool) -> int:
    """Write a pass down; returns how many things wait for a person. A quiet one, which changed
    nothing, is counted in the row of the pass before it, if that ended in the same way.
    """
    same = (RUNS.c["pass"] == run.name, RUNS.c.resource.is_not_distinct_from(run.resource))
    last = sa.select(sa.func.max(RUNS.c.id)).where(*same).scalar_subquery()
    is_counted = quiet and tx.conn.execute(
        sa.update(RUNS)
        .where(RUNS.c.id == last, RUNS.c.state == run.state)
        .where(RUNS.c.error.is_not_distinct_from(run.error))
        .values(quiet=RUNS.c.quiet + 1, ended_at=tx.now)
    )
    if not is_counted or not is_counted.rowcount:
        values = {k: v for k, v in asdict(run).items() if k != "name"}
        tx.conn.execute(
            sa.insert(RUNS).values(**values, **{"pass": run.name, "quiet": 0, "ended_at": tx.now})
        )
    return waiting(tx)


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
        RUNS.c["pass"] == name, RUNS.c.resource.is_(None)
    )
    last = tx.conn.execute(query.order_by(RUNS.c.id.desc()).limit(1)).first()
    return last.ended_at if last is not None and last.state == RunState.FAILED else None


def died_alone(tx: Tx, names: Collection[str]) -> list[tuple[str, str, str]]:
    """The passes of one resource of which an unforeseen error ended the last one: (pass, resource,
    when it ended, canonical text).
    """
    alone = RUNS.c["pass"].in_(names) & RUNS.c.resource.is_not(None)
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
