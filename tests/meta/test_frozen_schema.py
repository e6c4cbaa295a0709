"""A revision of the schema that mirrors have is never changed: a new one is added behind it."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

VERSIONS = Path(__file__).parents[2] / "migrations/versions"

FROZEN = {
    "0001_books_postgresql.sql": "8323ea4052299ee1",
    "0001_books_sqlite.sql": "7fe67ad6c1e91124",
    "0001_mirror.py": "fe6ce0e4f3465db6",
    "0001_tables_postgresql.sql": "b2908fb17098cfa2",
    "0001_tables_sqlite.sql": "5f10bed2aa555c5f",
    "0002_account.py": "41a8f916f50be89a",
    "0002_columns_postgresql.sql": "5e837ccd9cbb2156",
    "0002_columns_sqlite.sql": "f13e2a19e87db12e",
    "0002_tables_postgresql.sql": "b92a14c93551ed96",
    "0002_tables_sqlite.sql": "68e6557abc63a971",
    "0003_history.py": "2978cc6037b6d73c",
    "0003_history_postgresql.sql": "e24bb26bbb0aee18",
    "0003_history_sqlite.sql": "a573b13728d6e17f",
}
"""File of a revision -> the beginning of its SHA-256."""


@pytest.mark.parametrize("name", FROZEN)
def test_a_revision_stays_as_mirrors_have_it(name: str) -> None:
    digest = sha256((VERSIONS / name).read_bytes()).hexdigest()

    assert digest.startswith(FROZEN[name]), f"{name} has changed: add a revision instead"


def test_every_revision_is_frozen() -> None:
    assert {file.name for file in VERSIONS.iterdir() if file.is_file()} == set(FROZEN)
