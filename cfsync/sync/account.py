"""Which teams the token shows and which workspaces to mirror: what each pass settles first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cfsync.api.pages import walk_by_id
from cfsync.errors import Forbidden, NotFound, TokenRefused
from cfsync.mirror.bookkeeping.checkpoints import Checkpoint, Lane, fresh, save
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.incoming.page import Written, write_records
from cfsync.mirror.incoming.reading import Reading
from cfsync.mirror.lists import listings
from cfsync.mirror.migrate import claim_teams
from cfsync.records import Listing, Record
from cfsync.resources import RESOURCES, ROOT
from cfsync.sync.context import Context
from cfsync.sync.report import Report
from cfsync.sync.walk.records import count
from cfsync.sync.workspaces import all_known, choose

TEAMS, WORKSPACES = RESOURCES["teams"], RESOURCES["workspaces"]


async def open_account(
    context: Context, report: Report | None = None, *, only: str | None = None
) -> list[int]:
    """Read the teams (one request), claim the mirror for them, and return the ids of the workspaces
    to mirror: those that the settings choose, or the one that `only` names.

    The workspaces are read too if the mirror knows none yet, or not all that are named. If this
    process has opened the account before, no request is made. What is new is counted in `report`.
    Raises TokenRefused, UnknownWorkspace, and MirrorError if the mirror belongs to other teams.
    """
    if context.opened:
        return await known_workspaces(context, only=only)
    known = await context.mirror.read(listings.workspaces)
    lane: Lane = Lane.PULL if known else Lane.BACKFILL
    reading = await context.reading(TEAMS, lane)
    teams = await _read(context, Listing(TEAMS.name, ROOT))
    await context.mirror.write(claim_teams, [t.id for t in teams])
    await _write(context, report, reading, teams, _teams_are_read(reading))
    if not known or not all_known(known, (*_wanted(context, only), *_excluded(context))):
        for team in teams:
            reading = await context.reading(WORKSPACES, lane)
            found = await _read(context, Listing(WORKSPACES.name, team.id))
            await _write(context, report, reading, found)
    return await known_workspaces(context, only=only)


async def is_reachable(context: Context, workspace: int) -> bool:
    """Whether the token reaches a workspace. If not, a record missing there proves nothing."""
    try:
        await context.api.get(WORKSPACES, workspace)
    except (NotFound, Forbidden):
        return False
    return True


async def known_workspaces(context: Context, *, only: str | None = None) -> list[int]:
    """The ids of the workspaces to mirror, of those that the mirror knows."""
    known = await context.mirror.read(listings.workspaces)
    if not known:
        raise TokenRefused("it reaches no workspace; check which token it is")
    return choose(known, _wanted(context, only), _excluded(context))


def _wanted(context: Context, only: str | None) -> list[str]:
    return [only] if only is not None else [str(w) for w in context.settings.api.workspaces]


def _excluded(context: Context) -> list[str]:
    return [str(w) for w in context.settings.api.exclude]


async def _read(context: Context, listing: Listing) -> list[Record]:
    """All records of a list of teams or workspaces: few."""
    return [r async for page in walk_by_id(context.api, listing) for r in page.records]


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
    save(tx, *places)
    return written


def _teams_are_read(reading: Reading) -> Checkpoint:
    """The teams are read whole at once, so their pull begins and ends with this reading."""
    place = fresh(Listing(TEAMS.name, ROOT), Lane.PULL)
    return replace(place, began_at=reading.began_at, done_at=reading.began_at)
