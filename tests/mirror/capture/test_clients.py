"""The same capture whatever program writes: shells, drivers, object-relational mappers."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from typing import Any

import pandas as pd
import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.automap import automap_base
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

from cfsync.records import is_provisional
from tests.conftest import POSTGRESQL_ONLY, SQLITE_ONLY, Sql
from tests.mirror.conftest import Daemon


class Base(DeclarativeBase):
    pass


class Contact(Base):
    """As a user would map it: some columns, none of cfsync's."""

    __tablename__ = "contacts"
    id: Mapped[int] = mapped_column(
        sa.BigInteger, primary_key=True, autoincrement=False, server_default=sa.FetchedValue()
    )
    workspace_id: Mapped[int | None]
    email_address: Mapped[str | None]
    first_name: Mapped[str | None]
    custom_attributes: Mapped[Any] = mapped_column(sa.JSON(none_as_null=True))


@pytest.fixture
def engine(app_sql: Sql) -> sa.Engine:
    if app_sql.is_sqlite:
        return sa.create_engine(f"sqlite:///{app_sql.path}", poolclass=sa.NullPool)
    return sa.create_engine(
        "postgresql+psycopg://",
        poolclass=sa.NullPool,
        creator=lambda: psycopg.connect(app_sql.dsn),
    )


@pytest.fixture
def session(engine: sa.Engine) -> Iterator[Session]:
    with Session(engine) as opened:
        yield opened


class Plain(DeclarativeBase):
    """As somebody maps it who knows nothing of provisional ids."""


class Person(Plain):
    __tablename__ = "contacts"
    id: Mapped[int] = mapped_column(
        sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True
    )
    first_name: Mapped[str | None]


class Enrolled(Plain):
    __tablename__ = "enrollments"
    id: Mapped[int] = mapped_column(
        sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True
    )
    course_id: Mapped[int]
    contact_id: Mapped[int] = mapped_column(sa.ForeignKey("contacts.id"))
    contact: Mapped[Person] = relationship()


def test_children_that_the_orm_adds_with_their_parents_get_their_own(
    workspace: int, daemon: Daemon, session: Session, sql: Sql
) -> None:
    daemon("courses", {"id": 7, "workspace_id": 10})
    people = [Person(first_name=name) for name in "dacb"]
    session.add_all([*people, *(Enrolled(course_id=7, contact=p) for p in people)])
    session.commit()

    assert [p.id for p in people] == list(range(900_000_000_000_001, 900_000_000_000_005))
    assert sql(
        "SELECT c.first_name FROM enrollments e JOIN contacts c ON c.id = e.contact_id"
        " ORDER BY e.id"
    ) == [("d",), ("a",), ("c",), ("b",)]


@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection")
def test_models_that_are_reflected_add_children_with_their_parents_and_change_them_again(
    workspace: int, daemon: Daemon, engine: sa.Engine, session: Session, sql: Sql
) -> None:
    daemon("courses", {"id": 7, "workspace_id": 10})
    reflected = automap_base()
    reflected.prepare(engine, reflection_options={"only": ["contacts", "enrollments"]})
    person, enrolled = reflected.classes.contacts, reflected.classes.enrollments
    own = sa.orm.foreign(enrolled.contact_id) == person.id
    enrolled.person = relationship(person, primaryjoin=own)
    people = [person(first_name=name) for name in "dacb"]
    session.add_all([*people, *(enrolled(course_id=7, person=p) for p in people)])
    session.commit()
    for one in people:
        one.last_name = one.first_name.upper()
    session.commit()

    assert sql(
        "SELECT c.first_name, c.last_name FROM enrollments e JOIN contacts c ON c.id = e.contact_id"
        " ORDER BY e.id"
    ) == [("d", "D"), ("a", "A"), ("c", "C"), ("b", "B")]
    assert [op for op, resource, *_ in sql.outbox() if resource == "contacts"] == [
        *["insert"] * 4,
        *["update"] * 4,
    ]


def test_pandas_appends_rows(ada: int, engine: sa.Engine, sql: Sql) -> None:
    frame = pd.DataFrame({"email_address": ["x@e.org", "y@e.org"], "first_name": ["X", None]})

    frame.to_sql("contacts", engine, if_exists="append", index=False)

    assert [patch for _, _, _, patch in sql.outbox()] == [
        {"workspace_id": [None, 10], "email_address": [None, "x@e.org"], "first_name": [None, "X"]},
        {"workspace_id": [None, 10], "email_address": [None, "y@e.org"]},
    ]


@SQLITE_ONLY
def test_lastrowid_is_the_id(workspace: int, ada: int, sql: Sql) -> None:
    with sqlite3.connect(sql.path) as connection:
        ids = [
            connection.execute("INSERT INTO contacts (first_name) VALUES (?)", (name,)).lastrowid
            for name in "ab"
        ]
        connection.execute("DELETE FROM contacts WHERE id = ?", (ids[1],))
        ids.append(connection.execute("INSERT INTO contacts DEFAULT VALUES").lastrowid)

    assert ids == [900_000_000_000_001, 900_000_000_000_002, 900_000_000_000_003]
    assert sql("SELECT id FROM contacts ORDER BY id") == [(5,), (ids[0],), (ids[2],)]


def test_sqlalchemys_orm_changes_inserts_and_deletes(ada: int, session: Session, sql: Sql) -> None:
    contact = session.get_one(Contact, 5)
    contact.first_name = "Orm"
    contact.custom_attributes = {"size": "m", "colour": "red"}
    new = Contact(email_address="new@example.com", first_name="New")
    session.add(new)
    session.commit()
    new_id = new.id
    session.delete(contact)
    session.commit()

    assert is_provisional(new_id)
    assert sorted((row[0], row[2]) for row in sql.outbox()) == [
        ("delete", 5),
        ("insert", new_id),
        ("update", 5),
    ]


def test_an_orm_that_saves_all_columns_edits_those_that_changed(
    ada: int, app_sql: Sql, sql: Sql
) -> None:
    row = _read_all(app_sql, 5)

    _save_all(app_sql, row | {"first_name": "Saved"})

    assert sql.outbox() == [("update", "contacts", 5, {"first_name": ["Ada", "Saved"]})]


def test_a_stale_save_of_all_columns_is_refused(
    ada: int, daemon: Daemon, app_sql: Sql, sql: Sql
) -> None:
    row = _read_all(app_sql, 5)
    daemon("contacts", {"id": 5, "workspace_id": 10, "first_name": "Changed there"})

    with pytest.raises(
        (sqlite3.IntegrityError, psycopg.IntegrityError),
        match="contacts: changed in ClickFunnels since you read it; read it again",
    ):
        _save_all(app_sql, row | {"phone_number": "1"})

    assert sql.outbox() == []
    assert sql("SELECT first_name FROM contacts") == [("Changed there",)]


def _read_all(sql: Sql, row_id: int) -> dict[str, Any]:
    cursor = sql.conn.execute(f"SELECT * FROM contacts WHERE id = {row_id}")
    names = [column[0] for column in cursor.description]
    return dict(zip(names, cursor.fetchone(), strict=True))


def _save_all(sql: Sql, row: dict[str, Any]) -> None:
    """As Django's `save()`: UPDATE of every column, times in its own form."""
    names = [name for name in row if name != "id"]
    values = [_as_django_writes(sql, name, row[name]) for name in names]
    sets = ", ".join(f"{name} = ?" for name in names)
    sql(f"UPDATE contacts SET {sets} WHERE id = ?", *values, row["id"])


def _as_django_writes(sql: Sql, name: str, value: Any) -> Any:
    if isinstance(value, (dict, list)):
        return psycopg.types.json.Jsonb(value)
    if sql.is_sqlite and name.endswith("_at") and value is not None:
        return value.replace("T", " ").replace("Z", "000")
    return value


@SQLITE_ONLY
@pytest.mark.skipif(shutil.which("sqlite3") is None, reason="no sqlite3 shell here")
def test_the_sqlite3_shell(ada: int, sql: Sql) -> None:
    def shell(statement: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["sqlite3", sql.path, statement], capture_output=True, text=True)

    assert shell("UPDATE contacts SET first_name = 'Shell' WHERE id = 5").returncode == 0
    refused = shell("UPDATE contacts SET uuid = 'x'")

    assert "contacts.uuid is read-only in ClickFunnels" in refused.stderr
    assert sql.outbox() == [("update", "contacts", 5, {"first_name": ["Ada", "Shell"]})]


@POSTGRESQL_ONLY
@pytest.mark.skipif(shutil.which("psql") is None, reason="no psql here")
def test_psql(ada: int, app_sql: Sql, sql: Sql) -> None:
    def psql(statement: str) -> subprocess.CompletedProcess[str]:
        command = ["psql", "-X", "-d", app_sql.dsn, "-c", statement]
        return subprocess.run(command, capture_output=True, text=True)

    assert psql("UPDATE contacts SET first_name = 'Psql' WHERE id = 5").returncode == 0
    refused = psql("UPDATE contacts SET uuid = 'x'")

    assert "ERROR:  contacts.uuid is read-only in ClickFunnels" in refused.stderr
    assert sql.outbox() == [("update", "contacts", 5, {"first_name": ["Ada", "Psql"]})]


@POSTGRESQL_ONLY
def test_copy_is_an_insert(workspace: int, app_sql: Sql, sql: Sql) -> None:
    copy = "COPY contacts (email_address, first_name) FROM STDIN"
    with app_sql.conn.cursor().copy(copy) as rows:
        rows.write_row(("a@example.com", "A"))
        rows.write_row(("b@example.com", "B"))

    assert [row[0] for row in sql.outbox()] == ["insert", "insert"]


@POSTGRESQL_ONLY
def test_merge_is_caught(ada: int, app_sql: Sql, sql: Sql) -> None:
    app_sql(
        "MERGE INTO contacts c USING (VALUES (5, 'Merged'), (950000000000001, 'New'))"
        " AS v (id, name)"
        " ON c.id = v.id WHEN MATCHED THEN UPDATE SET first_name = v.name"
        " WHEN NOT MATCHED THEN INSERT (id, first_name) VALUES (v.id, v.name)"
    )

    assert sorted(row[:3] for row in sql.outbox()) == [
        ("insert", "contacts", 950000000000001),
        ("update", "contacts", 5),
    ]


def test_a_hundred_thousand_rows_in_one_update(
    workspace: int, write: Any, app_sql: Sql, sql: Sql
) -> None:
    write(_fill)
    app_sql("UPDATE contacts SET first_name = 'one' WHERE id = 1")

    app_sql("UPDATE contacts SET first_name = first_name || id, last_name = 'L'")

    assert sql("SELECT count(*), count(DISTINCT record_id) FROM cf_outbox") == [(100_001, 100_000)]
    patches = sql("SELECT patch FROM cf_outbox WHERE record_id = 77777")
    assert "x77777" in str(patches)


def _fill(tx: Any) -> None:
    series = {
        "sqlite": "WITH RECURSIVE s (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM s LIMIT 100000)"
        " INSERT INTO contacts (id, workspace_id, first_name, cf_rev) SELECT id, 10, 'x', 1 FROM s",
        "postgresql": "INSERT INTO contacts (id, workspace_id, first_name, cf_rev)"
        " SELECT id, 10, 'x', 1 FROM generate_series(1, 100000) AS s (id)",
    }
    tx.conn.exec_driver_sql(series[tx.dialect.name])
