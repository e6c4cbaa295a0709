"""A program that follows the history, and what the history must say in the end."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cfsync.mirror.db.engine import Mirror, Tx
from cfsync.mirror.history import starts
from cfsync.resources import RESOURCES
from tests.replayed import State, changes_since, differences, state_of

Key = tuple[int, str, int, str, str]
AT_ONCE = 5
"""So many changes it handles before it is killed."""


@dataclass
class Follower:
    """Goes on from the last number that it has handled, and is killed again and again. `before`:
    resource -> its rows when its history was found to be complete.
    """

    mirror: Mirror
    workspaces: frozenset[int]
    seen: list[Mapping[str, Any]] = field(default_factory=list)
    before: dict[str, State] = field(default_factory=dict)

    def go_on(self) -> None:
        last = self.seen[-1]["seq"] if self.seen else 0
        self.seen += changes_since(self.mirror, last)[:AT_ONCE]
        for name in asyncio.run(self.mirror.read(self._complete)):
            self.before[name] = state_of(self.mirror, [name])

    def _complete(self, tx: Tx) -> list[str]:
        """Resources whose history is complete, and was not when it was looked at before."""
        return [
            r.name
            for r in RESOURCES.values()
            if r.name not in self.before
            and starts.find(tx, r).keys()
            >= (self.workspaces if "workspace_id" in r.by_name else {None})
        ]

    def faults(self) -> Iterator[str]:
        """What is wrong with the history: what it leaves to explain, and what this program has
        seen otherwise, twice, or not at all.
        """
        for before in self.before.values():
            yield from (f"history: {line}" for line in differences(self.mirror, before))
        everything = changes_since(self.mirror, 0)
        while len(self.seen) < len(everything):
            at = len(self.seen)
            self.go_on()
            if len(self.seen) == at:
                break
        shown, seen = [_key(c) for c in everything], [_key(c) for c in self.seen]
        yield from (f"feed: {key} was not seen" for key in shown if key not in seen)
        yield from (f"feed: {key} was seen" for key in seen if key not in shown)


def _key(change: Mapping[str, Any]) -> Key:
    of = change["seq"], change["resource"], change["record_id"], change["op"]
    return *of, str(change["patch"])
