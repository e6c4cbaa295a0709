"""Django without a project: its ORM on the mirror of a test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import django
from django.conf import settings
from django.db import connections

from tests.conftest import Sql

settings.configure(INSTALLED_APPS=[], DATABASES={}, USE_TZ=True)
django.setup()


@contextmanager
def connected(sql: Sql) -> Iterator[None]:
    """Within the block, Django works as this user of the mirror."""
    place: dict[str, Any] = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(sql.path)}
    if not sql.is_sqlite:
        parts = dict(part.split("=") for part in sql.dsn.split())
        place = {"ENGINE": "django.db.backends.postgresql", "NAME": parts["dbname"]}
        place |= {"HOST": parts["host"], "USER": parts["user"]}
    connections.settings = connections.configure_settings({"default": place})
    yield
    connections["default"].close()
    del connections["default"]
