"""The facts of health: what the rule in `cfsync.sync.health_rule` needs, read from the mirror.

`problems` answers `cfsync status --health`. The daemon reads the same facts, and knows pauses and
troubles from memory.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from cfsync.config import Settings
from cfsync.errors import UnknownWorkspace
from cfsync.mirror import migrate
from cfsync.mirror.coordination import daemons, pauses
from cfsync.mirror.coordination.daemons import Daemon
from cfsync.mirror.coordination.pauses import Trouble
from cfsync.mirror.db import clock
from cfsync.mirror.db.connect import place_of
from cfsync.mirror.db.engine import Mirror, Tx
from cfsync.mirror.lists import absent, event_coverage, listings
from cfsync.mirror.progress import runs
from cfsync.mirror.progress.runs import PassName
from cfsync.mirror.reports import freshness
from cfsync.resources import RESOURCES, Resource
from cfsync.sync import capture_check, health_rule
from cfsync.sync.health_rule import PullAge
from cfsync.sync.incoming.pace import interval
from cfsync.sync.workspaces import choose
from cfsync.times import later, seconds

_COMMAND_PASSES = (PassName.BACKFILL, PassName.PULL, PassName.PUSH, PassName.SWEEP)


@dataclass(frozen=True)
class HealthFacts:
    """What the mirror showed of its health at the time `now` (canonical text). `failed_passes`: as
    in `health.problems`.
    """

    now: str
    pull_ages: Mapping[str, PullAge]
    failed_passes: Sequence[str]
    #: What is missing of the capture, in a line; '' where nothing is.
    capture_problem: str
    #: How often a pass has put back what was missing.
    captures_restored: int


async def problems(mirror: Mirror, settings: Settings) -> list[str]:
    """Why the mirror may be out of date, a line each; empty: all is well."""
    return await mirror.read(read_problems, settings)


def read_problems(tx: Tx, settings: Settings) -> list[str]:
    """As `problems`, in a transaction."""
    if mark := migrate.moved_away(tx.conn):  # meanwhile: whoever opens such a mirror is refused
        return [migrate.moved_words(str(place_of(settings.database.url)), mark)]
    facts = read_facts(tx, settings, mirrored_workspaces(tx, settings))
    paused, troubles = pauses.paused(tx), [t for t in pauses.troubles(tx) if not _is_over(tx, t)]
    resources = {
        name: health_rule.freshness(
            facts.pull_ages[name],
            mine.pull_every,
            [trouble for trouble in troubles if trouble.resource == name],
            tx.now,
            paused=name in paused,
        )
        for name, mine in settings.resources.items()
        if mine.enabled
    }
    refused = [t.text for t in troubles if t.kind == "token" and _is_current(t, facts)]
    return health_rule.problems(
        resources,
        refusal=refused[0] if refused else None,
        failed_passes=facts.failed_passes,
        capture_problem=facts.capture_problem,
        gone=_missing_daemon(tx, facts),
    )


def _missing_daemon(tx: Tx, facts: HealthFacts) -> Daemon | None:
    """The daemon that should run and doesn't. Where a pull began after it had gone, somebody pulls
    by command, and needs none. (It may have begun a pull itself after it was last seen.)
    """
    missing = health_rule.missing_daemon(daemons.known(tx), clock.now(tx))
    if missing is None:
        return None
    daemon, gone_at = missing
    since = gone_at if daemon.ended_at else later(gone_at, daemons.MISSED_S)
    return None if _is_pulled_since(since, facts.pull_ages, facts.now) else daemon


def read_facts(tx: Tx, settings: Settings, workspaces: Collection[int]) -> HealthFacts:
    """What the rule needs to know, of these workspaces. Reads few rows, even of a large mirror."""
    enabled = [r for name, r in RESOURCES.items() if settings.resource(name).enabled]
    ages = read_pull_ages(tx, enabled, settings, workspaces)
    whole = [
        name
        for name in _COMMAND_PASSES
        if (failed_at := runs.failed_command(tx, name)) is not None
        if not _is_pulled_since(failed_at, ages, tx.now)
    ]
    failed = [*whole, *_died_alone(tx, ages)]
    return HealthFacts(tx.now, ages, failed, capture_check.problem(tx), capture_check.restored(tx))


def _died_alone(tx: Tx, ages: Mapping[str, PullAge]) -> list[str]:
    """Passes of one resource that a command ran, an unforeseen error ended, and after which it was
    not pulled. Those of a daemon are troubles.
    """
    known = {(t.name, t.resource) for t in pauses.troubles(tx)}
    return [
        f"{name} of {resource}"
        for name, resource, at in runs.died_alone(tx, _COMMAND_PASSES)
        if (name, resource) not in known
        and ((lag_s := ages.get(resource, PullAge()).lag_s) is None or lag_s >= seconds(at, tx.now))
    ]


def _is_pulled_since(at: str, ages: Mapping[str, PullAge], now: str) -> bool:
    """Whether a pull of any resource began after `at`. Every pass reads the teams: they don't
    count.
    """
    others = (age.lag_s for name, age in ages.items() if name != "teams")
    return any(lag_s is not None and lag_s < seconds(at, now) for lag_s in others)


def read_pull_ages(
    tx: Tx, resources: Iterable[Resource], settings: Settings, workspaces: Collection[int]
) -> dict[str, PullAge]:
    """Resource -> how long ago it was pulled in these workspaces. One query for all resources costs
    as much as one for each of them.
    """
    nested: list[Resource] = []
    flat: list[Resource] = []
    for resource in resources:
        (nested if resource.nested else flat).append(resource)
    newest = freshness.newest_pulls_below(tx, nested, workspaces)
    pulls: dict[str, list[tuple[str, float]]] = {
        name: [(began_at, settings.resource(name).pull_every)] for name, began_at in newest.items()
    }
    places = listings.pulled(tx, flat)
    covered = event_coverage.covered_lists(tx, flat) if settings.events.stretch_pulls else set()
    for listing in absent.present(tx, listings.lists_of(tx, flat, workspaces)):
        place = places.get((listing.resource, listing.parent_id))
        if place and place.began_at:
            mine = settings.resource(listing.resource)
            by_events = {parent for name, parent in covered if name == listing.resource}
            every = interval(place, mine, tx.now, by_events)
            pulls.setdefault(listing.resource, []).append((place.began_at, every))
    return {
        r.name: health_rule.pull_age(r, pulls.get(r.name, ()), tx.now) for r in (*nested, *flat)
    }


def mirrored_workspaces(tx: Tx, settings: Settings) -> list[int]:
    """The ids of the workspaces that the settings choose, of those that the mirror knows; all of
    them if the settings name one that it doesn't know.
    """
    known, api = listings.workspaces(tx), settings.api
    try:
        return choose(known, [str(w) for w in api.workspaces], [str(w) for w in api.exclude])
    except UnknownWorkspace:
        return [workspace for workspace, _ in known]


def _is_over(tx: Tx, trouble: Trouble) -> bool:
    """Whether a command has run the pass since to its end, after which a daemon that was stopped
    left its crash behind.
    """
    if trouble.kind != health_rule.CRASH:
        return False
    done_at = runs.last_done(tx, PassName(trouble.name), trouble.resource, alone=False)
    return done_at is not None and done_at > trouble.since


def _is_current(trouble: Trouble, facts: HealthFacts) -> bool:
    """Whether nothing of the resource was pulled since: a daemon that was stopped leaves its
    troubles behind.
    """
    age = facts.pull_ages.get(trouble.resource, PullAge())
    return age.lag_s is None or seconds(trouble.since, facts.now) <= age.lag_s
