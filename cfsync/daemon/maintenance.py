"""Maintenance: the daemon's periodic tasks, such as renewing leases and pruning."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from socket import gethostname

import structlog

from cfsync.config import RetentionSettings
from cfsync.daemon import backup_job
from cfsync.daemon.assembly import Components
from cfsync.daemon.backup_job import BackupJob
from cfsync.daemon.health import observer, sampler
from cfsync.daemon.periodic import PeriodicTask
from cfsync.errors import Interrupted, MirrorError
from cfsync.mirror import migrate, retention, wal
from cfsync.mirror.coordination import daemons, pauses
from cfsync.mirror.coordination.pauses import Trouble
from cfsync.mirror.db import notifications
from cfsync.mirror.db.engine import Mirror, Tx
from cfsync.mirror.db.errors import Away, Replaced
from cfsync.mirror.progress import samples
from cfsync.mirror.progress.runs import PassName
from cfsync.sync import rate_sharing
from cfsync.sync.account import known_workspaces
from cfsync.sync.context import Context
from cfsync.sync.trouble import Kind

log = structlog.get_logger()

HOUR_S, DAY_S = 3600.0, 86400.0
SOON_S = 1.0
"""Seconds between two runs of most tasks."""

SCHEMA_S = 5.0
"""Seconds between two checks of the schema."""

WAL_S = 60.0
"""Seconds between two looks at the size of SQLite's log."""

FIRST_PRUNE_S = 600.0
"""Seconds after the start: the first pulls come before, and a daemon that is restarted every night
still prunes.
"""


class Maintenance:
    """The periodic tasks. `end_daemon` is called when somebody has changed the schema, or put
    another file in the place of SQLite's.
    """

    def __init__(self, components: Components, end_daemon: Callable[[], None]) -> None:
        #: Why the daemon has to end: another schema, or another file. None: it need not.
        self.must_end: Interrupted | None = None
        self.backups = BackupJob(components.settings)
        self._components = components
        self._end_daemon = end_daemon
        self._owned: set[str] = set()
        #: Why there is no connection to ClickFunnels -> since when, canonical text.
        self._unconnected: dict[Kind, str] = {}

    def tasks_from_start(self) -> Iterator[PeriodicTask]:
        """Tasks that do not need ClickFunnels."""
        yield PeriodicTask("database", SOON_S, self._probe_database)
        yield PeriodicTask("announcement", daemons.RENEW_S, self._components.announcement.renew)
        yield PeriodicTask("webhook secrets", SOON_S, self._components.webhook_store.load_secrets)

    def tasks_when_connected(self) -> Iterator[PeriodicTask]:
        """Tasks from the first connection to ClickFunnels on."""
        c = self._components
        yield PeriodicTask("rate limit", rate_sharing.READ_S, c.rate_sharing.turn)
        yield PeriodicTask("leases", c.settings.daemon.lease_ttl / 3, self._update_ownership)
        yield PeriodicTask("pauses", SOON_S, self._read_pauses)
        yield PeriodicTask("troubles", SOON_S, self._save_troubles)
        yield PeriodicTask("notifications", SOON_S, self._listen)
        yield PeriodicTask("events", SOON_S, partial(c.event_follower.run, c.runner))
        yield PeriodicTask("push", SOON_S, partial(c.pusher.run, c.runner))
        yield PeriodicTask("connection", SOON_S, self._reconnect)
        yield PeriodicTask("health", observer.REFRESH_S, self._observe_health)
        yield PeriodicTask("samples", sampler.EVERY_S, self._take_sample, first=sampler.EVERY_S)
        yield PeriodicTask("schema", SCHEMA_S, self._check_schema)
        yield PeriodicTask("log", WAL_S, partial(wal.Shrinker().run, c.connections.checks))
        yield PeriodicTask("backup", backup_job.LOOK_S, self.backups.run)
        yield PeriodicTask("retention", DAY_S, self._prune, first=FIRST_PRUNE_S)
        yield PeriodicTask("summary", HOUR_S, self._log_summary, first=HOUR_S)

    async def stop_passes(self) -> None:
        """Stop all passes and wait for them: the token is refused."""
        c = self._components
        c.runner.stop()
        await c.runner.drain(c.settings.api.timeout_s)
        await self.note_failure("token", c.api_access.refusal)

    async def note_failure(self, kind: Kind, text: str) -> None:
        """Save for `cfsync status` why no pass runs: at the start none has met it yet."""
        c = self._components
        pulls = c.runner.jobs_of(PassName.PULL)
        names = [job.resource for job in pulls]
        names.sort(key=lambda name: c.settings.resource(name).pull_every)
        with suppress(MirrorError):
            self._unconnected[kind] = await c.connections.control.write(
                _save_failure, names, kind, text, self._unconnected.get(kind)
            )

    async def _listen(self) -> None:
        """Wake pusher and follower at each notification. Raises MirrorError when the connection is
        lost.
        """
        async for _ in notifications.changes(self._components.connections.mirror.place):
            self._components.pusher.wake.set()
            self._components.event_follower.wake.set()

    async def _probe_database(self) -> None:
        try:
            if await self._components.database.probe(self._components.connections.mirror):
                self._components.runner.retry_now("database")
        except Replaced as replaced:
            self._end(replaced)

    async def _reconnect(self) -> None:
        self._unconnected.clear()
        await self._components.api_access.reconnect(self)
        self._components.runner.retry_now("token")
        self._owned = set()
        await self._update_ownership()

    async def _update_ownership(self) -> None:
        """Renew and take leases; give all back while the token is refused. Resources gained are
        pulled at once, passes of lost ones are stopped.
        """
        c = self._components
        if c.job_host.stopping:
            return
        if c.api_access.token_ok:
            await c.ownership.update(c.runner.is_busy)
        elif self._owned:
            await c.ownership.release(())
        now = set(c.ownership.owned) if c.api_access.token_ok else set()
        gained, lost, self._owned = now - self._owned, self._owned - now, now
        if gained or lost:
            log.info("leases.changed", host=gethostname(), gained=sorted(gained), lost=sorted(lost))
        c.runner.stop(lambda job: job.resource in lost)
        for job in c.runner.jobs_of(PassName.PULL):
            if job.resource in gained:
                c.runner.start(job)
        c.pusher.wake.set()

    async def _read_pauses(self) -> None:
        """Stop passes of resources that a person has paused; pull those that were resumed."""
        c = self._components
        before, now = c.job_host.paused, await c.connections.control.read(pauses.paused)
        c.job_host.paused = now
        enabled = {job.resource for job in c.runner.jobs.values()}
        paused, resumed = enabled & (now.keys() - before), enabled & (set(before) - now.keys())
        if paused or resumed:
            log.info("pauses.changed", paused=sorted(paused), resumed=sorted(resumed))
        c.runner.stop(lambda job: job.resource in now)
        for job in c.runner.jobs_of(PassName.PULL):
            if job.resource in resumed:
                c.runner.start(job)
                c.pusher.allow_retry(job.resource)
        if resumed:
            c.pusher.wake.set()

    async def _save_troubles(self) -> None:
        """Save the troubles of jobs of owned resources, and remove what is over, also what another
        daemon has left. While there is no connection, what `note_failure` has saved stays.
        """
        c = self._components
        if not c.api_access.connected.is_set():
            return
        owned = list(c.ownership.owned)
        found = await c.connections.control.read(pauses.troubles)
        kept = {(t.name, t.resource): t for t in found}
        now = {key: j.trouble for key, j in c.runner.jobs.items() if j.resource in owned}
        changed = {key: trouble for key, trouble in now.items() if kept.get(key) != trouble}
        if changed:
            await c.connections.control.write(_save, changed)

    async def _observe_health(self) -> None:
        c = self._components
        context = Context(c.api_access.api, c.connections.checks, c.settings)
        c.observer.workspaces = await known_workspaces(context)
        await c.observer.refresh()

    async def _take_sample(self) -> None:
        c = self._components
        await c.sampler.run(c.connections.checks, c.observer.workspaces, c.ownership.owned)

    async def _check_schema(self) -> None:
        try:
            await check_schema(self._components.connections.checks)
        except Interrupted as changed:
            self._end(changed)

    def _end(self, reason: Interrupted) -> None:
        log.error("database.changed", error=str(reason))
        self.must_end = reason
        self._end_daemon()

    async def _prune(self) -> None:
        await prune(self._components.connections.checks, self._components.settings.retention)

    async def _log_summary(self) -> None:
        edits = self._components.observer.edits
        self._components.pass_log.log_summary(**{f"edits_{state}": n for state, n in edits.items()})


async def prune(mirror: Mirror, settings: RetentionSettings) -> None:
    """Delete bookkeeping rows older than the settings say, a few hundred at a time, so that nobody
    has to wait.
    """
    for kind in retention.KINDS:
        keep, total = getattr(settings, kind), 0
        while pruned := await mirror.write(retention.prune, kind, keep):
            total += pruned
            await asyncio.sleep(0.05)
        if total:
            log.info("rows.pruned", kind=kind, rows=total)
    more = True
    while more:
        more = await mirror.write(samples.tidy)
        await asyncio.sleep(0.05)


async def check_schema(mirror: Mirror) -> None:
    """Raise Interrupted if the schema is no longer the one that this program uses."""
    with suppress(Away):
        try:
            await migrate.check(mirror)
        except Away:
            raise
        except MirrorError as error:
            raise Interrupted(str(error)) from error


def _save_failure(tx: Tx, names: Sequence[str], kind: Kind, text: str, since: str | None) -> str:
    """Save why no pass runs, with the first of these resources that isn't paused, since nobody is
    told of the others; it is over when a daemon pulls the resource. `since`: None for now. Returns
    since when.
    """
    paused, since = pauses.paused(tx), since or tx.now
    running = [name for name in names if name not in paused]
    for resource in (running or names)[:1]:
        pauses.save_trouble(tx, Trouble(PassName.PULL, resource, kind, text, since))
    return since


def _save(tx: Tx, troubles: Mapping[tuple[str, str], Trouble | None]) -> None:
    for (name, resource), trouble in troubles.items():
        if trouble is None:
            pauses.delete_troubles(tx, [resource], name)
        else:
            pauses.save_trouble(tx, trouble)
