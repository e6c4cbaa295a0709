"""Lists that an account, a plan or a token doesn't have. They are left out, and tried again after a
day, or when `cfsync doctor` has found that they can be read.

Only lists outside the core count: what can't be read of the core is reported by each pass. A list
that could be read before keeps its rows, and goes on from its watermark when it can be read again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

import sqlalchemy as sa

from cfsync.mirror.db import statements
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import NOTES
from cfsync.records import Listing
from cfsync.resources import RESOURCES
from cfsync.times import time_text

KIND = "absent"
"""The kind of a note about a list; its field is the id of the list's parent."""

TRIED_AGAIN_AFTER = timedelta(days=1)


def note(tx: Tx, listing: Listing) -> bool | None:
    """Note a list that was refused. Whether it is the first of its resource; None where the list
    has to be reported instead.
    """
    if RESOURCES[listing.resource].group == "core":
        return None
    is_first = listing.resource not in resources(tx)
    row = {"field": str(listing.parent_id), "record_id": listing.parent_id}
    stamp = {"resource": listing.resource, "kind": KIND, "seen_at": tx.now}
    statements.upsert(tx, NOTES, [row], stamp=stamp)
    return is_first


def without(tx: Tx, lists: Iterable[Listing]) -> list[Listing]:
    """These lists without those that were refused within the last day."""
    return present(tx, lists, since=time_text(datetime.fromisoformat(tx.now) - TRIED_AGAIN_AFTER))


def present(tx: Tx, lists: Iterable[Listing], since: str = "") -> list[Listing]:
    """These lists without those that were refused later than `since`."""
    refused = _refused(tx, since)
    return [li for li in lists if (li.resource, li.parent_id) not in refused]


def noted(tx: Tx, lists: Iterable[Listing]) -> list[Listing]:
    """Those of the lists that were refused at any time."""
    refused = _refused(tx)
    return [li for li in lists if (li.resource, li.parent_id) in refused]


def forget(tx: Tx, lists: Collection[Listing]) -> None:
    """Read these lists again from the next pass on."""
    for listing in lists:
        about = NOTES.c.resource == listing.resource, NOTES.c.record_id == listing.parent_id
        tx.conn.execute(sa.delete(NOTES).where(NOTES.c.kind == KIND, *about))


def resources(tx: Tx) -> set[str]:
    """The resources of which a list was refused."""
    return {resource for resource, _ in _refused(tx)}


def _refused(tx: Tx, since: str = "") -> set[tuple[str, int]]:
    """(resource, parent id) of the lists that were refused later than `since`."""
    query = sa.select(NOTES.c.resource, NOTES.c.record_id).where(NOTES.c.kind == KIND)
    if since:
        query = query.where(NOTES.c.seen_at > since)
    return {(resource, parent) for resource, parent in tx.conn.execute(query)}
