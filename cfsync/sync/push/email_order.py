"""Groups of edits that share an email, which must be sent in the order they were made. Pure.

In a workspace of ClickFunnels an email belongs to one contact. If one contact gives up an email and
another takes it, the two calls must be made in that order. All other edits can be folded, and sent
concurrently.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EmailChange:
    """One open row of the outbox that gives up or takes a key value (an email, lower case)."""

    seq: int
    record_id: int
    workspace_id: int | None
    values: tuple[str, ...]


def email_groups(touches: Iterable[EmailChange]) -> list[list[int]]:
    """Groups of record ids, two or more in each, that share an email through their edits."""
    owner: dict[int, int] = {}

    def find(record: int) -> int:
        while owner.setdefault(record, record) != record:
            owner[record] = owner[owner[record]]
            record = owner[record]
        return record

    first: dict[tuple[int | None, str], int] = {}
    for touch in touches:
        for value in touch.values:
            other = first.setdefault((touch.workspace_id, value), touch.record_id)
            owner[find(touch.record_id)] = find(other)
    groups: dict[int, list[int]] = defaultdict(list)
    for record in owner:
        groups[find(record)].append(record)
    return [sorted(g) for g in groups.values() if len(g) > 1]
