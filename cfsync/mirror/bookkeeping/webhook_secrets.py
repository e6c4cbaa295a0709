"""The secrets that verify webhook deliveries: those of endpoints that lead to this receiver.

They are kept in `cf_secrets` and nowhere else, out of reach of programs that read the mirror. The
mirror itself knows which endpoints have a secret there: one whose secret is missing (the mirror was
restored without them) must be replaced. A secret that was replaced stays valid for a day and an
hour, since ClickFunnels repeats a delivery for a day: `previous` is a JSON list of [secret, until].
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import orjson
import sqlalchemy as sa

from cfsync.mirror.db import statements
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import SECRETS, TABLES, TOMBSTONES
from cfsync.mirror.progress import meta
from cfsync.records import PROVISIONAL_FROM, Record
from cfsync.resources import RESOURCES
from cfsync.times import later
from cfsync.values import json_of

ENDPOINTS = RESOURCES["webhook_endpoints"]
(FIELD,) = ENDPOINTS.secrets

VALID_AFTER_S = 25 * 3600.0
"""Seconds for which a replaced secret is still valid."""

Previous = list[tuple[str, str]]
"""(secret, until), the time as canonical text."""


def path_of(workspace_id: int) -> str:
    """The path of the receiver for a workspace's deliveries: the end of its endpoint's URL."""
    return f"/webhooks/{workspace_id}"


def keep(tx: Tx, records: Sequence[Record]) -> None:
    """Write the secret fields of records to `cf_secrets`."""
    with_secrets = [r for r in records if r.secrets]
    for record in with_secrets:
        if record.resource == ENDPOINTS.name:  # others have secrets of other kinds
            mark_registered(tx, record.id)
    statements.upsert(
        tx,
        SECRETS,
        [
            {"resource": r.resource, "record_id": r.id, "field": f, "value": v, "since": tx.now}
            for r in with_secrets
            for f, v in r.secrets.items()
        ],
    )


def mark_registered(tx: Tx, endpoint_id: int) -> None:
    """Note that a person wants deliveries at the address of this endpoint."""
    meta.put(tx.conn, f"{meta.OWN_ENDPOINT}{endpoint_id}", tx.now)


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
    for endpoint_id in ids:
        meta.delete(tx.conn, f"{meta.OWN_ENDPOINT}{endpoint_id}")


def own_endpoints(tx: Tx, workspace_id: int) -> dict[int, str]:
    """Id -> URL of a workspace's endpoints that lead to this receiver and whose secret is known, or
    was; among them those that were deleted in ClickFunnels and not replaced or removed since.
    """
    return {i: url for i, (w, url) in _own_endpoints(tx).items() if w == workspace_id}


def present_url(tx: Tx, workspace_id: int) -> str | None:
    """The address that was registered last in a workspace; None where no endpoint is ours."""
    since = meta.with_prefix(tx.conn, meta.OWN_ENDPOINT)
    ours = own_endpoints(tx, workspace_id)
    return ours[max(ours, key=lambda i: (since[str(i)], i))] if ours else None


def workspaces_with_own(tx: Tx) -> set[int]:
    """The workspaces that have such endpoints."""
    return {workspace_id for workspace_id, _ in _own_endpoints(tx).values()}


def _own_endpoints(tx: Tx) -> dict[int, tuple[int, str]]:
    """Endpoint id -> its workspace and URL, from its row or from the proof that it is gone."""
    ids = [int(i) for i in meta.with_prefix(tx.conn, meta.OWN_ENDPOINT)]
    table, t = TABLES[ENDPOINTS.name].c, TOMBSTONES.c
    rows = sa.select(table.id, table.workspace_id, table.url).where(table.id.in_(ids))
    gone = sa.select(t.record_id, t.workspace_id, t.body).where(
        t.resource == ENDPOINTS.name, t.record_id.in_(ids), t.body.is_not(None)
    )
    places = {i: (w, json_of(body).get("url")) for i, w, body in tx.conn.execute(gone)}
    places |= {i: (w, url) for i, w, url in tx.conn.execute(rows)}
    return {
        i: (workspace_id, str(url))
        for i, (workspace_id, url) in places.items()
        if workspace_id and str(url).endswith(path_of(workspace_id))
    }


def workspaces_with_any(tx: Tx, workspaces: Collection[int]) -> set[int]:
    """Those of these workspaces that have an endpoint, of cfsync or of another program."""
    table = TABLES[ENDPOINTS.name]
    query = sa.select(table.c.workspace_id).where(table.c.workspace_id.in_(workspaces)).distinct()
    return set(tx.conn.execute(query).scalars())
