"""`cfsync migrate`: the tables are those of `schema.py`, once, however many ask at once."""

from __future__ import annotations

import asyncio
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.config import Config
from alembic.script import ScriptDirectory

from cfsync.errors import MirrorError
from cfsync.mirror import migrate as migrating
from cfsync.mirror.db.connect import place_of
from cfsync.mirror.db.engine import Mirror
from cfsync.mirror.db.tables import TABLES, metadata
from cfsync.mirror.migrate import MigrateResult, check, claim_teams, migrate
from tests.conftest import Postgres, Sql

NEWEST = migrating.REVISIONS[-1]

assert dict(TABLES)  # each is made when it is first asked for, and then stands in `metadata`


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Nothing there yet: no file, an empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/cfsync.db"
        return
    server: Postgres = request.getfixturevalue("postgres")
    name = server.create()
    yield server.url(name)
    server.drop(name)


def opened(url: str, *, must_exist: bool = True) -> Mirror:
    return Mirror.open(url, must_exist=must_exist, clock=lambda: datetime.now(UTC))


def test_a_fresh_mirror_has_the_tables_that_queries_expect(mirror: Mirror) -> None:
    def compare(tx: Any) -> dict[str, Any]:
        found = sa.inspect(tx.conn)
        return {
            name: _added_last(
                name,
                [
                    (
                        c["name"],
                        _kind(c["type"].compile(tx.conn.dialect)),
                        bool(c.get("primary_key")),
                    )
                    for c in _with_keys(found, table)
                ],
            )
            for name, table in metadata.tables.items()
        }

    def wanted(tx: Any) -> dict[str, Any]:
        return {
            name: _added_last(
                name,
                [
                    (c.name, _kind(c.type.compile(tx.conn.dialect)), c.primary_key)
                    for c in t.columns
                ],
            )
            for name, t in metadata.tables.items()
        }

    assert asyncio.run(mirror.read(compare)) == asyncio.run(mirror.read(wanted))


ADDED = set(
    re.findall(
        r"ALTER TABLE (\w+) ADD COLUMN (\w+)",
        (migrating._migrations() / "versions" / "0002_columns_sqlite.sql").read_text(),
    )
)
"""(table, column) of those that a later revision has added behind all others."""


def _added_last(table: str, columns: list[Any]) -> list[Any]:
    return sorted(columns, key=lambda c: (table, c[0]) in ADDED)


def _with_keys(found: sa.Inspector, table: sa.Table) -> list[Any]:
    keys = found.get_pk_constraint(table.name, table.schema)["constrained_columns"]
    columns = found.get_columns(table.name, table.schema)
    return [dict(c) | {"primary_key": c["name"] in keys} for c in columns]


def _kind(name: str) -> str:
    same = {"INTEGER": "BIGINT", "REAL": "DOUBLE", "DOUBLE PRECISION": "DOUBLE"}
    return same.get(name, name)


def test_nothing_is_there_that_queries_do_not_know(mirror: Mirror) -> None:
    names = asyncio.run(mirror.read(lambda tx: sa.inspect(tx.conn).get_table_names()))

    assert set(names) - set(metadata.tables) - {"sqlite_sequence"} == (
        {"cf_schema", "cf_writer", "cf_replaced"}
        if mirror.dialect.name == "sqlite"
        else {"cf_schema", "cf_horizons"}
    )


def test_the_first_migrate_makes_everything_and_the_second_nothing(empty_url: str) -> None:
    place = str(place_of(empty_url))

    assert migrate(empty_url) == MigrateResult(place, None, NEWEST, True)
    assert migrate(empty_url) == MigrateResult(place, NEWEST, NEWEST, False)


def test_four_at_once_all_succeed_and_one_of_them_works(empty_url: str) -> None:
    code = (
        "import sys; from cfsync.mirror.migrate import migrate; print(migrate(sys.argv[1]).changed)"
    )
    runs = [
        subprocess.Popen([sys.executable, "-c", code, empty_url], stdout=-1, stderr=-1, text=True)
        for _ in range(4)
    ]

    answers = [run.communicate() for run in runs]

    assert sorted(out for out, _ in answers) == ["False\n"] * 3 + ["True\n"], answers


def test_a_newer_schema_is_refused(mirror_url: str, sql: Sql) -> None:
    sql("UPDATE cf_schema SET version_num = '9999'")
    words = r"was made by a newer cfsync \(9999\): upgrade cfsync"
    mirror = opened(mirror_url)

    with pytest.raises(MirrorError, match=words):
        asyncio.run(check(mirror))
    with pytest.raises(MirrorError, match=words):
        migrate(mirror_url)

    mirror.close()


def test_an_older_schema_is_refused_with_the_command(mirror_url: str, sql: Sql) -> None:
    mirror = opened(mirror_url)
    asyncio.run(check(mirror))
    sql("DELETE FROM cf_schema")

    with pytest.raises(MirrorError, match="has an older schema: run cfsync migrate"):
        asyncio.run(check(mirror))

    mirror.close()


def test_triggers_of_an_older_version_are_replaced(empty_url: str) -> None:
    migrate(empty_url)
    _change(empty_url, "UPDATE cf_meta SET value = '0.0.0 other' WHERE key = 'capture'")
    mirror = opened(empty_url)
    with pytest.raises(MirrorError, match="run cfsync migrate"):
        asyncio.run(check(mirror))

    assert migrate(empty_url).recaptured

    asyncio.run(check(mirror))
    mirror.close()


def test_triggers_of_a_newer_version_serve_and_stay(empty_url: str) -> None:
    migrate(empty_url)
    _change(empty_url, "UPDATE cf_meta SET value = '999.0 other' WHERE key = 'capture'")
    mirror = opened(empty_url)

    asyncio.run(check(mirror))
    assert not migrate(empty_url).changed

    mirror.close()


def test_users_own_views_and_indexes_survive(empty_url: str) -> None:
    migrate(empty_url)
    _change(
        empty_url,
        "CREATE VIEW mine AS SELECT order_id, amount FROM order_line_items",
        "CREATE INDEX mine_too ON contacts (first_name)",
        "UPDATE cf_meta SET value = '0.0.0 other' WHERE key = 'capture'",
    )

    assert migrate(empty_url).recaptured

    _change(empty_url, "DROP VIEW mine", "DROP INDEX mine_too")


def _change(url: str, *statements: str) -> None:
    engine = place_of(url).engine()
    with engine.begin() as conn:
        for statement in statements:
            conn.exec_driver_sql(statement)
    engine.dispose()


def test_a_migration_that_fails_leaves_nothing(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_conn: sa.Connection) -> bool:
        raise MirrorError("no")

    monkeypatch.setattr(migrating.capture, "install", fail)
    with pytest.raises(MirrorError, match="no"):
        migrate(empty_url)

    with pytest.raises(MirrorError, match="no mirror at"):
        opened(empty_url)


def test_the_list_of_revisions_is_complete() -> None:
    config = Config()
    config.set_main_option("script_location", str(migrating._migrations()))
    history = [r.revision for r in ScriptDirectory.from_config(config).walk_revisions()]

    assert tuple(reversed(history)) == migrating.REVISIONS


def test_the_migrations_inside_the_package_come_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "cfsync"
    shutil.copytree(migrating._migrations(), package / "migrations")
    monkeypatch.setattr(migrating.cfsync, "__file__", str(package / "__init__.py"))

    assert migrating._migrations() == package / "migrations"


def test_a_mirror_belongs_to_its_teams(mirror: Mirror) -> None:
    asyncio.run(mirror.write(claim_teams, [1, 2]))
    asyncio.run(mirror.write(claim_teams, [2, 3]))
    asyncio.run(mirror.write(claim_teams, [3]))

    with pytest.raises(MirrorError, match="holds team 1, 2, 3 and the token shows team 4, 5"):
        asyncio.run(mirror.write(claim_teams, [5, 4]))


@pytest.mark.parametrize("name", ["contacts", "order_line_items", "cf_meta"])
def test_a_database_with_a_relation_of_our_name_is_refused_and_left_alone(
    empty_url: str, name: str
) -> None:
    file = Path(empty_url.removeprefix("sqlite:///"))
    statement = f"CREATE TABLE {name} (mine TEXT)"
    if empty_url.startswith("sqlite"):
        sqlite3.connect(file).execute(statement).connection.close()
    else:
        _change(empty_url, statement)
    before = file.read_bytes() if file.is_file() else b""

    words = f" has a table or view {name} that cfsync did not make: rename it, or give another"
    with pytest.raises(MirrorError, match=words):
        migrate(empty_url)
    for must_exist in (True, False):
        with pytest.raises(MirrorError, match=words):
            opened(empty_url, must_exist=must_exist)

    assert (file.read_bytes() if file.is_file() else b"") == before
    _change(empty_url, f"DROP TABLE {name}")
    assert migrate(empty_url).changed


@pytest.mark.parametrize(
    "kind", ["TABLE customers (mine TEXT)", "VIEW customers AS SELECT 1 AS mine"]
)
def test_an_upgrade_leaves_a_relation_with_the_name_of_a_new_view_alone(
    empty_url: str, kind: str
) -> None:
    migrate(empty_url)
    _change(
        empty_url,
        "DROP VIEW customers",
        f"CREATE {kind}",
        "UPDATE cf_meta SET value = '0.0.0 other' WHERE key = 'capture'",
        "UPDATE cf_meta SET value = replace(value, 'view customers', 'view old')"
        " WHERE key = 'capture_objects'",
    )

    with pytest.raises(MirrorError, match="has a table or view customers that cfsync did not make"):
        migrate(empty_url)

    _change(empty_url, "SELECT mine FROM customers", f"DROP {kind.split()[0]} customers")
    assert migrate(empty_url).recaptured


def test_a_url_may_name_the_schema_that_holds_the_mirror(postgres: Postgres) -> None:
    name = postgres.create()
    _change(postgres.url(name), "CREATE SCHEMA crm", "CREATE TABLE contacts (mine TEXT)")
    url = f"{postgres.url(name)}&options=-csearch_path%3Dcrm"

    assert migrate(url).changed
    assert not migrate(url).changed

    mirror = opened(url)
    asyncio.run(check(mirror))
    asyncio.run(mirror.write(claim_teams, [1]))
    mirror.close()
    with pytest.raises(MirrorError, match="has a table or view contacts that cfsync did not make"):
        opened(postgres.url(name))
    postgres.drop(name)
