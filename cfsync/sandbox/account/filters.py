"""Saved filters: which criteria there may be, and which contacts they match."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cfsync.sandbox.account.problems import invalid
from cfsync.sandbox.account.store import Store
from cfsync.sandbox.seeds.formats import time_ms
from cfsync.sandbox.seeds.records import Values

ATTRIBUTES = frozenset(
    ("created_at", "email_address", "first_name", "last_name", "phone_number", "time_zone")
)
"""What a criterion may be about; not `updated_at`."""

_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}


def check(store: Store, workspace: int, old: Values | None, given: Values) -> None:
    """Check what is sent of a filter: the API saves one class of them, with one conjunction, each
    under a name of its own. Raises Problem (422).
    """
    for name, only in (("filter_class", "ContactsFilter"), ("conjunction", "and")):
        if given.get(name, only) != only:
            raise invalid(**{name: "is not supported"})
    if "criteria" in given and (why := _problem_of(given["criteria"])):
        raise invalid(criteria=why)
    others = [f for f in store.children("refine_filters", workspace) if f is not old]
    if given.get("name") and given["name"] in [f["name"] for f in others]:
        raise invalid(name="has already been taken")


def _problem_of(criteria: Any) -> str:
    """Why these criteria can't be saved; '' if they can."""
    if not isinstance(criteria, list) or not criteria:
        return "can't be blank"
    for criterion in criteria:
        if not isinstance(criterion, dict) or criterion.get("attribute") not in ATTRIBUTES:
            return "has an attribute that is not supported"
        if criterion.get("clause") not in _OPERATORS:
            return "has a clause that is not supported"
    return ""


def is_everybody(criteria: Sequence[Mapping[str, Any]]) -> bool:
    """Whether it is certain without a look at any contact that all match."""
    return all(
        (c["attribute"], c["clause"]) == ("created_at", "gte") and time_ms(c["value"]) <= 0
        for c in criteria
    )


def matches(values: Mapping[str, Any], criteria: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a contact meets all criteria."""
    return all(
        _OPERATORS[c["clause"]](
            _comparable(c["attribute"], values.get(c["attribute"])),
            _comparable(c["attribute"], c["value"]),
        )
        for c in criteria
    )


def _comparable(attribute: str, value: Any) -> Any:
    if attribute == "created_at":
        return time_ms(str(value))
    return str(value or "").lower()
