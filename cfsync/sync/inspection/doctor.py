"""Checks everything that cfsync needs. Each check is ok, a note, or says what to do."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from cfsync.api import Api
from cfsync.config import Settings, runnable
from cfsync.errors import (
    CfsyncError,
    NothingReached,
    SettingsError,
    TokenRefused,
    Transient,
    UnknownWorkspace,
)
from cfsync.mirror import wal
from cfsync.mirror.bookkeeping import webhook_secrets
from cfsync.mirror.db.clock import now as time_of
from cfsync.mirror.db.engine import Mirror
from cfsync.mirror.db.errors import NO_MIRROR
from cfsync.mirror.lists import listings
from cfsync.mirror.progress import meta, runs
from cfsync.mirror.progress.checkpoints import Lane
from cfsync.mirror.reports import status
from cfsync.resources import RESOURCES
from cfsync.sync import capture_check
from cfsync.sync.account import read_account
from cfsync.sync.context import Context
from cfsync.sync.events import webhooks
from cfsync.sync.events.log import most_rate
from cfsync.sync.incoming.pace import requests_a_day, steady_rate
from cfsync.sync.inspection import bulk, census, field_notes, file_permissions, gateway
from cfsync.sync.inspection.probes import Check, check_lists, clock, headers
from cfsync.sync.workspaces import choose

MANY = 8.0
"""Requests a second that quiet lists may cost before `doctor` reports it."""

_NO_BACKFILL = (TokenRefused.exit_code, Transient.exit_code)
"""With these nothing can be read from ClickFunnels."""

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


async def run_checks(
    settings: Settings,
    *,
    file: Path | None,
    api: Api | CfsyncError,
    mirror: Mirror | CfsyncError,
) -> list[Check]:
    """Run all checks.

    `file`: the file of settings; None if there is none. `api`, `mirror`: each side, or the error
    that opening it raised. Such an error is a check of its own, and the checks that need that side
    are left out.
    """
    checks = _settings(settings, file) + below_what_is_off(settings)
    checks += file_permissions.check(settings, file)
    teams: list[int] = []
    if isinstance(api, Api):
        checks += await gateway.check(settings.api)
        checks += await _checked("token", _account(api, settings, teams, mirror))
    else:
        named = {check.text for check in checks}
        checks += [check for check in _failed("token", api) if check.text not in named]
    if isinstance(mirror, Mirror):
        checks += await _checked("database", _database(mirror, teams, settings))
    else:
        checks += _failed("database", mirror)
    stopped = any(c.exit_code in _NO_BACKFILL for c in checks)
    if isinstance(api, Api) and isinstance(mirror, Mirror) and not stopped:
        checks += await _checked("webhooks", _webhooks(Context(api, mirror, settings)))
    return checks


def exit_code(checks: Sequence[Check]) -> int:
    """The lowest exit code of the checks that failed; 0 if none did. A refused token and a server
    that is down come before a mirror that isn't there yet: nobody can make one before.
    """
    failed = [c for c in checks if c.exit_code]
    if any(c.exit_code in _NO_BACKFILL for c in failed):
        failed = [c for c in failed if not c.text.startswith(NO_MIRROR)]
    return min((c.exit_code for c in failed), default=0)


def _settings(settings: Settings, file: Path | None) -> list[Check]:
    """What `run` would refuse."""
    if found := runnable.problems(settings):
        return [Check("settings", "todo", text, SettingsError.exit_code) for text in found]
    return [Check("settings", "ok", str(file) if file else "no file: defaults and environment")]


def below_what_is_off(settings: Settings) -> list[Check]:
    """Resources that are mirrored and listed below records that are not. Pure."""
    on = settings.wanted
    above = {r.name: r.parent for r in RESOURCES.values() if r.name in on and r.parent}
    text = "{}: its lists hang below {}, so nothing new arrives while resources.{}.enabled is off"
    return [
        Check("settings", "note", text.format(name, parent, parent))
        for name, parent in above.items()
        if parent not in on and not RESOURCES[parent].scope
    ]


async def _checked(name: str, work: Awaitable[list[Check]]) -> list[Check]:
    try:
        return await work
    except CfsyncError as error:
        return _failed(name, error)


def _failed(name: str, error: CfsyncError) -> list[Check]:
    texts = getattr(error, "problems", None) or [str(error)]
    if isinstance(error, Transient):  # nobody has looked at the token
        name = "connection"
    return [Check(name, "todo", text, error.exit_code) for text in texts]


async def _now(mirror: Mirror | CfsyncError) -> datetime:
    """The time by the mirror's clock; without a mirror, by this machine's."""
    with suppress(CfsyncError):
        if isinstance(mirror, Mirror):
            return datetime.fromisoformat(await mirror.read(time_of))
    return datetime.now(UTC)


async def _account(
    api: Api, settings: Settings, teams: list[int], mirror: Mirror | CfsyncError
) -> list[Check]:
    """Checks of the token and of what it reaches; adds the ids of its teams to `teams`."""
    wanted, exclude = [str(w) for w in settings.api.workspaces], settings.api.exclude
    shown = await read_account(api, (), wanted)
    found = [(r.id, r.values.get("public_id")) for r in shown.workspaces]
    if not found and not wanted:
        raise NothingReached("; ".join(shown.refusals))
    teams += sorted(shown.team_ids)
    chosen: list[int] = []
    try:
        chosen = choose(found, wanted, [str(w) for w in exclude])
        workspaces = Check("workspaces", "ok", f"{_list(chosen)} of {len(found)}")
    except UnknownWorkspace as error:
        reached = f"it reaches {_list([i for i, _ in found])}: change api.workspaces or api.exclude"
        text = f"the token reaches no workspace {error.workspace}; {reached}"
        workspaces = Check("workspaces", "todo", text, error.exit_code)
    checks = [
        Check("token", "ok", f"reaches team {_list(teams)}" if teams else "taken"),
        *(_refused(why, named=bool(wanted)) for why in shown.refusals),
        workspaces,
        *connection(settings),
        clock(await headers(api), await _now(mirror)),
    ]
    return checks + await check_lists(api, mirror, settings, chosen or [i for i, _ in found])


def _refused(why: str, *, named: bool) -> Check:
    """A list of teams or workspaces that gave nothing; `named`: the settings name workspaces."""
    if named:
        return Check("teams", "note", f"{why}; api.workspaces says which workspaces there are")
    return Check("teams", "todo", f"{why}: give the token access, or set api.workspaces", 5)


async def _webhooks(context: Context) -> list[Check]:
    """Checks of the webhook endpoints that lead to this cfsync; none if there are none."""
    ours = sorted(await context.mirror.read(webhook_secrets.workspaces_with_own))
    found = [e for e in await webhooks.list_endpoints(context, ours) if e.state != "foreign"]
    wrong = [e for e in found if e.state != "ok"]
    if found and not wrong:
        return [Check("webhooks", "ok", f"{len(found)} lead here, and their secrets are known")]
    return [
        Check("webhooks", "todo", f"endpoint {e.id} ({e.url}): {webhooks.remedy(e)}", 5)
        for e in wrong
    ]


def _list(ids: Sequence[int]) -> str:
    return ", ".join(map(str, ids)) or "none"


def connection(settings: Settings) -> list[Check]:
    """Whether the connection is encrypted; no check if it is or stays on this machine. Pure."""
    parts = urlsplit(settings.api.base_url)
    if parts.scheme == "https" or parts.hostname in _LOOPBACK:
        return []
    text = f"api.base_url is not https: the token goes to {parts.hostname} readable for all between"
    return [Check("connection", "todo", text, 5)]


async def _database(mirror: Mirror, teams: Sequence[int], settings: Settings) -> list[Check]:
    server = await mirror.read(status.server)
    ours = await mirror.read(lambda tx: meta.team_ids(tx.conn))
    problems = [Check("database", "todo", text, 2) for text in server.problems]
    checks = [Check("database", "ok", f"{mirror.place} ({server.text})"), *problems]
    if teams and ours and not ours & set(teams):
        text = f"the mirror holds team {_list(sorted(ours))}, the token shows {_list(teams)}"
        checks.append(Check("account", "todo", f"{text}: use another database.url or token", 2))
    log = wal.warning(await mirror.read(wal.read, mirror.place))
    checks += [Check("log", "todo", log, 5)] if log else []
    checks.append(capture(await mirror.read(capture_check.problem)))
    walks, workspaces = await mirror.read(status.walks), await mirror.read(listings.workspaces)
    checks += pace(settings, walks, len(workspaces))
    checks += cost_of_groups(settings, walks, len(workspaces))
    checks += field_notes.drift(await mirror.read(status.notes))
    checks += census.checks(await mirror.read(census.status))
    checks += await mirror.read(bulk.checks)
    checks += unused_events(await mirror.read(status.unused_events))
    if waiting := await mirror.read(runs.waiting):
        checks.append(Check("waiting", "todo", f"{waiting} for you: cfsync status", 5))
    return checks


def capture(problem: str) -> Check:
    """Whether all that captures edits is there and on. Pure."""
    if problem:
        return Check("capture", "todo", problem, 5)
    return Check("capture", "ok", "every trigger is there and on")


def pace(settings: Settings, walks: status.Rows, workspaces: int) -> list[Check]:
    """The requests a second that `cfsync run` needs; no check before the first backfill. Pure."""
    lists = {name: n for name, n in _pulled(walks).items() if settings.resource(name).enabled}
    if not lists:
        return []
    rate = steady_rate(settings, lists)
    logs = most_rate(settings.events.log_every, workspaces)
    text = (
        f"lists ({sum(lists.values())}) cost {rate:.2g} requests a second while nothing changes,"
        f" and the logs of events {logs:.2g} at most"
    )
    if rate + logs <= MANY:
        return [Check("pace", "ok", text)]
    return [Check("pace", "note", f"{text}: raise pull_max_every, or enable fewer resources")]


def cost_of_groups(settings: Settings, walks: status.Rows, workspaces: int) -> list[Check]:
    """What pulls cost with each value of `api.mirror`; no check before the first backfill. Pure."""
    lists = _pulled(walks)
    if not lists:
        return []
    costs = requests_a_day(settings, lists, workspaces)
    mirror = settings.api.mirror
    others = ", ".join(f'"{g}" {n:,}' for g, n in costs.items() if g != mirror)
    text = f'these settings ("{mirror}") cost about {costs[mirror]:,} requests a day'
    return [Check("api.mirror", "ok", f"{text} while nothing changes; {others}")]


def _pulled(walks: status.Rows) -> dict[str, int]:
    """Resource -> how many lists of it are pulled."""
    return {w["resource"]: w["lists"] for w in walks if w["lane"] == Lane.PULL}


def unused_events(found: status.Rows) -> list[Check]:
    """Types of events that brought no news, since they name no record of the mirror. Pure."""
    return [
        Check(
            "events",
            "note",
            f"{row['events']} of type {row['event_type'] or '(none)'} name no record of the mirror:"
            " pulls and sweeps bring such changes",
        )
        for row in found
    ]
