"""docs/tables.md: cfsync's own tables, and the views."""

from __future__ import annotations

import re
from enum import StrEnum

import pytest
import sqlalchemy as sa

from cfsync.merge import Winner
from cfsync.mirror.bookkeeping.conflicts import ConflictKind, ConflictState
from cfsync.mirror.bookkeeping.outbox import Op, OutboxState
from cfsync.mirror.bookkeeping.tombstones import Cause, Side, TombstoneState
from cfsync.mirror.db.tables import TABLES, metadata
from cfsync.mirror.db.types import Json, Timestamp
from cfsync.mirror.progress.events import EventSource, EventState
from cfsync.mirror.progress.runs import PassName, RunState
from cfsync.resources import RESOURCES
from tests.meta.generate import ROOT

assert dict(TABLES)  # each is made when it is first asked for, and then stands in `metadata`

TEXT = (ROOT / "docs" / "tables.md").read_text()
KINDS = {
    sa.BigInteger: "integer",
    sa.Boolean: "boolean",
    sa.Double: "number",
    sa.Text: "text",
    Json: "json",
    Timestamp: "timestamp",
}
VALUES: dict[tuple[str, str], type[StrEnum]] = {
    ("cf_outbox", "op"): Op,
    ("cf_outbox", "state"): OutboxState,
    ("cf_conflicts", "kind"): ConflictKind,
    ("cf_conflicts", "state"): ConflictState,
    ("cf_conflicts", "winner"): Winner,
    ("cf_tombstones", "side"): Side,
    ("cf_tombstones", "cause"): Cause,
    ("cf_tombstones", "state"): TombstoneState,
    ("cf_events", "source"): EventSource,
    ("cf_events", "state"): EventState,
    ("cf_runs", "pass"): PassName,
    ("cf_runs", "state"): RunState,
}
OWN = {table.name: table for table in metadata.tables.values() if table.name not in RESOURCES}


def section(heading: str) -> str:
    return TEXT.split(f"\n### {heading}\n")[1].split("\n##")[0]


@pytest.mark.parametrize("name", OWN)
def test_every_column_of_our_own_tables_is_listed_with_its_type(name: str) -> None:
    listed = re.findall(r"^\| `(\w+)` \| (\w+) \|", section(name), re.MULTILINE)

    assert dict(listed) == {c.name: KINDS[type(c.type)] for c in OWN[name].columns}


@pytest.mark.parametrize(("table", "column"), VALUES)
def test_every_value_of_a_column_is_listed(table: str, column: str) -> None:
    (meaning,) = re.findall(rf"^\| `{column}` \| \w+ \| (.*) \|$", section(table), re.MULTILINE)

    named = set(re.findall(r"`(\w+)`", meaning))

    assert {str(value) for value in VALUES[table, column]} == named
