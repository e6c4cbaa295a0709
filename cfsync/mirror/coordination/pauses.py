"""What does not run: resources that a person has paused, and passes that are in trouble.

Each is a row of `cf_meta`, so that commands and daemons see it.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass

from cfsync.mirror.db.engine import Tx
from cfsync.mirror.progress import meta
from cfsync.resources import RESOURCES

ALL = "*"
"""Stands for every resource, also those of later releases."""

EVERYTHING = "everything"
"""All resources, for a person."""

_PAUSE, _TROUBLE = "pause/", "trouble/"


def pause(tx: Tx, names: Collection[str]) -> None:
    """Pause these resources; all of them, if none is named."""
    for name in names or [ALL]:
        meta.put(tx.conn, _PAUSE + name, tx.now)


def resume(tx: Tx, names: Collection[str]) -> None:
    """Let these resources run again; all of them, if none is named. Where everything is paused, the
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


def in_words(paused: Collection[str], *, of: Collection[str] = RESOURCES) -> str:
    """What is paused, for a person: everything, everything but a few, or the names that are in
    `of`. Pure.
    """
    others = [name for name in RESOURCES if name not in paused]
    if not others:
        return EVERYTHING
    if len(others) < len(paused):
        return f"{EVERYTHING} but {', '.join(others)}"
    return ", ".join(name for name in paused if name in of)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a pass of a resource does not run now."""

    #: The name of the pass.
    name: str
    resource: str
    #: As `Kind` in `cfsync.sync.trouble`.
    kind: str
    #: One line for a person.
    text: str
    #: Canonical text.
    since: str


def save_trouble(tx: Tx, trouble: Trouble) -> None:
    """Keep why a pass of a resource does not run, in place of an earlier trouble of it."""
    key = f"{_TROUBLE}{trouble.resource}/{trouble.name}"
    meta.put(tx.conn, key, json.dumps(asdict(trouble)))


def delete_troubles(tx: Tx, resources: Collection[str], name: str = "") -> None:
    """Delete the troubles of these resources, of one pass or (with no name) of all."""
    for resource in resources:
        meta.delete_prefix(tx.conn, f"{_TROUBLE}{resource}/{name}")


def troubles(tx: Tx) -> list[Trouble]:
    """All that are kept."""
    return [Trouble(**json.loads(value)) for value in meta.with_prefix(tx.conn, _TROUBLE).values()]
