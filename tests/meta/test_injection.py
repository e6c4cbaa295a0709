"""Names from settings and commands are looked up, or sent as values: none becomes SQL or a path."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cfsync.config import load
from cfsync.errors import MirrorError, SettingsError, UnknownResource, UnknownWorkspace
from cfsync.mirror.db.engine import Mirror
from cfsync.mirror.migrate import migrate
from cfsync.resources import RESOURCES, named
from cfsync.sync.workspaces import choose
from tests.conftest import Postgres

EVIL = [
    *("../contacts", "..", "/etc/passwd", "//evil.example/x", "@evil.example", "contacts/../teams"),
    *("%2e%2e%2fteams", "contacts?after=1", "contacts#x", "contacts\0", "contacts\r\nHost: x"),
    *("contacts; DROP TABLE contacts", "contacts' OR '1'='1", 'contacts"--', "cf_secrets", ""),
]


@pytest.mark.parametrize("name", EVIL)
def test_a_name_that_is_no_resource_is_one_nowhere(name: str, tmp_path: Path) -> None:
    file = tmp_path / "cfsync.toml"
    key = "".join(c if c.isprintable() and c not in '"\\' else f"\\u{ord(c):04x}" for c in name)
    file.write_text(f'[resources."{key}"]\npull_every = "1m"\n')

    with pytest.raises(UnknownResource):
        named(name)
    with pytest.raises(SettingsError):
        load(file, {})
    with pytest.raises(UnknownWorkspace):
        choose([(7, "wLkAbc")], [name], [])


def test_a_file_may_be_called_whatever_it_likes(tmp_path: Path) -> None:
    name = "a'; DROP TABLE contacts; --.db"

    migrate(f"sqlite:///{tmp_path / name}")

    with closing(sqlite3.connect(tmp_path / name)) as connection:
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    assert set(RESOURCES) <= tables
    assert {path.name.partition(".db")[0] for path in tmp_path.iterdir()} == {name[:-3]}


@pytest.mark.parametrize("name", ['x"; DROP DATABASE postgres; --', "x'%20OR%20'1'='1", "../x"])
def test_a_database_that_is_none_is_said_in_one_line(postgres: Postgres, name: str) -> None:
    with pytest.raises(MirrorError) as caught:
        Mirror.open(postgres.url(name), must_exist=True, clock=lambda: datetime.now(UTC))

    assert len(str(caught.value).splitlines()) == 1
    Mirror.open(
        postgres.url(postgres.create()), must_exist=False, clock=lambda: datetime.now(UTC)
    ).close()
