"""The daemon of `cfsync run`: keeps mirror and ClickFunnels the same until it is stopped.

In come the settings, edits (through the outbox), webhooks and the time; out go passes of `sync`,
log lines, notifications to systemd, and health and metrics for `web`. Only a signal, wrong settings
or a changed schema end it: an error of a pass, of the network or of the database does not.

Read in this order:

    run            the process: web server, watchdog, stop
    startup        connects to the database, which may not be available yet
    assembly       creates the components and connects them
    reload         SIGHUP: what is taken from changed settings
    daemon         connects to ClickFunnels, runs, stops
    api_access     whether ClickFunnels may be called, and with which token
    ownership      which resources this process works for
    jobs/          passes as jobs: what starts them, and what happens when they fail
    job_host       which jobs may run, what each is given, how it ended
    maintenance    what is repeated besides passes (`periodic` repeats it)
    health/        is everything well: watchdog, and the health of the mirror
    notices/       tells people when something needs them
    webhook_store  stores what the receiver of webhooks gets
    systemd        notifications to systemd
"""

from __future__ import annotations

from cfsync.daemon.assembly import SettingsSource
from cfsync.daemon.run import run

__all__ = ["SettingsSource", "run"]
