"""Programs that keep a row and save all of it, again and again, while its edits are sent."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import models
from django.db.utils import IntegrityError, ProgrammingError

from tests.conftest import Sql
from tests.push.checks import in_clickfunnels, sent, settled
from tests.push.conftest import Account
from tests.with_django import connected

REFUSALS = (IntegrityError, ProgrammingError)


class Contact(models.Model):
    """As `inspectdb` would map it, but for the JSON that is of no use here."""

    id = models.BigAutoField(primary_key=True)
    workspace_id = models.BigIntegerField(null=True)
    public_id = models.TextField(null=True)
    email_address = models.TextField(null=True)
    first_name = models.TextField(null=True)
    last_name = models.TextField(null=True)
    tags = models.JSONField(null=True)
    tag_ids = models.JSONField(null=True)
    custom_attributes = models.JSONField(null=True)
    created_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(null=True)
    cf_rev = models.BigIntegerField(null=True)
    cf_synced_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "whole_rows"
        managed = False
        db_table = "contacts"


@pytest.fixture
def django(app_sql: Sql) -> Iterator[None]:
    with connected(app_sql):
        yield


def real_id(account: Account, local_id: int) -> int:
    return int(account.one("SELECT id FROM cf_ids WHERE local_id = ?", local_id))


def test_an_object_is_saved_again_before_and_after_its_record_exists(
    account: Account, django: None
) -> None:
    new = Contact.objects.create(email_address="new@example.com", first_name="New")
    new.first_name = "Renamed"
    new.save()
    account.push()
    new.id = real_id(account, new.id)
    for name in ("Again", "And again"):
        new.first_name = name
        new.save()
        account.push()

    assert in_clickfunnels(account, new.id) == "And again"
    assert [fields.keys() for _, fields in sent(account)[1:]] == [{"first_name"}] * 2
    kept = Contact.objects.get(id=new.id)
    assert kept.workspace_id == account.workspace
    assert None not in (kept.public_id, kept.created_at, kept.cf_rev, kept.cf_synced_at)
    assert kept.tag_ids == []


def test_an_object_is_saved_again_after_its_own_edits_were_sent(
    account: Account, django: None, contact: int
) -> None:
    held = Contact.objects.get(id=contact)
    tags = account.ids_of("contact_tags")
    for name in ("One", "Two", "Three"):
        held.first_name, held.tag_ids = name, tags if name == "One" else held.tag_ids
        held.save()
        account.push()

    assert in_clickfunnels(account, contact) == "Three"
    assert account.tags(contact) == sorted(tags)
    assert account.states() == ["done"] * 3
    now = Contact.objects.get(id=contact)
    assert now.updated_at > held.updated_at
    assert sorted(tag["id"] for tag in now.tags) == now.tag_ids


@pytest.mark.parametrize("theirs", ["while the edit waited", "since the edit was sent"])
def test_an_object_that_clickfunnels_has_changed_meanwhile_is_stale(
    account: Account, django: None, contact: int, theirs: str
) -> None:
    held = Contact.objects.get(id=contact)
    held.first_name = "Mine"
    held.save()
    if theirs == "while the edit waited":
        account.world.edit("contacts", contact, last_name="Theirs")
        account.push()
    else:
        account.push()
        account.world.edit("contacts", contact, last_name="Theirs")
        account.pull("contacts")

    with pytest.raises(IntegrityError, match="changed in ClickFunnels since you read it"):
        held.save()

    assert Contact.objects.get(id=contact).last_name == "Theirs"


@pytest.mark.parametrize("held_value", [{}, {"plan": ""}])
def test_an_object_with_an_empty_attribute_is_saved_again_and_again(
    account: Account, django: None, contact: int, held_value: dict[str, str]
) -> None:
    account.world.edit("contacts", contact, custom_attributes={"plan": "gold"})
    account.pull("contacts")
    held = Contact.objects.get(id=contact)
    for held.first_name in ("One", "Two", "Three"):
        held.custom_attributes = held_value
        held.save()
        account.push()
        account.sweep("contacts")

    assert [fields for _, fields in sent(account)] == [
        {"first_name": "One", "custom_attributes": {"plan": ""}},
        {"first_name": "Two"},
        {"first_name": "Three"},
    ]
    settled(account, "contacts", contact)


def test_an_answer_that_changes_a_value_makes_the_object_stale(
    account: Account, django: None, contact: int
) -> None:
    account.world.fault("body", method="PUT", fields={"last_name": "Tidied"})
    held = Contact.objects.get(id=contact)
    held.last_name = "tidied"
    held.save()
    account.push()

    with pytest.raises(IntegrityError, match="changed in ClickFunnels since you read it"):
        held.save()


def test_null_in_a_read_only_column_is_refused_in_a_row_that_nobody_has_inserted(
    account: Account, django: None, contact: int
) -> None:
    with pytest.raises(REFUSALS, match=r"contacts\.public_id is read-only"):
        Contact.objects.filter(id=contact).update(public_id=None)
    Contact.objects.filter(id=contact).update(workspace_id=None)
    with pytest.raises(REFUSALS, match=r"contacts\.workspace_id is given in the INSERT"):
        Contact.objects.filter(id=contact).update(workspace_id=1)

    assert Contact.objects.get(id=contact).workspace_id == account.workspace
    assert account.states() == []
