"""What an analyst sees: all tables and views, nothing of cfsync's own."""

from __future__ import annotations

import json
import sqlite3
import stat
from pathlib import Path

import pytest
import sqlalchemy as sa

from cfsync.errors import MirrorError
from cfsync.mirror import analyst
from cfsync.mirror.db.connect import place_of
from tests.conftest import Sql


@pytest.fixture
def target(sql: Sql, tmp_path: Path) -> str:
    return str(tmp_path / "analyst.db") if sql.is_sqlite else "analyst"


def owned(url: str) -> str:
    return url.replace("cfsync_daemon@", "postgres@")


def seen(sql: Sql, target: str, statement: str) -> list[tuple[object, ...]]:
    if not sql.is_sqlite:
        return sql(statement.replace("FROM ", f"FROM {target}."))
    with sqlite3.connect(target) as conn:
        return conn.execute(statement).fetchall()


def test_it_has_the_rows_and_no_tables_of_cfsync(
    ada: int, sql: Sql, mirror_url: str, target: str
) -> None:
    made = analyst.make(owned(mirror_url), target)

    assert made == analyst.Made(target, len(analyst.relations()))
    assert seen(sql, target, "SELECT id, email_address FROM contacts") == [(5, "ada@example.com")]
    assert seen(sql, target, "SELECT count(*) FROM contact_tag_links") == [(2,)]
    url = f"sqlite:///{target}" if sql.is_sqlite else owned(mirror_url)
    engine = place_of(url).engine() if not sql.is_sqlite else sa.create_engine(url)
    found = sa.inspect(engine)
    schema = None if sql.is_sqlite else target
    names = {*found.get_table_names(schema), *found.get_view_names(schema)}
    assert names == set(analyst.relations())
    columns = {c["name"] for name in names for c in found.get_columns(name, schema)}
    engine.dispose()
    assert not {n for n in names | columns if n.startswith("cf_")}
    if sql.is_sqlite:
        assert stat.S_IMODE(Path(target).stat().st_mode) == 0o600


def test_what_has_its_name_is_left_alone(sql: Sql, mirror_url: str, target: str) -> None:
    if sql.is_sqlite:
        Path(target).write_text("mine")
    else:
        sql("CREATE SCHEMA analyst")

    with pytest.raises(MirrorError, match=r"exists: remove it|there is a schema analyst: drop it"):
        analyst.make(owned(mirror_url), target)

    if sql.is_sqlite:
        assert Path(target).read_text() == "mine"


def test_the_sql_that_is_printed_makes_the_same(ada: int, sql: Sql, mirror_url: str) -> None:
    statements = analyst.statements(mirror_url)

    for statement in statements:
        sql(statement.replace("'analyst.db'", "':memory:'"))

    assert sql("SELECT id FROM analyst.contacts") == [(5,)]
    assert json.dumps(statements).count("cf_") == 0
