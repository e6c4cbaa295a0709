"""The id, parent and times of every seeded record, by arithmetic: nothing is stored.

Seeded record number i of a resource belongs to parent number i % P and is number k = i // P of
that parent, so parents' records are interleaved. Ids rise with i and leave gaps. The order by
`updated_at` within a parent is a permutation of k, so that it differs from the order of ids.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from math import gcd

from cfsync.resources import ALL
from cfsync.sandbox.seeds.formats import NUMBERS

STRIDE = 3
"""An id for every third integer, on average."""
CREATED_FROM = 1_640_995_200_000
"""2022-01-01, in ms of Unix time; seeded records were created in the two years from it."""
UPDATED_FROM = 1_704_067_200_000
"""2024-01-01; seeded records were last changed in the year from it."""
YEAR = 365 * 86_400_000

_MASK = (1 << 64) - 1


def mix(number: int) -> int:
    """A number of 64 bits that looks random and is the same on every run."""
    number = (number ^ (number >> 32)) * 0x9E3779B97F4A7C15 & _MASK
    return number ^ (number >> 32)


@lru_cache(maxsize=4096)
def _permutation(size: int) -> tuple[int, int]:
    """A factor without a common divisor with `size`, and its inverse."""
    factor = max(1, int(size * 0.618))
    while gcd(factor, size) != 1:
        factor += 1
    return factor, pow(factor, -1, size) if size > 1 else 0


class Plan:
    """The seeded records of a world; `counts` says how many of each resource."""

    def __init__(self, seed: int, counts: Mapping[str, int], anonymous: int) -> None:
        self.seed = seed
        self.counts = counts
        self.anonymous = anonymous
        self._salts = {r: mix(seed * 1009 + n) for r, n in NUMBERS.items()}
        self._bases = {r: 1000 * (n + 1) for r, n in NUMBERS.items()}

    def chance(self, resource: str, index: int) -> int:
        """64 random bits that belong to one record."""
        return mix(self._salts[resource] ^ index)

    def id(self, resource: str, index: int) -> int:
        return self._bases[resource] + index * STRIDE + index * 5 // 7 % STRIDE

    def index(self, resource: str, id_: int) -> int | None:
        """The number of the seeded record with this id; None if there is none."""
        index = (id_ - self._bases[resource]) // STRIDE
        if 0 <= index < self.counts[resource] and self.id(resource, index) == id_:
            return index
        return None

    def first_after(self, resource: str, id_: int) -> int:
        """The number of the first seeded record with an id greater than this one."""
        index = max(0, (id_ - self._bases[resource]) // STRIDE)
        return index + 1 if self.id(resource, index) <= id_ else index

    def parents(self, resource: str) -> int:
        """How many seeded records its lists hang below."""
        parent = ALL[resource].parent
        return self.counts[parent] if parent else 1

    def size(self, resource: str, parent: int) -> int:
        """How many seeded records parent number `parent` has."""
        parents = self.parents(resource)
        return max(0, (self.counts[resource] - parent + parents - 1) // parents)

    def workspace(self, resource: str, index: int) -> int:
        """The number of the workspace that a record belongs to."""
        while (parent := ALL[resource].parent) not in (None, "teams"):
            assert parent is not None
            index, resource = index % self.counts[parent], parent
        return index

    def pick(self, resource: str, workspace: int, number: int) -> int:
        """The id of some record of workspace number `workspace`; 0 where it has none."""
        workspaces = self.counts["workspaces"]
        count = (self.counts[resource] - workspace + workspaces - 1) // workspaces
        return self.id(resource, workspace + workspaces * (number % count)) if count > 0 else 0

    def is_anonymous(self, index: int) -> bool:
        """Whether contact number `index` is one of the hidden ones, which are spread evenly."""
        total = self.counts["contacts"]
        return index * self.anonymous // total != (index + 1) * self.anonymous // total

    def created_ms(self, resource: str, index: int) -> int:
        step = max(1, 2 * YEAR // max(1, self.counts[resource]))
        return CREATED_FROM + index * step + self.chance(resource, index) % step

    def updated_ms(self, resource: str, index: int) -> int:
        parents = self.parents(resource)
        size = self.size(resource, index % parents)
        rank = index // parents * _permutation(size)[0] % size
        return self._stamp(resource, index, rank, size)

    def by_rank(self, resource: str, parent: int, rank: int) -> tuple[int, int]:
        """(time of last change, number) of the record of that rank among its parent's."""
        size = self.size(resource, parent)
        index = rank * _permutation(size)[1] % size * self.parents(resource) + parent
        return self._stamp(resource, index, rank, size), index

    def _stamp(self, resource: str, index: int, rank: int, size: int) -> int:
        step = max(1, YEAR // size)
        return UPDATED_FROM + rank * step + self.chance(resource, index) % step
