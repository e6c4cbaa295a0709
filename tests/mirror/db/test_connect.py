"""A mirror that can't be opened says so in one line, with what to do and without a password."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from cfsync.errors import MirrorError
from cfsync.mirror.db.connect import place_of
from cfsync.mirror.db.engine import Mirror
from tests.conftest import ROLES, Postgres


def problem(url: str, *, must_exist: bool = True) -> str:
    with pytest.raises(MirrorError) as caught:
        Mirror.open(url, must_exist=must_exist, clock=lambda: datetime.now(UTC))
    text = str(caught.value)
    assert "\n" not in text
    assert "s3cret" not in text
    return text


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/cfsync.db"

    assert problem(url) == f"no mirror at {tmp_path}/cfsync.db: run cfsync backfill"
    assert not (tmp_path / "cfsync.db").exists()


def test_a_relative_path_is_told_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert problem("sqlite:///x.db") == f"no mirror at {tmp_path}/x.db: run cfsync backfill"


def test_a_file_that_holds_no_mirror(tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()

    assert problem(f"sqlite:///{tmp_path}/empty.db").startswith("no mirror at ")


def test_a_new_file_is_closed_to_strangers(tmp_path: Path) -> None:
    file = tmp_path / "new.db"

    Mirror.open(f"sqlite:///{file}", must_exist=False, clock=lambda: datetime.now(UTC)).close()

    assert file.stat().st_mode & 0o007 == 0


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("hello " * 1000)

    assert "is not an SQLite database; check database.url" in problem(
        f"sqlite:///{tmp_path}/text.db"
    )


def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a/b.db"

    assert problem(url, must_exist=False) == (
        f"no directory {tmp_path}/a: make it or change database.url"
    )


def test_a_directory_instead_of_a_file(tmp_path: Path) -> None:
    assert "is a directory: give a file" in problem(f"sqlite:///{tmp_path}")


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "sqlite:///file:x?uri=true"])
def test_a_mirror_that_would_not_last(url: str) -> None:
    assert problem(url) == "the mirror must be a file: set database.url to sqlite:///PATH"


@pytest.mark.parametrize("url", ["mysql://me:s3cret@host/db", "s3cret", "", "http://x:s3cret@y"])
def test_another_kind_of_database(url: str) -> None:
    assert problem(url) == (
        "database.url must be sqlite:///PATH or postgresql://USER@HOST/DATABASE"
    )


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql:///me:s3cret@db/shop", "must be sqlite:///PATH or postgresql://USER@HOST"),
        ("sqlite:///no/me:s3cret@db/shop", "must be sqlite:///PATH or postgresql://USER@HOST"),
        ("postgresql://me:s3cret@s3cret@db/shop", "write an @ in the password as %40"),
        ("postgresql:///shop?host=db;password=s3cret", "separate its parameters by &"),
    ],
)
def test_a_url_that_would_take_a_password_for_something_else(url: str, words: str) -> None:
    assert words in problem(url)
    assert "s3cret" not in problem(url)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (
            "postgresql://me:s3cret@127.0.0.1:1/shop?s3cret=1",
            "database.url has a parameter that PostgreSQL doesn't know; write a ? in the password"
            " as %3F",
        ),
        ("sqlite:///x.db?timeout=s3cret", "takes no parameters behind a ? for SQLite"),
    ],
)
def test_a_parameter_that_does_not_exist(url: str, words: str) -> None:
    assert words in problem(url)
    with pytest.raises(MirrorError) as caught:
        place_of(url).check()
    assert (caught.value.exit_code, words in str(caught.value)) == (2, True)


def test_a_server_that_is_down() -> None:
    text = problem("postgresql://me:s3cret@127.0.0.1:1/shop")

    assert text.startswith("PostgreSQL database shop at 127.0.0.1:1 can't be reached: ")


def test_a_database_that_does_not_exist(postgres: Postgres) -> None:
    text = problem(postgres.url("nothing"))

    assert text == (
        f"PostgreSQL database nothing at {postgres.folder} can't be reached:"
        ' database "nothing" does not exist'
    )


def test_a_role_that_does_not_exist(postgres: Postgres) -> None:
    assert "can't be reached" in problem(postgres.url("postgres", "nobody:s3cret"))


def test_a_database_without_a_mirror(postgres: Postgres) -> None:
    assert problem(postgres.url("template1")) == (
        f"no mirror at PostgreSQL database template1 at {postgres.folder}: run cfsync backfill"
    )


def test_a_database_without_a_mirror_for_a_role_that_can_not_make_one(postgres: Postgres) -> None:
    name = postgres.create()
    with psycopg.connect(postgres.dsn(name), autocommit=True) as conn:
        conn.execute(ROLES.read_text())

    for must_exist in (True, False):
        text = problem(postgres.url(name, "cfsync_daemon"), must_exist=must_exist)
        assert text == (
            f"no mirror at PostgreSQL database {name} at {postgres.folder}: this role may not do"
            " that; run `cfsync migrate` as the owner (deploy/roles.sql)"
        )
    assert "run cfsync backfill" in problem(postgres.url(name, "cfsync_owner"))


def test_the_driver_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)

    assert problem("postgresql://me:s3cret@host/db") == (
        "PostgreSQL needs its driver: pip install 'cfsync[postgres]'"
    )


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_all_spellings_of_postgresql_lead_there(scheme: str) -> None:
    assert "at 127.0.0.1:1 can't be reached" in problem(f"{scheme}://me@127.0.0.1:1/shop")


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_a_database_of_another_encoding(postgres: Postgres, encoding: str) -> None:
    name = f"in_{encoding.lower()}"
    with psycopg.connect(postgres.dsn("postgres"), autocommit=True) as conn:
        options = f"TEMPLATE template0 ENCODING '{encoding}' LOCALE 'C' STRATEGY FILE_COPY"
        conn.execute(f"CREATE DATABASE {name} {options}")

    assert problem(postgres.url(name), must_exist=False) == (
        f"PostgreSQL database {name} at {postgres.folder} has the encoding {encoding}:"
        " make one with UTF8"
    )
    postgres.drop(name)
