"""Django's ORM meets refusals as it meets those of any database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import models, transaction
from django.db.utils import IntegrityError, ProgrammingError

from tests.conftest import Sql
from tests.mirror.conftest import Daemon
from tests.with_django import connected


class Contact(models.Model):
    """As a user would map it: some columns, none of cfsync's."""

    id = models.BigAutoField(primary_key=True)
    workspace_id = models.BigIntegerField(null=True)
    email_address = models.TextField(null=True)
    first_name = models.TextField(null=True)
    uuid = models.TextField(null=True)

    class Meta:
        app_label = "mirror"
        managed = False
        db_table = "contacts"


class DatedContact(models.Model):
    id = models.BigAutoField(primary_key=True)
    first_name = models.TextField(null=True)
    tags = models.JSONField(null=True)
    updated_at = models.DateTimeField(null=True)
    cf_synced_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "mirror"
        managed = False
        db_table = "contacts"


class Enrollment(models.Model):
    id = models.BigAutoField(primary_key=True)
    contact = models.ForeignKey(Contact, models.DO_NOTHING, db_constraint=False)
    course_id = models.BigIntegerField()

    class Meta:
        app_label = "mirror"
        managed = False
        db_table = "enrollments"


@pytest.fixture(autouse=True)
def _connected(app_sql: Sql) -> Iterator[None]:
    with connected(app_sql):
        yield


def test_get_or_create_and_update_or_create_find_the_row_with_the_email(ada: int, sql: Sql) -> None:
    found, made = Contact.objects.get_or_create(email_address="ada@example.com")
    assert (found.id, made) == (ada, False)

    new, made = Contact.objects.get_or_create(email_address="new@example.com")
    assert made
    saved, made = Contact.objects.update_or_create(
        email_address="new@example.com", defaults={"first_name": "Saved"}
    )
    assert (saved.id, made) == (new.id, False)

    assert [row[:3] for row in sql.outbox()] == [
        ("insert", "contacts", new.id),
        ("update", "contacts", new.id),
    ]


def test_a_known_email_is_an_integrity_error_after_which_the_transaction_goes_on(
    ada: int, sql: Sql
) -> None:
    """What `get_or_create` catches where another program was faster; here it is the case."""
    with transaction.atomic():
        with pytest.raises(IntegrityError):
            Contact.objects.get_or_create(email_address="ADA@example.com")
        Contact.objects.create(email_address="new@example.com")

    assert [row[3]["email_address"] for row in sql.outbox()] == [[None, "new@example.com"]]


def test_bulk_create_ignores_the_known_rows_where_it_is_told_to(ada: int, sql: Sql) -> None:
    emails = ["ada@example.com", "one@example.com", "ONE@example.com", "two@example.com"]

    Contact.objects.bulk_create([Contact(email_address=e) for e in emails], ignore_conflicts=True)

    assert [row[3]["email_address"][1] for row in sql.outbox()] == [emails[1], emails[3]]


def test_a_read_only_column_is_named(ada: int, sql: Sql) -> None:
    with pytest.raises((IntegrityError, ProgrammingError), match=r"contacts\.uuid is read-only"):
        Contact.objects.filter(id=ada).update(uuid="x")

    assert sql.outbox() == []


def test_the_save_of_an_object_that_has_changed_since_it_was_read_says_so(
    ada: int, daemon: Daemon, sql: Sql
) -> None:
    before = DatedContact.objects.get(id=ada)
    before.first_name = "Saved"
    before.save()
    answer = {"id": ada, "workspace_id": 10, "first_name": "Saved", "tags": [{"id": 7}]}
    daemon("contacts", answer | {"updated_at": "2025-06-01T00:00:00.000Z"})

    with pytest.raises(IntegrityError, match=r"contacts\.updated_at .*read it again, or .* cf_rev"):
        before.save()

    after = DatedContact.objects.get(id=ada)
    after.first_name = "Again"
    after.save()
    assert [row[3] for row in sql.outbox()] == [
        {"first_name": ["Ada", "Saved"]},
        {"first_name": ["Saved", "Again"]},
    ]


@pytest.mark.parametrize("in_bulk", [False, True])
def test_objects_that_are_created_are_saved_again_and_have_children(
    workspace: int, daemon: Daemon, sql: Sql, in_bulk: bool
) -> None:
    daemon("courses", {"id": 7, "workspace_id": workspace})
    if in_bulk:
        made = Contact.objects.bulk_create([Contact(first_name=name) for name in "dacb"])
    else:
        made = [Contact.objects.create(first_name=name) for name in "dacb"]
    for contact in made:
        Enrollment.objects.create(contact=contact, course_id=7)
        contact.email_address = f"{contact.first_name}@example.com"
        contact.save()

    assert sql(
        "SELECT c.first_name, c.email_address FROM enrollments e"
        " JOIN contacts c ON c.id = e.contact_id ORDER BY e.id"
    ) == [(name, f"{name}@example.com") for name in "dacb"]
    assert sql("SELECT DISTINCT workspace_id FROM contacts") == [(workspace,)]
