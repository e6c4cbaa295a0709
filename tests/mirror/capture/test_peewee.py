"""peewee saves whole rows, and takes the id of a new one from RETURNING or `lastrowid`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from peewee import (
    BigAutoField,
    BigIntegerField,
    Database,
    ForeignKeyField,
    Model,
    PostgresqlDatabase,
    SqliteDatabase,
    TextField,
)

from tests.conftest import Sql
from tests.mirror.conftest import Daemon


class Contact(Model):  # type: ignore[misc]
    """As a user would map it."""

    id = BigAutoField()
    workspace_id = BigIntegerField(null=True)
    email_address = TextField(null=True)
    first_name = TextField(null=True)
    cf_rev = BigIntegerField(null=True)

    class Meta:
        table_name = "contacts"


class Enrollment(Model):  # type: ignore[misc]
    id = BigAutoField()
    contact = ForeignKeyField(Contact)
    course_id = BigIntegerField()

    class Meta:
        table_name = "enrollments"


@pytest.fixture(autouse=True)
def _connected(app_sql: Sql, workspace: int, daemon: Daemon) -> Iterator[None]:
    daemon("courses", {"id": 7, "workspace_id": workspace})
    database: Database = SqliteDatabase(app_sql.path)
    if not app_sql.is_sqlite:
        parts = dict(part.split("=") for part in app_sql.dsn.split())
        database = PostgresqlDatabase(parts["dbname"], host=parts["host"], user=parts["user"])
    with database.bind_ctx([Contact, Enrollment]), database.connection_context():
        yield


def test_an_object_that_is_saved_again_is_the_row_that_was_inserted(sql: Sql) -> None:
    for name in "ab":
        contact = Contact.create(email_address=f"{name}@example.com", first_name=name)
        Enrollment.create(contact=contact, course_id=7)
        contact.first_name = name.upper()
        contact.save()

    assert sql("SELECT email_address, first_name, workspace_id FROM contacts ORDER BY id") == [
        ("a@example.com", "A", 10),
        ("b@example.com", "B", 10),
    ]
    assert sql(
        "SELECT c.first_name FROM enrollments e JOIN contacts c ON c.id = e.contact_id"
        " ORDER BY e.id"
    ) == [("A",), ("B",)]


def test_a_row_that_was_read_is_saved_and_those_of_a_bulk_insert_are_captured(
    ada: int, sql: Sql
) -> None:
    contact = Contact.get_by_id(ada)
    contact.first_name = "Saved"
    contact.save()
    Contact.bulk_create([Contact(first_name=name) for name in "xy"])

    assert [(op, patch["first_name"]) for op, _, _, patch in sql.outbox()] == [
        ("update", ["Ada", "Saved"]),
        ("insert", [None, "x"]),
        ("insert", [None, "y"]),
    ]
