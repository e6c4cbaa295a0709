"""The SQL of the documents runs, on the databases that its fence names: `sql` on both."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Sql
from tests.meta.documents import Block, document, documents
from tests.meta.shop import RECORDS
from tests.mirror.conftest import Daemon

ROLE = re.compile(r"CREATE ROLE (\w+)")

with_sql = pytest.mark.parametrize(
    "name", [n for n in documents() if document(n).of("sql", "sqlite", "postgresql")]
)


FILE = re.compile(r"'/[\w/.]+/(\w+\.\w+)'")


def run(sql: Sql, block: Block, folder: Path) -> None:
    """Run a block; files that it names are in `folder` instead."""
    text = FILE.sub(rf"'{folder}/\1'", block.text)
    if sql.is_sqlite:
        sql.conn.executescript(text)
    else:
        sql.conn.execute(text)


def of_database(name: str, sql: Sql) -> list[Block]:
    return document(name).of("sql", "sqlite" if sql.is_sqlite else "postgresql")


@pytest.fixture
def shop(daemon: Daemon, sql: Sql) -> Iterator[Sql]:
    """A user of a mirror that has what the documents speak of."""
    for resource, records in RECORDS.items():
        daemon(resource, *records)
    yield sql
    if not sql.is_sqlite:
        for name in documents():
            for role in ROLE.findall("".join(b.text for b in document(name).of("postgresql"))):
                sql(f"DROP OWNED BY {role}") if _exists(sql, role) else None
                sql(f"DROP ROLE IF EXISTS {role}")


def _exists(sql: Sql, role: str) -> bool:
    return sql("SELECT to_regrole(?) IS NOT NULL", role) == [(True,)]


@with_sql
def test_it_runs_from_top_to_bottom(name: str, shop: Sql, tmp_path: Path) -> None:
    for block in of_database(name, shop):
        try:
            run(shop, block, tmp_path)
        except Exception as error:
            raise AssertionError(f"{name}:{block.line}: {error}") from error


@pytest.mark.parametrize("name", ["README.md", "docs/recipes.md", "docs/tables.md"])
def test_there_is_sql_for_both_databases(name: str) -> None:
    both, sqlite, postgresql = (len(document(name).of(k)) for k in ("sql", "sqlite", "postgresql"))

    assert both + sqlite >= 3
    assert both + postgresql >= 3
