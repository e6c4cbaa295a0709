"""Who may read and write the files of a mirror, as `doctor` says it."""

from __future__ import annotations

import os
import pwd
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cfsync.config import load
from cfsync.mirror.db.dialect.place import Files
from cfsync.mirror.db.dialect.sqlite.file import SQLiteFile
from cfsync.sync.inspection import file_permissions


def test_files_with_secrets_that_others_can_read_are_named(tmp_path: Path):
    token, database, config = tmp_path / "token", tmp_path / "cf.db", tmp_path / "cfsync.toml"
    token.write_text("hunter2")
    database.touch()
    config.write_text(f'[api]\ntoken_file = "{token}"\n[database]\nurl = "sqlite:///{database}"')
    secrets = tmp_path / "cf.db-secrets"
    secrets.touch()
    for path in (token, database, config):
        path.chmod(0o644)
    secrets.chmod(0o640)

    checks = file_permissions.check(load(config, {}), config)

    assert [c.text for c in checks] == [
        f"others can read {token}: chmod o-rwx {token}",
        f"others can read {database}: chmod o-rwx {database}",
        f"others can read {secrets}: chmod 600 {secrets}, then cfsync webhooks rotate",
    ]


@pytest.mark.parametrize(("mode", "state"), [(0o644, "todo"), (0o604, "todo"), (0o640, "ok")])
@pytest.mark.parametrize(
    "secret",
    [
        '[api]\ntoken = "hunter2"',
        '[web]\naccess_token = "hunter2"',
        '[database]\nurl = "postgresql://cfsync:hunter2@db/cf"',
        '[database]\nurl = "postgresql://cfsync@db/cf?sslpassword=hunter2"',
    ],
)
def test_a_config_file_with_a_secret_in_it_is_for_its_owner_alone(
    tmp_path: Path, mode: int, state: str, secret: str
):
    config = tmp_path / "cfsync.toml"
    config.write_text(secret)
    config.chmod(mode)

    (check,) = file_permissions.check(load(config, {}), config)

    assert check.state == state
    assert (str(config) in check.text) == (state == "todo")


def test_what_is_beside_the_mirror_and_the_backups_are_looked_at(tmp_path: Path):
    folder = tmp_path / "backups"
    folder.mkdir(mode=0o755)
    config = tmp_path / "cfsync.toml"
    config.write_text(f'[database]\nurl = "sqlite:///{tmp_path}/cf.db"\n[backup]\ndir = "{folder}"')
    data = [tmp_path / f"cf.db{end}" for end in ("", "-wal", "-shm", ".before-20261130T094500Z")]
    data.append(folder / "cf-20261130T094500Z.db")
    others = [tmp_path / "cf.db.push-lock", folder / "other-20261130T094500Z.db"]
    for path in (*data, *others):
        path.touch()
        path.chmod(0o644)

    checks = file_permissions.check(load(config, {}), config)

    assert [c.text for c in checks] == [f"others can read {p}: chmod o-rwx {p}" for p in data]
    folder.chmod(0o750)
    assert len(file_permissions.check(load(config, {}), config)) == len(data) - 1


def test_a_file_that_goes_while_the_check_looks_is_no_problem(tmp_path: Path, monkeypatch: Any):
    """As the log does that SQLite removes."""
    gone = Files([tmp_path / "cf.db-wal"], [tmp_path / "cf.db.push-lock"])
    monkeypatch.setattr(SQLiteFile, "files", lambda _: gone)
    settings = load(environ={"CFSYNC_DATABASE__URL": f"sqlite:///{tmp_path}/cf.db"})

    assert [c.state for c in file_permissions.check(settings, None)] == ["ok"]


@contextmanager
def as_nobody(group: int | None = None) -> Iterator[None]:
    """Act as another user, who is in no group but its own, or this one."""
    nobody, groups = pwd.getpwnam("nobody"), os.getgroups()
    os.setgroups([] if group is None else [group])
    os.setegid(nobody.pw_gid)
    os.seteuid(nobody.pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(groups)


@pytest.mark.skipif(os.getuid() != 0, reason="needs another user")
@pytest.mark.parametrize(
    ("is_member", "advice"),
    [
        (False, "root: give it to the user that runs cfsync (chown)"),
        (True, "root as the mirror does: run cfsync as that user"),
    ],
)
def test_a_lock_that_this_user_may_not_write_is_named(is_member: bool, advice: str) -> None:
    """A command that root ran has made it, or this user is a member of the mirror's group."""
    with tempfile.TemporaryDirectory(prefix="cfsync-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        lock, mirror = Path(folder, "cf.db.push-lock"), Path(folder, "cf.db")
        lock.touch(mode=0o644)
        group = 54_321
        if is_member:
            mirror.touch()
            mirror.chmod(0o660)
            for path in (mirror, lock):
                os.chown(path, 0, group)
        settings = load(environ={"CFSYNC_DATABASE__URL": f"sqlite:///{mirror}"})
        assert [c.state for c in file_permissions.check(settings, None)] == ["ok"]

        with as_nobody(group if is_member else None):
            (check,) = file_permissions.check(settings, None)

    assert check.text == f"this user may not write {lock}, which belongs to {advice}"
