"""Which record is meant by the arguments `[RESOURCE] ID|EMAIL|ORDER_NUMBER`."""

from __future__ import annotations

from cfsync.errors import UsageError


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
