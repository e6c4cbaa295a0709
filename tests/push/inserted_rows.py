"""Rows of each kind to insert, and the one record that each must become."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.push.checks import sent, settled
from tests.push.conftest import Account


@dataclass(frozen=True)
class Kind:
    """A row to insert: CONTACT, LOCATION, COURSE stand for ids of records that exist."""

    table: str
    columns: str
    values: str
    shown: dict[str, Any]


KINDS = {
    "contact with email": Kind(
        "contacts",
        "email_address, first_name, custom_attributes",
        "'new@example.com', 'New', '{\"hat\": \"7\"}'",
        {"email_address": "new@example.com", "first_name": "New"},
    ),
    "contact without email": Kind(
        "contacts",
        "first_name, last_name",
        "'New', 'One'",
        {"first_name": "New", "last_name": "One", "email_address": None},
    ),
    "tag": Kind("contact_tags", "name, color", "'VIP', '#111111'", {"name": "VIP"}),
    "product": Kind("products", "name, archived", "'Book', 'true'", {"name": "Book"}),
    "fulfillment": Kind(
        "fulfillments",
        "contact_id, location_id, tracking_code, notify_customer,"
        " included_orders_invoices_line_items_attributes",
        "CONTACT, LOCATION, 'T1', 'true', '[{\"id\": 7, \"quantity\": 1}]'",
        {"tracking_code": "T1"},
    ),
    "enrollment": Kind("enrollments", "course_id, contact_id", "COURSE, CONTACT", {}),
    "image": Kind(
        "images",
        "name, upload_source_url",
        "'Logo', 'https://e.org/logo.png'",
        {"name": "Logo"},
    ),
}

EACH_KIND = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


def insert(account: Account, app_sql: Any, kind: Kind) -> int:
    ids = {
        "CONTACT": account.column("SELECT max(id) FROM contacts WHERE id < 900000000000000")[0],
        "LOCATION": account.ids_of("fulfillment_locations")[0],
        "COURSE": account.ids_of("courses")[0],
    }
    values = kind.values
    if account.mirror.dialect.name == "sqlite":
        values = values.replace("'true'", "1")
    for word, record in ids.items():
        values = values.replace(word, str(record))
    statement = f"INSERT INTO {kind.table} ({kind.columns}) VALUES ({values}) RETURNING id"
    ((local,),) = app_sql(statement)
    return int(local)


def listed(account: Account, kind: Kind) -> list[int]:
    parent = account.ids_of("courses")[0] if kind.table == "enrollments" else account.workspace
    return account.world.ids(kind.table, parent)


def one_record(account: Account, kind: Kind, before: list[int], local: int) -> int:
    """Exactly one record came, the row's; mirror and ClickFunnels agree."""
    (record,) = set(listed(account, kind)) - set(before)
    given = "SELECT id FROM cf_ids WHERE resource = ? AND local_id = ?"
    assert account.column(given, kind.table, local) == [record]
    shown = account.world.get(kind.table, record) or {}
    assert {name: shown[name] for name in kind.shown} == kind.shown
    assert set(account.ids_of(kind.table)) == set(listed(account, kind))
    settled(account, kind.table, record)
    return record


def creates(account: Account, kind: Kind) -> int:
    return sum(verb in ("create", "upsert") for verb, _ in sent(account, kind.table))
