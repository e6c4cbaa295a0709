"""The models that `cfsync models` prints, imported and used."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from django.apps import apps
from django.db.utils import IntegrityError
from sqlalchemy.orm import Session, configure_mappers

from cfsync.orm import models
from cfsync.records import is_provisional
from cfsync.resources import RESOURCES
from tests.conftest import Sql
from tests.mirror.conftest import Daemon
from tests.with_django import connected

WHEN = "2025-05-21T12:18:51.772Z"
ORDER = {
    "id": 501,
    "workspace_id": 10,
    "contact_id": 5,
    "total_amount": "250.10",
    "currency": "USD",
    "line_items": [{"id": 1}],
    "contact": {"id": 5, "first_name": "Ada"},
    "created_at": WHEN,
}


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder from which Python imports: an app of Django, and a module for SQLAlchemy."""
    folder = tmp_path_factory.mktemp("printed")
    (folder / "printed_app").mkdir()
    (folder / "printed_app" / "__init__.py").touch()
    (folder / "printed_app" / "models.py").write_text(models("django", list(RESOURCES)))
    (folder / "printed_mirror.py").write_text(models("sqlalchemy", list(RESOURCES)))
    sys.path.insert(0, str(folder))
    yield folder
    sys.path.remove(str(folder))


@pytest.fixture
def django(printed: Path, app_sql: Sql) -> Iterator[Any]:
    apps.set_installed_apps(["printed_app"])
    with connected(app_sql):
        yield importlib.import_module("printed_app.models")
    apps.unset_installed_apps()


@pytest.fixture
def mirrored(printed: Path) -> ModuleType:
    return importlib.import_module("printed_mirror")


@pytest.fixture
def session(app_sql: Sql) -> Iterator[Session]:
    if app_sql.is_sqlite:
        engine = sa.create_engine(f"sqlite:///{app_sql.path}", poolclass=sa.NullPool)
    else:
        engine = sa.create_engine(
            "postgresql+psycopg://",
            poolclass=sa.NullPool,
            creator=lambda: psycopg.connect(app_sql.dsn),
        )
    with Session(engine) as opened:
        yield opened


@pytest.fixture
def shop(ada: int, daemon: Daemon) -> int:
    daemon("courses", {"id": 7, "workspace_id": 10})
    daemon("orders", ORDER)
    return ada


def ops(sql: Sql) -> list[tuple[Any, ...]]:
    return [row[:3] for row in sql.outbox()]


def test_django_creates_changes_relates_and_deletes(django: Any, shop: int, sql: Sql) -> None:
    ada = django.Contact.objects.get(orders__total_amount=Decimal("250.10"))
    ada.first_name, ada.tag_ids = "Countess", [1]
    ada.save()
    ada.save()
    order = ada.orders.get()
    new = django.Contact.objects.create(email_address="new@example.com")
    new.last_name = "Newman"
    new.save()
    made = django.Enrollment.objects.create(contact=new, course_id=7)
    enrolled = django.Enrollment.objects.get(id=made.id)
    ada.delete()

    assert (order.total_amount, order.contact_id) == (Decimal("250.10"), 5)
    assert order.contact_copy == {"id": 5, "first_name": "Ada"}
    assert order.created_at == datetime(2025, 5, 21, 12, 18, 51, 772000, UTC)
    assert is_provisional(new.id)
    assert enrolled.contact.workspace.name == "Shop"
    assert ops(sql) == [
        ("update", "contacts", 5),
        ("insert", "contacts", new.id),
        ("update", "contacts", new.id),
        ("insert", "enrollments", enrolled.id),
        ("delete", "contacts", 5),
    ]
    assert set(sql.outbox()[0][3]) == {"first_name", "tag_ids"}


def test_a_stale_save_of_django_is_refused_until_the_object_is_read_again(
    django: Any, ada: int, daemon: Daemon, sql: Sql
) -> None:
    contact = django.Contact.objects.get(id=ada)
    daemon("contacts", {"id": 5, "workspace_id": 10, "first_name": "There"})
    contact.phone_number = "1"
    with pytest.raises(IntegrityError, match="read it again"):
        contact.save()
    contact.refresh_from_db()
    contact.phone_number = "1"
    contact.save()

    assert [patch for *_, patch in sql.outbox()] == [{"phone_number": [None, "1"]}]


def test_django_reads_every_table(django: Any, shop: int) -> None:
    for name in RESOURCES:
        model = next(m for m in apps.get_models() if m._meta.db_table == name)
        assert len(model.objects.all()) == (name in ("workspaces", "contacts", "courses", "orders"))


def test_sqlalchemy_creates_changes_relates_and_deletes(
    mirrored: Any, session: Session, shop: int, sql: Sql
) -> None:
    order = session.scalars(sa.select(mirrored.Order)).one()
    assert (order.total_amount, order.contact_copy["id"]) == (Decimal("250.10"), 5)
    assert order.created_at == datetime(2025, 5, 21, 12, 18, 51, 772000, UTC)
    ada = order.contact
    ada.first_name, ada.tag_ids = "Countess", [1]
    new = mirrored.Contact(email_address="new@example.com")
    enrolled = mirrored.Enrollment(contact=new, course_id=7)
    session.add(enrolled)
    session.commit()
    new.last_name = "Newman"
    session.commit()
    new_id, enrolled_id = new.id, enrolled.id
    assert is_provisional(new_id)
    assert enrolled.contact.workspace.name == "Shop"
    session.delete(ada)
    session.commit()

    assert sorted(ops(sql)) == sorted(
        [
            ("update", "contacts", 5),
            ("insert", "contacts", new_id),
            ("update", "contacts", new_id),
            ("insert", "enrollments", enrolled_id),
            ("delete", "contacts", 5),
        ]
    )
    assert {*next(row for row in sql.outbox() if row[2] == 5)[3]} == {"first_name", "tag_ids"}


def test_a_stale_update_of_sqlalchemy_is_refused_until_the_object_is_read_again(
    mirrored: Any, session: Session, ada: int, daemon: Daemon, sql: Sql
) -> None:
    session.expire_on_commit = False
    contact = session.get_one(mirrored.Contact, ada)
    session.commit()
    daemon("contacts", {"id": 5, "workspace_id": 10, "first_name": "There"})
    contact.phone_number = "1"
    with pytest.raises(sa.exc.IntegrityError, match="read it again"):
        session.commit()
    session.rollback()
    contact.phone_number = "1"
    session.commit()

    assert [patch for *_, patch in sql.outbox()] == [{"phone_number": [None, "1"]}]


def test_sqlalchemy_reads_every_table(mirrored: Any, session: Session, shop: int) -> None:
    configure_mappers()
    classes = {m.local_table.name: m.class_ for m in mirrored.Base.registry.mappers}
    assert set(classes) == set(RESOURCES)
    for name, model in classes.items():
        found = session.scalars(sa.select(model)).all()
        assert len(found) == (name in ("workspaces", "contacts", "courses", "orders"))
