"""What flows between the API, the merge and the mirror: frozen values, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final


class _Absent(Enum):
    ABSENT = "absent"

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = _Absent.ABSENT
"""Not given. `None` only ever means null: an absent field must not clear one."""


@dataclass(frozen=True, slots=True)
class Listing:
    """One list of the API: a resource below one parent (0: below nothing)."""

    resource: str
    parent_id: int
    workspace_id: int | None = None

    def __str__(self) -> str:
        return f"{self.resource}/{self.parent_id}" if self.parent_id else self.resource


@dataclass(frozen=True, slots=True)
class Record:
    """A record, decoded. `values` has one canonical value a shown or path column (`values.py`);
    `body` is the record as sent, JSON text without secrets; `noted` names the fields whose value
    no column can hold (None in `values`), `unknown` the fields that the catalogue doesn't know.
    """

    resource: str
    id: int
    updated_at: str | None
    values: Mapping[str, Any]
    body: str
    noted: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    secrets: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Page:
    """One answer to a list call. `next` is the id to go on behind, None on the last page."""

    records: tuple[Record, ...]
    next: int | None
