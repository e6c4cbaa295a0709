"""SQLite reads the text of every trigger at each connect and keeps it in ten times the memory."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from cfsync.mirror.capture.rules import columns
from cfsync.mirror.migrate import migrate
from cfsync.resources import RESOURCES

BYTES_A_COLUMN = 1_600


def test_the_triggers_on_sqlite_have_a_short_text(tmp_path: Path) -> None:
    file = tmp_path / "mirror.db"
    migrate(f"sqlite:///{file}")
    with closing(sqlite3.connect(file)) as conn:
        query = "SELECT sum(length(sql)) FROM sqlite_schema WHERE type = 'trigger'"
        (size,) = conn.execute(query).fetchone()

    assert size <= BYTES_A_COLUMN * sum(len(columns(r)) for r in RESOURCES.values())
