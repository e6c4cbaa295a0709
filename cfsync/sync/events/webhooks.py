"""Creates, checks, replaces and removes the webhook endpoints that send to this receiver.

ClickFunnels shows an endpoint's secret once, in the answer that made it. It is kept in `cf_secrets`
in the transaction that writes the answer; if it is unknown, the endpoint must be replaced.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from cfsync.api.pages import walk_by_id
from cfsync.config.runnable import is_loopback
from cfsync.errors import NotFound, UnknownWorkspace, UsageError
from cfsync.mirror.bookkeeping import bases, tombstones, webhook_secrets
from cfsync.mirror.bookkeeping.tombstones import Cause, Evidence
from cfsync.mirror.bookkeeping.webhook_secrets import ENDPOINTS
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.history.person import by_person
from cfsync.mirror.incoming.page import write_records
from cfsync.mirror.incoming.reading import Reading
from cfsync.mirror.lists import missing_rows
from cfsync.mirror.progress.checkpoints import Lane
from cfsync.records import Listing, Record
from cfsync.sync.account import open_account
from cfsync.sync.context import Context
from cfsync.sync.events import event_types

State = Literal["ok", "foreign", "old address", "no secret", "types differ", "deleted", "removed"]
"""foreign: it leads elsewhere. Of all but ok, foreign and removed, `remedy` says what helps."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`done`: what was just done about it: made, kept, changed, removed; None: nothing."""

    workspace_id: int
    id: int
    url: str
    state: State
    done: str | None = None


Begin = Callable[[], None]
"""What is called before each change in ClickFunnels."""


def silent() -> None:
    """Begin without a word."""


async def register(context: Context, url: str, begin: Begin = silent) -> list[Endpoint]:
    """Make sure that each workspace meant by `url` (all, or the one that it ends with) has one
    endpoint with a known secret. What is right already stays as it is.
    """
    workspaces = targets(url, await open_account(context))
    types = await _asked_types(context)
    return [await _register(context, w, full, types, begin) for w, full in workspaces.items()]


async def _asked_types(context: Context) -> list[str]:
    """What an endpoint of ours asks for: an endpoint that asks for a type that ClickFunnels doesn't
    offer may be refused whole.
    """
    offered = await event_types.offered(context.api)
    return event_types.useful(offered, context.settings.wanted)


async def _register(
    context: Context, workspace: int, url: str, types: Sequence[str], begin: Begin
) -> Endpoint:
    there = await _endpoints_at(context, workspace, url)
    known = await context.mirror.read(webhook_secrets.has_secret, workspace, url)
    kept = max((r for r in there if known.get(r.id)), key=lambda r: r.id, default=None)
    if kept is None:
        begin()
        ours = await context.mirror.read(webhook_secrets.own_endpoints, workspace)
        gone = (i for i, led_to in ours.items() if led_to == url)
        replaced = {*known, *gone, *(r.id for r in there)}
        return await _create(context, workspace, url, types, replaced=replaced)
    for surplus in there:
        if surplus.id != kept.id:
            begin()
            await _delete(context, surplus.id)
    await context.mirror.write(webhook_secrets.mark_registered, kept.id)
    if _asks_for(kept, types):
        return Endpoint(workspace, kept.id, url, "ok", "kept")
    begin()
    reading = await context.reading(ENDPOINTS, Lane.PUSH)
    changed = await context.api.update(ENDPOINTS, kept.id, {"event_type_ids": types})
    await context.mirror.write(_keep, reading, changed, ())
    return Endpoint(workspace, kept.id, url, "ok", "changed")


async def rotate(context: Context, begin: Begin = silent) -> list[Endpoint]:
    """Replace each endpoint of ours by another one with a secret of its own. What was signed with
    the old secret is taken for another 25 hours. Raises UsageError where there is none.
    """
    ours = [
        e for e in await list_endpoints(context) if e.state in ("ok", "types differ", "no secret")
    ]
    if not ours:
        raise UsageError("there is no endpoint to rotate; `cfsync webhooks register` makes one")
    begin()
    places = {(e.workspace_id, e.url): {x.id for x in ours if x.url == e.url} for e in ours}
    types = await _asked_types(context)
    return [await _create(context, w, url, types, replaced=i) for (w, url), i in places.items()]


async def remove(
    context: Context, named: str, *, foreign: bool = False, begin: Begin = silent
) -> Endpoint:
    """Delete one endpoint, or forget one of ours that is gone already. Raises UsageError where
    there is none, and for one that leads to another program unless `foreign` allows it.
    """
    for workspace in await open_account(context):
        ours = await context.mirror.read(webhook_secrets.own_endpoints, workspace)
        there = {r.id: r for r in await _listed(context, workspace)}
        for i, url in (ours | {r.id: _url(r) for r in there.values()}).items():
            public_id = there[i].values.get("public_id") if i in there else None
            if named in (str(i), public_id):
                if not (foreign or url.endswith(webhook_secrets.path_of(workspace))):
                    raise UsageError(
                        f"endpoint {i} belongs to another program ({url}): add --foreign to delete"
                        " it all the same"
                    )
                begin()
                await _delete(context, i)
                return Endpoint(workspace, i, url, "removed", "removed")
    raise UsageError(f"there is no webhook endpoint {named}; see `cfsync webhooks list`")


async def list_endpoints(
    context: Context, workspaces: Sequence[int] | None = None
) -> list[Endpoint]:
    """Every endpoint (of these workspaces), and how it is with it; also those that the mirror knows
    and nobody else.
    """
    found: list[Endpoint] = []
    if workspaces is None:
        workspaces = await open_account(context)
    types = await _asked_types(context) if workspaces else []
    for workspace in workspaces:
        there = await _listed(context, workspace)
        ours = await context.mirror.read(webhook_secrets.own_endpoints, workspace)
        present = await context.mirror.read(webhook_secrets.present_url, workspace)
        for record in there:
            known = await context.mirror.read(webhook_secrets.has_secret, workspace, _url(record))
            state = _state_of(workspace, record, types, has_secret=known.get(record.id, False))
            if record.id in ours and state != "foreign" and _url(record) != present:
                state = "old address"
            found.append(Endpoint(workspace, record.id, _url(record), state))
        lost = {i: url for i, url in ours.items() if i not in {r.id for r in there}}
        found += [Endpoint(workspace, i, url, "deleted") for i, url in lost.items()]
    return found


def remedy(endpoint: Endpoint) -> str:
    """What is wrong with an endpoint, and the command that helps; '' where nothing is. Pure."""
    again = f"cfsync webhooks register {endpoint.url}"
    match endpoint.state:
        case "old address":
            return (
                "another address was registered since, and this one still gets events:"
                f" cfsync webhooks remove {endpoint.id}"
            )
        case "no secret":
            return "its secret is not in this mirror; if it leads here: cfsync webhooks rotate"
        case "types differ":
            return f"it does not send all events: {again}"
        case "deleted":
            drop = f"cfsync webhooks remove {endpoint.id}"
            return f"it is gone in ClickFunnels: {again}, or {drop}"
    return ""


def _state_of(workspace: int, record: Record, types: Sequence[str], *, has_secret: bool) -> State:
    if not _url(record).endswith(webhook_secrets.path_of(workspace)):
        return "foreign"
    if not has_secret:
        return "no secret"
    return "ok" if _asks_for(record, types) else "types differ"


def targets(url: str, workspaces: Sequence[int]) -> dict[int, str]:
    """Workspace -> the URL of its endpoint. Pure. Raises UsageError on a URL that can't be meant,
    and UnknownWorkspace.
    """
    base = url.strip().rstrip("/")
    if not _is_webhook_url(base):
        raise UsageError(
            "give the address at which ClickFunnels reaches this daemon,"
            " as in https://hooks.example.com"
        )
    if not _is_safe(base):
        raise UsageError(
            "events hold people's data: give an https:// address; over http:// only this machine's"
            " own is taken, as in http://127.0.0.1:8787"
        )
    named = re.search(r"/webhooks/([0-9]+)$", base)
    if named is None:
        base = base.removesuffix("/webhooks")
        return {w: base + webhook_secrets.path_of(w) for w in workspaces}
    if int(named[1]) not in workspaces:
        raise UnknownWorkspace(named[1])
    return {int(named[1]): base}


def unreachable(url: str) -> str | None:
    """Why ClickFunnels can't reach a URL from the internet; None where nothing says so. Pure."""
    host = (urlsplit(url.strip()).hostname or "").lower()
    try:
        is_public = ipaddress.ip_address(host).is_global
    except ValueError:
        is_public = "." in host and not host.endswith((".local", ".localhost", ".internal", ".lan"))
    if is_public:
        return None
    return f"ClickFunnels can't reach {host} from the internet: nothing will be delivered there"


def _is_webhook_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:  # brackets that do not match, a port that is none
        return False
    plain = not (parts.query or parts.fragment or "@" in parts.netloc or re.search(r"\s", url))
    return parts.scheme in ("http", "https") and bool(host) and plain


def _is_safe(url: str) -> bool:
    """Over plain http only on this machine: an event holds people's data."""
    parts = urlsplit(url)
    return parts.scheme == "https" or is_loopback(parts.hostname or "")


async def _create(
    context: Context, workspace: int, url: str, types: Sequence[str], *, replaced: Collection[int]
) -> Endpoint:
    """Make an endpoint, keep its secret, and only then delete those that it replaces."""
    reading = await context.reading(ENDPOINTS, Lane.PUSH)
    values = {"url": url, "name": "cfsync", "event_type_ids": types}
    made = await context.api.create(Listing(ENDPOINTS.name, workspace, workspace), values)
    await context.mirror.write(_keep, reading, made, replaced)
    for old in sorted(replaced):
        await _delete(context, old)
    return Endpoint(workspace, made.id, url, "ok", "made")


async def _delete(context: Context, endpoint_id: int) -> None:
    with suppress(NotFound):
        await context.api.delete(ENDPOINTS, endpoint_id)
    await context.mirror.write(_confirm_deletion, endpoint_id)


def _keep(tx: Tx, reading: Reading, record: Record, replaced: Collection[int]) -> None:
    write_records(tx, reading, [record])
    if replaced:
        webhook_secrets.replace(tx, record.id, replaced)


def _confirm_deletion(tx: Tx, endpoint_id: int) -> None:
    """Our own delete needs no second sighting."""
    webhook_secrets.delete(tx, [endpoint_id])
    rev_before = bases.highest_rev(tx)
    missing_rows.add_not_found(tx, ENDPOINTS, [endpoint_id], rev_before=rev_before)
    evidence = Evidence(Cause.DELETED, rev_before, by_person())
    tombstones.confirm(tx, ENDPOINTS, endpoint_id, evidence, keep_row=False)


async def _endpoints_at(context: Context, workspace: int, url: str) -> list[Record]:
    return [r for r in await _listed(context, workspace) if _url(r) == url]


async def _listed(context: Context, workspace: int) -> list[Record]:
    listing = Listing(ENDPOINTS.name, workspace, workspace)
    return [r async for page in walk_by_id(context.api, listing) for r in page.records]


def _url(record: Record) -> str:
    return str(record.values.get("url") or "")


def _asks_for(record: Record, types: Sequence[str]) -> bool:
    """An endpoint that names no type gets all."""
    named = record.values.get("event_type_ids")
    return not named or set(types) <= set(named)
