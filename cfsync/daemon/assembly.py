"""What a daemon is made of, put together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from cfsync.api import Api
from cfsync.config import Settings
from cfsync.daemon.api_access import Contact
from cfsync.daemon.health.observer import Observer
from cfsync.daemon.health.watchdog import SqlThread
from cfsync.daemon.jobs import polling
from cfsync.daemon.jobs.event_follower import Follower
from cfsync.daemon.jobs.host import JobHost
from cfsync.daemon.jobs.pass_log import Journal
from cfsync.daemon.jobs.pusher import Pusher
from cfsync.daemon.jobs.runner import Runner
from cfsync.daemon.ownership import Alone, Rights, Shared
from cfsync.daemon.startup import Sides
from cfsync.daemon.webhook_store import Inbox
from cfsync.resources import RESOURCES
from cfsync.sync.account import open_account
from cfsync.sync.context import Context
from cfsync.sync.events.log import LOG
from cfsync.sync.rate_sharing import Sharing
from cfsync.web.metrics import Metrics
from cfsync.web.receiver import Receiver


@dataclass(frozen=True)
class Parts:
    settings: Settings
    sides: Sides
    sql: SqlThread
    contact: Contact
    sharing: Sharing
    rights: Rights
    journal: Journal
    host: JobHost
    pusher: Pusher
    observer: Observer
    inbox: Inbox
    follower: Follower
    runner: Runner


def assemble(
    settings: Settings,
    sides: Sides,
    sql: SqlThread,
    metrics: Metrics,
    receiver: Receiver,
    *,
    load: Callable[[], Settings],
    is_copy: bool,
) -> Parts:
    """`load` reads the settings anew; `is_copy`: the token that it finds then is the same one."""
    contact = Contact(
        settings, open_account=partial(_open_account, settings, sides), load=load, is_copy=is_copy
    )
    rights, journal = _rights(settings, sides), Journal()
    host = JobHost(
        settings,
        sides,
        sql=sql,
        contact=contact,
        rights=rights,
        journal=journal,
        metrics=metrics,
    )
    pusher = Pusher(settings, sides.mirror)
    follower = Follower(settings, sides.inbox)
    inbox = Inbox(settings, sides.inbox, receiver, told=follower.wake.set)
    jobs = [*polling.jobs(settings), *pusher.jobs(), *follower.jobs()]
    host.runner = runner = Runner(host, jobs)
    host.observer = observer = Observer(settings, sides.books)
    return Parts(
        settings,
        sides,
        sql,
        contact,
        Sharing(contact.api.budget.rate, sides.books),
        rights,
        journal,
        host,
        pusher,
        observer,
        inbox,
        follower,
        runner,
    )


def _rights(settings: Settings, sides: Sides) -> Rights:
    names = [*(name for name in RESOURCES if settings.resource(name).enabled), LOG.name]
    if sides.mirror.dialect == "sqlite":
        return Alone(names)
    return Shared(sides.books, names, ttl=settings.daemon.lease_ttl, grace=settings.api.timeout_s)


async def _open_account(settings: Settings, sides: Sides, api: Api) -> None:
    await open_account(Context(api, sides.mirror, settings, started_at=sides.started_at))
