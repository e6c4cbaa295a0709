"""Records of which a census and the list differ for a known reason, kept in `cf_meta`, so that they
cost a request once, and not at each census.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from cfsync.mirror.db.engine import Tx
from cfsync.mirror.progress import meta


@dataclass(frozen=True, slots=True)
class Explained:
    """Record id -> the `updated_at` that it had. With another one, it is to be looked at again."""

    #: The filter shows them and the list leaves them out: they are hidden or anonymous, say.
    filter_only: Mapping[int, str] = field(default_factory=dict)
    #: The list shows them and the filter leaves them out: they are redacted, say.
    list_only: Mapping[int, str] = field(default_factory=dict)


NOTHING = Explained()


def load(tx: Tx, workspace: int) -> Explained:
    """What the last census of a workspace has left."""
    text = meta.get(tx.conn, f"{meta.CENSUS_EXPLAINED}{workspace}")
    return Explained(*map(dict, json.loads(text))) if text else NOTHING


def save(tx: Tx, workspace: int, found: Explained) -> None:
    """Keep what a census has left."""
    if found == NOTHING:
        meta.delete(tx.conn, f"{meta.CENSUS_EXPLAINED}{workspace}")
    elif found != load(tx, workspace):
        both = [list(records.items()) for records in (found.filter_only, found.list_only)]
        meta.put(tx.conn, f"{meta.CENSUS_EXPLAINED}{workspace}", json.dumps(both))
