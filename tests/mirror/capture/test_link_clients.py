"""The views of links, written by the programs that people use."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from collections.abc import Iterator

import pandas as pd
import psycopg
import pytest
import sqlalchemy as sa
from django.db import models
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlite_utils import Database

from tests.conftest import POSTGRESQL_ONLY, SQLITE_ONLY, Sql
from tests.mirror.conftest import Daemon
from tests.with_django import connected


class Base(DeclarativeBase):
    pass


class Link(Base):
    __tablename__ = "contact_tag_links"
    __mapper_args__ = {"confirm_deleted_rows": False}  # noqa: RUF012
    contact_id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True)
    tag_id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True)
    tag_name: Mapped[str | None]


class DjangoLink(models.Model):
    pk = models.CompositePrimaryKey("contact_id", "tag_id")
    contact_id = models.BigIntegerField()
    tag_id = models.BigIntegerField()
    workspace_id = models.BigIntegerField(null=True)
    tag_name = models.TextField(null=True)

    class Meta:
        app_label = "mirror"
        managed = False
        db_table = "contact_tag_links"


@pytest.fixture(autouse=True)
def _tags(ada: int, daemon: Daemon) -> None:
    daemon("contact_tags", *({"id": i, "workspace_id": 10, "name": f"T{i}"} for i in (1, 2, 3, 4)))


@pytest.fixture
def engine(app_sql: Sql) -> sa.Engine:
    if app_sql.is_sqlite:
        return sa.create_engine(f"sqlite:///{app_sql.path}", poolclass=sa.NullPool)
    return sa.create_engine(
        "postgresql+psycopg://",
        poolclass=sa.NullPool,
        creator=lambda: psycopg.connect(app_sql.dsn),
    )


def tags(sql: Sql) -> list[int]:
    return [t for (t,) in sql("SELECT tag_id FROM contact_tag_links WHERE contact_id = 5")]


def test_sqlalchemys_orm_adds_and_deletes_links(engine: sa.Engine, sql: Sql) -> None:
    with Session(engine) as session:
        session.add_all([Link(contact_id=5, tag_id=3), Link(contact_id=5, tag_id=4)])
        session.commit()
        session.delete(session.get_one(Link, (5, 1)))
        session.commit()

    assert tags(sql) == [2, 3, 4]


def test_pandas_appends_links(engine: sa.Engine, sql: Sql) -> None:
    frame = pd.DataFrame({"contact_id": [5, 5], "tag_name": ["T3", "T4"]})

    frame.to_sql("contact_tag_links", engine, if_exists="append", index=False)

    assert tags(sql) == [1, 2, 3, 4]


@pytest.fixture
def django(app_sql: Sql) -> Iterator[None]:
    with connected(app_sql):
        yield


def test_django_creates_saves_and_deletes_links(django: None, sql: Sql) -> None:
    made = DjangoLink.objects.create(contact_id=5, tag_id=3)
    made.save()
    DjangoLink(contact_id=5, tag_id=4, tag_name="T4").save()
    DjangoLink.objects.bulk_create([DjangoLink(contact_id=5, tag_id=t) for t in (3, 4)])
    _, is_new = DjangoLink.objects.get_or_create(contact_id=5, tag_id=4)
    DjangoLink.objects.get(contact_id=5, tag_id=1).delete()
    DjangoLink.objects.filter(tag_name="T2").delete()

    assert not is_new
    assert tags(sql) == [3, 4]


@SQLITE_ONLY
def test_sqlite_utils_inserts_links_by_a_statement(sql: Sql) -> None:
    """Its methods that take rows know tables only."""
    database = Database(sql.path)
    insert = "INSERT INTO contact_tag_links (contact_id, tag_id) VALUES (:contact, :tag)"
    with database.conn:
        for tag in (1, 3):
            database.execute(insert, {"contact": 5, "tag": tag})

    assert tags(sql) == [1, 2, 3]


@SQLITE_ONLY
@pytest.mark.parametrize("policy", ["IGNORE", "REPLACE", "FAIL", "ROLLBACK"])
def test_a_policy_of_sqlite_changes_nothing(sql: Sql, policy: str) -> None:
    insert = f"INSERT OR {policy} INTO contact_tag_links (contact_id, tag_id)"
    sql(f"{insert} VALUES (5, 1), (5, 3), (5, 3)")
    with pytest.raises(sqlite3.IntegrityError, match="the mirror has no such row in contacts"):
        sql(f"{insert} VALUES (5, 4), (99, 1)")

    assert sql.outbox() == [("update", "contacts", 5, {"tag_ids": [[1, 2], [1, 2, 3]]})]


@POSTGRESQL_ONLY
def test_postgresql_takes_on_conflict_and_returns_what_it_has_found(app_sql: Sql, sql: Sql) -> None:
    found = app_sql(
        "INSERT INTO contact_tag_links (contact_id, tag_name) VALUES (5, 'T1'), (5, 'T3')"
        " ON CONFLICT DO NOTHING RETURNING tag_id, workspace_id"
    )

    assert found == [(1, 10), (3, 10)]
    assert tags(sql) == [1, 2, 3]


@POSTGRESQL_ONLY
@pytest.mark.skipif(shutil.which("psql") is None, reason="no psql here")
def test_psql_copies_links(app_sql: Sql, sql: Sql) -> None:
    command = ["psql", "-X", "-d", app_sql.dsn, "-c"]
    copy = "\\copy contact_tag_links (contact_id, tag_name) FROM STDIN CSV"

    subprocess.run([*command, copy], input="5,T3\n5,T4\n", text=True, check=True)

    assert tags(sql) == [1, 2, 3, 4]
    assert len(sql.outbox()) == 1


@SQLITE_ONLY
@pytest.mark.skipif(shutil.which("sqlite3") is None, reason="no sqlite3 shell here")
def test_the_sqlite3_shell_inserts_links(sql: Sql) -> None:
    insert = "INSERT INTO contact_tag_links (contact_id, tag_id) VALUES ('5', '3')"

    subprocess.run(["sqlite3", sql.path, insert], check=True)

    assert sql.outbox() == [("update", "contacts", 5, {"tag_ids": [[1, 2], [1, 2, 3]]})]
