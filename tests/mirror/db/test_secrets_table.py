"""`cf_secrets` stands apart from the mirror, where nobody but cfsync reads it."""

from __future__ import annotations

import asyncio
import os
import pwd
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cfsync.errors import MirrorError
from cfsync.mirror.bookkeeping import webhook_secrets
from cfsync.mirror.db import statements
from cfsync.mirror.db.engine import Mirror, Tx
from cfsync.mirror.db.tables import SECRETS
from cfsync.mirror.migrate import migrate
from cfsync.mirror.progress import meta
from tests.conftest import POSTGRESQL_ONLY, SQLITE_ONLY, Sql

SECRET = "whsec-0123456789"
ROW = {
    "resource": "webhook_endpoints",
    "record_id": 5,
    "field": "webhook_secret",
    "value": SECRET,
    "since": "2026-01-01T00:00:00.000Z",
}


def keep(mirror: Mirror) -> None:
    asyncio.run(mirror.write(statements.upsert, SECRETS, [ROW]))


def kept(mirror: Mirror) -> list[Any]:
    def values(tx: Tx) -> list[Any]:
        return list(tx.conn.execute(SECRETS.select()).mappings())

    return [row["value"] for row in asyncio.run(mirror.read(values))]


def opened(url: str) -> Mirror:
    return Mirror.open(url, must_exist=True, clock=lambda: datetime.now(UTC))


def test_they_are_read_where_they_were_written(mirror: Mirror) -> None:
    keep(mirror)

    assert kept(mirror) == [SECRET]


@SQLITE_ONLY
def test_the_file_of_the_mirror_and_its_copies_hold_none(mirror: Mirror, tmp_path: Path) -> None:
    keep(mirror)
    copy = tmp_path / "copy.db"
    with closing(sqlite3.connect(tmp_path / "cfsync.db")) as analyst:
        analyst.execute("VACUUM INTO ?", (str(copy),))
        names = [name for (name,) in analyst.execute("SELECT name FROM sqlite_master")]

    assert "cf_secrets" not in names
    shown = [tmp_path / "cfsync.db", tmp_path / "cfsync.db-wal", copy]
    assert not any(SECRET.encode() in file.read_bytes() for file in shown)
    assert SECRET.encode() in (tmp_path / "cfsync.db-secrets").read_bytes()


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o177, 0o777])
def test_their_file_is_for_its_owner_alone(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        migrate(f"sqlite:///{tmp_path}/cfsync.db")
    finally:
        os.umask(before)

    assert (tmp_path / "cfsync.db-secrets").stat().st_mode & 0o777 == 0o600


@POSTGRESQL_ONLY
def test_only_the_owner_and_the_daemon_may_read_them(mirror_url: str, sql: Sql) -> None:
    may_read = "SELECT has_table_privilege(?, 'cfsync_secrets.cf_secrets', 'SELECT')"
    may_enter = "SELECT has_schema_privilege(?, 'cfsync_secrets', 'USAGE')"
    sql("CREATE ROLE analyst_of_all")
    sql("GRANT SELECT ON ALL TABLES IN SCHEMA public TO analyst_of_all")

    rights = {
        role: (sql(may_enter, role), sql(may_read, role))
        for role in ("cfsync_owner", "cfsync_daemon", "cfsync_app", "analyst_of_all")
    }
    sql("DROP OWNED BY analyst_of_all")
    sql("DROP ROLE analyst_of_all")

    yes, no = ([(True,)], [(True,)]), ([(False,)], [(False,)])
    assert list(rights.values()) == [yes, yes, no, no]


def test_a_mirror_without_them_gets_an_empty_table(mirror_url: str, sql: Sql) -> None:
    if sql.is_sqlite:
        sql.path.with_name("cfsync.db-secrets").unlink(missing_ok=True)
        migrate(mirror_url)
    else:
        sql("DROP SCHEMA cfsync_secrets CASCADE")
        with (
            closing(opened(mirror_url)) as mirror,
            pytest.raises(MirrorError, match="no schema cfsync_secrets: run cfsync migrate"),
        ):
            kept(mirror)
        migrate(mirror_url.replace("cfsync_daemon", "postgres"))

    with closing(opened(mirror_url)) as mirror:
        keep(mirror)
        assert kept(mirror) == [SECRET]


@POSTGRESQL_ONLY
def test_an_owner_who_may_not_create_the_schema_is_told_what_helps(
    mirror_url: str, sql: Sql
) -> None:
    database = mirror_url.split("@/")[1].split("?")[0]
    sql("DROP SCHEMA cfsync_secrets CASCADE")
    sql(f"REVOKE CREATE ON DATABASE {database} FROM cfsync_owner")
    owner = mirror_url.replace("cfsync_daemon", "cfsync_owner")

    with pytest.raises(MirrorError) as caught:
        migrate(owner)

    assert f'GRANT CREATE ON DATABASE "{database}" TO "cfsync_owner"' in str(caught.value)
    sql(f"GRANT CREATE ON DATABASE {database} TO cfsync_owner")
    migrate(owner)


def test_a_file_that_is_no_database_is_named_with_what_helps(tmp_path: Path) -> None:
    migrate(f"sqlite:///{tmp_path}/cfsync.db")
    (tmp_path / "cfsync.db-secrets").write_text("hello " * 1000)

    with pytest.raises(MirrorError) as caught:
        opened(f"sqlite:///{tmp_path}/cfsync.db")

    assert str(caught.value) == (
        f"{tmp_path}/cfsync.db-secrets can't be used (file is not a database): restore it, or move"
        " it away and run cfsync webhooks rotate"
    )


@contextmanager
def another_user() -> Iterator[int]:
    """Within the block this process is `nobody`."""
    user = pwd.getpwnam("nobody")
    os.seteuid(user.pw_uid)
    try:
        yield user.pw_uid
    finally:
        os.seteuid(0)


@pytest.mark.skipif(os.getuid() != 0, reason="needs another user")
def test_another_user_can_do_what_needs_no_secret() -> None:
    with tempfile.TemporaryDirectory(prefix="cfsync-", dir="/tmp") as folder:
        file = Path(folder, "cfsync.db")
        migrate(f"sqlite:///{file}")
        with closing(opened(f"sqlite:///{file}")) as mirror:
            keep(mirror)
        for path in (Path(folder), file):
            path.chmod(0o777)

        with another_user(), closing(opened(f"sqlite:///{file}")) as mirror:
            asyncio.run(mirror.write(lambda tx: meta.put(tx.conn, "batch", "1")))
            with pytest.raises(MirrorError, match=r"cfsync\.db-secrets belongs to another user: "):
                asyncio.run(mirror.read(webhook_secrets.valid_secrets))


@pytest.mark.skipif(os.getuid() != 0, reason="needs another user")
def test_a_file_that_root_makes_belongs_to_the_owner_of_the_mirror() -> None:
    with tempfile.TemporaryDirectory(prefix="cfsync-", dir="/tmp") as folder:
        Path(folder).chmod(0o777)
        file = Path(folder, "cfsync.db")
        with another_user() as user:
            migrate(f"sqlite:///{file}")
        Path(folder, "cfsync.db-secrets").unlink()

        opened(f"sqlite:///{file}").close()

        made = Path(folder, "cfsync.db-secrets").stat()
        assert (made.st_uid, made.st_mode & 0o777) == (user, 0o600)
