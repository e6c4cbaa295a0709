"""Where the mirror is: what a database URL says."""

from __future__ import annotations

import re

import sqlalchemy as sa

from cfsync.errors import MirrorError
from cfsync.mirror.db import dialect
from cfsync.mirror.db.dialect.place import Place

_DRIVERS = {
    "sqlite": "sqlite",
    "sqlite+pysqlite": "sqlite",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}
"""Scheme of a URL -> SQLAlchemy's dialect and driver."""

_EXPECTED = "database.url must be sqlite:///PATH or postgresql://USER@HOST/DATABASE"


def place_of(url: str) -> Place:
    """Where `url` leads.

    Raises MirrorError for a URL that is malformed or leads to another kind of database.
    """
    try:
        parsed = sa.make_url(url)
        parsed = parsed.set(drivername=_DRIVERS[parsed.drivername])
    except (sa.exc.ArgumentError, KeyError, ValueError):
        raise MirrorError(_EXPECTED) from None
    if re.search(":.*@", parsed.database or ""):  # a login behind one slash too many
        raise MirrorError(_EXPECTED)
    if "@" in (parsed.host or ""):
        raise MirrorError("database.url: write an @ in the password as %40")
    if ";" in url.partition("?")[2]:
        raise MirrorError("database.url: separate its parameters by &, and write a ; as %3B")
    return dialect.named(parsed.get_backend_name()).place(parsed)
