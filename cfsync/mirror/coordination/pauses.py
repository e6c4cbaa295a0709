"""Pauses and troubles: resources that a person has paused, and passes that fail.

Both are kept in `cf_meta`, a row each, so that commands and daemons see each other's.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass

from cfsync.mirror.bookkeeping import meta
from cfsync.mirror.db.engine import Tx
from cfsync.resources import RESOURCES

ALL = "*"
"""Stands for every resource, including those of later releases."""

_PAUSE, _TROUBLE = "pause/", "trouble/"


def pause(tx: Tx, names: Collection[str]) -> None:
    """Pause these resources; all of them, if none is named."""
    for name in names or [ALL]:
        meta.put(tx.conn, _PAUSE + name, tx.now)


def resume(tx: Tx, names: Collection[str]) -> None:
    """End the pause of these resources; of all, if none is named. After a pause of everything the
    others stay paused.
    """
    if not names:
        meta.delete_prefix(tx.conn, _PAUSE)
        return
    left = {n: since for n, since in paused(tx).items() if n not in names}
    meta.delete_prefix(tx.conn, _PAUSE)
    for name, since in left.items():
        meta.put(tx.conn, _PAUSE + name, since)


def paused(tx: Tx) -> dict[str, str]:
    """Resource -> since when it is paused, canonical text."""
    found = meta.with_prefix(tx.conn, _PAUSE)
    every = found.pop(ALL, None)
    return ({} if every is None else dict.fromkeys(RESOURCES, every)) | found


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a pass of a resource fails. `name`: of the pass. `kind`: token, server, limit, database,
    answer or error, see `cfsync.daemon.jobs.backoff`. `text`: one line for a person. `since`:
    canonical text.
    """

    name: str
    resource: str
    kind: str
    text: str
    since: str


def save_trouble(tx: Tx, trouble: Trouble) -> None:
    key = f"{_TROUBLE}{trouble.resource}/{trouble.name}"
    meta.put(tx.conn, key, json.dumps(asdict(trouble)))


def delete_troubles(tx: Tx, resources: Collection[str], name: str = "") -> None:
    """Delete the troubles of these resources, of one pass or ('') of all."""
    for resource in resources:
        meta.delete_prefix(tx.conn, f"{_TROUBLE}{resource}/{name}")


def troubles(tx: Tx) -> list[Trouble]:
    return [Trouble(**json.loads(value)) for value in meta.with_prefix(tx.conn, _TROUBLE).values()]
