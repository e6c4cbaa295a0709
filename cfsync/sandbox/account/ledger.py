"""A ledger of every write to the account, and counters of every request."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Entry:
    """One accepted write. `verb`: create, update, upsert, delete or an action; `fields` as sent."""

    by: Literal["api", "person"]
    verb: str
    resource: str
    id: int
    fields: dict[str, Any]
    at: str
    method: str = ""
    path: str = ""

    def sent_by(self, method: str, path: str) -> Entry:
        return replace(self, method=method, path=path)


class Ledger:
    """Entries in the order of the writes. `requests` counts 'METHOD /route STATUS' (0: cut off);
    `calls` holds the last 10,000 requests as (method, path with query, status).
    """

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.requests: Counter[str] = Counter()
        self.calls: deque[tuple[str, str, int]] = deque(maxlen=10_000)

    def add(self, entry: Entry) -> None:
        self.entries.append(entry)

    def __iter__(self) -> Iterator[Entry]:
        return iter(list(self.entries))

    def writes(self, resource: str | None = None, verb: str | None = None) -> list[Entry]:
        """The writes that came over the API, all or those of a resource or a verb."""
        return [
            e
            for e in self
            if e.by == "api" and resource in (None, e.resource) and verb in (None, e.verb)
        ]

    def count(self, method: str, route: str, target: str, status: int) -> None:
        self.requests[f"{method} {route} {status}"] += 1
        self.calls.append((method, target, status))

    def clear(self) -> None:
        self.entries.clear()
        self.requests.clear()
        self.calls.clear()

    def as_json(self) -> list[dict[str, Any]]:
        return [asdict(entry) for entry in self]
