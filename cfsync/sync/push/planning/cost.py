"""The calls that are planned about a record, and the requests that they take. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from cfsync.api.codec import PAGE
from cfsync.records import is_provisional
from cfsync.resources import RESOURCES
from cfsync.sync.push.calls import Call


@dataclass(frozen=True, slots=True)
class Planned:
    """The calls about one record."""

    resource: str
    record_id: int
    #: The numbers of its edits.
    seqs: tuple[int, ...]
    #: `cf_rev` of the base from which the calls were computed; None behind another statement about
    #: the same record, whose answer the base will be.
    base_rev: int | None
    calls: tuple[Call, ...]
    #: Field -> id of the parent record in whose list a create puts it; {} without one.
    below: Mapping[str, int]
    #: (resource, provisional id) of the rows whose records the same push creates first.
    after: tuple[tuple[str, int], ...] = ()
    #: The ids of the records with which it shares an email, its own among them.
    group: tuple[int, ...] = ()
    #: Whether it goes in bulk actions instead of calls of its own.
    is_bulk: bool = False


@dataclass(frozen=True, slots=True)
class PlannedBulk:
    """Calls that each add a member to the sets of many records, or remove it from them."""

    resource: str
    workspace_id: int
    #: "add" or "remove".
    kind: str
    member: int
    #: How many records it changes.
    records: int
    #: How many calls that takes.
    calls: int


@dataclass(frozen=True, slots=True)
class BegunBulk:
    """Actions that an earlier push has called. The next one looks whether they have ended, reads
    the records, and sends what else waits of them after that.
    """

    resource: str
    workspace_id: int
    #: (kind, member) of each action: ("add", 7).
    actions: tuple[tuple[str, int], ...]
    record_ids: tuple[int, ...]
    #: When the first one was called.
    called_at: str

    @property
    def requests(self) -> int:
        """A look at each action, and the records."""
        return len(self.actions) + -(-len(self.record_ids) // PAGE)


def requests_of(records: Iterable[Planned]) -> int:
    """The requests that the records take, including reads before and after. Each group of records
    that share an email is read again by itself.
    """
    found = 0
    read_again: dict[tuple[str, tuple[int, ...]], set[int]] = defaultdict(set)
    for record in records:
        found += 0 if record.is_bulk else sum(_cost(call) for call in record.calls)
        if not is_provisional(record.record_id):
            read_again[record.resource, record.group].add(record.record_id)
    for (name, _), ids in read_again.items():
        found += -(-len(ids) // PAGE) if "id" in RESOURCES[name].filters else len(ids)
    return found


def requests_of_bulk(bulks: Collection[PlannedBulk]) -> int:
    """The requests of bulk actions: each is called and looked at, and the list of each workspace is
    read before. (Their records are read again like all others.)
    """
    return sum(2 * b.calls for b in bulks) + len({(b.resource, b.workspace_id) for b in bulks})


def _cost(call: Call) -> int:
    """The requests of one call: an upsert looks first; a set is changed member by member (a
    removed one has to be found first) and the record is read at the end.
    """
    if call.kind == "upsert":
        return 2
    if call.kind != "members":
        return 1
    ((before, wanted),) = call.fields.values()
    added, taken = set(wanted or ()) - set(before or ()), set(before or ()) - set(wanted or ())
    return len(added) + 2 * len(taken) + 1
