"""Meta: values of the mirror as a whole, by key: the rows of `cf_meta`.

The functions take a connection, since a migration, which has no transaction of a mirror yet, uses
them too. (`cf_rev`, which is a row of it on SQLite, belongs to the transactions themselves.)
"""

from __future__ import annotations

import json
from collections.abc import Iterable

import sqlalchemy as sa

from cfsync.mirror.db.tables import META

TEAMS = "teams"
"""JSON list: ids of the teams whose records the mirror holds."""
BATCH = "batch"
"""The number of the last push that sent something."""
CAPTURE = "capture"
"""The version that generated the triggers, functions and views, and a digest of their text."""
CAPTURE_OBJECTS = "capture_objects"
"""JSON object: a digest of each trigger, function, view and column that belongs in the mirror."""
COMMENTS = "comments"
"""Digests of the comments that cfsync has put on tables and columns."""
CAPTURE_LOST = "capture_lost"
"""JSON list: what of them was missing when a pass last looked and could not put it back."""
CAPTURE_RESTORED = "capture_restored"
"""How often a pass has put back what was missing."""
CENSUS = "census/"
"""Before the id of a workspace: JSON object, whether its census is trusted, and why not."""
CENSUS_EXPLAINED = "census_explained/"
"""Before the id of a workspace: JSON, in which records its census may differ from the list."""
ACT = "act/"
"""Before RESOURCE/ID/ACTION/NUMBER: JSON, who made a call of `cfsync act` without an answer yet."""
ACTED = "acted/"
"""Before RESOURCE/ID/ACTION: JSON, who was the last to have ClickFunnels do it with a record."""
BROUGHT_BACK = "brought_back/"
"""Before RESOURCE/ID: JSON, who was the last to bring a deleted record back."""
BULK = "bulk/"
"""Before the number of a bulk: a JSON object with its edits and actions (`bulk_journal`)."""
BULK_NUMBER = "bulk_number"
"""The number of the last bulk."""
BULK_OFF = "bulk_off/"
"""Before RESOURCE/WORKSPACE: JSON, since when and why nothing is sent in bulk there."""
COUNTED = "counted/"
"""Before RESOURCE/WORKSPACE: JSON, how many records ClickFunnels has counted there, and when."""
CREATE_PATH = "create_path/"
"""Before the name of a resource: the field of the path at which its records were created last."""
DECIDED = "decided/"
"""Before RESOURCE/KIND: JSON, who was the last to pause or resume a list, or to ask for a pass."""
HISTORY_OFF = "history_off"
"""Is there while no change is written to `cf_changes`."""
HISTORY_PRUNED = "history_pruned"
"""The time before which changes were deleted, canonical text."""
IMPORTED = "imported/"
"""Before the number of an import: JSON, who made it, of what, and of how many rows."""
IMPORT_NUMBER = "import_number"
"""The number of the last import."""
MOVED_AWAY = "moved_away"
"""JSON object, where this mirror was moved to: `id` of the move, `to`, `at`."""
MOVED_HERE = "moved_here"
"""The id of the move by which this mirror came from another database."""
OWN_ENDPOINT = "endpoint/"
"""Before the id of an endpoint of ours, whose secret was kept: when it was registered last."""
REDACTED = "redacted/"
"""Before RESOURCE/DIGEST of an email address: the id of the record that had it (`redacted`)."""
REDACTED_KEY = "redacted_key"
"""The key of those digests."""
RESTORED = "restored"
"""Is there in a copy of the mirror, and in what was made from one, until it is recovered."""
REVERTED = "reverted/"
"""Before the number of a push: JSON, who was the last to revert it, and how many records."""
TOLD = "told/"
"""Before the kind of a notice: when a daemon told people of it last, canonical text."""
UNDELETED = "undeleted/"
"""Before RESOURCE/ID of a deleted record: the id of the row as which it was brought back."""
WAL_HELD = "wal_held"
"""Where in SQLite's log a reader held up the last checkpoint, and since when: `PLACE TIME`."""

_PUT = sa.text(
    "INSERT INTO cf_meta (key, value) VALUES (:key, :value)"
    " ON CONFLICT (key) DO UPDATE SET value = excluded.value"
)
_INCREMENT = sa.text(
    "INSERT INTO cf_meta (key, value) VALUES (:key, '1')"
    " ON CONFLICT (key) DO UPDATE SET value = CAST(CAST(cf_meta.value AS BIGINT) + 1 AS TEXT)"
    " RETURNING value"
)


def get(conn: sa.Connection, key: str) -> str | None:
    """The value of a key; None where there is none."""
    return conn.execute(sa.select(META.c.value).where(META.c.key == key)).scalar()


def put(conn: sa.Connection, key: str, value: str) -> None:
    """Set the value of a key."""
    conn.execute(_PUT, {"key": key, "value": value})


def delete(conn: sa.Connection, key: str) -> None:
    """Delete a key."""
    conn.execute(sa.delete(META).where(META.c.key == key))


def increment(conn: sa.Connection, key: str) -> int:
    """Add one to a number, which begins at 1, and return it."""
    return int(conn.execute(_INCREMENT, {"key": key}).scalar_one())


def with_prefix(conn: sa.Connection, prefix: str) -> dict[str, str]:
    """The values of all keys that begin with `prefix`, by the rest of the key, in its order."""
    begins = META.c.key.startswith(prefix, autoescape=True)
    found = conn.execute(sa.select(META.c.key, META.c.value).where(begins).order_by(META.c.key))
    return {key.removeprefix(prefix): value for key, value in found}


def delete_prefix(conn: sa.Connection, prefix: str) -> None:
    """Delete all keys that begin with `prefix`."""
    conn.execute(sa.delete(META).where(META.c.key.startswith(prefix, autoescape=True)))


def team_ids(conn: sa.Connection) -> set[int]:
    """Ids of the teams whose records the mirror holds; none before the first pass."""
    text = get(conn, TEAMS)
    return set(json.loads(text)) if text else set()


def save_team_ids(conn: sa.Connection, ids: Iterable[int]) -> None:
    """Set the teams whose records the mirror holds."""
    put(conn, TEAMS, json.dumps(sorted(ids)))
