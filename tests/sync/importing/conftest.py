"""Imports into a mirror of its own, without a ClickFunnels."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cfsync.mirror.db.engine import Mirror
from cfsync.sync.importing import job as jobs
from cfsync.sync.importing import run
from cfsync.sync.importing.report import Report
from cfsync.sync.importing.seen import Seen
from cfsync.sync.importing.source import open_source
from tests.mirror.conftest import ada, daemon, workspace

__all__ = ["ada", "daemon", "workspace"]

Importing = Callable[..., Report]


@pytest.fixture
def imported(mirror: Mirror, tmp_path: Path) -> Importing:
    """`imported("email_address\\nada@example.com", tags="A", dry_run=True)`: the report."""
    path = tmp_path / "people.csv"

    def work(text: str, *, dry_run: bool = False, **options: Any) -> Report:
        async def main() -> Report:
            path.write_text(text, encoding="utf-8")
            with open_source(str(path), io.BytesIO()) as source, Seen() as seen:
                wanted = jobs.Options(**options)
                job = await jobs.prepare(mirror, source, wanted, seen, lambda _what, _n: None)
                found = await run.preview(job)
                return found if dry_run else await run.write(job, lambda _what, _n: None)

        return asyncio.run(main())

    return work
