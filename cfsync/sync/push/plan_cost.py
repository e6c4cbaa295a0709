"""How many requests a plan takes. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING

from cfsync.api.codec import PAGE
from cfsync.records import is_provisional
from cfsync.resources import RESOURCES
from cfsync.sync.push.calls import Call

if TYPE_CHECKING:
    from cfsync.sync.push.plan import Planned


def requests_of(records: Iterable[Planned]) -> int:
    """The requests that the records take, including reads before and after. Each group of records
    that share an email is read again by itself.
    """
    found = 0
    read_again: dict[tuple[str, tuple[int, ...]], set[int]] = defaultdict(set)
    for record in records:
        found += sum(_cost(call) for call in record.calls)
        if not is_provisional(record.record_id):
            read_again[record.resource, record.group].add(record.record_id)
    for (name, _), ids in read_again.items():
        found += -(-len(ids) // PAGE) if "id" in RESOURCES[name].filters else len(ids)
    return found


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
