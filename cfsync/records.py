"""The values that pass between the API, the merge and the mirror. Frozen, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final


class _Absent(Enum):
    ABSENT = "absent"

    def __repr__(self) -> str:
        return "ABSENT"


PROVISIONAL_FROM: Final = 900_000_000_000_000
"""Ids below it are ClickFunnels'; in SQL, `id < 900000000000000`: the record exists there."""


def is_provisional(record_id: int) -> bool:
    """Whether the id is one of a row that ClickFunnels doesn't know yet."""
    return record_id >= PROVISIONAL_FROM


ABSENT: Final = _Absent.ABSENT
"""Not given. None always means null: a field that is absent must not clear one."""


@dataclass(frozen=True, slots=True)
class Listing:
    """One list of the API: a resource below one parent record, or below none (`parent_id` 0)."""

    resource: str
    parent_id: int
    workspace_id: int | None = None

    def __str__(self) -> str:
        return f"{self.resource}/{self.parent_id}" if self.parent_id else self.resource


@dataclass(frozen=True, slots=True)
class Record:
    """A record of the API, decoded."""

    #: The resource's name.
    resource: str
    id: int
    #: A canonical time; None where the API shows none.
    updated_at: str | None
    #: Field -> canonical value (`cfsync.values`), for the fields shown and those of the path.
    values: Mapping[str, Any]
    #: The record as sent, JSON text without secrets.
    body: str
    #: The fields whose value no column can hold; they are None in `values`.
    noted: tuple[str, ...] = ()
    #: Field -> the value as sent, where it has another JSON type than the one in `values`.
    converted: Mapping[str, Any] = field(default_factory=dict)
    #: The fields that the catalogue doesn't know.
    unknown: tuple[str, ...] = ()
    #: Field -> secret.
    secrets: Mapping[str, str] = field(default_factory=dict)
    #: It shows all fields. One that a list shows lacks those of `Resource.on_request`.
    whole: bool = True
    #: ClickFunnels has refused the fields of `Resource.on_request`: the mirror keeps what it has.
    withheld: bool = False
    #: ClickFunnels still shows it, but has deleted it: `deleted_at` is set.
    deleted: bool = False

    def has_id(self, id_or_public_id: int | str) -> bool:
        """Whether that is its id or its public_id."""
        return str(id_or_public_id) in (str(self.id), self.values.get("public_id"))


@dataclass(frozen=True, slots=True)
class Page:
    """One answer to a list call. `next`: the id behind which the next page begins; None on the last
    page.
    """

    records: tuple[Record, ...]
    next: int | None
    #: The server's clock when it answered, a canonical time; None: it doesn't say.
    at: str | None = None
    #: Ids of records that the list shows and that name another parent; they are left out.
    strays: tuple[int, ...] = ()
