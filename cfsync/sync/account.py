"""Which teams the token shows and which workspaces to mirror: what each pass settles first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import structlog

from cfsync.api import Api
from cfsync.api.pages import walk_by_id
from cfsync.decode import decode_record
from cfsync.errors import Forbidden, NotFound, NothingReached
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.incoming.page import Written, write_records
from cfsync.mirror.incoming.reading import Reading
from cfsync.mirror.lists import added, listings, missing_rows
from cfsync.mirror.migrate import claim_teams
from cfsync.mirror.progress import checkpoints
from cfsync.mirror.progress.checkpoints import Checkpoint, Lane
from cfsync.records import Listing, Record
from cfsync.resources import RESOURCES, ROOT
from cfsync.sync.context import Context
from cfsync.sync.report import Report
from cfsync.sync.walk.records import count
from cfsync.sync.workspaces import Known, all_known, choose

TEAMS, WORKSPACES = RESOURCES["teams"], RESOURCES["workspaces"]
ALL_TEAMS = Listing(TEAMS.name, ROOT)

_HELP = 'to leave them out, set api.mirror to "core"'

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Shown:
    """What a token shows of its account."""

    #: Empty where it may not list them.
    teams: Sequence[Record]
    #: Those that were read, from the lists of the teams or by their names.
    workspaces: Sequence[Record]
    #: What the lists that gave nothing answered.
    refusals: Sequence[str]

    @property
    def team_ids(self) -> set[int]:
        named = (w.values.get("team_id") for w in self.workspaces)
        return {t.id for t in self.teams} | {team for team in named if team is not None}


async def read_account(
    api: Api, known: Known, wanted: Sequence[str], excluded: Sequence[str] = ()
) -> Shown:
    """Read the teams (one request), and the workspaces too if none is `known`, or not all that are
    named. Where the token may not list them, those that are wanted (or known) are read by their
    names: many tokens reach a workspace, and not the list of all.
    """
    teams, refusals = await _read(api, ALL_TEAMS)
    found: list[Record] = []
    if not known or not all_known(known, (*wanted, *excluded)):
        for team in teams:
            below, why = await _read(api, Listing(WORKSPACES.name, team.id))
            found, refusals = found + below, refusals + why
    listed = [*(known if teams else ()), *_pairs(found)]
    for name in wanted or [str(i) for i, _ in known if not teams]:
        if not all_known(listed, [name]):
            found += await _read_named(api, name, is_known=all_known(known, [name]))
    return Shown(teams, found, refusals)


async def _read(api: Api, listing: Listing) -> tuple[list[Record], list[str]]:
    """All records of a list of teams or workspaces (few), and why there are none."""
    try:
        found = [r async for page in walk_by_id(api, listing) for r in page.records]
    except (Forbidden, NotFound) as error:
        return [], [str(error)]
    return found, [] if found else [f"its list of {listing.resource} is empty"]


async def _read_named(api: Api, name: str, *, is_known: bool) -> list[Record]:
    """The workspace of that id or public_id, if there is one. One that the token may not read can
    have lists that it may: its id is all that is known of it then.
    """
    try:
        return [await api.get(WORKSPACES, name)]
    except NotFound:
        return []
    except Forbidden:
        is_new_id = name.isdecimal() and not is_known
        return [decode_record(WORKSPACES, {"id": int(name)})] if is_new_id else []


def _pairs(found: Iterable[Record]) -> list[tuple[int, str | None]]:
    return [(r.id, r.values.get("public_id")) for r in found]


async def open_account(context: Context, report: Report | None = None) -> list[int]:
    """Read what the token shows of the account, claim the mirror for its teams, and return the ids
    of the workspaces to mirror, which the settings choose.

    If this process has opened the account before, no request is made. What is new is counted in
    `report`. Raises TokenRefused, UnknownWorkspace, and MirrorError if the mirror belongs to other
    teams.
    """
    if context.opened:
        return await known_workspaces(context)
    known = await context.mirror.read(listings.workspaces)
    lane: Lane = Lane.PULL if known else Lane.BACKFILL
    reading, below = await context.reading(TEAMS, lane), await context.reading(WORKSPACES, lane)
    wanted = _names(context.settings.api.workspaces)
    shown = await read_account(context.api, known, wanted, _names(context.settings.api.exclude))
    if shown.team_ids:
        await context.mirror.write(claim_teams, shown.team_ids)
    if shown.teams:
        await _write(context, report, reading, shown.teams, _teams_are_read(reading))
    else:
        await context.mirror.write(checkpoints.forget, ALL_TEAMS, Lane.PULL)
    await _write(context, report, below, shown.workspaces)
    if not known and not shown.workspaces and not wanted:
        raise NothingReached("; ".join(shown.refusals))
    return await known_workspaces(context)


async def announce_added(context: Context, workspaces: Sequence[int]) -> None:
    """Log which resources the pull reads for the first time, since it takes longer then."""
    for workspace in workspaces[:1]:
        if names := await context.mirror.read(added.names, context.settings.wanted, workspace):
            log.info("lists.added", resources=names, help=_HELP)


async def is_reachable(context: Context, workspace: int | None) -> bool:
    """Whether the token reaches a workspace. If not, a record missing there proves nothing. Where
    it may not read the workspace itself, a list that shows records tells. None: of what is in no
    workspace, the list itself tells, since an empty one is not believed.
    """
    if workspace is None:
        return True
    try:
        await context.api.get(WORKSPACES, workspace)
    except NotFound:
        return False
    except Forbidden:
        return await shows_records(context, workspace)
    return True


async def shows_records(context: Context, workspace: int, *, but: str = "") -> bool:
    """Whether a list of the workspace of which the mirror has rows shows any; not the list of the
    resource `but`.
    """
    for resource in RESOURCES.values():
        listing = Listing(resource.name, workspace, workspace)
        is_other = resource.listed_by_workspace and resource.name != but
        if not is_other:
            continue
        if await context.mirror.read(missing_rows.ids_of, resource, listing, 1):
            with suppress(Forbidden, NotFound):
                if (await context.api.page(listing)).records:
                    return True
    return False


async def known_workspaces(context: Context) -> list[int]:
    """The ids of the workspaces to mirror, of those that the mirror knows."""
    known = await context.mirror.read(listings.workspaces)
    api = context.settings.api
    return choose(known, _names(api.workspaces), _names(api.exclude))


def _names(names: Iterable[object]) -> list[str]:
    return [str(name) for name in names]


async def _write(
    context: Context,
    report: Report | None,
    reading: Reading,
    records: Sequence[Record],
    *places: Checkpoint,
) -> None:
    written = await context.mirror.write(_write_list, reading, records, places)
    if report and (written.new or written.changed):
        count(report, reading.resource.name, written)


def _write_list(
    tx: Tx, reading: Reading, records: Sequence[Record], places: Sequence[Checkpoint]
) -> Written:
    written = write_records(tx, reading, records)
    checkpoints.save(tx, *places)
    return written


def _teams_are_read(reading: Reading) -> Checkpoint:
    """The teams are read whole at once, so their pull begins and ends with this reading."""
    place = checkpoints.fresh(ALL_TEAMS, Lane.PULL)
    return replace(place, began_at=reading.began_at, done_at=reading.began_at)
