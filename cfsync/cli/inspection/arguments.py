"""Which record is meant by the arguments `[RESOURCE] ID|EMAIL|ORDER_NUMBER`."""

from __future__ import annotations

from typing import Annotated

import typer

from cfsync.errors import UsageError

FirstWord = Annotated[
    str, typer.Argument(metavar="RESOURCE|EMAIL", help="A resource, or an email address alone.")
]
SecondWord = Annotated[
    str | None,
    typer.Argument(
        metavar="ID|EMAIL|ORDER_NUMBER", help="Its id, public id, email address, number or name."
    ),
]


def named_record(command: str, first: str, second: str | None) -> tuple[str, str]:
    """(resource, what names the record). An email address alone names a person: a record that is
    created by its email address. Raises UsageError for any other lone argument.
    """
    from cfsync.resources import RESOURCES, named

    if second is not None:
        return first, second
    if "@" in first:
        people = (r.name for r in RESOURCES.values() if r.upsert_key)
        return next(people), first
    if first in RESOURCES:
        raise UsageError(f"say which of the {first}: cfsync {command} {first} ID")
    if not first.isdecimal():
        named(first)  # a misspelt resource
    raise UsageError(f"say of which resource: cfsync {command} RESOURCE {first}")
