"""`backup` and `restore`: whole copies that are taken while everything goes on."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from cfsync.errors import Interrupted, MirrorError, UsageError
from cfsync.mirror.backups import back_up, newest, restore, surplus
from cfsync.sync.decisions import outbox
from cfsync.sync.decisions.recover import recover
from cfsync.sync.push.conductor import UNRECOVERED
from tests.conftest import POSTGRESQL_ONLY, SQLITE_ONLY, Postgres, Sql
from tests.push.conftest import Account

AT = datetime(2026, 11, 30, 5, 45, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _programs(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """`pg_dump` of the server's own version."""
    if "postgres" in request.fixturenames or "postgresql" in request.node.name:
        server: Postgres = request.getfixturevalue("postgres")
        monkeypatch.setenv("PATH", f"{server.bin}:{os.environ['PATH']}")


@pytest.fixture
def elsewhere(mirror_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a database that is empty, or not there, to restore to as its owner."""
    if mirror_url.startswith("sqlite"):
        yield f"sqlite:///{tmp_path / 'elsewhere.db'}"
        return
    server: Postgres = request.getfixturevalue("postgres")
    name = server.create()
    yield server.url(name)
    server.drop(name)


class Storm(threading.Thread):
    """A program that inserts contacts, one after the other, as many as it is asked for."""

    def __init__(self, sql: Sql) -> None:
        super().__init__(daemon=True)  # no test that fails hangs
        self.sql, self.names = sql.again(), list[str]()
        self._asked: SimpleQueue[str | None] = SimpleQueue()

    def more(self, count: int = 8) -> None:
        """It goes on beside what comes next."""
        for _ in range(count):
            self.names.append(f"Storm {len(self.names)}")
            self._asked.put(self.names[-1])

    def end(self) -> None:
        self._asked.put(None)
        self.join()

    def run(self) -> None:
        for name in iter(self._asked.get, None):
            self.sql("INSERT INTO contacts (first_name, last_name) VALUES (?, 'x')", name)
        self.sql.conn.close()


def names_there(account: Account) -> Counter[Any]:
    """First name -> how many contacts of ClickFunnels have it."""
    ids = account.world.ids("contacts", account.workspace)
    return Counter(account.world.get("contacts", i)["first_name"] for i in ids)


def test_a_backup_of_the_middle_of_a_storm_ends_with_nothing_doubled(
    account: Account,
    mirror_url: str,
    elsewhere: str,
    opened: Callable[[str], Account],
    tmp_path: Path,
) -> None:
    storm = Storm(account.sql)
    storm.start()
    storm.more()
    account.push()
    storm.more()
    backup = back_up(mirror_url, tmp_path / "backups", AT)
    storm.more()
    storm.end()
    while not account.push().quiet:
        pass
    there = names_there(account)
    assert [there[name] for name in storm.names] == [1] * len(storm.names)

    restore(elsewhere, Path(backup.file), AT)
    old = opened(elsewhere)
    assert 0 < old.one("SELECT count(*) FROM contacts WHERE last_name = 'x'") < len(storm.names)
    early = old.push()
    assert (early.exit_code, early.problems) == (4, [UNRECOVERED])
    assert old.column("SELECT trouble FROM cf_runs ORDER BY id")[-1] is None
    assert names_there(old) == there
    done = old.run(recover)
    assert done.parked > 0
    waiting = old.column("SELECT seq FROM cf_outbox WHERE state IN ('parked', 'held')")
    old.desk(outbox.discard, [str(seq) for seq in waiting])
    old.push()
    old.pull()

    assert names_there(old) == there
    in_mirror = Counter(old.column("SELECT first_name FROM contacts WHERE last_name = 'x'"))
    assert in_mirror == dict.fromkeys(storm.names, 1)


def test_a_backup_is_whole_and_for_its_owner_alone(
    account: Account, mirror_url: str, elsewhere: str, tmp_path: Path
) -> None:
    backup = back_up(mirror_url, tmp_path / "new" / "backups", AT)

    file = Path(backup.file)
    assert (file.stem.endswith("-20261130T054500Z"), backup.size) == (True, file.stat().st_size)
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert [one.name for one in file.parent.iterdir()] == [file.name]
    assert newest(mirror_url, file.parent) == AT
    restored = restore(elsewhere, file, AT)
    assert restored.before is None
    sql = Sql(elsewhere, "postgres")
    with closing(sql.conn):
        query = "SELECT id, email_address FROM contacts ORDER BY id"
        assert sql(query) == account.sql(query) != []


def test_the_oldest_backups_go(account: Account, mirror_url: str, tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "other-20200101T000000Z.db").touch()
    made = [back_up(mirror_url, tmp_path / "b", AT + timedelta(days=n), keep=2) for n in range(3)]

    left = {file.name for file in (tmp_path / "b").iterdir()}
    assert left == {Path(b.file).name for b in made[1:]} | {"other-20200101T000000Z.db"}
    assert made[2].removed == (Path(made[0].file).name,)


def test_which_are_the_oldest() -> None:
    names = ["m-20260102T000000Z.db", "m-20260101T000000Z.db", "m-20260103T000000Z.dump"]
    others = ["m.db", "n-20250101T000000Z.db", "m-20250101T000000Z.db-wal", ".m-x.part"]

    assert surplus(names + others, "m", 1) == ["m-20260101T000000Z.db", "m-20260102T000000Z.db"]
    assert surplus(names, "m", 5) == surplus(names, "m", None) == []


def test_one_from_the_future_does_not_take_the_place_of_a_new_one(
    account: Account, mirror_url: str, tmp_path: Path
) -> None:
    back_up(mirror_url, tmp_path, AT + timedelta(days=300))

    made = back_up(mirror_url, tmp_path, AT, keep=1)

    assert (Path(made.file).exists(), made.removed) == (True, ())


def test_one_that_is_stopped_leaves_nothing(
    account: Account, mirror_url: str, tmp_path: Path
) -> None:
    with pytest.raises(Interrupted, match="no backup was made"):
        back_up(mirror_url, tmp_path / "b", AT, is_stopped=lambda: True)

    assert list((tmp_path / "b").iterdir()) == []


def test_what_a_killed_one_has_left_goes_a_day_later(
    account: Account, mirror_url: str, tmp_path: Path
) -> None:
    stem = Path(back_up(mirror_url, tmp_path / "b", AT).file).stem
    old, young, other = (
        tmp_path / "b" / name for name in (f".{stem}.1.part", f".{stem}.2.part", ".other.3.part")
    )
    for file in (old, young, other):
        file.touch()
    os.utime(old, (0, 0))
    os.utime(other, (0, 0))

    back_up(mirror_url, tmp_path / "b", datetime.now(UTC))

    assert (old.exists(), young.exists(), other.exists()) == (False, True, True)


@pytest.mark.parametrize("content", [b"", b"no backup", b"PGDMP\x01\x0e", b"SQLite format 3\x00"])
def test_a_file_that_is_no_backup_is_refused(
    mirror_url: str, elsewhere: str, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "file").write_bytes(content)

    with pytest.raises(MirrorError, match="is no backup of a mirror, or is damaged"):
        restore(elsewhere, tmp_path / "file", AT)


def test_a_backup_that_is_cut_off_is_refused(
    account: Account, mirror_url: str, elsewhere: str, tmp_path: Path
) -> None:
    file = Path(back_up(mirror_url, tmp_path, AT).file)
    file.write_bytes(file.read_bytes()[: file.stat().st_size * 2 // 3])

    with pytest.raises(MirrorError, match="is damaged"):
        restore(elsewhere, file, AT)


@SQLITE_ONLY
def test_what_was_there_before_stays_beside_it(
    account: Account, mirror_url: str, tmp_path: Path
) -> None:
    backup = back_up(mirror_url, tmp_path / "b", AT)
    account.sql("UPDATE contacts SET first_name = 'After'")

    restored = restore(mirror_url, Path(backup.file), AT)

    before = Sql(f"sqlite:///{restored.before}", "")
    after = Sql(mirror_url, "")
    with closing(before.conn), closing(after.conn):
        query = "SELECT count(*) FROM contacts WHERE first_name = 'After'"
        assert (before(query)[0][0] > 0, after(query)) == (True, [(0,)])
    assert restored.before == f"{mirror_url.removeprefix('sqlite:///')}.before-20261130T054500Z"


@SQLITE_ONLY
def test_a_log_that_a_reader_holds_stays_with_the_file_that_it_belongs_to(
    account: Account, mirror_url: str, tmp_path: Path
) -> None:
    backup = back_up(mirror_url, tmp_path / "b", AT)
    reader = Sql(mirror_url, "")
    with closing(reader.conn):
        reader("BEGIN")
        reader("SELECT count(*) FROM contacts")
        account.sql("UPDATE contacts SET first_name = 'After'")
        assert Path(f"{account.sql.path}-wal").stat().st_size

        restored = restore(mirror_url, Path(backup.file), AT)

    query = "SELECT count(*) FROM contacts WHERE first_name = 'After'"
    before, after = Sql(f"sqlite:///{restored.before}", ""), Sql(mirror_url, "")
    with closing(before.conn), closing(after.conn):
        assert (before(query)[0][0] > 0, after(query)) == (True, [(0,)])
        assert after("PRAGMA integrity_check") == [("ok",)]


def instead_of_pg_dump(folder: Path, monkeypatch: pytest.MonkeyPatch, *lines: str) -> Path:
    """A program of that name that runs these lines and fails."""
    program = folder / "pg_dump"
    program.write_text("\n".join(["#!/bin/sh", *lines, "exit 1"]))
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return program


@POSTGRESQL_ONLY
def test_a_database_that_is_not_empty_is_left_alone(
    account: Account, mirror_url: str, tmp_path: Path
) -> None:
    backup = back_up(mirror_url, tmp_path / "b", AT)

    with pytest.raises(MirrorError, match="is not empty: rename it"):
        restore(mirror_url, Path(backup.file), AT)


@POSTGRESQL_ONLY
def test_a_machine_without_pg_dump_is_told_what_to_install(
    account: Account, mirror_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(MirrorError, match=r"pg_dump is not installed.*postgresql-client"):
        back_up(mirror_url, tmp_path / "b", AT)


@POSTGRESQL_ONLY
def test_what_pg_dump_quotes_is_not_told(
    account: Account, mirror_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    instead_of_pg_dump(
        tmp_path,
        monkeypatch,
        "echo 'pg_dump: error: invalid value: \"words of a row\"' >&2",
        "echo 'DETAIL: Key (words of a row)' >&2",
    )

    with pytest.raises(MirrorError, match="pg_dump: error: invalid value") as refused:
        back_up(mirror_url, tmp_path / "b", AT)

    assert "words of a row" not in str(refused.value)


@POSTGRESQL_ONLY
def test_no_user_of_the_machine_sees_the_password(
    account: Account, mirror_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program in the place of `pg_dump` notes how it was called."""
    program = instead_of_pg_dump(
        tmp_path, monkeypatch, 'echo "$@" > "$0.called"', 'printf %s "$PGPASSWORD" > "$0.secret"'
    )

    with pytest.raises(MirrorError, match="pg_dump fails on PostgreSQL database"):
        back_up(mirror_url.replace("@", ":hunter2@"), tmp_path / "b", AT)

    assert "hunter2" not in Path(f"{program}.called").read_text()
    assert Path(f"{program}.secret").read_text() == "hunter2"


def test_nothing_is_restored_without_a_yes(
    account: Account, mirror_url: str, elsewhere: str, tmp_path: Path
) -> None:
    backup = back_up(mirror_url, tmp_path / "b", AT)

    def refuse(revision: str) -> None:
        raise UsageError(f"no: {revision}")

    with pytest.raises(UsageError, match=r"no: \d{4}"):
        restore(elsewhere, Path(backup.file), AT, refuse)

    restore(elsewhere, Path(backup.file), AT)  # it is as empty as it was


def test_a_folder_that_cannot_be_made_is_named(mirror_url: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(UsageError, match=r"file/b can't be written: Not a directory"):
        back_up(mirror_url, tmp_path / "file" / "b", AT)
