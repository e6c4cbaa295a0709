"""What stands still: resources that a person has paused, and passes that are in trouble.

Both are kept in `cf_meta`, a row each, so that commands and daemons see each other's.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass

import sqlalchemy as sa

from cfsync.mirror.db import statements
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import META
from cfsync.resources import RESOURCES

ALL = "*"
"""In the place of a resource: every one, those of later releases too."""

_PAUSE, _TROUBLE = "pause/", "trouble/"


def pause(tx: Tx, names: Collection[str]) -> None:
    """Pause these resources; all of them, if none is named."""
    statements.upsert(tx, META, [{"key": _PAUSE + n, "value": tx.now} for n in names or [ALL]])


def resume(tx: Tx, names: Collection[str]) -> None:
    """Let these resources run again; all of them, if none is named. Where everything is paused, the
    others stay so.
    """
    if not names:
        _forget(tx, _PAUSE)
        return
    left = {n: since for n, since in paused(tx).items() if n not in names}
    _forget(tx, _PAUSE)
    statements.upsert(tx, META, [{"key": _PAUSE + n, "value": since} for n, since in left.items()])


def paused(tx: Tx) -> dict[str, str]:
    """Resource -> since when it is paused, canonical text."""
    found = _kept(tx, _PAUSE)
    every = found.pop(ALL, None)
    return ({} if every is None else dict.fromkeys(RESOURCES, every)) | found


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a pass of a resource does not run now. `kind`: token, server, limit, database, answer,
    error; `text` is one line for a person; `since` canonical text.
    """

    name: str
    resource: str
    kind: str
    text: str
    since: str


def keep_trouble(tx: Tx, trouble: Trouble) -> None:
    key = f"{_TROUBLE}{trouble.resource}/{trouble.name}"
    statements.upsert(tx, META, [{"key": key, "value": json.dumps(asdict(trouble))}])


def end_troubles(tx: Tx, resources: Collection[str], name: str = "") -> None:
    """Forget the troubles of these resources, of one pass or of all."""
    for resource in resources:
        _forget(tx, f"{_TROUBLE}{resource}/{name}")


def troubles(tx: Tx) -> list[Trouble]:
    return [Trouble(**json.loads(value)) for value in _kept(tx, _TROUBLE).values()]


def _kept(tx: Tx, prefix: str) -> dict[str, str]:
    """What is kept under keys that begin so, by the rest of the key, in its order."""
    query = sa.select(META.c.key, META.c.value).where(META.c.key.startswith(prefix))
    found = tx.conn.execute(query.order_by(META.c.key))
    return {key.removeprefix(prefix): value for key, value in found}


def _forget(tx: Tx, prefix: str) -> None:
    tx.conn.execute(sa.delete(META).where(META.c.key.startswith(prefix, autoescape=True)))
