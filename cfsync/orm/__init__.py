"""Models of the mirror's tables for object-relational mappers, as Python text from the catalogue.

In come resources, out goes the text of a module. Read `names` (what classes, columns and relations
are called), then `for_django` and `for_sqlalchemy`.
"""

from __future__ import annotations

from collections.abc import Sequence

from cfsync.errors import UsageError
from cfsync.orm import for_django, for_sqlalchemy
from cfsync.resources import RESOURCES, named

KINDS = {"django": for_django.module, "sqlalchemy": for_sqlalchemy.module}
"""Library -> what writes its module."""


def models(kind: str, names: Sequence[str]) -> str:
    """The module for Django or SQLAlchemy with a class for each of the resources. Raises
    UsageError, and UnknownResource.
    """
    if kind not in KINDS:
        raise UsageError(f"there are models for {' and '.join(KINDS)}, not for {kind!r}")
    wanted = {named(name).name for name in names}
    return KINDS[kind]([r for name, r in RESOURCES.items() if name in wanted])
