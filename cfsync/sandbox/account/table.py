"""The records of one resource: seeded ones, overlaid by those that were created or changed."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Callable, Iterator
from heapq import merge

from cfsync.resources import ROOT, Resource
from cfsync.sandbox.seeds.formats import time_ms
from cfsync.sandbox.seeds.plan import Plan
from cfsync.sandbox.seeds.records import Values

Key = tuple[int, int]
"""(time of last change in ms, id): the order of a list by `updated_at`."""
TOP: Key = (2**63, 2**63)
SEED_CACHE = 1000
"""Most seeded records cached: other records quote the same few again and again."""
BOTTOM: Key = (-(2**63), 0)


class Table:
    """`make` computes a seeded record from its number. A table knows no rule of the API."""

    def __init__(self, resource: Resource, plan: Plan, make: Callable[[int], Values]) -> None:
        self.resource = resource
        self.texts: dict[int, bytes] = {}
        self._plan = plan
        self._make = make
        self._seed_cache: dict[int, Values] = {}
        self._changed: dict[int, Values] = {}
        self._gone: set[int] = set()
        self._keys: dict[int, Key] = {}
        self._recent: dict[int, list[Key]] = defaultdict(list)
        self._created: dict[int, list[int]] = defaultdict(list)
        self._parent_field = resource.parent_field
        self._next = plan.id(resource.name, plan.counts[resource.name])

    def new_id(self) -> int:
        """An id greater than all before it, with gaps."""
        self._next += 1 + self._plan.chance(self.resource.name, self._next) % 3
        return self._next

    def get(self, id_: int) -> Values | None:
        """The current record, or None. Never change it in place: `put` a copy."""
        if id_ in self._gone:
            return None
        if values := self._changed.get(id_):
            return values
        return self._seed_cache.get(id_) or self._seed(id_)

    def _seed(self, id_: int) -> Values | None:
        index = self._plan.index(self.resource.name, id_)
        if index is None:
            return None
        if len(self._seed_cache) >= SEED_CACHE:
            self._seed_cache.clear()
        values = self._seed_cache[id_] = self._make(index)
        return values

    def seed_number(self, id_: int) -> int | None:
        """The number of a seeded record that was never changed; None for all other ids."""
        if id_ in self._changed or id_ in self._gone:
            return None
        return self._plan.index(self.resource.name, id_)

    @property
    def has_deletions(self) -> bool:
        """Whether any record was deleted."""
        return bool(self._gone)

    def parent_of(self, values: Values) -> int:
        return values[self._parent_field] if self._parent_field else ROOT

    def put(self, values: Values) -> None:
        """Store the record as given, whether it is new or not."""
        id_, parent = values["id"], self.parent_of(values)
        key = (time_ms(values.get("updated_at") or values["created_at"]), id_)
        if id_ not in self._changed and self._plan.index(self.resource.name, id_) is None:
            insort(self._created[parent], id_)
        self._forget(id_, parent)
        self._gone.discard(id_)
        self._changed[id_] = values
        self._keys[id_] = key
        insort(self._recent[parent], key)

    def drop(self, id_: int, parent: int) -> None:
        self._forget(id_, parent)
        if self._changed.pop(id_, None) and id_ in self._created[parent]:
            self._created[parent].remove(id_)
        self._gone.add(id_)

    def _forget(self, id_: int, parent: int) -> None:
        self.texts.pop(id_, None)
        if key := self._keys.pop(id_, None):
            keys = self._recent[parent]
            del keys[bisect_left(keys, key)]

    def key(self, id_: int) -> Key | None:
        """The record's place in the order by `updated_at`; None if it is gone."""
        if id_ in self._gone:
            return None
        if key := self._keys.get(id_):
            return key
        index = self._plan.index(self.resource.name, id_)
        return None if index is None else (self._plan.updated_ms(self.resource.name, index), id_)

    def by_id(self, parent: int, after: int | None, descending: bool) -> Iterator[int]:
        """Ids of the parent's records after `after`, which may be any integer."""
        made = self._created.get(parent, [])
        if not made:
            seeded = self._seeded_down if descending else self._seeded_up
            return seeded(parent, after)
        if not descending:
            start = 0 if after is None else bisect_left(made, after + 1)
            return merge(self._seeded_up(parent, after), made[start:])
        end = len(made) if after is None else bisect_left(made, after)
        return merge(self._seeded_down(parent, after), reversed(made[:end]), reverse=True)

    def _seeded_up(self, parent: int, after: int | None) -> Iterator[int]:
        if (number := self._number(parent)) is None:
            return
        name, step = self.resource.name, self._plan.parents(self.resource.name)
        first = 0 if after is None else self._plan.first_after(name, after)
        first += (number - first) % step
        for index in range(first, self._plan.counts[name], step):
            if (id_ := self._plan.id(name, index)) not in self._gone:
                yield id_

    def _seeded_down(self, parent: int, after: int | None) -> Iterator[int]:
        if (number := self._number(parent)) is None:
            return
        name, step = self.resource.name, self._plan.parents(self.resource.name)
        count = self._plan.counts[name]
        last = (count if after is None else min(count, self._plan.first_after(name, after - 1))) - 1
        last -= (last - number) % step
        for index in range(last, -1, -step):
            if (id_ := self._plan.id(name, index)) not in self._gone:
                yield id_

    def by_change(self, parent: int, after: Key | None, descending: bool) -> Iterator[int]:
        """Ids of the parent's records after `after`, in the order of their keys."""
        recent = self._recent.get(parent, [])
        if not descending:
            start = bisect_left(recent, ((after or BOTTOM)[0], (after or BOTTOM)[1] + 1))
            keys = merge(self._ranked(parent, after, 1), recent[start:])
        else:
            end = bisect_left(recent, after or TOP)
            keys = merge(self._ranked(parent, after, -1), reversed(recent[:end]), reverse=True)
        return (id_ for _, id_ in keys)

    def _ranked(self, parent: int, after: Key | None, step: int) -> Iterator[Key]:
        """Keys of the unchanged seeded records after `after`, ascending (1) or descending (-1)."""
        number = self._number(parent)
        size = 0 if number is None else self._plan.size(self.resource.name, number)
        if number is None or not size:
            return
        start = 0 if step == 1 else size - 1
        if after is not None:
            start = self._rank_after(number, size, after, step)
        for rank in range(start, size if step == 1 else -1, step):
            ms, index = self._plan.by_rank(self.resource.name, number, rank)
            id_ = self._plan.id(self.resource.name, index)
            if id_ not in self._gone and id_ not in self._changed:
                yield ms, id_

    def _rank_after(self, number: int, size: int, after: Key, step: int) -> int:
        def key(rank: int) -> Key:
            ms, index = self._plan.by_rank(self.resource.name, number, rank)
            return ms, self._plan.id(self.resource.name, index)

        if step == 1:
            return bisect_left(range(size), (after[0], after[1] + 1), key=key)
        return bisect_left(range(size), after, key=key) - 1

    def _number(self, parent: int) -> int | None:
        """The number of a seeded parent; None for a parent that was created later."""
        if self.resource.parent is None:
            return 0
        return self._plan.index(self.resource.parent, parent)
