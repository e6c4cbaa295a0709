"""The daemon's own backups: when one is due, and what becomes of one that fails."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from cfsync.config import load
from cfsync.daemon.backup_job import AGAIN, BackupJob
from cfsync.mirror.backups import restore
from tests.conftest import SQLITE_ONLY
from tests.daemon.harness import Daemon, until

AT = datetime(2026, 11, 30, 5, 45, tzinfo=UTC)


class Job:
    """A job whose clock is told what time it is."""

    def __init__(self, url: str, folder: Path, **settings: str) -> None:
        given = {"CFSYNC_DATABASE__URL": url, "CFSYNC_BACKUP__DIR": str(folder)}
        self.now = AT
        self.job = BackupJob(load(environ=given | settings), lambda: self.now)

    def run(self, *, after: timedelta = timedelta()) -> list[str]:
        """What it logs."""
        self.now += after
        with capture_logs() as logs:
            asyncio.run(self.job.run())
        return [line["event"] for line in logs]


@SQLITE_ONLY
def test_one_is_made_when_the_newest_is_old_enough(mirror_url: str, tmp_path: Path) -> None:
    job = Job(mirror_url, tmp_path / "b", CFSYNC_BACKUP__KEEP="2")

    assert job.run() == ["backup.made"]
    assert job.run(after=timedelta(hours=23)) == []
    again = Job(mirror_url, tmp_path / "b", CFSYNC_BACKUP__KEEP="2")
    assert again.run(after=timedelta(hours=23, minutes=59)) == []
    assert job.run(after=timedelta(hours=1)) == ["backup.made"]
    assert job.run(after=timedelta(days=1)) == ["backup.made"]
    assert len(list((tmp_path / "b").iterdir())) == 2


@SQLITE_ONLY
def test_a_clock_that_was_ahead_stops_no_backups(mirror_url: str, tmp_path: Path) -> None:
    job = Job(mirror_url, tmp_path / "b")
    job.run(after=timedelta(days=300))

    assert job.run(after=timedelta(days=-300)) == ["backup.made"]
    assert job.run(after=timedelta(minutes=1)) == []


@SQLITE_ONLY
def test_without_a_folder_there_are_none(mirror_url: str, tmp_path: Path) -> None:
    settings = load(environ={"CFSYNC_DATABASE__URL": mirror_url})

    asyncio.run(BackupJob(settings).run())

    assert sorted(file.suffix for file in tmp_path.iterdir()) == [".db"]


@SQLITE_ONLY
def test_one_that_fails_is_tried_again_later(mirror_url: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    job = Job(mirror_url, tmp_path / "file")

    assert job.run() == ["backup.failed"]
    assert job.run(after=AGAIN / 2) == []
    (tmp_path / "file").unlink()
    assert job.run(after=AGAIN / 2) == ["backup.made"]
    assert job.job.problem == ""


@SQLITE_ONLY
def test_a_folder_that_cannot_be_read_is_a_failure_too(mirror_url: str, tmp_path: Path) -> None:
    job = Job(mirror_url, tmp_path / ("a" * 300))

    assert job.run() == ["backup.failed"]
    assert "can't be read" in job.job.problem


@SQLITE_ONLY
def test_a_daemon_that_stops_waits_for_none(
    mirror_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = Job(mirror_url, tmp_path / "b")
    monkeypatch.setattr("cfsync.mirror.db.dialect.sqlite.backups._PAGES", 1)

    async def stopped_at_once() -> None:
        task = asyncio.create_task(job.job.run())
        while not list((tmp_path / "b").glob(".*.part")):  # noqa: ASYNC110 - a file tells nobody
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(stopped_at_once())

    assert list((tmp_path / "b").iterdir()) == []


@SQLITE_ONLY
def test_a_daemon_backs_up_and_tells_the_age_of_the_newest(
    start: Callable[..., Daemon], command: Callable[..., Any], mirror_url: str, tmp_path: Path
) -> None:
    daemon = start(BACKUP__DIR=str(tmp_path / "b"))

    made = daemon.wait_for("backup.made")

    restore(f"sqlite:///{tmp_path / 'other.db'}", Path(made["file"]), AT)
    age = re.compile(r"^cfsync_backup_age_seconds \d", re.MULTILINE)
    until(lambda: age.search(daemon.ask("/metrics")[1]))
    refused = command("restore", made["file"], "--yes")
    assert refused.returncode == 2
    assert f"cfsync run works on {mirror_url.removeprefix('sqlite:///')}" in refused.stderr
    assert daemon.stop() == 0
    restored = command("restore", made["file"], "--yes")
    assert restored.returncode == 0, restored.stderr
    assert "every list is walked whole again" in restored.stdout
