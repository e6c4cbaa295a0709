"""Tests what cfsync assumes about the API beyond its documentation, by reading a live account."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import partial
from itertools import chain, product
from typing import Literal

from cfsync.api import Api
from cfsync.config import Settings
from cfsync.errors import ApiError, BadAnswer, CfsyncError, Forbidden, NotFound
from cfsync.mirror.db.engine import Mirror
from cfsync.mirror.lists import absent
from cfsync.records import Listing, Page, Record
from cfsync.resources import RESOURCES, ROOT, Resource

State = Literal["ok", "note", "todo"]


@dataclass(frozen=True, slots=True)
class Check:
    """One line of `doctor`.

    ok: as it should be. note: good to know, nothing to do. todo: `text` says what to do, and
    `exit_code` is the exit code of a command that runs into the problem.
    """

    name: str
    state: State
    text: str
    exit_code: int = 0


MOST_WORKSPACES = 10
"""In how many workspaces a page of every list is read."""

SKEW = 30.0
"""Seconds by which the clocks may differ before `doctor` reports it."""

FAR = 2**53
"""An id that no record has."""

UNTOLD = "can't be told: no list here has two records"


@dataclass(frozen=True, slots=True)
class Look:
    """The first page of a list, or the status with which it was refused."""

    listing: Listing
    page: Page = field(default_factory=partial(Page, (), None))
    refused: int = 0


async def headers(api: Api) -> Mapping[str, str]:
    """The headers of an answer, none where the token may not read it."""
    with suppress(Forbidden, NotFound):
        return (await api.raw("GET", "/teams")).headers
    return {}


def clock(headers: Mapping[str, str], now: datetime) -> Check:
    """Compares the mirror's clock (`now`) with the server's Date header. Pure."""
    date = {name.lower(): value for name, value in headers.items()}.get("date")
    try:
        ahead = (now - parsedate_to_datetime(date or "")).total_seconds()
    except (TypeError, ValueError):
        return Check("clock", "note", "the server sends no date to compare with")
    if abs(ahead) <= SKEW:
        return Check("clock", "ok", "agrees with the server's")
    days = abs(ahead) / 86400
    apart = f"{days:,.0f} days" if days > 2 else f"{abs(ahead):.0f} s"
    text = f"the mirror's is {apart} {'ahead of' if ahead > 0 else 'behind'} the server's"
    return Check("clock", "note", f"{text}: see which is wrong, and set it by NTP")


async def check_lists(
    api: Api, mirror: Mirror | CfsyncError, settings: Settings, workspaces: Sequence[int]
) -> list[Check]:
    """Checks of the lists of these workspaces, of which a page of each is read. One that was left
    out and can be read is mirrored from now on.
    """
    if not workspaces:
        return []
    looks = await look_at_lists(api, settings, workspaces[:MOST_WORKSPACES])
    checks = readable(looks, of=len(workspaces))
    if isinstance(mirror, Mirror):
        lists = [look.listing for look in looks if not look.refused]
        if found := await mirror.read(absent.noted, lists):
            await mirror.write(absent.forget, found)
    return checks + await probe(api, workspaces[0], looks)


async def look_at_lists(api: Api, settings: Settings, workspaces: Sequence[int]) -> list[Look]:
    """Read one page of every enabled list of some workspaces, of one list below the records on
    each of these pages, and of the lists outside workspaces. Raises errors that concern every call.
    """
    found: dict[tuple[str, int | None], Look] = {}
    wanted = [r for r in RESOURCES.values() if settings.resource(r.name).enabled]
    outside = [r for r in wanted if not r.in_workspace]
    inside = [r for r in wanted if r.in_workspace and not r.scope]
    for workspace, resource in chain(product([None], outside), product(workspaces, inside)):
        above = found.get((str(resource.parent), workspace))
        if (parent := _first_parent(resource, above, workspace)) is not None:
            listing = Listing(resource.name, parent, workspace)
            found[resource.name, workspace] = await _look(api, listing)
    return [look for look in found.values() if not RESOURCES[look.listing.resource].scope]


def _first_parent(resource: Resource, above: Look | None, workspace: int | None) -> int | None:
    """The first record below which the resource is listed; None where none is known."""
    if resource.parent is None:
        return ROOT
    if resource.listed_by_workspace:
        return workspace
    return next((record.id for record in above.page.records), None) if above else None


async def _look(api: Api, listing: Listing) -> Look:
    try:
        return Look(listing, await api.page(listing))
    except (Forbidden, NotFound) as error:
        return Look(listing, refused=error.status)


def readable(looks: Sequence[Look], *, of: int) -> list[Check]:
    """Which lists the token may not read, a line for each resource. `of`: how many workspaces are
    mirrored. Pure.
    """
    refused: dict[tuple[str, int], list[int | None]] = {}
    for look in looks:
        if look.refused:
            place = look.listing.workspace_id
            refused.setdefault((look.listing.resource, look.refused), []).append(place)
    seen = len({look.listing.workspace_id for look in looks} - {None})
    where = f" (in the first {seen} of {of} workspaces)" if seen < of else ""
    if not refused:
        return [Check("lists", "ok", f"{len(looks)} can be read{where}")]
    return [_refused(name, status, places) for (name, status), places in refused.items()]


def _refused(name: str, status: int, places: Sequence[int | None]) -> Check:
    named = ", ".join(str(place) for place in places if place is not None)
    where = f" in workspace {named} ({status})" if named else f" ({status})"
    if RESOURCES[name].group != "core":
        return Check("lists", "note", f"{name} is left out: not to be had{where}")
    text = f"{name} can't be read{where}: give the token access, or set"
    return Check("lists", "todo", f"{text} resources.{name}.enabled to false", 5)


async def probe(api: Api, workspace: int, looks: Sequence[Look]) -> list[Check]:
    """Test each assumption in one workspace, on the first of its lists that has two records or
    more and no order of its own. Raises errors that concern every call.
    """
    usable = [look for look in looks if len(look.page.records) > 1 and _is_walked(look)]
    sample = next(iter(usable), Look(Listing("contacts", workspace, workspace)))
    listing, first = sample.listing, sample.page
    trials: list[tuple[str, Callable[[Api, Listing, Page], Awaitable[str]], str]] = [
        ("any id as cursor", _any_cursor, "walks are not cut in ranges"),
        ("sort by id", _sort_by_id, "walks may be incomplete: please report this"),
        ("sort by updated_at", _sort_by_time, "every pull walks whole lists, which costs requests"),
    ]
    checks = []
    for name, trial, otherwise in trials:
        if len(first.records) < 2:
            checks.append(Check(name, "note", UNTOLD))
            continue
        failure = await _outcome(trial(api, listing, first))
        text = f"{failure}; {otherwise}" if failure else f"honoured ({listing})"
        checks.append(Check(name, "note" if failure else "ok", text))
    return [*checks, await _events(api, workspace)]


def _is_walked(look: Look) -> bool:
    resource = RESOURCES[look.listing.resource]
    return resource.in_workspace and not resource.whole


async def _outcome(trial: Awaitable[str]) -> str:
    """What contradicts the assumption; "" if nothing does."""
    try:
        return await trial
    except (ApiError, BadAnswer) as error:
        if error.exit_code == 4:
            raise
        return str(error)


async def _any_cursor(api: Api, listing: Listing, first: Page) -> str:
    """Whether a list continues after an id that no record has; "" if it does."""
    ids = [r.id for r in first.records]
    gaps = [i - 1 for i in ids[1:] if i - 1 not in ids]
    after = gaps[0] if gaps else FAR
    expected = [i for i in ids if i > after]
    answer = [r.id for r in (await api.page(listing, after=after)).records]
    kept = answer[: len(expected)] == expected if expected else answer == []
    return "" if kept else f"after={after} is not taken as a place"


async def _sort_by_id(api: Api, listing: Listing, first: Page) -> str:
    page = await api.page(listing, descending=True)
    ids = [r.id for r in page.records]
    return "" if _falling(ids) and ids[0] >= first.records[-1].id else "ignored"


async def _sort_by_time(api: Api, listing: Listing, first: Page) -> str:
    page = await api.page(listing, sort="updated_at", descending=True)
    newest_known = max(map(_time, first.records))
    times = [_time(r) for r in page.records]
    return "" if _falling(times) and times[0] >= newest_known else "ignored"


def _time(record: Record) -> str:
    return record.updated_at or ""


def _falling(values: Sequence[int] | Sequence[str]) -> bool:
    return list(values) == sorted(values, reverse=True)


async def _events(api: Api, workspace: int) -> Check:
    try:
        await api.page(Listing("webhook_events", workspace, workspace))
    except (Forbidden, NotFound) as error:
        return Check("events log", "note", f"not there ({error.status}); pulls bring all news")
    return Check("events log", "ok", "there")
