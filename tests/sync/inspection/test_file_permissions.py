"""Who may read and write the files of a mirror, as `doctor` says it."""

from __future__ import annotations

import os
import pwd
import tempfile
from pathlib import Path

import pytest

from cfsync.config import load
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


@pytest.mark.skipif(os.getuid() != 0, reason="needs another user")
def test_a_lock_that_a_command_of_root_has_made_is_named() -> None:
    with tempfile.TemporaryDirectory(prefix="cfsync-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        lock = Path(folder, "cf.db.push-lock")
        lock.touch(mode=0o644)
        settings = load(environ={"CFSYNC_DATABASE__URL": f"sqlite:///{folder}/cf.db"})
        assert [c.state for c in file_permissions.check(settings, None)] == ["ok"]

        os.seteuid(pwd.getpwnam("nobody").pw_uid)
        try:
            (check,) = file_permissions.check(settings, None)
        finally:
            os.seteuid(0)

    assert check.text.startswith(f"this user may not write {lock}, which belongs to root")
