"""Assembly: creates the daemon's components and connects them with each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from cfsync.api import Api
from cfsync.config import Settings
from cfsync.config.sources import Source
from cfsync.daemon.announcement import Announcement
from cfsync.daemon.api_access import ApiAccess
from cfsync.daemon.health.database_probe import DatabaseProbe
from cfsync.daemon.health.observer import HealthObserver
from cfsync.daemon.health.sampler import Sampler
from cfsync.daemon.job_host import JobHost
from cfsync.daemon.jobs import polling
from cfsync.daemon.jobs.event_follower import EventFollower
from cfsync.daemon.jobs.pass_log import PassLog
from cfsync.daemon.jobs.pusher import Pusher
from cfsync.daemon.jobs.runner import Runner
from cfsync.daemon.ownership import LeasedOwnership, Ownership, SoleOwner
from cfsync.daemon.startup import Connections
from cfsync.daemon.webhook_store import WebhookStore
from cfsync.resources import RESOURCES
from cfsync.sync.account import announce_added, open_account
from cfsync.sync.context import Context
from cfsync.sync.events.log import LOG
from cfsync.sync.rate_sharing import Sharing
from cfsync.web.metrics import Metrics
from cfsync.web.receiver import Receiver


@dataclass(frozen=True)
class SettingsSource:
    """Where the settings come from. `load` reads them again; `token_is_fixed`: the token that it
    then finds is always the same one. `explain` says where each is from. `check` reads them without
    an effect, and raises SettingsError with every problem; `log_as` sets up logging by them.
    """

    load: Callable[[], Settings]
    token_is_fixed: bool
    explain: Callable[[], list[Source]]
    check: Callable[[], Settings]
    log_as: Callable[[Settings], object]


@dataclass(frozen=True)
class EarlyComponents:
    """Components that exist before the database is available: the web server needs them."""

    database: DatabaseProbe
    metrics: Metrics
    receiver: Receiver


@dataclass(frozen=True, kw_only=True)
class Components:
    """Everything that the daemon consists of."""

    settings: Settings
    connections: Connections
    #: Whether the database can be used.
    database: DatabaseProbe
    #: Says in the mirror that this daemon runs.
    announcement: Announcement
    #: Whether ClickFunnels may be called.
    api_access: ApiAccess
    #: The rate limit, shared with other processes.
    rate_sharing: Sharing
    #: The resources that this process works for.
    ownership: Ownership
    pass_log: PassLog
    job_host: JobHost
    runner: Runner
    #: Starts pushes.
    pusher: Pusher
    #: Starts passes over events.
    event_follower: EventFollower
    webhook_store: WebhookStore
    observer: HealthObserver
    sampler: Sampler


def assemble(
    settings: Settings, source: SettingsSource, connections: Connections, early: EarlyComponents
) -> Components:
    """The components of a daemon with these connections; starts nothing."""
    api_access = _api_access(settings, source, connections)
    follower = EventFollower(settings, connections.webhooks)
    pusher = Pusher(settings, connections.mirror)
    host = _job_host(settings, connections, early, api_access)
    host.runner = Runner(
        host,
        [*polling.create_jobs(settings), *pusher.create_jobs(), *follower.create_jobs()],
    )
    return Components(
        settings=settings,
        connections=connections,
        database=early.database,
        announcement=Announcement(connections.control, connections.started_at),
        api_access=api_access,
        rate_sharing=Sharing(api_access.api.budget.rate, connections.control),
        ownership=host.ownership,
        pass_log=host.pass_log,
        job_host=host,
        runner=host.runner,
        pusher=pusher,
        event_follower=follower,
        webhook_store=WebhookStore(
            settings, connections.webhooks, early.receiver, on_stored=follower.wake.set
        ),
        observer=host.observer,
        sampler=Sampler(settings),
    )


def _api_access(settings: Settings, source: SettingsSource, connections: Connections) -> ApiAccess:
    return ApiAccess(
        settings,
        open_account=partial(_open_account, settings, connections),
        load_settings=source.load,
        token_is_fixed=source.token_is_fixed,
    )


def _job_host(
    settings: Settings, connections: Connections, early: EarlyComponents, api_access: ApiAccess
) -> JobHost:
    return JobHost(
        settings=settings,
        connections=connections,
        database=early.database,
        api_access=api_access,
        ownership=_ownership(settings, connections),
        observer=HealthObserver(settings, connections.checks),
        pass_log=PassLog(),
        metrics=early.metrics,
    )


def _ownership(settings: Settings, connections: Connections) -> Ownership:
    names = [*(name for name in RESOURCES if settings.resource(name).enabled), LOG.name]
    if connections.mirror.dialect.has_one_daemon:
        return SoleOwner(names)
    return LeasedOwnership(
        connections.control,
        names,
        ttl=settings.daemon.lease_ttl,
        grace=settings.api.timeout_s,
    )


async def _open_account(settings: Settings, connections: Connections, api: Api) -> None:
    context = Context(api, connections.mirror, settings, started_at=connections.started_at)
    await announce_added(context, await open_account(context))
