"""The daemon of `cfsync run`: the composition root.

    start     the database, waited for          rights    which resources this process works for
    contact   ClickFunnels and the token        jobs      passes as tasks, each with its back-off
    rounds    when to pull and to sweep         pusher    when to push
    inbox     what webhooks bring               follower  when to follow what they say
    duties    what is done now and then         heart     watchdog, status, the clock
    observer  how the mirror is, for `web`      journal   what the log says

APScheduler says when, and nothing more: a tick starts a pass, which is a task of the daemon's own.
Nothing that a pass, the network or the database does ends it: only a signal, settings that are
wrong when it starts, and a schema that somebody has changed.
"""

from __future__ import annotations

from cfsync.daemon.run import run

__all__ = ["run"]
