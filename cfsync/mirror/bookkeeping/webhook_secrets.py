"""The secrets that verify webhook deliveries: those of endpoints that lead to this receiver.

They are kept in `cf_secrets` and nowhere else. A secret that was replaced stays valid for a day and
an hour, since ClickFunnels repeats a delivery for a day: `previous` is a JSON list of [secret,
until].
"""

from __future__ import annotations

from collections.abc import Collection

import orjson
import sqlalchemy as sa

from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import SECRETS, TABLES, TOMBSTONES
from cfsync.records import PROVISIONAL_FROM
from cfsync.resources import RESOURCES
from cfsync.values import json_of, later

ENDPOINTS = RESOURCES["webhook_endpoints"]
(FIELD,) = ENDPOINTS.secrets

VALID_AFTER_S = 25 * 3600.0
"""Seconds for which a replaced secret is still valid."""

Previous = list[tuple[str, str]]
"""(secret, until), the time as canonical text."""


def path_of(workspace_id: int) -> str:
    """The path of the receiver for a workspace's deliveries: the end of its endpoint's URL."""
    return f"/webhooks/{workspace_id}"


def valid_secrets(tx: Tx) -> dict[int, tuple[str, ...]]:
    """Workspace -> the secrets that are valid now."""
    table = TABLES[ENDPOINTS.name]
    query = sa.select(table.c.workspace_id, table.c.url, SECRETS.c.value, SECRETS.c.previous).join(
        SECRETS, SECRETS.c.record_id == table.c.id
    )
    where = (SECRETS.c.resource == ENDPOINTS.name, SECRETS.c.field == FIELD)
    found: dict[int, tuple[str, ...]] = {}
    for workspace_id, url, value, previous in tx.conn.execute(query.where(*where)):
        if str(url).endswith(path_of(workspace_id)):
            old = [secret for secret, _ in still_valid(parsed(previous), tx.now)]
            found[workspace_id] = (*found.get(workspace_id, ()), value, *old)
    return found


def parsed(text: str | None) -> Previous:
    """The secrets in a `previous` column; none for NULL."""
    return [(secret, until) for secret, until in orjson.loads(text)] if text else []


def still_valid(previous: Previous, now: str) -> Previous:
    """Those that are still valid at `now`."""
    return [(secret, until) for secret, until in previous if until > now]


def valid_until(now: str) -> str:
    """Until when a secret that is replaced at `now` is valid."""
    return later(now, VALID_AFTER_S)


def has_secret(tx: Tx, workspace_id: int, url: str) -> dict[int, bool]:
    """Endpoint id -> whether its secret is known, for a workspace's endpoints with this URL."""
    table = TABLES[ENDPOINTS.name]
    mine = (SECRETS.c.resource == ENDPOINTS.name, SECRETS.c.record_id == table.c.id)
    query = sa.select(table.c.id, SECRETS.c.value).outerjoin(SECRETS, sa.and_(*mine))
    here = (table.c.workspace_id == workspace_id, table.c.url == url, table.c.id < PROVISIONAL_FROM)
    return {i: value is not None for i, value in tx.conn.execute(query.where(*here))}


def replace(tx: Tx, new_id: int, old_ids: Collection[int]) -> None:
    """Put the endpoint `new_id` in the place of others, whose secrets stay valid for a while."""
    old = _secrets(tx, old_ids)
    previous = [p for _, earlier in old for p in still_valid(parsed(earlier), tx.now)]
    previous += [(value, valid_until(tx.now)) for value, _ in old]
    delete(tx, old_ids)
    tx.conn.execute(
        sa.update(SECRETS)
        .where(SECRETS.c.resource == ENDPOINTS.name, SECRETS.c.record_id == new_id)
        .values(previous=orjson.dumps(previous).decode() if previous else None)
    )


def _secrets(tx: Tx, ids: Collection[int]) -> list[tuple[str, str | None]]:
    query = sa.select(SECRETS.c.value, SECRETS.c.previous).where(
        SECRETS.c.resource == ENDPOINTS.name, SECRETS.c.record_id.in_(ids)
    )
    return [(value, previous) for value, previous in tx.conn.execute(query)]


def delete(tx: Tx, ids: Collection[int]) -> None:
    """Delete the secrets of these endpoints."""
    tx.conn.execute(
        sa.delete(SECRETS).where(SECRETS.c.resource == ENDPOINTS.name, SECRETS.c.record_id.in_(ids))
    )


def own_endpoints(tx: Tx, workspace_id: int) -> dict[int, str]:
    """Id -> URL of a workspace's endpoints that lead to this receiver and whose secret is known;
    among them those that were deleted in ClickFunnels and not replaced or removed since.
    """
    return {i: url for i, (w, url) in _own_endpoints(tx).items() if w == workspace_id}


def workspaces_with_own(tx: Tx) -> set[int]:
    """The workspaces that have such endpoints."""
    return {workspace_id for workspace_id, _ in _own_endpoints(tx).values()}


def _own_endpoints(tx: Tx) -> dict[int, tuple[int, str]]:
    """Endpoint id -> its workspace and URL, from its row or from the proof that it is gone."""
    table, s, t = TABLES[ENDPOINTS.name], SECRETS.c, TOMBSTONES.c
    gone = sa.and_(t.resource == s.resource, t.record_id == s.record_id)
    query = (
        sa.select(s.record_id, table.c.workspace_id, table.c.url, t.workspace_id, t.body)
        .select_from(SECRETS)
        .outerjoin(table, table.c.id == s.record_id)
        .outerjoin(TOMBSTONES, gone)
        .where(s.resource == ENDPOINTS.name)
    )
    found = {}
    for i, workspace_id, url, was_in, body in tx.conn.execute(query):
        place = workspace_id or was_in
        leads_to = str(url or (json_of(body).get("url") if body else ""))
        if place and leads_to.endswith(path_of(place)):
            found[int(i)] = int(place), leads_to
    return found


def workspaces_with_any(tx: Tx, workspaces: Collection[int]) -> set[int]:
    """Those of these workspaces that have an endpoint, of cfsync or of another program."""
    table = TABLES[ENDPOINTS.name]
    query = sa.select(table.c.workspace_id).where(table.c.workspace_id.in_(workspaces)).distinct()
    return set(tx.conn.execute(query).scalars())
